//! The kit's programs, as processes.
use oarlock_testkit::{DEFAULT_CLIENT_ID, program};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(program("oarlock-testkit-server").unwrap())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (
            child.stdin.take(),
            BufReader::new(child.stdout.take().unwrap()),
        );
        Self {
            child,
            input,
            output,
        }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line:?}"))
    }

    fn ask(&mut self, command: &str) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{command}").unwrap();
        self.line()
    }

    fn end(mut self) -> bool {
        drop(self.input.take());
        self.child.wait().unwrap().success()
    }
}

fn browse(arguments: &[&str]) -> (bool, Value) {
    let output = Command::new(program("oarlock-fake-browser").unwrap())
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.success(),
        serde_json::from_slice(&output.stdout).unwrap(),
    )
}

#[test]
fn the_server_obeys_and_ends_with_its_input() {
    let mut server = Running::start(&["--user", "carol", "--client", "extra", "missing-iss"]);
    let issuer = server.line()["issuer"].as_str().unwrap().to_owned();
    let url = format!(
        "{issuer}/authorize?response_type=code&client_id=extra&state=s&redirect_uri=http://127.0.0.1:9/callback\
         &code_challenge={}&code_challenge_method=S256",
        "A".repeat(43)
    );
    let (ok, visit) = browse(&["--stop", "--user", "carol", &url]);
    let redirect = visit["redirect"].as_str().unwrap();
    assert!(
        ok && redirect.contains("code=") && !redirect.contains("iss="),
        "{visit}"
    );
    assert_eq!(server.ask("counts"), json!({ "authorize": 2 }));

    assert_eq!(
        server.ask("faults code-and-error,wrong-iss"),
        json!({ "ok": true })
    );
    let (_, visit) = browse(&["--stop", "--deny", &url]);
    assert!(
        visit["redirect"]
            .as_str()
            .unwrap()
            .contains("iss=https%3A%2F%2Fimpostor"),
        "{visit}"
    );
    assert!(
        server.ask("faults nonsense")["error"]
            .as_str()
            .unwrap()
            .contains("nonsense")
    );

    let issued = server.ask(&format!("issue {DEFAULT_CLIENT_ID} carol read write"));
    assert_eq!(issued["scope"], "read write");
    assert_eq!(server.ask("expire"), json!({ "ok": true }));
    assert_eq!(server.ask("revoke-all"), json!({ "ok": true }));
    assert_eq!(server.ask("approve BBBB-BBBB"), json!({ "ok": false }));
    assert!(server.ask("what").get("error").is_some());
    assert!(server.end());
}

#[test]
fn bad_arguments_are_said_and_end_it() {
    for arguments in [
        &["--port", "many"][..],
        &["--port"],
        &["nonsense"],
        &["--nonsense"],
    ] {
        let output = Command::new(program("oarlock-testkit-server").unwrap())
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    let (ok, said) = browse(&["ftp://127.0.0.1/"]);
    assert!(
        !ok && said["error"].as_str().unwrap().contains("only http"),
        "{said}"
    );
    assert!(!browse(&[]).0);
}

#[test]
fn every_fault_is_listed() {
    let output = Command::new(program("oarlock-testkit-server").unwrap())
        .arg("--list-faults")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for fault in oarlock_testkit::Fault::all() {
        assert!(
            text.lines()
                .any(|line| line.starts_with(&fault.to_string())),
            "{fault}"
        );
    }
}

#[test]
fn a_program_that_is_not_built_says_how_to_build_it() {
    assert!(
        program("nonsense")
            .unwrap_err()
            .to_string()
            .contains("cargo build -p oarlock-testkit")
    );
}
