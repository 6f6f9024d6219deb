use std::os::unix::fs::PermissionsExt;

use jiff::{SignedDuration, Timestamp};
use oarlock_oauth::{profile::ProviderProfile, scope::Scopes, secret::AccessToken};
use tempfile::TempDir;

use super::*;
use crate::credential::Renewal;

struct Place {
    _root: TempDir,
    store: CredentialStore,
    runtime: PathBuf,
    fallback: PathBuf,
}

fn place() -> Place {
    let root = tempfile::tempdir().unwrap();
    let runtime = root.path().join("run");
    let store = CredentialStore::new(root.path().join("credentials"), &runtime);
    let fallback = store.fallback.clone();
    private::ensure_directory(&fallback).unwrap();
    Place {
        _root: root,
        store,
        runtime,
        fallback,
    }
}

fn key() -> AccountKey {
    AccountKey::new("op.example.com", "default").unwrap()
}

fn credential(token: &str, age: i64) -> Credential {
    Credential {
        access_token: AccessToken::new(token),
        refresh_token: None,
        expires_at: None,
        token_type: "Bearer".into(),
        scope: Scopes::parse("openid email"),
        provider: "op.example.com".into(),
        account: "default".into(),
        issued_at: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(10 - age),
        revision: 0,
        clock_offset: 0,
        identity: None,
        id_token: None,
        renewal: Renewal::RefreshToken,
        dead: None,
        profile: ProviderProfile::named("op.example.com"),
        named: Default::default(),
    }
}

fn save(store: &CredentialStore, credential: &Credential) {
    let lock = store.lock(&key()).unwrap();
    let room = store.reserve(&lock).unwrap();
    store.save(&lock, room, credential).unwrap();
}

fn put(path: &Path, content: &[u8]) {
    private::write(path, content).unwrap();
}

#[test]
fn what_was_saved_is_loaded_and_listed_and_removed() {
    let place = place();
    assert_eq!(place.store.load(&key()).unwrap(), None);
    assert!(place.store.accounts().unwrap().is_empty());
    save(&place.store, &credential("first", 0));
    save(&place.store, &credential("second", 0));
    assert_eq!(
        place.store.load(&key()).unwrap(),
        Some(credential("second", 0))
    );
    assert_eq!(place.store.accounts().unwrap(), [key()]);
    let path = place.store.directory().join("op.example.com@default.json");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let lock = place.store.lock(&key()).unwrap();
    assert!(place.store.remove(&lock).unwrap());
    assert!(!place.store.remove(&lock).unwrap());
    assert_eq!(place.store.load(&key()).unwrap(), None);
}

#[test]
fn the_file_has_the_fields_that_others_rely_on() {
    let place = place();
    let mut saved = credential("token", 0);
    saved.expires_at = Some("2026-11-21T10:00:00Z".parse().unwrap());
    save(&place.store, &saved);
    let text = std::fs::read_to_string(place.store.directory().join("op.example.com@default.json"))
        .unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["access_token"], "token");
    assert_eq!(json["refresh_token"], serde_json::Value::Null);
    assert_eq!(json["expires_at"], "2026-11-21T10:00:00Z");
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["scope"], "openid email");
    assert_eq!(json["provider"], "op.example.com");
    assert_eq!(json["account"], "default");
}

#[test]
fn hostile_23_a_damaged_file_is_refused_without_showing_it() {
    let place = place();
    save(&place.store, &credential("token", 0));
    let path = place.store.directory().join("op.example.com@default.json");
    put(
        &path,
        b"{\"access_token\": \"sekret\", \"refresh_token\": 17 oops",
    );
    let error = place.store.load(&key()).unwrap_err();
    assert!(matches!(error, StoreError::Malformed { .. }));
    assert!(
        !format!("{error} {error:?}").contains("sekret"),
        "{error:?}"
    );
}

#[test]
fn a_file_that_was_renamed_to_another_account_is_refused() {
    let place = place();
    save(&place.store, &credential("token", 0));
    let other = AccountKey::new("op.example.com", "boss").unwrap();
    let from = place.store.directory().join("op.example.com@default.json");
    std::fs::rename(
        from,
        place.store.directory().join("op.example.com@boss.json"),
    )
    .unwrap();
    assert!(matches!(
        place.store.load(&other),
        Err(StoreError::Malformed { .. })
    ));
}

