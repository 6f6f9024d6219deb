//! Other processes: this test program, run again in a role.

use std::{path::Path, process::Command};

use oarlock_io::Environment;

use super::{disk, kills, processes};

const ROLE: &str = "OARLOCK_TEST_ROLE";
const TARGET: &str = "OARLOCK_TEST_TARGET";
const SAID: &str = "said: ";

/// Not a test: the entry of the children. As a test of its own it only sees that it has no role.
#[test]
fn entry() {
    let environment = Environment::capture();
    let Some(role) = environment.get(ROLE) else {
        return;
    };
    let target = Path::new(environment.get(TARGET).unwrap());
    match role {
        "write for ever" => kills::write_for_ever(target),
        "write beside another" => processes::write_beside_another(target),
        "write on a full disk" => disk::write_on_a_full_disk(target),
        "write on a read-only disk" => disk::write_on_a_read_only_disk(target),
        other => panic!("no role {other:?}"),
    }
}

/// This program in a role.
pub(super) fn command(role: &str, target: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    as_role(&mut command, role, target);
    command
}

/// The same in a mount namespace of its own, after `setup` (a shell script) has run in it.
pub(super) fn in_namespace(setup: &str, role: &str, target: &Path) -> Command {
    let flags = ["-rm", "-m"].into_iter().find(|flags| {
        let tried = Command::new("unshare").args([flags, "true"]).output();
        tried.is_ok_and(|output| output.status.success())
    });
    let flags = flags.expect(
        "this test needs a mount namespace: `unshare -rm true` must work (util-linux, and user namespaces or root)",
    );
    let mut command = Command::new("unshare");
    let script = format!("set -e; {setup}; exec \"$0\" \"$@\"");
    command
        .args([flags, "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap());
    as_role(&mut command, role, target);
    command
}

fn as_role(command: &mut Command, role: &str, target: &Path) {
    command
        .args([
            "--exact",
            "broker::store::sqlite::tests::child::entry",
            "--nocapture",
        ])
        .env(ROLE, role)
        .env(TARGET, target);
}

/// What a child says, in a line of its own.
pub(super) fn say(text: &str) {
    println!("{SAID}{text}");
}

/// What a child said in a line; `None`: the line is the test harness's.
pub(super) fn heard(line: &str) -> Option<&str> {
    line.split_once(SAID).map(|(_, said)| said.trim_end())
}
