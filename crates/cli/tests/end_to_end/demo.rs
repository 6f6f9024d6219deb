//! `oarlock demo`.

use std::{fs, path::PathBuf, time::Duration};

use rustix::process::Signal;

use crate::{
    person::Person,
    sandbox::{Call, Sandbox},
};

/// A demo whose folder is made where a test can look.
fn demo(sandbox: &Sandbox, arguments: &[&str]) -> (Call, PathBuf) {
    let place = sandbox.path("tmp");
    fs::create_dir_all(&place).unwrap();
    let mut call = sandbox.oarlock(["demo"].iter().chain(arguments).copied());
    call.environment("TMPDIR", place.to_str().unwrap());
    (call, place)
}

#[track_caller]
fn nothing_is_left(sandbox: &Sandbox, place: &std::path::Path) {
    assert_eq!(
        fs::read_dir(place).unwrap().count(),
        0,
        "the demo's folder is gone"
    );
    assert_eq!(
        fs::read_dir(sandbox.home()).unwrap().count(),
        0,
        "the user's own is untouched"
    );
}

#[test]
fn every_step_is_told_and_nothing_is_left() {
    let sandbox = Sandbox::new();
    let (mut call, place) = demo(&sandbox, &["--no-browser"]);
    // The user's own settings stay out of it.
    call.environment("OARLOCK_ACCOUNT", "mine")
        .environment("OARLOCK_TOKEN_DEMO", "canary")
        .environment("FMCP_OAUTH_CLIENT_ID", "half");
    let finished = call.run().ended_with(0);
    let steps: Vec<&str> = finished
        .stdout
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let numbers: Vec<String> = (1..=7).map(|number| format!("{number}. ")).collect();
    assert_eq!(steps.len(), numbers.len(), "{finished:?}");
    assert!(
        steps
            .iter()
            .zip(&numbers)
            .all(|(step, number)| step.starts_with(number)),
        "{finished:?}"
    );
    for sentence in [
        "as with: oarlock serve --upstream dev",
        "presses the buttons itself",
        "Logged in as ada@example.com.",
        "bought a new access token",
        "gave a new refresh token",
        "200 OK: this is ada@example.com",
        "took the tokens back",
    ] {
        assert!(
            finished.stdout.contains(sentence),
            "{sentence}: {finished:?}"
        );
    }
    assert_eq!(finished.stderr, "");
    // No token, and nothing of the user's; every JWT begins so.
    for secret in ["eyJ", "canary"] {
        finished.keeps_secret(secret);
    }
    nothing_is_left(&sandbox, &place);
}

#[test]
fn without_a_browser_it_goes_there_by_itself() {
    let sandbox = Sandbox::new();
    let (mut call, place) = demo(&sandbox, &[]);
    call.run().ended_with(0);
    nothing_is_left(&sandbox, &place);
    let (mut call, place) = demo(&sandbox, &[]);
    let finished = call
        .environment("BROWSER", "/no/such/browser")
        .run()
        .ended_with(0);
    assert!(
        finished.stdout.contains("No browser could be opened"),
        "{finished:?}"
    );
    nothing_is_left(&sandbox, &place);
}

#[test]
fn a_browser_that_is_there_is_used() {
    let sandbox = Sandbox::new();
    let (mut call, place) = demo(&sandbox, &[]);
    // Somebody sits there, who has the address from the terminal too.
    let running = call.environment("BROWSER", "/bin/true").spawn();
    let address = running.told_on_stdout(|line| {
        let url = url::Url::parse(line).ok()?;
        url.query().is_some().then(|| url.to_string())
    });
    let page = Person::default().sign_in(&address, "grace");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("logged in"), "{}", page.body);
    let finished = running.finish().ended_with(0);
    assert!(
        finished.stdout.contains("Logged in as grace@example.com."),
        "{finished:?}"
    );
    assert!(
        !finished.stdout.contains("presses the buttons itself"),
        "{finished:?}"
    );
    nothing_is_left(&sandbox, &place);
}

#[test]
fn ctrl_c_cleans_up_while_the_browser_is_waited_for() {
    for signal in [Signal::INT, Signal::TERM] {
        let sandbox = Sandbox::new();
        let opened = sandbox.path("opened");
        let (mut call, place) = demo(&sandbox, &[]);
        let browser = format!("/bin/sh -c 'echo > {}'", opened.display());
        let running = call.environment("BROWSER", &browser).spawn();
        while !opened.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
        running.signal(signal);
        running.finish().ended_with(130);
        nothing_is_left(&sandbox, &place);
    }
}

#[test]
fn ctrl_c_at_any_moment_cleans_up() {
    for moment in 0..40 {
        let sandbox = Sandbox::new();
        let (mut call, place) = demo(&sandbox, &["--no-browser"]);
        let running = call.spawn();
        std::thread::sleep(Duration::from_millis(3 * moment));
        running.signal(Signal::INT);
        let code = running.finish().code();
        assert!([0, 130].contains(&code), "{moment}: {code}");
        nothing_is_left(&sandbox, &place);
    }
}
