//! Other programs: browsers, what is run in our place, signals, logs.

use crate::{child, home};
use oarlock_io::{
    Environment,
    browser::{self, BrowserError},
    environment::Place,
    process, shutdown, telemetry,
};
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use url::Url;

/// A program that writes its arguments and what it knows of itself into a file beside it.
fn fake_browser(directory: &Path, name: &str) -> PathBuf {
    let path = directory.join(name);
    // `ps` may be missing: the process group is the fifth field of stat.
    let script = r#"#!/bin/sh
    exec 3>&1
    {
        printf '%s\n' "$#" "$@"
        cut -d ' ' -f 1,5 /proc/$$/stat
        readlink /proc/$$/fd/0 /proc/$$/fd/3 /proc/$$/fd/2
    } > "$0.part"
    echo noise; echo noise >&2
    mv "$0.part" "$0.saw"
    sleep 3
    "#;
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(script.as_bytes()).unwrap();
    file.set_permissions(fs::Permissions::from_mode(0o700))
        .unwrap();
    path
}

/// What a fake browser wrote; waits for it.
fn saw(program: &Path) -> Vec<String> {
    let path = program.with_file_name(format!("{}.saw", program.file_name().unwrap().display()));
    for _ in 0..3000 {
        if let Ok(text) = fs::read_to_string(&path) {
            fs::remove_file(&path).unwrap();
            return text.lines().map(str::to_owned).collect();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} was not started", program.display());
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn a_browser_is_started_apart_from_us() {
    let home = home();
    let directory = home.path().join("with a blank");
    fs::create_dir(&directory).unwrap();
    let program = fake_browser(&directory, "browser");
    let command = format!("'{}' --new-window", program.display());
    let target = url("https://login.example/authorize?a=1&b='$(id)'");
    browser::open(&target, Some(&command), &Environment::default()).unwrap();
    let lines = saw(&program);
    assert_eq!(lines[..3], ["2", "--new-window", target.as_str()]);
    let (pid, group) = lines[3].split_once(' ').unwrap();
    assert_eq!(
        pid, group,
        "in a process group of its own, out of reach of Ctrl-C"
    );
    assert_eq!(lines[4..], ["/dev/null", "/dev/null", "/dev/null"]);
}

#[test]
fn the_first_browser_of_the_list_that_can_be_started() {
    let home = home();
    let program = fake_browser(home.path(), "browser");
    let list = format!("/no/such/browser:: {} --url=%s", program.display());
    let environment = Environment::from_pairs([("BROWSER", list)]);
    let target = url("http://127.0.0.1:1234/start");
    browser::open(&target, None, &environment).unwrap();
    assert_eq!(
        saw(&program)[..2],
        ["1", "--url=http://127.0.0.1:1234/start"]
    );
}

#[test]
fn a_browser_that_is_missing_is_named() {
    let target = url("https://login.example/");
    let nowhere = Environment::default().with_place(Place::default());
    let error = browser::open(&target, None, &nowhere).unwrap_err();
    assert!(matches!(error, BrowserError::None), "{error}");
    let error = browser::open(&target, Some("/no/such/browser -x"), &nowhere).unwrap_err();
    assert!(error.to_string().contains("/no/such/browser"), "{error}");
    let environment = Environment::from_pairs([("BROWSER", "/no/one:/no/two")]);
    let error = browser::open(&target, None, &environment).unwrap_err();
    assert!(matches!(error, BrowserError::Start { .. }), "{error}");
    let error = browser::open(&target, Some("'unclosed"), &nowhere).unwrap_err();
    assert!(matches!(error, BrowserError::Command { .. }), "{error}");
}

#[test]
fn hostile_26_only_https_and_loopback_reach_a_program() {
    let home = home();
    let program = fake_browser(home.path(), "browser");
    let command = program.display().to_string();
    for refused in [
        "http://login.example/",
        "http://10.0.0.1/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "https://user@login.example/",
        "https://user:password@login.example/",
        "ms-msdt:/id",
    ] {
        let error =
            browser::open(&url(refused), Some(&command), &Environment::default()).unwrap_err();
        assert!(matches!(error, BrowserError::Url), "{refused}: {error}");
    }
    // Nothing of it can be an option, whatever the server made up.
    for odd in [
        "https:--help",
        "https:///-x",
        "  https://-x.example/ -y",
        "https://a.example/\n-z",
    ] {
        if browser::open(&url(odd), Some(&command), &Environment::default()).is_ok() {
            let lines = saw(&program);
            assert_eq!(lines[0], "1");
            assert!(lines[1].starts_with("https://"), "{lines:?}");
        }
    }
    assert!(!home.path().join("browser.saw").exists());
}

/// The child of [`a_program_takes_our_place`].
pub(crate) fn exec() {
    let environment = Environment::capture();
    let program = environment.get("PROGRAM").unwrap();
    let script = r#"echo "token=$TOKEN gone=${GONE-unset} arg=$1 pid=$$"; exit 7"#;
    let arguments = ["-c", script, "sh", "a b;$(id)"].map(str::to_owned);
    let set = [("TOKEN".to_owned(), "secret".to_owned())];
    let error = process::exec(program, &arguments, &set, &["GONE", "TOKEN"]).unwrap_err();
    println!("failed: {:?}", error.kind());
}

#[test]
fn a_program_takes_our_place() {
    let run = |program: &str| {
        let arguments = [("PROGRAM", program.as_ref()), ("GONE", "here".as_ref())];
        let child = child::command("exec", &arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id();
        let output = child.wait_with_output().unwrap();
        (
            pid,
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (pid, code, said) = run("sh");
    assert_eq!(code, Some(7));
    assert!(
        said.contains(&format!("token=secret gone=unset arg=a b;$(id) pid={pid}")),
        "{said}"
    );
    let (_, _, said) = run("/no/such/program");
    assert!(said.contains("failed: NotFound"), "{said}");
    let (_, _, said) = run("/etc/passwd");
    assert!(said.contains("failed: PermissionDenied"), "{said}");
}

/// The child of the tests of signals.
pub(crate) fn signals() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut signals = shutdown::Signals::listen().unwrap();
        println!("listening");
        loop {
            let signal = signals.next().await;
            println!("signal {signal:?} {}", signal.number());
            if signal == shutdown::Signal::Terminate {
                return;
            }
        }
    });
}

/// A listening child, and the lines it says.
fn listening(mut command: Command) -> (Child, impl Iterator<Item = String>) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(lines.any(|line| line.contains("listening")));
    (child, lines)
}

fn kill(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).unwrap();
}

