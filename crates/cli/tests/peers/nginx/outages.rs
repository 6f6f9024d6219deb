//! The relay is not there.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Nginx, QUERY, STATE, TOP, relay_behind_nginx};
use crate::relay::{Relay, Settings};

#[test]
fn hostile_33_without_the_relay_nobody_is_told_complete_and_a_reload_delivers() {
    let relay = start(&of_its_own(), "");
    let nginx = Nginx::before(relay.http());
    let outside = nginx.outside();
    // nginx keeps a connection to it.
    assert_eq!(outside.visit("code=canary&code=canary").0, 400);
    let listen = relay.http().to_owned();
    relay.stop();
    for _ in 0..2 {
        let (code, page) = outside.visit(QUERY);
        assert_eq!(code, 502);
        assert!(!page.to_ascii_lowercase().contains("complete"), "{page}");
        assert!(!page.contains("canary"), "{page}");
    }
    let relay = start(&listen, "");
    let program = relay.waiting(STATE);
    let (code, page) = outside.visit(QUERY);
    assert_eq!(code, 200, "{page}");
    assert_eq!(program.finish().ended_with(0).stdout, "canary-code\n");
    assert!(!nginx.logs_of(4).contains("canary"));
}

/// nginx asks again where it may; a callback it must not.
#[test]
fn hostile_33_a_relay_that_dies_with_the_callback_is_no_success_and_gets_it_once() {
    let relay = start(&of_its_own(), "grace = 30");
    let nginx = Nginx::before(relay.http());
    let outside = nginx.outside();
    let listen = relay.http().to_owned();
    let (code, page) = thread::scope(|scope| {
        let browser = scope.spawn(|| outside.visit(QUERY));
        until_one_is_held(&relay);
        relay.killed();
        browser.join().unwrap()
    });
    assert_eq!(code, 502, "{page}");
    assert!(!page.to_ascii_lowercase().contains("complete"), "{page}");
    let relay = start(&listen, "");
    assert_eq!(relay.count("oarlock_http_requests_total{"), 0);
    let program = relay.waiting(STATE);
    assert_eq!(outside.visit(QUERY).0, 200, "it was delivered to nobody");
    program.finish().ended_with(0);
    assert!(!nginx.logs_of(2).contains("canary"));
}

#[test]
fn a_program_that_takes_its_time_is_waited_for() {
    let (relay, nginx) = relay_behind_nginx("grace = 20");
    let outside = nginx.outside();
    let (code, program) = thread::scope(|scope| {
        let browser = scope.spawn(|| outside.visit(QUERY));
        until_one_is_held(&relay);
        let program = relay.waiting(STATE);
        (browser.join().unwrap().0, program)
    });
    assert_eq!(code, 200);
    program.finish().ended_with(0);
}

/// An address that no other test takes while nobody listens there.
fn of_its_own() -> String {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    format!("127.{}.{b}.{c}:0", 128 | a)
}

fn start(listen: &str, lines: &str) -> Relay {
    Relay::start(Settings {
        listen,
        top: TOP,
        relay: lines,
    })
}

/// Waits until a callback waits for its program.
fn until_one_is_held(relay: &Relay) {
    let begun = Instant::now();
    while relay.count("oarlock_relay_held") == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing is held");
        thread::sleep(Duration::from_millis(10));
    }
}
