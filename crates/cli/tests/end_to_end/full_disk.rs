//! A disk that is full or cannot be written, and copies left behind by one that was.
//!
//! Each script runs in mount and user namespaces of its own (`unshare`), with a small tmpfs as home; it goes when
//! the script ends. Where namespaces cannot be had the tests fail: nothing else shows a full disk.

use std::{fs, path::Path};

use jiff::SignedDuration;
use oarlock_io::{Clock as _, SystemClock};
use oarlock_testkit::{Endpoint, Server};
use serde_json::json;

use crate::sandbox::{Call, Finished, Sandbox, StoredLogin, server, write_private};

/// A home on a tmpfs with `work` logged in; `$OARLOCK` is the program, `$FILE` the credential, `$SEED` a copy of it.
const BEGIN: &str = r#"
set -eu
mount -t tmpfs -o size=512k,mode=700 none "$OARLOCK_HOME"
mkdir -m 700 "$OARLOCK_HOME/credentials"
FILE="$OARLOCK_HOME/credentials/work@default.json"
cp "$SEED" "$FILE"
chmod 600 "$FILE"
fill() { dd if=/dev/zero of="$OARLOCK_HOME/filler" bs=4k 2>/dev/null || true; }
run() { code=0; "$OARLOCK" "$@" || code=$?; echo "exit $code"; }
"#;

