//! Many processes at one credential, and signals in the middle of a refresh.

use std::{collections::BTreeSet, time::Duration};

use oarlock_testkit::{Endpoint, Fault};
use rustix::process::Signal;

use crate::sandbox::{Running, Sandbox, StoredLogin, server};

const PROCESSES: usize = 50;
const ROUNDS: usize = 4;

#[test]
fn hostile_29_fifty_processes_one_refresh() {
    for round in 0..ROUNDS {
        let (sandbox, server) = (Sandbox::new(), server());
        let old = StoredLogin::at(&server).expired().write(&sandbox);
        let running: Vec<Running> = (0..PROCESSES)
            .map(|_| sandbox.oarlock(["token"]).spawn())
            .collect();
        let printed: BTreeSet<String> = running
            .into_iter()
            .map(|run| run.finish().ended_with(0).stdout)
            .collect();
        assert_eq!(
            server.count(Endpoint::Token),
            1,
            "round {round}: one refresh for all"
        );
        assert_eq!(
            printed.len(),
            1,
            "round {round}: everybody has the same token"
        );
        let token = printed.first().unwrap().trim_end();
        assert_ne!(token, old.access_token());
        assert!(
            server.takes_access_token(token),
            "round {round}: no refresh token was used twice"
        );
        assert_eq!(sandbox.stored()["access_token"], token);
    }
}

#[test]
fn hostile_29_fifty_forced_refreshes_are_one_after_another() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    let running: Vec<Running> = (0..PROCESSES)
        .map(|_| sandbox.oarlock(["token", "--force-refresh"]).spawn())
        .collect();
    for run in running {
        run.finish().ended_with(0);
    }
    // Had two used the same refresh token, the server would have revoked the family.
    let stored = sandbox.stored();
    assert!(server.takes_access_token(stored["access_token"].as_str().unwrap()));
    assert!(server.takes_refresh_token(stored["refresh_token"].as_str().unwrap()));
}

#[test]
fn hostile_29_ctrl_c_during_refresh_saves_the_rotated_token() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (sandbox, server) = (Sandbox::new(), server());
        let old = StoredLogin::at(&server).expired().write(&sandbox);
        server.set_faults(Fault::LateAnswer(Duration::from_secs(2)));
        let running = sandbox.oarlock(["token"]).spawn();
        // The server has rotated the token already; only its answer is late.
        wait_until(|| server.count(Endpoint::Token) == 1);
        running.signal(signal);
        let finished = running.finish().ended_with(130);
        assert_eq!(finished.stdout, "", "{signal:?}");
        assert!(
            finished.stderr.contains("A refresh is under way"),
            "{finished:?}"
        );
        let stored = sandbox.stored();
        assert_ne!(stored["refresh_token"], old.refresh_token(), "{signal:?}");
        assert!(
            server.takes_refresh_token(stored["refresh_token"].as_str().unwrap()),
            "{signal:?}"
        );
        // The next one has it without asking again.
        let next = sandbox.run(["token"]).ended_with(0);
        assert_eq!(
            next.stdout.trim_end(),
            stored["access_token"].as_str().unwrap()
        );
        assert_eq!(server.count(Endpoint::Token), 1, "{signal:?}");
    }
}

#[test]
fn hostile_28_ctrl_c_does_not_hide_that_a_rotated_token_was_not_saved() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).expired().write(&sandbox);
    server.set_faults(Fault::LateAnswer(Duration::from_secs(2)));
    let running = sandbox.oarlock(["token"]).spawn();
    wait_until(|| server.count(Endpoint::Token) == 1);
    std::fs::remove_dir_all(sandbox.credentials()).unwrap();
    running.signal(Signal::INT);
    let finished = running.finish().ended_with(7);
    assert!(
        finished.stderr.contains("A complete copy is kept at"),
        "{finished:?}"
    );
    // The copy serves, although nothing else is left.
    server.set_faults([]);
    let token = sandbox.run(["token", "work"]).ended_with(0);
    assert!(server.takes_access_token(token.stdout.trim_end()));
    assert_eq!(server.count(Endpoint::Token), 1);
}

#[test]
fn hostile_29_ctrl_c_while_another_refreshes_is_heard() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).expired().write(&sandbox);
    server.set_faults(Fault::LateAnswer(Duration::from_secs(3)));
    let first = sandbox.oarlock(["token"]).spawn();
    wait_until(|| server.count(Endpoint::Token) == 1);
    // It waits for the lock, before any runtime is there.
    let second = sandbox.oarlock(["token"]).spawn();
    second.signal(Signal::INT);
    second.finish().ended_with(130);
    first.finish().ended_with(0);
    assert_eq!(server.count(Endpoint::Token), 1);
}

/// Looks again and again; the test's own time limit ends it.
fn wait_until(holds: impl Fn() -> bool) {
    while !holds() {
        std::thread::sleep(Duration::from_millis(5));
    }
}
