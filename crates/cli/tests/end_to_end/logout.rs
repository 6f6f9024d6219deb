//! `oarlock logout`.

use std::os::unix::fs::PermissionsExt;

use oarlock_testkit::Fault;

use crate::sandbox::{Sandbox, StoredLogin, server};

#[test]
fn logging_out_revokes_and_removes() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    let finished = sandbox.run(["logout"]).ended_with(0);
    assert_eq!(finished.stdout, "");
    assert!(
        finished.stderr.contains("took the tokens back"),
        "{finished:?}"
    );
    assert!(!server.takes_access_token(&login.access_token()));
    assert!(!server.takes_refresh_token(&login.refresh_token()));
    assert!(!sandbox.credential_file().exists());
    sandbox.run(["token"]).ended_with(4);
    sandbox.run(["logout"]).ended_with(4);
}

#[test]
fn logging_out_locally_asks_nobody() {
    let (sandbox, server) = (Sandbox::new(), server());
    for account in ["ada", "bob"] {
        StoredLogin::at(&server).account(account).write(&sandbox);
    }
    sandbox
        .run(["logout", "work", "-a", "ada", "--local"])
        .ended_with(0);
    assert!(server.requests().is_empty());
    sandbox.run(["logout", "--all"]).ended_with(0);
    assert!(
        sandbox
            .credential_names()
            .iter()
            .all(|name| !name.ends_with(".json"))
    );
    sandbox.run(["logout", "--all"]).ended_with(0);
}

#[test]
fn a_provider_that_cannot_revoke_does_not_keep_the_login() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    server.set_faults(Fault::RevocationFails);
    let finished = sandbox.run(["logout"]).ended_with(0);
    assert!(
        finished
            .stderr
            .contains("warning: the provider could not take the tokens back"),
        "{finished:?}"
    );
    assert!(!sandbox.credential_file().exists());
}

#[test]
fn one_login_that_cannot_be_removed_does_not_keep_the_others() {
    let (sandbox, server) = (Sandbox::new(), server());
    for account in ["ada", "bob"] {
        StoredLogin::at(&server).account(account).write(&sandbox);
    }
    let others_may_read = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(sandbox.credentials().join("work@ada.json"), others_may_read).unwrap();
    let finished = sandbox.run(["logout", "--all"]).ended_with(7);
    assert!(finished.stderr.contains("chmod 600"), "{finished:?}");
    assert!(sandbox.credentials().join("work@ada.json").exists());
    assert!(!sandbox.credentials().join("work@bob.json").exists());
}
