use std::{
    fs,
    io::{Read as _, pipe},
    net::Ipv4Addr,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::broker::keyring::tests::HandClock;

fn audit(path: &Path) -> Audit {
    let config = AuditConfig::File(path.to_owned());
    Audit::open(&config, HandClock::at("2026-01-01T00:00:00.1239Z")).unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What is logged meanwhile.
fn logged(work: impl FnOnce()) -> String {
    let (mut log, writer) = pipe().unwrap();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Mutex::new(writer))
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    let mut text = String::new();
    log.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn an_event_is_a_line_in_the_file_and_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let (user, session) = (UserId::known("u"), SessionId::known("s"));
    let text = logged(|| {
        let audit = audit(&path);
        audit.note(&Event {
            what: What::Redeemed,
            user: Some(&user),
            session: Some(&session),
            client_id: Some("mytool"),
            upstream: Some("github"),
            from: Some(Ipv4Addr::LOCALHOST.into()),
            why: Some("code"),
        });
        audit.note(&Event::default());
    });
    let written = fs::read_to_string(&path).unwrap();
    let expected = concat!(
        r#"{"time":"2026-01-01T00:00:00.123Z","what":"redeemed","user":"u","session":"s","client_id":"mytool","#,
        r#""upstream":"github","from":"127.0.0.1","why":"code"}"#,
        "\n",
        r#"{"time":"2026-01-01T00:00:00.123Z","what":"signed_in"}"#,
        "\n",
    );
    assert_eq!(written, expected);
    let line = text.lines().next().unwrap();
    for field in [
        r#"what="redeemed""#,
        r#"user="u""#,
        r#"session="s""#,
        r#"client_id="mytool""#,
        r#"upstream="github""#,
        "from=127.0.0.1",
        r#"why="code""#,
    ] {
        assert!(line.contains(field), "{field}: {line}");
    }
    assert_eq!(text.lines().count(), 2, "{text}");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn without_a_file_the_log_has_it() {
    let text = logged(|| {
        let audit = Audit::open(&AuditConfig::Log, HandClock::at("2026-01-01T00:00:00Z")).unwrap();
        audit.note(&Event {
            what: What::UserRemoved,
            ..Event::default()
        });
    });
    assert!(text.contains(r#"what="user_removed""#), "{text}");
}

#[test]
fn the_table_of_words_is_complete() {
    use What::*;
    let all = [
        SignedIn,
        FirstSignedIn,
        SignInRefused,
        Granted,
        Denied,
        Redeemed,
        Refreshed,
        CodeReplayed,
        RefreshTokenReused,
        SessionRevoked,
        AccessTokenRevoked,
        ClientRegistered,
        ClientRefused,
        UserRemoved,
        KeyRotated,
    ];
    let source = include_str!("../audit.rs");
    let rows: Vec<_> = source
        .lines()
        .skip_while(|line| !line.contains("| `what` |"))
        .take_while(|line| line.starts_with("//! |"))
        .filter_map(|line| line.strip_prefix("//! | `")?.split_once('`'))
        .map(|(word, _)| word)
        .filter(|word| *word != "what")
        .collect();
    assert_eq!(rows, all.map(What::word));
}

#[test]
fn a_log_that_is_rotated_goes_on_in_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (
        folder.path().join("audit.log"),
        folder.path().join("audit.log.1"),
    );
    let audit = audit(&path);
    audit.note(&Event::default());
    fs::rename(&path, &old).unwrap();
    audit.note(&Event::default());
    assert_eq!((lines(&old).len(), lines(&path).len()), (1, 1));
}

#[test]
fn lines_of_many_threads_and_of_another_process_stay_whole_while_the_log_is_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let (server, command) = (audit(&path), audit(&path));
    std::thread::scope(|scope| {
        for audit in [&server, &server, &command] {
            scope.spawn(move || {
                for _ in 0..200 {
                    audit.note(&Event {
                        client_id: Some("mytool"),
                        ..Event::default()
                    });
                }
            });
        }
        for rotation in 0..20 {
            let kept = folder.path().join(format!("audit.log.{rotation}"));
            match fs::rename(&path, kept) {
                Ok(()) => {}
                // Not made again yet.
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
            }
        }
    });
    let files = fs::read_dir(folder.path()).unwrap();
    let all = files.map(|file| lines(&file.unwrap().path()).len());
    assert_eq!(all.sum::<usize>(), 600);
}

#[test]
fn hostile_19_a_link_or_a_file_for_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bait) = (folder.path().join("audit.log"), folder.path().join("bait"));
    drop(audit(&bait));
    symlink(&bait, &path).unwrap();
    let open = |path: &Path| {
        let config = AuditConfig::File(path.to_owned());
        Audit::open(&config, HandClock::at("2026-01-01T00:00:00Z")).map(drop)
    };
    assert!(
        open(&path)
            .unwrap_err()
            .to_string()
            .contains("not a plain file")
    );
    fs::set_permissions(&bait, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(open(&bait).unwrap_err().to_string().contains("chmod 600"));
}

#[test]
fn hostile_28_a_line_that_cannot_be_written_is_said_and_stops_nothing() {
    let text = logged(|| {
        // Every write to it says that the disk is full, and it is no plain file to be opened.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let audit = audit(&path);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        audit.note(&Event::default());
    });
    assert!(text.contains("ERROR"), "{text}");
    assert!(text.contains("not a plain file"), "{text}");
    assert!(text.contains(r#"what="signed_in""#), "{text}");
}

#[test]
fn hostile_05_hostile_06_names_of_strangers_are_one_inert_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let hostile = "https://x.example/\r\n{\"what\":\"granted\"}\u{1b}[2J\u{202e}\u{2028}\"\\\0";
    let long = "ä".repeat(100_000);
    let text = logged(|| {
        let audit = audit(&path);
        for client_id in [hostile, &long] {
            audit.note(&Event {
                client_id: Some(client_id),
                ..Event::default()
            });
        }
    });
    let written = lines(&path);
    assert_eq!(written.len(), 2);
    assert_eq!(
        written[0]["client_id"],
        "https://x.example/\u{fffd}\u{fffd}{\"what\":\"granted\"}\u{fffd}[2J\u{fffd}\u{fffd}\"\\\u{fffd}"
    );
    assert_eq!(
        written[1]["client_id"].as_str().unwrap().chars().count(),
        301
    );
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\0']), "{text}");
}

#[test]
fn hostile_23_what_could_be_a_secret_in_an_address_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let text = logged(|| {
        let audit = audit(&path);
        for client_id in [
            "https://app.example/client.json?token=canary",
            "https://app.example/client.json#canary",
        ] {
            audit.note(&Event {
                client_id: Some(client_id),
                ..Event::default()
            });
        }
    });
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        !written.contains("canary") && !text.contains("canary"),
        "{written} {text}"
    );
    for line in lines(&path) {
        assert_eq!(line["client_id"], "https://app.example/client.json");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_client_is_called_it_is_one_line_of_json(name in "\\PC*|.*|[\\x00-\\x20\\u{7f}-\\u{a0}\\u{2000}-\\u{2070}]*") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        audit(&path).note(&Event { client_id: Some(&name), ..Event::default() });
        let written = lines(&path);
        prop_assert_eq!(written.len(), 1);
        let expected = json!(Untrusted::from(name.split(['?', '#']).next().unwrap()).to_string());
        prop_assert_eq!(&written[0]["client_id"], &expected);
    }
}
