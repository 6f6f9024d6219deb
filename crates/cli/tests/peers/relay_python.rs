//! Programs in Python wait at our relay: with our client, with poast-relay's module, and with ways to end badly.
//!
//! `OARLOCK_TEST_POAST_RELAY` may name a checkout of poast-relay, whose module is then used in place of the stand-in;
//! `OARLOCK_TEST_PYTHON` an interpreter that has what its settings need.

mod endings;
mod poast_relay;

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    call::{Call, Finished},
    relay::{self, Relay},
};

/// A path of the repository.
pub(crate) fn repository(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join(path).canonicalize().unwrap();
    path.to_str().unwrap().to_owned()
}

/// The interpreter with these arguments, in an environment that says nothing of a relay.
pub(crate) fn python<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Call {
    let mut call = Call::new(&interpreter());
    for name in ["PATH", "HOME"] {
        call.environment(name, &env::var(name).unwrap_or_default());
    }
    call.environment("PYTHONDONTWRITEBYTECODE", "1");
    call.arguments(arguments);
    call
}

fn interpreter() -> PathBuf {
    if let Some(named) = env::var_os("OARLOCK_TEST_PYTHON") {
        return named.into();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join("python3"))
        .find(|program| program.is_file())
        .expect("python3 is missing; run: cargo xtask setup")
}

/// Tests of `clients/python`, run where they are; they insist that there were some.
#[track_caller]
fn run_tests(arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    let client = repository("clients/python");
    let command = ["-m", "unittest", "discover", "-t", &client];
    let mut call = python(command.into_iter().chain(arguments.iter().copied()));
    call.environment("PYTHONPATH", &format!("{client}/src"));
    for (name, value) in variables {
        call.environment(name, value);
    }
    let finished = call.run().ended_with(0);
    assert!(!finished.stderr.contains("Ran 0 tests"), "{finished:?}");
    finished
}

/// The tests of the client that want a running relay.
#[track_caller]
fn wait_at(relay: &str, token: &str) {
    let tests = repository("clients/python/tests");
    let variables = [("OARLOCK_RELAY", relay), ("OARLOCK_RELAY_TOKEN", token)];
    run_tests(&["-s", &tests, "-p", "against_relay.py"], &variables);
}

#[test]
fn the_clients_own_tests_pass() {
    let tests = repository("clients/python/tests");
    run_tests(&["-s", &tests], &[]);
}

#[test]
fn our_client_waits_at_a_unix_socket() {
    let relay = Relay::on_a_unix_socket("");
    wait_at(&format!("unix:{}", relay.programs()), "");
}

#[test]
fn our_client_waits_over_tcp() {
    let relay = Relay::on_tcp("");
    wait_at(&format!("tcp://{}", relay.programs()), "");
}

#[test]
fn our_client_waits_from_another_machine() {
    let relay = Relay::on_a_unix_socket("");
    wait_at(&relay.url(), relay.token());
}
