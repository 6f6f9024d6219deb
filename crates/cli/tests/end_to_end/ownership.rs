//! Files that others can read, that belong to others, or that are not what they seem.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
};

use oarlock_testkit::{DEFAULT_CLIENT_ID, Endpoint};

use crate::sandbox::{Call, Finished, Sandbox, StoredLogin, server};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn hostile_19_a_credential_that_others_can_read_is_refused() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    for mode in [0o644, 0o640, 0o660, 0o604] {
        set_mode(&sandbox.credential_file(), mode);
        let finished = sandbox.run(["token"]).ended_with(7);
        assert_eq!(finished.stdout, "");
        let hint = format!("chmod 600 '{}'", sandbox.credential_file().display());
        assert!(finished.stderr.contains(&hint), "{mode:o}: {finished:?}");
        finished.keeps_secret(&login.access_token());
    }
    set_mode(&sandbox.credential_file(), 0o600);
    sandbox.run(["token"]).ended_with(0);
}

#[test]
fn hostile_19_a_directory_that_others_can_enter_is_refused() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).expired().write(&sandbox);
    set_mode(&sandbox.credentials(), 0o755);
    let finished = sandbox.run(["token"]).ended_with(7);
    let hint = format!("chmod 700 '{}'", sandbox.credentials().display());
    assert!(finished.stderr.contains(&hint), "{finished:?}");
    assert_eq!(server.count(Endpoint::Token), 0);
}

#[test]
fn hostile_19_a_directory_that_others_can_exchange_is_refused() {
    let (sandbox, server) = (Sandbox::new(), server());
    let open = sandbox.path("open");
    fs::create_dir(&open).unwrap();
    set_mode(&open, 0o777);
    let home = open.join("home");
    let arguments = [
        "login",
        server.issuer(),
        "--flow",
        "loopback",
        "--no-browser",
        "--timeout",
        "1s",
    ];
    let finished = sandbox
        .oarlock(arguments)
        .environment("OARLOCK_HOME", home.to_str().unwrap())
        .run()
        .ended_with(7);
    assert!(
        finished.stderr.contains("other users can exchange"),
        "{finished:?}"
    );
    assert!(!home.exists());
    assert!(server.requests().is_empty());
}

#[test]
fn hostile_19_a_link_is_not_followed() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    let elsewhere = sandbox.path("elsewhere.json");
    fs::rename(sandbox.credential_file(), &elsewhere).unwrap();
    symlink(&elsewhere, sandbox.credential_file()).unwrap();
    let finished = sandbox.run(["token", "work"]);
    assert_ne!(finished.code(), 0, "{finished:?}");
    finished.keeps_secret(&login.access_token());
    fs::remove_file(sandbox.credential_file()).unwrap();
    fs::hard_link(&elsewhere, sandbox.credential_file()).unwrap();
    sandbox
        .run(["token", "work"])
        .ended_with(7)
        .keeps_secret(&login.access_token());
}

#[test]
fn hostile_19_a_directory_somebody_made_before_us_is_refused() {
    let (sandbox, server) = (Sandbox::new(), server());
    let trap = sandbox.path("trap");
    fs::create_dir(&trap).unwrap();
    symlink(&trap, sandbox.credentials()).unwrap();
    let arguments = [
        "login",
        server.issuer(),
        "--flow",
        "loopback",
        "--no-browser",
        "--timeout",
        "1s",
    ];
    sandbox.run(arguments).ended_with(7);
    assert_eq!(fs::read_dir(&trap).unwrap().count(), 0);
}

#[test]
fn hostile_19_a_credential_of_another_user_is_refused() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    let finished = with_foreign_credential(&sandbox, &["token", "work"]).ended_with(7);
    assert!(
        finished.stderr.contains("belongs to another user"),
        "{finished:?}"
    );
    finished.keeps_secret(&login.access_token());
    let status = with_foreign_credential(&sandbox, &["status"]).ended_with(0);
    assert!(
        status.stdout.contains("belongs to another user"),
        "{status:?}"
    );
}

/// Root can give a file away. Everybody else can put one of root's in its place, in namespaces of their own.
fn with_foreign_credential(sandbox: &Sandbox, arguments: &[&str]) -> Finished {
    if rustix::process::geteuid().is_root() {
        chown(sandbox.credential_file(), Some(65_534), Some(65_534)).unwrap();
        return sandbox.run(arguments.iter().copied());
    }
    let mut call = Call::new(Path::new("/usr/bin/unshare"));
    let file = sandbox.credential_file();
    let script = "mount --bind /etc/passwd \"$1\" && shift && exec \"$@\"";
    call.arguments([
        "-rm",
        "/bin/sh",
        "-c",
        script,
        "sh",
        file.to_str().unwrap(),
        env!("CARGO_BIN_EXE_oarlock"),
    ]);
    call.arguments(arguments.iter().copied());
    call.environment("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .environment("OARLOCK_HOME", sandbox.home().to_str().unwrap());
    call.run()
}

#[test]
fn hostile_19_a_configuration_that_others_can_read_is_refused() {
    let (sandbox, server) = (Sandbox::new(), server());
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n",
        server.issuer()
    ));
    let file = sandbox.home().join("config.toml");
    set_mode(&file, 0o644);
    let finished = sandbox.run(["provider", "list"]).ended_with(2);
    assert!(
        finished
            .stderr
            .contains(&format!("chmod 600 '{}'", file.display())),
        "{finished:?}"
    );
}
