//! The service manager's side, played by a shell and by datagram sockets.

use crate::{child, home, socket::block_on};
use oarlock_io::{
    Environment,
    service_manager::{self, State},
    socket::{Listener, Peer},
};
use std::{
    fs,
    io::Read as _,
    net::{TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream},
    },
    process::{Command, Stdio},
    time::Duration,
};

/// A child of these tests: takes what was passed, tells what it is, and greets one connection of each.
pub(crate) fn take_passed_sockets() {
    block_on(async {
        let environment = Environment::capture();
        let sockets = match service_manager::passed_sockets(&environment) {
            Ok(sockets) => sockets,
            Err(error) => return println!("refused: {error}"),
        };
        println!("passed: {}", sockets.len());
        for (name, listener) in &sockets {
            println!("{name} is {}", listener.address());
            greet(listener).await;
        }
        if !sockets.is_empty() {
            let again = service_manager::passed_sockets(&environment).unwrap_err();
            println!("again: {again}");
        }
        for number in 3..3 + sockets.len() {
            let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
            let flags = u32::from_str_radix(flags.unwrap().trim(), 8).unwrap();
            assert_ne!(flags & 0o2_000_000, 0, "our children get it");
        }
    });
}

async fn greet(listener: &Listener) {
    let (stream, peer) = listener.accept().await;
    assert_eq!(peer.is_self_or_root(), matches!(peer, Peer::User(_)));
    stream.write_all(b"hello").await.unwrap();
}

/// Runs the child with two descriptors as a service manager would, and tells what it said.
fn passed(variables: &str, first: impl Into<OwnedFd>, second: impl Into<OwnedFd>) -> String {
    let script = format!(
        "exec 3<&0 4<&2 0</dev/null 2>/dev/null; export LISTEN_PID=$$ {variables}; exec \"$0\" \"$@\""
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap());
    child::as_role(&mut command, "take passed sockets", &[]);
    let output = command
        .stdin(Stdio::from(first.into()))
        .stderr(Stdio::from(second.into()))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn passed_sockets_are_taken_once_and_never_removed() {
    let home = home();
    let path = home.path().join("relay.sock");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let unix = UnixListener::bind(&path).unwrap();
    let mut http = TcpStream::connect(address).unwrap();
    let mut relay = UnixStream::connect(&path).unwrap();
    let said = passed("LISTEN_FDS=2 LISTEN_FDNAMES=http:relay", tcp, unix);
    assert!(said.contains(&format!("http is {address}\n")), "{said}");
    assert!(
        said.contains(&format!("relay is {}\n", path.display())),
        "{said}"
    );
    assert!(
        said.contains("again: the service manager's socket \"http\""),
        "{said}"
    );
    assert!(path.exists(), "it is the service manager's");
    let mut greeting = String::new();
    http.read_to_string(&mut greeting).unwrap();
    relay.read_to_string(&mut greeting).unwrap();
    assert_eq!(greeting, "hellohello");
}

#[test]
fn what_is_passed_is_checked() {
    let home = home();
    let path = home.path().join("relay.sock");
    let unix = UnixListener::bind(&path).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let says = |variables: &str, expected: &str| {
        let said = passed(
            variables,
            tcp.try_clone().unwrap(),
            unix.try_clone().unwrap(),
        );
        assert!(said.contains(expected), "{variables}: {said}");
    };
    // The last assignment wins: these were passed to somebody else.
    says("LISTEN_FDS=2 LISTEN_PID=1", "passed: 0");
    says("LISTEN_FDS=2 LISTEN_PID=", "passed: 0");
    says("LISTEN_FDS=0", "passed: 0");
    says("", "passed: 0");
    for count in ["x", "-1", "1e3", "65", "99999999999"] {
        says(
            &format!("LISTEN_FDS={count}"),
            "refused: the service manager's LISTEN_FDS",
        );
    }
    for names in ["http", "a:b:c"] {
        says(
            &format!("LISTEN_FDS=2 LISTEN_FDNAMES={names}"),
            "refused: the service manager's LISTEN_FDNAMES",
        );
    }
    // The third is none, or one that the program opened itself.
    let _waiting = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    says(
        "LISTEN_FDS=3",
        "refused: the service manager's socket \"unknown\" (descriptor 5)",
    );

    let refused = |first: OwnedFd, why: &str| {
        let said = passed(
            "LISTEN_FDS=1 LISTEN_FDNAMES=http",
            first,
            unix.try_clone().unwrap(),
        );
        let expected = format!(
            "refused: the service manager's socket \"http\" (descriptor 3) cannot be used: {why}"
        );
        assert!(said.contains(&expected), "{said}");
    };
    refused(fs::File::open("/dev/null").unwrap().into(), "");
    refused(
        UnixDatagram::unbound().unwrap().into(),
        "it is not a stream socket",
    );
    refused(UnixStream::pair().unwrap().0.into(), "it does not listen");
}

#[test]
fn a_passed_socket_without_a_name_is_unknown() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let _client = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    let unused = UnixDatagram::unbound().unwrap();
    let said = passed("LISTEN_FDS=1", tcp, unused);
    assert!(said.contains("unknown is 127.0.0.1:"), "{said}");
}

#[test]
fn the_service_manager_is_told() {
    let home = home();
    let path = home.path().join("notify");
    let abstract_name = format!("oarlock-test-{}", std::process::id());
    let by_path = (
        UnixDatagram::bind(&path).unwrap(),
        path.display().to_string(),
    );
    let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
    let by_name = (
        UnixDatagram::bind_addr(&address).unwrap(),
        format!("@{abstract_name}"),
    );
    for (socket, name) in [by_path, by_name] {
        socket
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let environment = Environment::from_pairs([("NOTIFY_SOCKET", name)]);
        for (state, expected) in [
            (State::Ready, "READY=1"),
            (State::Stopping, "STOPPING=1"),
            (
                State::Status("3 wait\nMAINPID=1"),
                "STATUS=3 wait MAINPID=1",
            ),
        ] {
            service_manager::notify(&environment, state);
            let mut received = [0; 100];
            let length = socket.recv(&mut received).unwrap();
            assert_eq!(&received[..length], expected.as_bytes());
        }
    }
}

#[test]
fn no_service_manager_is_no_fault() {
    let home = home();
    for address in [
        "",
        "relative",
        "vsock:2:1",
        "@",
        &format!("{}/nobody", home.path().display()),
    ] {
        let environment = Environment::from_pairs([("NOTIFY_SOCKET", address)]);
        service_manager::notify(&environment, State::Ready);
    }
    service_manager::notify(&Environment::default(), State::Ready);
    let none = service_manager::passed_sockets(&Environment::default()).unwrap();
    assert!(none.is_empty());
}

#[test]
fn a_service_manager_that_does_not_read_is_not_waited_for_long() {
    let home = home();
    let path = home.path().join("notify");
    let deaf = UnixDatagram::bind(&path).unwrap();
    let environment = Environment::from_pairs([("NOTIFY_SOCKET", path.display().to_string())]);
    let filler = UnixDatagram::unbound().unwrap();
    filler.set_nonblocking(true).unwrap();
    while filler.send_to(b"x", &path).is_ok() {}
    service_manager::notify(&environment, State::Ready);
    drop(deaf);
}
