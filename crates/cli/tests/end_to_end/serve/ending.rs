//! How it ends, and what it leaves.

use rustix::process::Signal;

use super::{Program, Relay};
use crate::sandbox::Sandbox;

const REGISTER: &str =
    r#"{"type":"REGISTER","protocol":2,"state":"abc","secret":"mPbL1Y6yNtGmKXEwZvV4Lg"}"#;

#[test]
fn hostile_36_programs_are_told_to_come_back_and_nothing_is_left() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox, []);
    let mut program = Program::connect(&sandbox);
    program.say(REGISTER);
    assert!(program.hear().contains("REGISTERED"));
    relay.running.signal(Signal::TERM);
    let last = program.hear();
    assert!(
        last.contains(r#""reason":"shutdown""#) && last.contains("retry_after"),
        "{last}"
    );
    assert_eq!(program.hear(), "");
    relay.running.finish().ended_with(0);
    assert!(!sandbox.home().join("run/relay.sock").exists());
}

#[test]
fn hostile_36_a_second_signal_ends_it_at_once() {
    for (second, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let sandbox = Sandbox::new();
        let relay = Relay::start(&sandbox, []);
        let mut program = Program::connect(&sandbox);
        program.say(REGISTER);
        assert!(program.hear().contains("REGISTERED"));
        let http = relay.http.clone();
        // Its program never says that it has it, so it is under way for as long as an acknowledgement may take.
        let browser = std::thread::spawn(move || {
            use std::io::{Read as _, Write as _};
            let mut stream = std::net::TcpStream::connect(&http).unwrap();
            let request =
                format!("GET /oauth/callback?code=c&state=abc HTTP/1.1\r\nHost: {http}\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            // It may be reset as well.
            stream.read_to_end(&mut answer).ok();
            String::from_utf8_lossy(&answer).into_owned()
        });
        assert!(program.hear().contains("DELIVER"));
        relay.running.signal(Signal::TERM);
        relay.logged("stopping");
        relay.running.signal(second);
        let finished = relay.running.finish().ended_with(code);
        assert!(finished.stderr.contains("ended at once"), "{finished:?}");
        let answer = browser.join().unwrap();
        assert!(!answer.contains("Complete"), "{answer}");
    }
}

#[test]
fn a_terminal_that_is_gone_does_not_end_a_service() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox, []);
    relay.running.signal(Signal::HUP);
    relay.logged("SIGHUP is ignored");
    assert_eq!(relay.get("/readyz").0, 200);
}

#[test]
fn hostile_39_a_second_relay_refuses_to_start_and_takes_nothing_away() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox, []);
    let second = sandbox
        .run(["serve", "--listen", "127.0.0.1:0"])
        .ended_with(1);
    assert!(
        second.stderr.contains("another relay is listening on")
            && second.stderr.contains("OARLOCK_RELAY_SOCKET_PATH"),
        "{second:?}"
    );
    let taken = sandbox
        .run(["serve", "--listen", &relay.http])
        .ended_with(1);
    assert!(
        taken.stderr.contains(&relay.http) && taken.stderr.contains("--listen"),
        "{taken:?}"
    );
    let mut program = Program::connect(&sandbox);
    program.say(REGISTER);
    assert!(program.hear().contains("REGISTERED"));
}

#[cfg(target_os = "linux")]
#[test]
fn hostile_23_no_core_of_it_is_written() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox, []);
    let process = format!("/proc/{}", relay.running.id());
    let limits = std::fs::read_to_string(format!("{process}/limits")).unwrap();
    let core = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))
        .unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words, ["0", "0", "bytes"]);
    relay.running.signal(Signal::TERM);
    relay.running.finish().ended_with(0);
}
