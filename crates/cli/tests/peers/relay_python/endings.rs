//! What the browser is told, and what a program of protocol 1 that ended in some way really had.
//!
//! The kernel writes what it hands over into a file that outlives the program (`peers/relay-waiters/endings.py`).

use std::{fs, thread};

use http::Request;
use rustix::process::Signal;

use super::{python, relay::Relay, repository};
use crate::{
    call::{Call, Running},
    http_client::send,
};

const TIMES: &str = "grace = \"1s\"\nacknowledgement_timeout = \"1s\"";

/// A program that ends so.
struct Program {
    ending: &'static str,
    place: String,
    callback: String,
    evidence: String,
}

impl Program {
    /// The ending is its state too.
    fn new(relay: &Relay, ending: &'static str) -> Self {
        Self {
            ending,
            place: relay.programs().to_owned(),
            callback: format!("{}/oauth/callback?code=C&state={ending}", relay.url()),
            evidence: format!("{}/evidence", relay.folder(ending)),
        }
    }

    fn call(&self) -> Call {
        let is_path = self.place.starts_with('/');
        let kind = if is_path { "--socket" } else { "--tcp" };
        let script = repository("peers/relay-waiters/waiter.py");
        let ending = ["--state", self.ending, "--ending", self.ending];
        let place = [kind, &self.place, "--evidence", &self.evidence];
        python([script.as_str()].into_iter().chain(ending).chain(place))
    }

    /// Starts it. It registers next; a callback that is quicker is held for it.
    fn start(&self) -> Running {
        let running = self.call().spawn_with_input();
        running.told(|line| line.contains("connected").then_some(()));
        running
    }

    /// Whether the browser is told "complete".
    fn browser_is_told_complete(&self) -> bool {
        let answer = send(Request::get(&self.callback).body(Vec::new()).unwrap());
        let page = String::from_utf8(answer.into_body()).unwrap();
        page.contains("Authorization Complete")
    }

    /// Whether the whole line had reached the program.
    fn had_the_code(&self) -> bool {
        let received = fs::read(&self.evidence).unwrap();
        let line = received.split(|byte| *byte == b'\n').next().unwrap();
        line.len() < received.len() && String::from_utf8_lossy(line).contains(r#""code":"C""#)
    }

    /// Runs it beside the callback: what the browser was told.
    fn meet(&self) -> bool {
        let running = self.start();
        let told = self.browser_is_told_complete();
        running.finish();
        told
    }
}

/// Each of these endings beside the others: the browser hears "complete", or does not, and the program has it, or has not.
#[track_caller]
fn expect(relay: &Relay, complete: bool, had: bool, endings: &[&'static str]) {
    thread::scope(|scope| {
        for ending in endings {
            let program = Program::new(relay, ending);
            scope.spawn(move || {
                assert_eq!(program.meet(), complete, "{ending}: the browser");
                assert_eq!(program.had_the_code(), had, "{ending}: the program");
            });
        }
    });
}

fn ends_in_every_way(relay: &Relay) {
    expect(relay, true, true, &["closes", "dies-after-read"]);
    let without = [
        "dies-before-register",
        "dies-within-register",
        "dies-after-register",
        "dies-unread",
        "dies-mid-read",
    ];
    expect(relay, false, false, &without);
    // They take themselves back, and read on: it depends on who was quicker.
    for ending in ["half-closes", "unregisters"] {
        let program = Program::new(relay, ending);
        let complete = program.meet();
        assert!(!complete || program.had_the_code(), "{ending}");
    }
}

#[test]
fn hostile_33_a_program_that_dies_without_the_code_is_no_success() {
    ends_in_every_way(&Relay::on_a_unix_socket(TIMES));
}

#[test]
fn hostile_33_nor_is_it_over_tcp() {
    ends_in_every_way(&Relay::on_tcp(TIMES));
}

#[test]
fn hostile_33_an_orderly_end_with_the_line_unread_is_no_success() {
    let relay = Relay::on_a_unix_socket(TIMES);
    // Over TCP the second of these cannot be told from a program that has read everything: its end looks the same.
    let endings = ["closes-unread", "half-closes-unread"];
    expect(&relay, false, false, &endings);
}

#[test]
fn hostile_33_a_program_that_keeps_the_connection_confirms_nothing() {
    let relay = Relay::on_a_unix_socket(TIMES);
    let program = Program::new(&relay, "never-closes");
    let lingering = program.start();
    assert!(!program.browser_is_told_complete());
    assert!(program.had_the_code());
    drop(lingering);
}

#[test]
fn hostile_33_a_program_that_is_stopped_confirms_nothing() {
    let relay = Relay::on_a_unix_socket(TIMES);
    let program = Program::new(&relay, "stops");
    let stopped = program.start();
    assert!(!program.browser_is_told_complete());
    assert!(!program.had_the_code());
    stopped.signal(Signal::CONT);
    stopped.finish();
}
