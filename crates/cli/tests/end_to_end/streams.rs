//! Standard output carries the result and nothing else, and nobody is left in the dark when it cannot.

use std::{fs::File, io};

use oarlock_testkit::DEFAULT_CLIENT_ID;

use crate::sandbox::{Sandbox, StoredLogin, server};

/// Commands with a result, in a sandbox that is logged in to `work`.
const RESULTS: [&[&str]; 9] = [
    &["token"],
    &["token", "--json"],
    &["status"],
    &["status", "--json"],
    &["provider", "list"],
    &["provider", "show", "work"],
    &["completions", "bash"],
    &["man"],
    &["doctor", "work"],
];

#[test]
fn a_reader_that_went_away_is_no_error() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    let url = server.at("/api/whoami");
    let request = ["request", url.as_str()];
    for arguments in RESULTS
        .into_iter()
        .chain([&request[..], &["--help"], &["--version"]])
    {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let finished = sandbox.oarlock(arguments.iter().copied()).run_into(writer);
        assert_eq!(finished.code(), 0, "{arguments:?}: {finished:?}");
        assert!(
            !finished.stderr.contains("panic") && !finished.stderr.contains("error"),
            "{arguments:?}: {finished:?}"
        );
    }
}

#[test]
fn an_output_that_is_full_is_an_error() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    let url = server.at("/api/whoami");
    let request = ["request", url.as_str()];
    for arguments in RESULTS
        .into_iter()
        .chain([&request[..], &["demo", "--no-browser"]])
    {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let finished = sandbox.oarlock(arguments.iter().copied()).run_into(full);
        assert_eq!(finished.code(), 1, "{arguments:?}: {finished:?}");
        assert!(
            finished
                .stderr
                .contains("cannot write to standard output: No space left"),
            "{arguments:?}: {finished:?}"
        );
    }
}

#[test]
fn nothing_but_the_result_is_on_standard_output() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).expired().write(&sandbox);
    let finished = sandbox.run(["-vvv", "token"]).ended_with(0);
    assert_eq!(finished.stdout.lines().count(), 1, "{finished:?}");
    assert!(!finished.stderr.is_empty(), "the log is on standard error");
    login.write(&sandbox);
    server.revoke_all();
    for arguments in [
        vec!["token"],
        vec!["token", "nobody"],
        vec!["login"],
        vec!["login", "work", "--flow", "paste"],
        vec!["request", "https://elsewhere.example"],
    ] {
        let finished = sandbox.run(arguments.iter().copied());
        assert_ne!(finished.code(), 0, "{arguments:?}");
        assert_eq!(finished.stdout, "", "{arguments:?}");
        assert!(
            finished.stderr.contains("error: "),
            "{arguments:?}: {finished:?}"
        );
    }
}

#[test]
fn no_colour_without_a_terminal() {
    let (sandbox, server) = (Sandbox::new(), server());
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n",
        server.issuer()
    ));
    for arguments in [
        vec!["token", "work"],
        vec!["doctor", "work"],
        vec!["login", "work", "--flow", "paste"],
        vec!["--help"],
        vec!["nonsense"],
        vec!["-vvv", "provider", "test", "work"],
    ] {
        let finished = sandbox
            .oarlock(arguments.iter().copied())
            .environment("TERM", "xterm-256color")
            .run();
        assert!(
            !finished.stdout.contains('\u{1b}') && !finished.stderr.contains('\u{1b}'),
            "{arguments:?}: {finished:?}"
        );
    }
}

#[test]
fn a_wrong_log_level_is_said() {
    let sandbox = Sandbox::new();
    let finished = sandbox
        .oarlock(["status"])
        .environment("OARLOCK_LOG", "loud")
        .run()
        .ended_with(2);
    assert!(
        finished.stderr.contains("\"loud\"") && finished.stderr.contains("debug"),
        "{finished:?}"
    );
}
