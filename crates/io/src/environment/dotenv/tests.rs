use std::{fs::File, io};

use super::*;

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::File::create(folder.path().join(FILE))
        .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
        .unwrap();
    folder
}

fn with(real: &[(&str, &str)], text: &str) -> Result<Environment, DotenvError> {
    let folder = folder(text);
    Environment::from_pairs(real.iter().copied()).with_dotenv(folder.path())
}

#[test]
fn what_people_write_is_read() {
    let text = concat!(
        "# a comment\r\n",
        "OAUTH_USE_TCP=true\r\n",
        "  export OAUTH_TCP_HOST = relay.internal   # where it is\n",
        "OAUTH_SOCKET_PATH='/run/a b#c\\n.sock' # quoted\n",
        "OARLOCK_RELAY_CALLBACK_PATH=\"/a\\\"b\\$c\"\n",
        "PRIVATE_KEY=\"-----BEGIN\nOAUTH_TCP_FALLBACK_PORT=1\n-----END\"\n",
        "no assignment\n",
        "#OAUTH_DEFAULT_TIMEOUT=1\n",
        "OAUTH_CODE_KEYS=first\n",
        "OAUTH_CODE_KEYS=code,$(id),`id`,${HOME}",
    );
    let found = with(&[], text).unwrap();
    let pairs: Vec<(&str, &str)> = found.iter().collect();
    assert_eq!(
        pairs,
        [
            ("OARLOCK_RELAY_CALLBACK_PATH", "/a\"b$c"),
            ("OAUTH_CODE_KEYS", "code,$(id),`id`,${HOME}"),
            ("OAUTH_SOCKET_PATH", "/run/a b#c\\n.sock"),
            ("OAUTH_TCP_HOST", "relay.internal"),
            ("OAUTH_USE_TCP", "true"),
        ]
    );
}

#[test]
fn no_file_and_a_folder_of_that_name_add_nothing() {
    let empty = tempfile::tempdir().unwrap();
    let nothing = Environment::default();
    let found = nothing.clone().with_dotenv(empty.path()).unwrap();
    assert_eq!(found.iter().count(), 0);
    std::fs::create_dir(empty.path().join(FILE)).unwrap();
    let found = nothing.with_dotenv(empty.path()).unwrap();
    assert_eq!(found.iter().count(), 0);
}

#[test]
fn only_names_of_relay_and_server_are_taken_and_the_environment_wins() {
    let text = "PATH=/evil\nLD_PRELOAD=x\nOARLOCK_HOME=/evil\nOARLOCK_TOKEN_GITHUB=x\nOARLOCK_OAUTH_TOKEN_ENDPOINT=https://evil\n\
        HTTPS_PROXY=http://evil\nOARLOCK_RELAY_TOKEN_FILE=/etc/shadow\nOAUTH_TOKEN_FILE=/etc/shadow\n\
        OARLOCK_RELAY=tcp://a:1\nOAUTH_TCP_HOST=file\nOARLOCK_RELAY_USE_TCP=file\nOAUTH_SOCKET_PATH=/file\nOARLOCK_LISTEN=:1\nOARLOCK_LOG=x\n";
    let real = [
        ("OAUTH_USE_TCP", "real"),
        ("OARLOCK_RELAY_TCP_HOST", "real"),
        ("OAUTH_SOCKET_PATH", ""),
    ];
    let found = with(&real, text).unwrap();
    let pairs: Vec<(&str, &str)> = found.iter().collect();
    assert_eq!(
        pairs,
        [
            ("OARLOCK_LISTEN", ":1"),
            ("OARLOCK_RELAY", "tcp://a:1"),
            ("OARLOCK_RELAY_TCP_HOST", "real"),
            ("OAUTH_SOCKET_PATH", ""),
            ("OAUTH_USE_TCP", "real"),
        ]
    );
    assert!(found.is_from_dotenv("OARLOCK_RELAY"));
    assert!(!found.is_from_dotenv("OAUTH_USE_TCP"));
}

#[test]
fn what_cannot_be_read_is_named_by_its_line_and_not_quoted() {
    for (text, line) in [
        ("A=1\nOAUTH_X='canary\n\n", 2),
        ("A=1\n\nOAUTH_X=\"canary\" canary\n", 3),
        ("A=\"x\ny\" z\n", 2),
    ] {
        let error = with(&[], text).unwrap_err();
        assert!(
            matches!(error, DotenvError::Malformed { line: found, .. } if found == line),
            "{error}"
        );
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    let folder = folder("");
    let path = folder.path().join(FILE);
    let mut file = File::create(path).unwrap();
    io::Write::write_all(&mut file, b"A=1\nB=\xff\n").unwrap();
    let error = Environment::default()
        .with_dotenv(folder.path())
        .unwrap_err();
    assert!(
        matches!(error, DotenvError::Malformed { line: 2, .. }),
        "{error}"
    );
}

#[test]
fn a_file_over_the_cap_is_refused() {
    let line = "#".repeat(65_536);
    assert!(with(&[], &line).is_ok());
    let error = with(&[], &(line + "#")).unwrap_err();
    assert!(
        matches!(error, DotenvError::File(PrivateError::TooLarge { .. })),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn hostile_19_a_file_that_others_can_write_says_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder("OARLOCK_RELAY=tcp://evil:1\n");
    let path = folder.path().join(FILE);
    for (mode, good) in [
        (0o666, false),
        (0o602, false),
        (0o664, false),
        (0o644, true),
        (0o600, true),
    ] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let found = Environment::default().with_dotenv(folder.path());
        match found {
            Ok(found) => assert!(good && found.is_from_dotenv("OARLOCK_RELAY"), "{mode:o}"),
            Err(error) => assert!(
                !good && error.to_string().contains("chmod go-w"),
                "{mode:o}: {error}"
            ),
        }
    }
}

#[cfg(unix)]
#[test]
fn hostile_19_somebody_elses_file_or_link_says_nothing() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let nobody = 65_534;
    let theirs = folder("OARLOCK_RELAY=tcp://evil:1\n");
    std::os::unix::fs::chown(theirs.path().join(FILE), Some(nobody), None).unwrap();
    let link = tempfile::tempdir().unwrap();
    let ours = folder("OARLOCK_RELAY=tcp://other.project:1\n");
    std::os::unix::fs::symlink(ours.path().join(FILE), link.path().join(FILE)).unwrap();
    let followed = Environment::default().with_dotenv(link.path()).unwrap();
    assert!(followed.is_from_dotenv("OARLOCK_RELAY"), "a link of ours");
    std::os::unix::fs::lchown(link.path().join(FILE), Some(nobody), None).unwrap();
    for folder in [&theirs, &link] {
        let error = Environment::default()
            .with_dotenv(folder.path())
            .unwrap_err();
        assert!(
            matches!(error, DotenvError::File(PrivateError::Owner { uid, .. }) if uid == nobody),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn hostile_19_a_pipe_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let error = Environment::default()
        .with_dotenv(folder.path())
        .unwrap_err();
    assert!(
        matches!(error, DotenvError::File(PrivateError::Kind { .. })),
        "{error}"
    );
}
