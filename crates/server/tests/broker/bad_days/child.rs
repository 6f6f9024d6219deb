//! This program as a child of its tests: with less of everything.

use std::{path::Path, process::Command};

use oarlock_io::Environment;

use super::{descriptors, disk};

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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match role {
            "serve on a full disk" => disk::serve_on_a_full_disk(target).await,
            "serve with few descriptors" => descriptors::serve_with_few().await,
            other => panic!("no role {other:?}"),
        }
    });
}

/// This program in a role, started by this script of a shell.
pub(super) fn command(shell: &[&str], script: &str, role: &str, target: &Path) -> Command {
    let (program, arguments) = shell.split_first().unwrap();
    let mut command = Command::new(program);
    let script = format!("set -e; {script}; exec \"$0\" \"$@\"");
    command
        .args(arguments)
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "bad_days::child::entry", "--nocapture"])
        .env(ROLE, role)
        .env(TARGET, target);
    command
}

/// What a child says, in a line of its own.
pub(super) fn say(text: &str) {
    println!("{SAID}{text}");
}

/// What a child said in a line; `None`: the line is the test harness's.
pub(super) fn heard(line: &str) -> Option<&str> {
    line.split_once(SAID).map(|(_, said)| said.trim_end())
}
