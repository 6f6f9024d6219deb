use super::*;

fn settings(pairs: &[(&str, &str)]) -> Result<RelaySettings, SettingsError> {
    RelaySettings::from_environment(&Environment::from_pairs(pairs.iter().copied()))
}

fn with_dotenv(pairs: &[(&str, &str)], text: &str) -> Result<RelaySettings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let mut file = std::fs::File::create(folder.path().join(".env")).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    let environment = Environment::from_pairs(pairs.iter().copied())
        .with_dotenv(folder.path())
        .unwrap();
    RelaySettings::from_environment(&environment)
}

#[cfg(unix)]
#[test]
fn the_first_that_names_a_relay_counts() {
    let home = ("OARLOCK_HOME", "/h");
    for (pairs, address) in [
        (vec![home], "unix:/h/run/relay.sock"),
        (
            vec![("HOME", "/u"), ("XDG_RUNTIME_DIR", "/run/user/1")],
            "unix:/run/user/1/oarlock/relay.sock",
        ),
        (vec![home, ("OAUTH_SOCKET_PATH", "/a")], "unix:/a"),
        (
            vec![
                ("OAUTH_SOCKET_PATH", "/a"),
                ("OARLOCK_RELAY_SOCKET_PATH", "/b"),
            ],
            "unix:/b",
        ),
        (vec![home, ("OAUTH_USE_TCP", "T")], "tcp://127.0.0.1:9999"),
        (
            vec![
                ("OAUTH_USE_TCP", "1"),
                ("OAUTH_TCP_HOST", "relay"),
                ("OARLOCK_RELAY_TCP_HOST", "ours"),
                ("OAUTH_TCP_FALLBACK_PORT", "1234"),
                ("OAUTH_SOCKET_PATH", "/a"),
            ],
            "tcp://ours:1234",
        ),
        (
            vec![("OAUTH_USE_TCP", "no"), ("OAUTH_SOCKET_PATH", "/a")],
            "unix:/a",
        ),
        (
            vec![
                ("OARLOCK_RELAY", "https://login.example.com/"),
                ("OAUTH_USE_TCP", "1"),
            ],
            "https://login.example.com",
        ),
    ] {
        let found = settings(&pairs).unwrap();
        assert_eq!(found.address.to_string(), address, "{pairs:?}");
        assert_eq!(found.timeout, Duration::from_secs(300));
        assert!(found.token.is_none());
    }
}

#[test]
fn time_and_token_come_along() {
    let found = settings(&[
        ("OARLOCK_RELAY", "tcp://a:1"),
        ("OAUTH_DEFAULT_TIMEOUT", "12.5"),
        ("OARLOCK_RELAY_TOKEN", "canary-token "),
    ])
    .unwrap();
    assert_eq!(found.timeout, Duration::from_millis(12_500));
    assert_eq!(found.token.as_ref().unwrap().expose(), "canary-token");
    assert!(!format!("{found:?}").contains("canary"));
}

#[test]
fn a_time_may_have_a_unit() {
    let found = settings(&[
        ("OARLOCK_RELAY", "tcp://a:1"),
        ("OARLOCK_RELAY_DEFAULT_TIMEOUT", "5m"),
    ])
    .unwrap();
    assert_eq!(found.timeout, Duration::from_secs(300));
}

#[test]
fn a_wrong_value_is_named() {
    for (name, value, advice) in [
        ("OARLOCK_RELAY", "relay:1", "tcp://127.0.0.1:9999"),
        ("OAUTH_USE_TCP", "perhaps", "true or false"),
        ("OARLOCK_RELAY_SOCKET_PATH", "relay.sock", "absolute"),
        ("OAUTH_DEFAULT_TIMEOUT", "0", "above 0"),
        ("OAUTH_DEFAULT_TIMEOUT", "-1", "above 0"),
        ("OAUTH_DEFAULT_TIMEOUT", "NaN", "above 0"),
        ("OAUTH_DEFAULT_TIMEOUT", "inf", "above 0"),
        ("OARLOCK_RELAY_TOKEN", "two words", "no token has"),
        (
            "OARLOCK_RELAY_TOKEN_FILE",
            "/nonexistent/token",
            "no such file",
        ),
    ] {
        let error = settings(&[("OARLOCK_HOME", "/h"), (name, value)]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(advice), "{text}");
    }
    for (name, value) in [("OAUTH_TCP_FALLBACK_PORT", "0"), ("OAUTH_TCP_HOST", "a b")] {
        let error = settings(&[("OAUTH_USE_TCP", "true"), (name, value)]).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    let error = settings(&[
        ("OARLOCK_RELAY", "tcp://a:1"),
        ("OARLOCK_RELAY_TOKEN", "canary canary"),
    ])
    .unwrap_err();
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[cfg(unix)]
#[test]
fn hostile_19_a_token_is_read_from_a_private_file_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let mut file = std::fs::File::create(&path).unwrap();
    std::io::Write::write_all(&mut file, b"secret\n").unwrap();
    let read = |mode: u32| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        settings(&[
            ("OARLOCK_RELAY", "tcp://a:1"),
            ("OARLOCK_RELAY_TOKEN_FILE", path.to_str().unwrap()),
        ])
    };
    assert_eq!(read(0o600).unwrap().token.unwrap().expose(), "secret");
    let error = read(0o644).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn hostile_23_a_token_does_not_go_where_a_file_of_the_folder_says() {
    let token = ("OARLOCK_RELAY_TOKEN", "canary");
    for text in [
        "OARLOCK_RELAY=tcp://evil.example:1\n",
        "OAUTH_USE_TCP=1\nOAUTH_TCP_HOST=evil.example\n",
    ] {
        let error = with_dotenv(&[token], text).unwrap_err();
        assert!(matches!(error, SettingsError::ForeignToken(_)), "{error}");
        assert!(!error.to_string().contains("canary"));
    }
    let own = with_dotenv(&[], "OARLOCK_RELAY=tcp://a:1\nOARLOCK_RELAY_TOKEN=theirs\n").unwrap();
    assert_eq!(own.token.unwrap().expose(), "theirs");
    let named = [token, ("OARLOCK_RELAY", "tcp://ours:1")];
    let found = with_dotenv(&named, "OARLOCK_RELAY=tcp://evil.example:1\n").unwrap();
    assert_eq!(found.address.to_string(), "tcp://ours:1");
}

#[cfg(unix)]
#[test]
fn what_the_user_set_in_parts_is_not_overruled_by_a_file() {
    let found = with_dotenv(
        &[("OAUTH_SOCKET_PATH", "/run/ours.sock")],
        "OARLOCK_RELAY=tcp://evil.example:1\n",
    )
    .unwrap();
    assert_eq!(found.address.to_string(), "unix:/run/ours.sock");
}