fn script(sandbox: &Sandbox, login: &StoredLogin, text: &str) -> Finished {
    let seed = sandbox.path("seed.json");
    write_private(&seed, &login.text());
    let mut call = Call::new(Path::new("/usr/bin/unshare"));
    call.arguments(["-rm", "/bin/sh", "-c", &format!("{BEGIN}{text}")]);
    call.environment("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    call.environment("OARLOCK", env!("CARGO_BIN_EXE_oarlock"));
    call.environment("OARLOCK_HOME", sandbox.home().to_str().unwrap());
    call.environment("SEED", seed.to_str().unwrap());
    let finished = call.run();
    assert!(
        !finished.stderr.contains("unshare: "),
        "this test needs user and mount namespaces: {finished:?}"
    );
    finished.ended_with(0)
}

fn begin() -> (Sandbox, Server) {
    (Sandbox::new(), server())
}

#[test]
fn hostile_28_a_full_disk_is_found_before_the_refresh_token_is_spent() {
    let (sandbox, server) = begin();
    let login = StoredLogin::at(&server).expired();
    let finished = script(
        &sandbox,
        &login,
        r#"
fill
run token
cmp "$SEED" "$FILE" && echo kept
ls -A "$OARLOCK_HOME/credentials"
rm "$OARLOCK_HOME/filler"
run token
"#,
    );
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(&lines[..2], ["exit 7", "kept"], "{finished:?}");
    assert!(
        lines[2..].contains(&"exit 0"),
        "with room again it works: {finished:?}"
    );
    assert!(
        !finished.stdout.contains(".oarlock-"),
        "nothing is left lying: {finished:?}"
    );
    assert!(finished.stderr.contains("No space left"), "{finished:?}");
    assert_eq!(
        server.count(Endpoint::Token),
        1,
        "only the one that could be saved"
    );
}

#[test]
fn hostile_28_a_full_disk_does_not_keep_a_valid_token_back() {
    let (sandbox, server) = begin();
    for login in [StoredLogin::at(&server), StoredLogin::at(&server).due()] {
        let finished = script(&sandbox, &login, "fill\nrun token\n");
        assert_eq!(
            finished.stdout,
            format!("{}\nexit 0\n", login.access_token())
        );
    }
    assert_eq!(server.count(Endpoint::Token), 0);
}

#[test]
fn hostile_28_a_disk_that_cannot_be_written_is_said() {
    let (sandbox, server) = begin();
    let login = StoredLogin::at(&server).expired();
    let finished = script(
        &sandbox,
        &login,
        r#"
mount -o remount,bind,ro "$OARLOCK_HOME"
run token
run status
run logout --local
cmp "$SEED" "$FILE" && echo kept
"#,
    );
    let codes: Vec<&str> = finished
        .stdout
        .lines()
        .filter(|line| line.starts_with("exit ") || *line == "kept")
        .collect();
    assert_eq!(
        codes,
        ["exit 7", "exit 0", "exit 7", "kept"],
        "{finished:?}"
    );
    assert!(
        finished.stderr.contains("Read-only file system"),
        "{finished:?}"
    );
    assert_eq!(server.count(Endpoint::Token), 0);
}

#[test]
fn hostile_28_a_disk_that_cannot_be_written_does_not_keep_a_valid_token_back() {
    let (sandbox, server) = begin();
    for login in [StoredLogin::at(&server), StoredLogin::at(&server).due()] {
        let finished = script(
            &sandbox,
            &login,
            "mount -o remount,bind,ro \"$OARLOCK_HOME\"\nrun token\n",
        );
        assert_eq!(
            finished.stdout,
            format!("{}\nexit 0\n", login.access_token())
        );
    }
}

#[test]
fn hostile_28_a_login_finds_the_full_disk_before_anybody_logs_in() {
    let (sandbox, server) = begin();
    let login = StoredLogin::at(&server);
    let issuer = server.issuer();
    let finished = script(
        &sandbox,
        &login,
        &format!("fill\nrun login {issuer} --flow loopback --no-browser\n"),
    );
    assert_eq!(finished.stdout, "exit 7\n", "{finished:?}");
    assert!(server.requests().is_empty(), "nobody was asked");
}

#[test]
fn hostile_28_a_recovery_copy_is_taken_up() {
    for beside in [true, false] {
        let (sandbox, server) = begin();
        StoredLogin::at(&server).expired().write(&sandbox);
        let newer = StoredLogin::at(&server);
        let credentials = sandbox.credentials();
        let place = if beside {
            credentials
        } else {
            let own = credentials.strip_prefix("/").unwrap();
            sandbox.home().join("run/recovery").join(own)
        };
        let copy = place.join("work@default.json.recovery");
        write_private(&copy, &newer.text());
        let finished = sandbox.run(["token"]).ended_with(0);
        assert_eq!(
            finished.stdout.trim_end(),
            newer.access_token(),
            "{place:?}"
        );
        assert_eq!(
            sandbox.stored()["refresh_token"],
            newer.refresh_token(),
            "{place:?}"
        );
        assert!(!copy.exists(), "{place:?}");
        assert_eq!(
            server.count(Endpoint::Token),
            0,
            "{place:?}: it is the newest truth"
        );
    }
}

#[test]
fn hostile_28_a_first_login_that_found_no_room_is_taken_up() {
    let (sandbox, server) = begin();
    let login = StoredLogin::at(&server);
    let copy = sandbox.credentials().join("work@default.json.recovery");
    write_private(&copy, &login.text());
    let finished = sandbox.run(["token", "work"]).ended_with(0);
    assert_eq!(finished.stdout.trim_end(), login.access_token());
    assert!(!copy.exists());
}

#[test]
fn hostile_28_a_recovery_copy_that_is_older_or_cut_off_changes_nothing() {
    let (sandbox, server) = begin();
    let current = StoredLogin::at(&server).write(&sandbox);
    let older = StoredLogin::at(&server).with(
        "issued_at",
        json!(SystemClock.now() - SignedDuration::from_hours(30)),
    );
    let copy = sandbox.credentials().join("work@default.json.recovery");
    for text in [older.text(), older.text()[..200].to_owned()] {
        write_private(&copy, &text);
        sandbox.run(["token", "--force-refresh"]).ended_with(0);
        assert_ne!(sandbox.stored()["access_token"], older.access_token());
        assert!(!copy.exists());
    }
    assert_ne!(
        sandbox.stored()["refresh_token"],
        current.refresh_token(),
        "ours was rotated twice"
    );
    assert_eq!(server.count(Endpoint::Token), 2);
}

#[test]
fn a_credential_file_that_is_none_is_refused_and_can_be_removed() {
    let (sandbox, server) = begin();
    let login = StoredLogin::at(&server).write(&sandbox);
    for text in ["", "{", "[]", "{\"access_token\":\"canary\"}"] {
        fs::write(sandbox.credential_file(), text).unwrap();
        let finished = sandbox.run(["token", "work"]).ended_with(7);
        assert!(
            finished.stderr.contains("is not a credential file"),
            "{finished:?}"
        );
        finished.keeps_secret("canary");
        assert!(
            sandbox
                .run(["status"])
                .ended_with(0)
                .stdout
                .contains("is not a credential file")
        );
    }
    sandbox.run(["logout", "work"]).ended_with(0);
    assert!(!sandbox.credential_file().exists());
    fs::write(
        sandbox.credentials().join("other@default.json"),
        login.text(),
    )
    .unwrap();
}
