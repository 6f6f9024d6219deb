//! What `--help` says; people read it, so a change is looked at.

use crate::sandbox::Sandbox;

const COMMANDS: [&str; 27] = [
    "",
    "login",
    "logout",
    "status",
    "token",
    "request",
    "exec",
    "provider",
    "provider list",
    "provider show",
    "provider add",
    "provider remove",
    "provider test",
    "serve",
    "session",
    "session list",
    "session revoke",
    "user",
    "user list",
    "user show",
    "user remove",
    "key",
    "key list",
    "key rotate",
    "doctor",
    "demo",
    "completions",
];

#[test]
fn help_reads_as_it_should() {
    let sandbox = Sandbox::new();
    for command in COMMANDS {
        let arguments = command.split_whitespace().chain(["--help"]);
        let finished = sandbox.run(arguments).ended_with(0);
        assert_eq!(finished.stderr, "", "{command}");
        let name = format!("help {command}").trim_end().replace(' ', "_");
        insta::assert_snapshot!(name, finished.stdout);
    }
}

#[test]
fn without_a_command_the_help_is_shown_and_nothing_is_done() {
    let sandbox = Sandbox::new();
    let finished = sandbox.run([]).ended_with(2);
    assert_eq!(finished.stdout, "");
    assert!(finished.stderr.contains("oarlock demo"), "{finished:?}");
    assert!(!sandbox.credentials().exists());
}

#[test]
fn the_version_is_the_crates() {
    let finished = Sandbox::new().run(["--version"]).ended_with(0);
    assert_eq!(
        finished.stdout,
        format!("oarlock {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_and_manual_know_every_command() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sandbox.run(["completions", shell]).ended_with(0).stdout;
        assert!(
            script.contains("doctor") && script.contains("force-refresh"),
            "{shell}"
        );
    }
    let page = sandbox.run(["man"]).ended_with(0).stdout;
    for expected in [
        ".TH oarlock 1",
        ".SH FILES\n",
        ".SH ENVIRONMENT\n",
        "OARLOCK_HOME",
        "Exit codes",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page.contains("oarlock\\-help"), "there is no such page");
    let folder = sandbox.path("man");
    sandbox
        .run(["man", "--directory", folder.to_str().unwrap()])
        .ended_with(0);
    assert!(folder.join("oarlock-login.1").exists());
    assert_eq!(
        std::fs::read_to_string(folder.join("oarlock.1")).unwrap(),
        page
    );
    let finished = sandbox
        .run(["man", "--directory", "/dev/null/man"])
        .ended_with(1);
    assert!(finished.stderr.contains("/dev/null/man"), "{finished:?}");
}
