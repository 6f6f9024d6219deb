//! Every mode that poast-relay's document describes, with its client module or one like it.

use std::env;

use super::{python, relay::Relay, repository};

#[track_caller]
fn run_modes(arguments: &[&str]) {
    let script = repository("peers/relay-waiters/poast_modes.py");
    let named = env::var("OARLOCK_TEST_POAST_RELAY").ok();
    let client = named
        .iter()
        .flat_map(|folder| ["--client-dir", folder.as_str()]);
    let all = [script.as_str()].into_iter().chain(client);
    let finished = python(all.chain(arguments.iter().copied()))
        .run()
        .ended_with(0);
    assert!(finished.stdout.contains(" modes, 0 failed"), "{finished:?}");
}

#[test]
fn every_documented_mode_works_over_a_unix_socket() {
    let relay = Relay::on_a_unix_socket("grace = \"1s\"");
    run_modes(&["--url", &relay.url(), "--socket", relay.programs()]);
}

#[test]
fn every_documented_mode_works_over_tcp_and_with_other_code_keys() {
    let keys = "code,auth_code,access_code";
    let relay = Relay::on_tcp(&format!("grace = \"1s\"\ncode_keys = \"{keys}\""));
    run_modes(&[
        "--url",
        &relay.url(),
        "--tcp",
        relay.programs(),
        "--code-keys",
        keys,
    ]);
}
