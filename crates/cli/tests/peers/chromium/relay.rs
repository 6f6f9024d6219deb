//! Every page of the relay that a login can end at.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
};

use super::{insist_on_quiet_console, picture};
use crate::{
    browser::Chromium,
    relay::{Relay, Settings},
};

const CODE: &str = "canary-code";
const STATE: &str = "canary-state-0123456789";
const QUERY: &str = "code=canary-code&state=canary-state-0123456789&iss=https://op.example";
const FAILED: &str = "Authorization Failed";

/// Insists on a page at this address: what it says, that nothing of the request is in it, that it fetched nothing and broke no rule.
#[track_caller]
fn insist(browser: &Chromium, address: &str, heading: &str, said: &str) {
    browser.wait_for_heading(heading);
    assert_eq!(browser.title(), heading);
    let text = browser.text(".said");
    assert!(text.contains(said), "{text}");
    assert_eq!(browser.address(), address, "it is where it was sent");
    assert_eq!(browser.requests(), [address], "nothing is fetched");
    let page = browser.script("return document.documentElement.outerHTML");
    let page = page.as_str().unwrap();
    for secret in [CODE, STATE, "canary", "op.example"] {
        assert!(!page.contains(secret), "{secret} in {page}");
    }
    let rest = "return [document.scripts.length, document.cookie, localStorage.length, document.links.length, document.forms.length]";
    let nothing = serde_json::json!([0, "", 0, 0, 0]);
    assert_eq!(browser.script(rest), nothing);
    insist_on_quiet_console(browser, "");
}

/// Lets the browser come to the callback with this query: its address.
fn visit(browser: &Chromium, relay: &Relay, query: &str) -> String {
    let address = relay.callback(query);
    browser.open(&address);
    address
}

/// A program of protocol 1 that reads its line and keeps the connection.
fn register(relay: &Relay) -> BufReader<UnixStream> {
    let mut program = UnixStream::connect(relay.programs()).unwrap();
    let line = format!("{{\"type\":\"REGISTER\",\"state\":\"{STATE}\"}}\n");
    program.write_all(line.as_bytes()).unwrap();
    BufReader::new(program)
}

#[test]
fn complete_is_shown_once_and_a_reload_hands_nothing_over() {
    let (relay, browser) = (Relay::on_a_unix_socket(""), Chromium::start());
    let program = relay.waiting(STATE);
    let address = visit(&browser, &relay, QUERY);
    insist(
        &browser,
        &address,
        "Authorization Complete",
        "has received it",
    );
    let program = program.finish().ended_with(0);
    assert_eq!(program.stdout, format!("{CODE}\n"));
    picture(&browser, "relay-complete");

    browser.reload();
    insist(&browser, &address, FAILED, "already handed over");
    picture(&browser, "relay-already-delivered");
    let seen = relay.count("oarlock_http_requests_total{");
    assert_eq!(seen, 2, "nor does the browser ask for an icon by itself");
    let said = relay.stop();
    said.keeps_secret("canary");
}

/// The other tests insist on silence: here is what would break it.
#[test]
fn the_policy_is_in_force_and_the_console_would_tell() {
    let (relay, browser) = (Relay::on_a_unix_socket(""), Chromium::start());
    let address = format!("{}/", relay.url());
    browser.open(&address);
    insist(
        &browser,
        &address,
        "Oarlock relay",
        "arrives at this address",
    );
    picture(&browser, "relay-front");
    let injected = "
        const add = (name, fields) => document.body.append(Object.assign(document.createElement(name), fields));
        add('script', { textContent: 'window.ran = true' });
        add('style', { textContent: 'h1 { display: none }' });
        add('img', { src: '/image' });
        add('iframe', { src: 'https://elsewhere.example/' });
        const form = document.createElement('form');
        form.action = '/form';
        document.body.append(form);
        form.submit();";
    browser.script(injected);
    let mut missing = vec![
        "script-src",
        "style-src",
        "img-src",
        "frame-src",
        "form-action",
    ];
    browser.wait_for("a word on each of them", || {
        for entry in browser.console("") {
            missing.retain(|directive| !entry.message.contains(directive));
        }
        missing.is_empty().then_some(())
    });
    assert!(browser.script("return window.ran").is_null());
    assert_eq!(browser.text("h1"), "Oarlock relay", "it is still seen");
    assert_eq!(browser.address(), address);
    assert_eq!(relay.count("oarlock_http_requests_total{"), 1);
}

