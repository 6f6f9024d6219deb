use std::{
    fs::Permissions,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
    sync::Mutex as StdMutex,
    time::Duration,
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use oarlock_io::private;
use oarlock_oauth::{
    authorization_server::access_token::{self, AccessTokenError},
    endpoint::Issuer,
    secret::AccessToken,
};
use serde_json::Value;
use tempfile::TempDir;

use super::*;

mod processes;
mod stored;

/// A clock that a test sets.
#[derive(Debug)]
pub(in crate::broker) struct HandClock(StdMutex<Timestamp>);

impl HandClock {
    pub(in crate::broker) fn at(time: &str) -> Arc<Self> {
        Arc::new(Self(StdMutex::new(time.parse().unwrap())))
    }

    pub(in crate::broker) fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now = Timestamp::from_second(now.as_second() + seconds).unwrap();
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// A folder of ours alone.
pub(in crate::broker) fn folder() -> TempDir {
    let ours = Permissions::from_mode(0o700);
    tempfile::Builder::new()
        .permissions(ours)
        .tempdir()
        .unwrap()
}

const DAY: i64 = 24 * 60 * 60;

pub(in crate::broker) fn config(home: KeysHome) -> KeysConfig {
    KeysConfig {
        home,
        algorithm: Algorithm::Es256,
        rotate_every: Duration::from_secs(90 * 24 * 60 * 60),
        publish_before: Duration::from_secs(24 * 60 * 60),
        publish_after: Duration::from_secs(600),
        upstream_tokens: None,
    }
}

async fn in_file(path: &Path, clock: Arc<dyn Clock>) -> Result<Keyring, KeyringError> {
    let schedule = Schedule::of(&config(KeysHome::Store));
    Keyring::at(Home::File(path.to_owned()), schedule, clock).await
}

/// A key ring in a file of its own, at the beginning of 2026.
pub(in crate::broker) async fn keyring(folder: &Path, clock: Arc<HandClock>) -> Keyring {
    in_file(&folder.join("server.keys"), clock).await.unwrap()
}

fn new_year() -> Arc<HandClock> {
    HandClock::at("2026-01-01T00:00:00Z")
}

fn ids(keyring: &Keyring) -> Vec<String> {
    keyring.list().into_iter().map(|key| key.id).collect()
}

/// The header of what is signed.
fn header(keyring: &Keyring) -> Value {
    let token = keyring.sign("at+jwt", &json!({})).unwrap();
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
    serde_json::from_slice(&header.unwrap()).unwrap()
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    private::write(path, text.as_ref()).unwrap();
}

#[tokio::test]
async fn keys_are_made_once_in_a_file_of_ours_alone() {
    let folder = folder();
    let path = folder.path().join("state/server.keys");
    let first = in_file(&path, new_year()).await.unwrap();
    let again = in_file(&path, new_year()).await.unwrap();
    assert_eq!(first.list(), again.list());
    assert_eq!(first.seal_key(), again.seal_key());
    assert_eq!(first.jwks(), again.jwks());
    assert_ne!(*first.seal_key(), [0; 32]);
    assert_eq!(first.list().len(), 1);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(header(&first)["kid"], ids(&first)[0]);
    assert_eq!(header(&first)["alg"], "ES256");
    assert_eq!(first.key_set().len(), 1);
}

#[tokio::test]
async fn the_next_key_is_published_a_day_before_it_signs() {
    let (folder, clock) = (folder(), new_year());
    let keyring = keyring(folder.path(), clock.clone()).await;
    let first = ids(&keyring);
    clock.advance(89 * DAY);
    keyring.keep().await.unwrap();
    let jwks: Value = serde_json::from_slice(&keyring.jwks()).unwrap();
    let published: Vec<_> = jwks["keys"].as_array().unwrap().iter().collect();
    assert_eq!(published.len(), 2);
    assert_eq!(header(&keyring)["kid"], first[0]);
    clock.advance(DAY);
    // Nobody looked after them yet.
    assert_eq!(header(&keyring)["kid"], published[1]["kid"]);
    keyring.keep().await.unwrap();
    assert!(keyring.list()[0].published_until.is_some());
    clock.advance(DAY);
    keyring.keep().await.unwrap();
    assert_eq!(ids(&keyring).len(), 1);
    assert_eq!(keyring.key_set().len(), 1);
    assert_ne!(ids(&keyring), first);
}

#[tokio::test]
async fn a_change_by_another_process_is_noticed() {
    let (folder, clock) = (folder(), new_year());
    let server = keyring(folder.path(), clock.clone()).await;
    let command = keyring(folder.path(), clock.clone()).await;
    let made = command.rotate(false).await.unwrap();
    assert_eq!(ids(&server).len(), 1);
    server.keep().await.unwrap();
    assert_eq!(server.list(), command.list());
    assert_ne!(header(&server)["kid"], made.id);
    clock.advance(DAY);
    assert_eq!(header(&server)["kid"], made.id);

    let leaked = server.sign("at+jwt", &json!({})).unwrap();
    let now = command.rotate(true).await.unwrap();
    server.keep().await.unwrap();
    assert_eq!(ids(&server).join(" "), now.id);
    assert_eq!(header(&server)["kid"], now.id);
    let (leaked, keys) = (AccessToken::new(leaked), server.key_set());
    let issuer = Issuer::parse("https://auth.example").unwrap();
    let checked = access_token::check(&leaked, &issuer, &[], &keys, clock.now());
    assert_eq!(checked.unwrap_err(), AccessTokenError::UnknownKey);
    // What was sealed stays readable: a leaked signing key opens none of it.
    assert_eq!(server.seal_key(), command.seal_key());
}

#[tokio::test]
async fn another_algorithm_takes_over_without_a_gap() {
    let (folder, clock) = (folder(), new_year());
    drop(keyring(folder.path(), clock.clone()).await);
    let edwards = Schedule::of(&KeysConfig {
        algorithm: Algorithm::EdDsa,
        ..config(KeysHome::Store)
    });
    let home = Home::File(folder.path().join("server.keys"));
    let keyring = Keyring::at(home, edwards, clock.clone()).await.unwrap();
    assert_eq!(keyring.algorithm(), Algorithm::Es256);
    assert_eq!(keyring.key_set().len(), 2);
    clock.advance(DAY);
    assert_eq!(keyring.algorithm(), Algorithm::EdDsa);
    assert_eq!(header(&keyring)["alg"], "EdDSA");
}

#[tokio::test]
async fn keys_that_cannot_be_used_say_so_and_what_to_do() {
    let folder = folder();
    let path = folder.path().join("server.keys");
    drop(keyring(folder.path(), new_year()).await);
    let good = std::fs::read_to_string(&path).unwrap();
    let seal_key = |text: &str| {
        let mut document: Value = serde_json::from_str(&good).unwrap();
        document["seal_key"] = text.into();
        document.to_string()
    };
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let other = STANDARD.encode(&*other);
    let mut exchanged: Value = serde_json::from_str(&good).unwrap();
    exchanged["signing_keys"][0]["pkcs8"] = other.into();
    let twice = good.replacen("\"version\": 1,", "\"version\": 1, \"version\": 1,", 1);
    let cases = [
        (String::new(), "damaged"),
        ("{}".to_owned(), "damaged"),
        (good[..good.len() / 2].to_owned(), "damaged (line"),
        (twice, "damaged"),
        (good.replacen("\"seal_key\"", "\"sealkey\"", 1), "damaged"),
        (good.replacen("ES256", "EdDSA", 1), "not what it says"),
        (good.replacen("ES256", "HS256", 1), "damaged"),
        (exchanged.to_string(), "not what it says"),
        (seal_key("Y2FuYXJ5"), "32 bytes"),
        (seal_key("canary!"), "damaged"),
        (good.replacen(": 1", ": 0", 1), "no such format"),
        (good.replacen(": 1", ": 2", 1), "newer version of Oarlock"),
        ("[".repeat(100_000), "damaged"),
        ("x".repeat(300 * 1024), "larger than"),
    ];
    for (text, said) in cases {
        write(&path, &text);
        let error = in_file(&path, new_year()).await.unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
        assert!(error.contains("server.keys"), "{error}");
        for secret in ["canary", "Y2FuYXJ5"] {
            assert!(!error.contains(secret), "{error}");
        }
        if said.starts_with("damaged") {
            assert!(error.contains("put a backup in their place"), "{error}");
        }
        // And nothing is put in the place of what may be saved yet.
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    write(&path, &good);
    assert!(in_file(&path, new_year()).await.is_ok());
}

#[tokio::test]
async fn hostile_19_keys_that_others_can_read_or_that_are_not_ours_are_refused() {
    let folder = folder();
    let path = folder.path().join("server.keys");
    drop(keyring(folder.path(), new_year()).await);
    let refused = async || in_file(&path, new_year()).await.unwrap_err().to_string();
    let mode = |mode| std::fs::set_permissions(&path, Permissions::from_mode(mode));
    for shown in [0o644, 0o640, 0o604] {
        mode(shown).unwrap();
        assert!(refused().await.contains("chmod 600"), "{shown:o}");
    }
    mode(0o600).unwrap();
    let open_to = |mode| std::fs::set_permissions(folder.path(), Permissions::from_mode(mode));
    open_to(0o755).unwrap();
    assert!(refused().await.contains("chmod 700"));
    open_to(0o700).unwrap();
    let kept = folder.path().join("kept");
    std::fs::rename(&path, &kept).unwrap();
    symlink(&kept, &path).unwrap();
    assert!(refused().await.contains("not a plain file"));
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(&kept, &path).unwrap();
    // Only root can give a file away.
    if chown(&path, Some(65534), Some(65534)).is_ok() {
        assert!(refused().await.contains("another user"));
    }
}

#[tokio::test]
async fn keys_that_vanish_or_are_exchanged_stay_in_use_until_somebody_says_what_is_right() {
    let (folder, clock) = (folder(), new_year());
    let path = folder.path().join("server.keys");
    let keyring = keyring(folder.path(), clock.clone()).await;
    let (before, kept) = (keyring.list(), std::fs::read(&path).unwrap());
    std::fs::remove_file(&path).unwrap();
    for error in [
        keyring.keep().await.unwrap_err(),
        keyring.rotate(true).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("they are gone"), "{error}");
    }
    assert!(!path.exists());
    drop(in_file(&path, clock).await.unwrap());
    let error = keyring.keep().await.unwrap_err();
    assert!(error.to_string().contains("another seal key"), "{error}");
    assert_eq!(keyring.list(), before);
    assert!(keyring.sign("at+jwt", &json!({})).is_ok());
    write(&path, kept);
    keyring.keep().await.unwrap();
}

#[tokio::test]
async fn hostile_28_a_folder_that_cannot_be_written_to_is_an_error_only_when_something_changes() {
    let (folder, clock) = (folder(), new_year());
    let keyring = keyring(folder.path(), clock.clone()).await;
    let before = keyring.list();
    // Root may write everywhere; a lock that cannot be had stops anybody.
    let lock = folder.path().join("server.keys.lock");
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    keyring.keep().await.unwrap();
    clock.advance(89 * DAY);
    let error = keyring.keep().await.unwrap_err();
    assert!(error.to_string().contains("server.keys.lock"), "{error}");
    assert_eq!(keyring.list(), before);
    assert!(keyring.sign("at+jwt", &json!({})).is_ok());
    std::fs::remove_dir(&lock).unwrap();
    keyring.keep().await.unwrap();
    assert_eq!(keyring.list().len(), 2);
}

#[tokio::test]
async fn hostile_23_no_key_is_in_what_is_shown() {
    let folder = folder();
    let keyring = keyring(folder.path(), new_year()).await;
    let text = std::fs::read_to_string(folder.path().join("server.keys")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let shown = format!(
        "{keyring:?} {:?} {:?} {} {}",
        keyring.list(),
        keyring.ring().document,
        serde_json::to_string(&keyring.list()).unwrap(),
        String::from_utf8(keyring.jwks()).unwrap(),
    );
    let private = document["signing_keys"][0]["pkcs8"].as_str().unwrap();
    // 36 bytes in the middle: the private half stands before the public one.
    for secret in [document["seal_key"].as_str().unwrap(), &private[44..92]] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("redacted"));
}
