//! `oarlock status`.

use std::{fs, os::unix::fs::PermissionsExt as _};

use oarlock_testkit::DEFAULT_CLIENT_ID;

use crate::sandbox::{Sandbox, StoredLogin, server};

#[test]
fn nobody_is_logged_in() {
    let sandbox = Sandbox::new();
    let finished = sandbox.run(["status"]).ended_with(0);
    assert_eq!(
        finished.stdout,
        "Nobody is logged in. Start with: oarlock login\n"
    );
    assert_eq!(
        sandbox.run(["status", "--json"]).ended_with(0).json(),
        serde_json::json!({ "logins": [], "sources": [] })
    );
    assert!(!sandbox.credentials().exists(), "looking makes nothing");
}

#[test]
fn every_state_is_told_without_asking_anybody() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).account("fresh").write(&sandbox);
    StoredLogin::at(&server)
        .account("due")
        .due()
        .write(&sandbox);
    StoredLogin::at(&server)
        .account("expired")
        .expired()
        .write(&sandbox);
    StoredLogin::at(&server)
        .account("ended")
        .expired()
        .without_refresh_token()
        .write(&sandbox);
    let dead =
        serde_json::json!({ "since": "2026-01-01T00:00:00Z", "reason": "the grant was revoked" });
    StoredLogin::at(&server)
        .account("dead")
        .expired()
        .with("dead", dead)
        .write(&sandbox);
    let json = sandbox.run(["status", "--json"]).ended_with(0).json();
    let state = |account: &str| {
        let logins = json["logins"].as_array().unwrap();
        logins
            .iter()
            .find(|login| login["account"] == account)
            .unwrap()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (account, expected) in [
        ("fresh", "fresh"),
        ("due", "due"),
        ("expired", "expired"),
        ("ended", "expired"),
        ("dead", "dead"),
    ] {
        assert_eq!(state(account), expected, "{account}");
    }
    let first = &json["logins"][0];
    let mut members: Vec<&str> = first
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "account",
            "expires_at",
            "identity",
            "provider",
            "reason",
            "refreshable",
            "scope",
            "state"
        ]
    );
    let text = sandbox.run(["status"]).ended_with(0).stdout;
    for line in [
        "work (fresh): alice@example.com",
        "  expired, renewed when needed",
        "  over (the grant was revoked); log in again: oarlock login work",
    ] {
        assert!(
            text.lines().any(|shown| shown.starts_with(line)),
            "{line}: {text}"
        );
    }
    assert!(server.requests().is_empty());
}

#[test]
fn one_login_that_cannot_be_read_does_not_hide_the_others() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).account("ada").write(&sandbox);
    StoredLogin::at(&server).write(&sandbox);
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n",
        server.issuer()
    ));
    fs::write(sandbox.credential_file(), "no json").unwrap();
    let finished = sandbox.run(["status"]).ended_with(0);
    assert!(
        finished.stdout.contains("work (ada): alice@example.com"),
        "{finished:?}"
    );
    assert!(
        finished.stdout.contains("is not a credential file"),
        "{finished:?}"
    );
    fs::remove_file(sandbox.home().join("config.toml")).unwrap();
    fs::write(sandbox.credentials().join("lost@default.json"), "{").unwrap();
    fs::set_permissions(
        sandbox.credentials().join("lost@default.json"),
        fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    for arguments in [
        ["status"].as_slice(),
        &["provider", "list"],
        &["doctor", "github"],
    ] {
        let finished = sandbox.run(arguments.iter().copied());
        assert!(
            finished.stdout.contains("github") || finished.stdout.contains("work (ada)"),
            "{arguments:?}: {finished:?}"
        );
    }
}

#[test]
fn what_wins_is_said_of_the_account_that_is_meant() {
    let (sandbox, server) = (Sandbox::new(), server());
    for account in ["default", "bob"] {
        StoredLogin::at(&server).account(account).write(&sandbox);
    }
    let finished = sandbox
        .oarlock(["status"])
        .environment("OARLOCK_TOKEN_WORK", "given")
        .run()
        .ended_with(0);
    let (bob, usual) = finished.stdout.split_once("\nwork: ").unwrap();
    assert!(bob.starts_with("work (bob): "), "{finished:?}");
    // A variable has no say where an account is named.
    assert!(bob.ends_with("used with -a bob"), "{finished:?}");
    assert!(!bob.contains("OARLOCK_TOKEN_WORK"), "{finished:?}");
    assert!(
        usual.contains("→ the variable OARLOCK_TOKEN_WORK: used"),
        "{finished:?}"
    );
    assert_ne!(
        sandbox
            .oarlock(["token", "-a", "bob"])
            .environment("OARLOCK_TOKEN_WORK", "given")
            .run()
            .ended_with(0)
            .stdout,
        "given\n"
    );
}