#[test]
fn a_denial_is_no_success() {
    let (relay, browser) = (Relay::on_a_unix_socket(""), Chromium::start());
    let program = relay.waiting(STATE);
    let query = format!("error=access_denied&error_description=canary-words&state={STATE}");
    let address = visit(&browser, &relay, &query);
    insist(&browser, &address, "Access denied", "has been told");
    program.finish().ended_with(5);
    picture(&browser, "relay-denied");
}

#[test]
fn what_nobody_waits_for_has_failed_and_so_has_what_cannot_be_read() {
    let relay = Relay::on_a_unix_socket("grace = 0.2");
    let browser = Chromium::start();
    let address = visit(&browser, &relay, QUERY);
    insist(&browser, &address, FAILED, "No program is waiting");
    picture(&browser, "relay-nobody-waiting");

    // Two readings; and a program waits for one of them.
    let program = relay.waiting(STATE);
    let address = visit(&browser, &relay, &format!("{QUERY}&CODE=canary-2"));
    insist(&browser, &address, FAILED, "read in two ways");
    picture(&browser, "relay-unreadable");
    visit(&browser, &relay, QUERY);
    browser.wait_for_heading("Authorization Complete");
    program.finish().ended_with(0);
}

#[test]
fn hostile_33_what_the_program_does_not_confirm_or_refuses_has_failed() {
    let relay = Relay::on_a_unix_socket("acknowledgement_timeout = 0.5");
    let browser = Chromium::start();
    let mut program = register(&relay);
    let address = visit(&browser, &relay, QUERY);
    let mut line = String::new();
    program.read_line(&mut line).unwrap();
    assert!(line.contains(CODE), "it has it, and says nothing: {line}");
    insist(&browser, &address, FAILED, "did not confirm");
    picture(&browser, "relay-unconfirmed");
    browser.reload();
    insist(&browser, &address, FAILED, "already handed over");
    drop(program);

    // `wait` wants a code.
    let other = "canary-state-without-code";
    let program = relay.waiting(other);
    let address = visit(&browser, &relay, &format!("token=canary&state={other}"));
    insist(&browser, &address, FAILED, "refused it");
    program.finish().ended_with(1);
    picture(&browser, "relay-rejected");
}

/// Held for a program that is yet to come, when the relay is told to stop.
#[test]
fn hostile_36_a_relay_that_stops_asks_the_browser_to_come_again() {
    let relay = Relay::on_a_unix_socket("grace = 30");
    let browser = Chromium::start();
    let address = visit(&browser, &relay, QUERY);
    browser.wait_for("the callback at the relay", || {
        (relay.count("oarlock_relay_held") == 1).then_some(())
    });
    relay.begin_to_stop();
    insist(&browser, &address, FAILED, "being restarted");
    picture(&browser, "relay-stopping");
    relay.stop();
}

#[test]
fn hostile_10_who_guesses_too_often_is_told_to_wait() {
    let relay = Relay::start(Settings {
        top: "[http]\nunmatched_per_minute = 1",
        relay: "grace = 0.05",
        ..Settings::default()
    });
    let browser = Chromium::start();
    visit(&browser, &relay, "code=canary-1&state=canary-1");
    browser.wait_for_heading(FAILED);
    browser.requests();
    let address = visit(&browser, &relay, "code=canary-2&state=canary-2");
    browser.wait_for("another page", || {
        browser.text(".said").contains("Too many").then_some(())
    });
    insist(&browser, &address, FAILED, "came from your network");
    picture(&browser, "relay-too-many");
}