#[test]
fn signals_are_heard_one_after_the_other() {
    use rustix::process::Signal;
    let (mut child, mut lines) = listening(child::command("hear signals", &[]));
    for (signal, expected) in [
        (Signal::INT, "signal Interrupt 2"),
        (Signal::HUP, "signal Hangup 1"),
        (Signal::INT, "signal Interrupt 2"),
        (Signal::TERM, "signal Terminate 15"),
    ] {
        kill(&child, signal);
        assert_eq!(lines.next().unwrap(), expected);
    }
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_was_ignored_stays_ignored() {
    use rustix::process::Signal;
    let ours = child::command("hear signals", &[]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    command.arg(ours.get_program()).args(ours.get_args());
    command.envs(
        ours.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let (mut child, mut lines) = listening(command);
    kill(&child, Signal::HUP);
    kill(&child, Signal::TERM);
    assert_eq!(lines.next().unwrap(), "signal Terminate 15");
    assert!(child.wait().unwrap().success());
}

/// The child of the tests of logs.
pub(crate) fn log() {
    let start = |level| telemetry::start(level, telemetry::Format::Text);
    assert!(start("loud").is_err());
    start("debug").unwrap();
    assert!(start("debug").unwrap_err().contains("before"));
    tracing::info!(target: "oarlock_io::test", "ours");
    tracing::debug!(target: "oarlock", "ours too");
    tracing::trace!(target: "oarlock_io::test", "too fine");
    tracing::error!(target: "hyper::proto", "authorization: canary");
    tracing::error!(target: "reqwest", "canary");
    tracing::error!(target: "rustls", "canary");
}

#[test]
fn hostile_23_logs_are_of_our_crates_alone() {
    let output = child::command("log", &[]).output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.contains("ours") && said.contains("ours too"), "{said}");
    assert!(!said.contains('\x1b') && !said.contains("canary"), "{said}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(!stdout.contains("ours"), "{stdout}");
}

#[test]
fn logging_to_nobody_is_no_error() {
    let mut child = child::command("log", &[])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
}
