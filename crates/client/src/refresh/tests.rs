use jiff::SignedDuration;
use oarlock_io::SystemClock;
use oarlock_oauth::scope::Scopes;

use super::*;

/// A credential that was just bought and lives for an hour.
fn bought(token: &str) -> Credential {
    let body = serde_json::json!({"access_token": token, "expires_in": 3600, "refresh_token": "r"});
    let response = http::Response::new(body.to_string().into_bytes());
    let profile = ProviderProfile::named("p");
    let tokens = oarlock_oauth::token::response(&profile, &response, SystemClock.now()).unwrap();
    Credential::new(&key(), profile, tokens, &Scopes::default(), 0)
}

fn key() -> AccountKey {
    AccountKey::new("p", "default").unwrap()
}

/// A store in which somebody saved `stored` after the caller read `read`.
fn begun(read: Credential, stored: &Credential, want: Want) -> Begun {
    let root = tempfile::tempdir().unwrap();
    let store = CredentialStore::new(root.path().join("credentials"), &root.path().join("run"));
    let lock = store.lock(&key()).unwrap();
    let room = store.reserve(&lock).unwrap();
    store.save(&lock, room, stored).unwrap();
    drop(lock);
    let clock = Arc::new(SystemClock);
    Refresher { store, clock }
        .begin(&key(), read, want)
        .unwrap()
}

const TWO_HOURS: Duration = Duration::from_secs(7_200);

#[test]
fn hostile_29_a_life_that_nothing_meets_is_not_asked_for_by_one_after_another() {
    let want = || Want::at_least(TWO_HOURS);
    let Begun::Kept(kept) = begun(bought("old"), &bought("new"), want()) else {
        panic!("it was renewed while we waited");
    };
    assert_eq!(kept.credential.access_token.expose(), "new");
    assert!(kept.warning.unwrap().contains("shorter life"));
    // Nobody renewed it: then it is asked for.
    assert!(matches!(
        begun(bought("old"), &bought("old"), want()),
        Begun::Due(_)
    ));
}

#[test]
fn what_somebody_else_bought_is_not_kept_when_it_is_due_or_refused() {
    let mut spent = bought("new");
    spent.issued_at -= SignedDuration::from_mins(58);
    spent.expires_at = spent
        .expires_at
        .map(|at| at - SignedDuration::from_mins(58));
    assert!(matches!(
        begun(bought("old"), &spent, Want::at_least(TWO_HOURS)),
        Begun::Due(_)
    ));
    let refused = Want {
        min_ttl: TWO_HOURS,
        other_than: Some(AccessToken::new("new")),
    };
    assert!(matches!(
        begun(bought("old"), &bought("new"), refused),
        Begun::Due(_)
    ));
}

#[test]
fn hostile_30_what_somebody_else_left_expired_is_not_handed_out() {
    let root = tempfile::tempdir().unwrap();
    let store = CredentialStore::new(root.path().join("credentials"), &root.path().join("run"));
    let clock = Arc::new(SystemClock);
    let refresher = Refresher { store, clock };
    assert!(refresher.living(bought("new")).is_ok());
    let mut spent = bought("spent");
    spent.issued_at -= SignedDuration::from_hours(2);
    spent.expires_at = spent
        .expires_at
        .map(|at| at - SignedDuration::from_hours(2));
    assert!(matches!(
        refresher.living(spent),
        Err(Error::LoginExpired { .. })
    ));
}