#[test]
fn hostile_19_a_file_that_others_can_read_is_refused_with_the_remedy() {
    let place = place();
    save(&place.store, &credential("token", 0));
    let path = place.store.directory().join("op.example.com@default.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = place.store.load(&key()).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
}

#[test]
fn hostile_28_a_recovery_copy_is_taken_up_when_it_is_newer() {
    for beside in [true, false] {
        let place = place();
        save(&place.store, &credential("old", 5));
        let directory = if beside {
            place.store.directory()
        } else {
            &place.fallback
        };
        let copy = directory.join("op.example.com@default.json.recovery");
        put(
            &copy,
            &serde_json::to_vec(&credential("rotated", 1)).unwrap(),
        );
        drop(place.store.lock(&key()).unwrap());
        assert_eq!(
            place
                .store
                .load(&key())
                .unwrap()
                .unwrap()
                .access_token
                .expose(),
            "rotated"
        );
        assert!(!copy.exists());
    }
}

#[test]
fn hostile_28_an_older_or_incomplete_recovery_copy_changes_nothing() {
    let whole = serde_json::to_vec(&credential("older", 9)).unwrap();
    for content in [whole.clone(), whole[..40].to_vec()] {
        let place = place();
        save(&place.store, &credential("present", 0));
        let copy = place
            .store
            .directory()
            .join("op.example.com@default.json.recovery");
        put(&copy, &content);
        drop(place.store.lock(&key()).unwrap());
        assert_eq!(
            place
                .store
                .load(&key())
                .unwrap()
                .unwrap()
                .access_token
                .expose(),
            "present"
        );
        assert!(!copy.exists());
    }
}

#[test]
fn hostile_28_a_recovery_copy_is_newer_by_count_whatever_the_clock_said() {
    // The clock was set back before the copy's tokens were bought.
    for (copy, current, expected) in [(8, 7, "copy"), (7, 8, "current")] {
        let place = place();
        let with = |token, age, revision| Credential {
            revision,
            ..credential(token, age)
        };
        save(
            &place.store,
            &with("current", if copy > current { 0 } else { 9 }, current),
        );
        let path = place.fallback.join("op.example.com@default.json.recovery");
        put(&path, &serde_json::to_vec(&with("copy", 5, copy)).unwrap());
        drop(place.store.lock(&key()).unwrap());
        let stored = place.store.load(&key()).unwrap().unwrap();
        assert_eq!(stored.access_token.expose(), expected);
        assert!(!path.exists());
    }
}

#[test]
fn hostile_28_a_recovery_copy_of_another_store_is_not_taken_up() {
    let place = place();
    let directory = place.runtime.parent().unwrap().join("elsewhere");
    let other = CredentialStore::new(directory, &place.runtime);
    private::ensure_directory(&other.fallback).unwrap();
    let copy = other.fallback.join("op.example.com@default.json.recovery");
    put(
        &copy,
        &serde_json::to_vec(&credential("others", 0)).unwrap(),
    );
    drop(place.store.lock(&key()).unwrap());
    assert_eq!(place.store.load(&key()).unwrap(), None);
    drop(other.lock(&key()).unwrap());
    assert_eq!(other.load(&key()).unwrap(), Some(credential("others", 0)));
}

#[test]
fn a_login_of_whatever_size_is_read_again() {
    let place = place();
    let token = "t".repeat(1024 * 1024);
    save(&place.store, &credential(&token, 0));
    let stored = place.store.load(&key()).unwrap().unwrap();
    assert_eq!(stored.access_token.expose(), token);
}

#[test]
fn a_logout_leaves_no_recovery_copy_behind() {
    let place = place();
    save(&place.store, &credential("token", 0));
    let lock = place.store.lock(&key()).unwrap();
    let copy = place.fallback.join("op.example.com@default.json.recovery");
    put(&copy, b"{}");
    place.store.remove(&lock).unwrap();
    assert!(!copy.exists());
}
