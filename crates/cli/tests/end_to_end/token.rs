//! `oarlock token`: a fresh token and nothing else.

use oarlock_testkit::{Endpoint, Fault};
use serde_json::json;

use crate::sandbox::{Sandbox, StoredLogin, mode, server};

#[test]
fn a_valid_token_is_printed_without_asking_anybody() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    for arguments in [
        vec!["token"],
        vec!["token", "work"],
        vec!["token", "work", "-a", "default"],
    ] {
        let finished = sandbox.run(arguments).ended_with(0);
        assert_eq!(finished.stdout, format!("{}\n", login.access_token()));
        assert_eq!(finished.stderr, "");
    }
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

#[test]
fn an_expired_token_is_renewed_and_the_new_one_stored() {
    let (sandbox, server) = (Sandbox::new(), server());
    let old = StoredLogin::at(&server).expired().write(&sandbox);
    let finished = sandbox.run(["token"]).ended_with(0);
    let stored = sandbox.stored();
    assert_eq!(
        finished.stdout.trim_end(),
        stored["access_token"].as_str().unwrap()
    );
    assert_ne!(stored["access_token"], old.access_token());
    assert_ne!(
        stored["refresh_token"],
        old.refresh_token(),
        "the rotated one is stored"
    );
    assert!(server.takes_access_token(finished.stdout.trim_end()));
    assert!(server.takes_refresh_token(stored["refresh_token"].as_str().unwrap()));
    assert_eq!(mode(&sandbox.credential_file()), 0o600);
    assert_eq!(mode(&sandbox.credentials()), 0o700);
    assert_eq!(server.count(Endpoint::Token), 1);
}

#[test]
fn a_due_token_is_renewed_and_still_serves_when_that_fails() {
    let (sandbox, server) = (Sandbox::new(), server());
    let due = StoredLogin::at(&server).due().write(&sandbox);
    server.set_faults(Fault::Unavailable503);
    let finished = sandbox.run(["token"]).ended_with(0);
    assert_eq!(finished.stdout.trim_end(), due.access_token());
    assert!(finished.stderr.contains("warning: "), "{finished:?}");
    server.set_faults([]);
    let finished = sandbox.run(["token"]).ended_with(0);
    assert_ne!(finished.stdout.trim_end(), due.access_token());
    assert_eq!(finished.stderr, "");
}

#[test]
fn a_forced_refresh_is_done_whatever_the_token_is_worth() {
    let (sandbox, server) = (Sandbox::new(), server());
    let old = StoredLogin::at(&server).write(&sandbox);
    let finished = sandbox.run(["token", "--force-refresh"]).ended_with(0);
    assert_ne!(finished.stdout.trim_end(), old.access_token());
    assert_eq!(server.count(Endpoint::Token), 1);
    // And it fails when it cannot be done, although the old token would serve.
    server.set_faults(Fault::Unavailable503);
    let finished = sandbox.run(["token", "--force-refresh"]).ended_with(3);
    assert_eq!(finished.stdout, "");
}

#[test]
fn least_life_left_asks_for_a_new_token() {
    let (sandbox, server) = (Sandbox::new(), server());
    let old = StoredLogin::at(&server).write(&sandbox);
    assert_eq!(
        sandbox
            .run(["token", "--min-ttl", "50m"])
            .ended_with(0)
            .stdout
            .trim_end(),
        old.access_token()
    );
    let finished = sandbox.run(["token", "--min-ttl", "61m"]).ended_with(0);
    assert_ne!(finished.stdout.trim_end(), old.access_token());
    assert!(finished.stderr.contains("shorter life"), "{finished:?}");
}

#[test]
fn json_and_header_are_as_documented() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    let json = sandbox.run(["token", "--json"]).ended_with(0).json();
    assert_eq!(json["access_token"], login.access_token());
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["provider"], "work");
    assert_eq!(json["source"], "the login to work");
    assert!(
        json["expires_at"].as_str().unwrap().ends_with('Z'),
        "{json}"
    );
    let header = sandbox.run(["token", "--header"]).ended_with(0);
    assert_eq!(
        header.stdout,
        format!("Authorization: Bearer {}\n", login.access_token())
    );
}

#[test]
fn several_logins_ask_for_a_name() {
    let (sandbox, server) = (Sandbox::new(), server());
    let ada = StoredLogin::at(&server).account("ada").write(&sandbox);
    StoredLogin::at(&server).account("bob").write(&sandbox);
    let finished = sandbox.run(["token", "work"]).ended_with(2);
    assert!(
        finished.stderr.contains("work@ada") && finished.stderr.contains("work@bob"),
        "{finished:?}"
    );
    assert_eq!(
        sandbox
            .run(["token", "work", "-a", "ada"])
            .ended_with(0)
            .stdout
            .trim_end(),
        ada.access_token()
    );
    let by_variable = sandbox
        .oarlock(["token", "work"])
        .environment("OARLOCK_ACCOUNT", "ada")
        .run()
        .ended_with(0);
    assert_eq!(by_variable.stdout.trim_end(), ada.access_token());
    StoredLogin::at(&server).provider("other").write(&sandbox);
    sandbox.run(["token"]).ended_with(2);
    sandbox.configure("default_provider = \"github\"\n");
    let finished = sandbox.run(["token"]).ended_with(4);
    assert!(
        finished.stderr.contains("oarlock login github"),
        "{finished:?}"
    );
}

#[test]
fn without_a_refresh_token_the_end_is_the_end() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server)
        .expired()
        .without_refresh_token()
        .write(&sandbox);
    let finished = sandbox.run(["token"]).ended_with(4);
    assert!(
        finished.stderr.contains("oarlock login work"),
        "{finished:?}"
    );
    assert_eq!(server.count(Endpoint::Token), 0);
}

#[test]
fn a_token_of_sixteen_kilobytes_comes_out_whole() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).expired().write(&sandbox);
    server.set_faults(Fault::HugeToken);
    let finished = sandbox.run(["token"]).ended_with(0);
    assert_eq!(finished.stdout.trim_end().len(), 16 * 1024);
    assert!(server.takes_access_token(finished.stdout.trim_end()));
    assert_eq!(sandbox.run(["token"]).ended_with(0).stdout, finished.stdout);
}

#[test]
fn a_token_without_an_end_is_used_until_it_is_refused() {
    let (sandbox, server) = (Sandbox::new(), server());
    for fault in [Fault::ExpiresInMissing, Fault::ExpiresInZero] {
        StoredLogin::at(&server).expired().write(&sandbox);
        server.set_faults(fault);
        let first = sandbox.run(["token"]).ended_with(0);
        server.forget_requests();
        let second = sandbox.run(["token"]).ended_with(0);
        assert_eq!(first.stdout, second.stdout, "{fault}");
        assert_eq!(
            server.count(Endpoint::Token),
            0,
            "{fault}: no refresh in a loop"
        );
    }
}

#[test]
fn a_server_that_keeps_the_refresh_token_is_understood() {
    for fault in [Fault::NoRotation, Fault::RefreshTokenMissingInAnswer] {
        let (sandbox, server) = (Sandbox::new(), server());
        let login = StoredLogin::at(&server).write(&sandbox);
        server.set_faults(fault);
        for _ in 0..2 {
            sandbox.run(["token", "--force-refresh"]).ended_with(0);
            assert_eq!(
                sandbox.stored()["refresh_token"],
                json!(login.refresh_token()),
                "{fault}"
            );
        }
    }
}
