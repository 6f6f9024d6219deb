//! Under a service manager: sockets that are passed, what it is told, and limits that it sets.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{PATIENCE, Relay, ask};
use crate::sandbox::Sandbox;

#[test]
fn the_service_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut message = [0; 256];
        let length = manager.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length]).into_owned()
    };
    let mut call = sandbox.oarlock(["serve", "--listen", "127.0.0.1:0"]);
    call.environment("NOTIFY_SOCKET", path.to_str().unwrap());
    let relay = Relay::of(&mut call);
    assert_eq!(hear(), "READY=1");
    relay.running.signal(Signal::TERM);
    assert_eq!(hear(), "STOPPING=1");
    relay.running.finish().ended_with(0);
}

/// The program with one passed socket, which is its descriptor 3.
fn activated(sandbox: &Sandbox, socket: OwnedFd, name: &str, arguments: &str) -> Command {
    let script = format!(
        "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={name} exec \"$0\" serve {arguments}"
    );
    let mut command = Command::new("/bin/sh");
    command
        .env_clear()
        .env("OARLOCK_HOME", sandbox.home())
        .args(["-c", &script, env!("CARGO_BIN_EXE_oarlock")])
        .stdin(Stdio::from(socket));
    command
}

#[test]
fn a_socket_that_is_passed_is_served() {
    let sandbox = Sandbox::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let arguments = "--public-url https://login.example.com";
    let mut child = activated(&sandbox, listener.into(), "http", arguments)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It listens already: whoever comes early waits.
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let (status, _) = ask(&address, &request);
    assert_eq!(status, 200);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_passed_socket_needs_a_name_that_means_something() {
    let sandbox = Sandbox::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let arguments = "--public-url https://login.example.com";
    let output = activated(&sandbox, listener.into(), "oarlock.socket", arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the names are http and relay"), "{said}");
}

#[test]
fn hostile_37_with_few_open_files_it_promises_less() {
    let sandbox = Sandbox::new();
    let script = "ulimit -n 256; exec \"$0\" serve --listen 127.0.0.1:0";
    let mut child = Command::new("/bin/sh")
        .env_clear()
        .env("OARLOCK_HOME", sandbox.home())
        .args(["-c", script, env!("CARGO_BIN_EXE_oarlock")])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = |word: &str| lines.any(|line| line.unwrap().contains(word));
    assert!(said("may have 256 files open"));
    assert!(said("OAuth relay enabled"));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}
