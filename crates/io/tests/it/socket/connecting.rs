//! Connecting.

use super::block_on;
use crate::home;
use oarlock_io::socket::{Directory, Listener, Peer, SocketError, Stream};
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    time::Duration,
};

#[test]
fn each_side_knows_the_other() {
    let home = home();
    let path = home.path().join("relay.sock");
    block_on(async {
        let unix = Listener::unix(&path, Directory::Private).unwrap();
        assert_eq!(unix.address(), path.display().to_string());
        assert_eq!(unix.socket_address(), None);
        let _client = Stream::connect_unix(&path).await.unwrap();
        let (_, peer) = unix.accept().await;
        let ours = rustix::process::geteuid().as_raw();
        assert_eq!(peer, Peer::User(ours));
        assert!(peer.is_self_or_root());
        assert!(Peer::User(0).is_self_or_root());
        assert!(!Peer::User(ours + 4711).is_self_or_root());
        assert!(unix.into_tcp().is_err());

        for address in ["127.0.0.1:0", "[::1]:0"] {
            let tcp = Listener::tcp(address.parse().unwrap()).await.unwrap();
            let address = tcp.socket_address().unwrap();
            assert_eq!(tcp.address(), address.to_string());
            for host in [address.ip().to_string(), format!("[{}]", address.ip())] {
                let client = Stream::connect_tcp(&host, address.port()).await;
                if host == "[127.0.0.1]" {
                    continue;
                }
                let Ok(Stream::Tcp(client)) = client else {
                    panic!("{client:?}");
                };
                let (_, peer) = tcp.accept().await;
                assert_eq!(peer, Peer::Address(client.local_addr().unwrap()));
                assert!(!peer.is_self_or_root());
            }
            let taken = Listener::tcp(address).await.unwrap_err();
            assert!(
                taken.to_string().starts_with(&address.to_string()),
                "{taken}"
            );
            assert_eq!(tcp.into_tcp().unwrap().local_addr().unwrap(), address);
        }
    });
}

#[test]
fn nobody_listens() {
    let home = home();
    let absent = |result: Result<Stream, SocketError>, name: &str| match result {
        Err(SocketError::Absent(said)) => assert!(said.contains(name), "{said}"),
        other => panic!("{other:?}"),
    };
    block_on(async {
        let tcp = Listener::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let port = tcp.socket_address().unwrap().port();
        drop(tcp);
        absent(
            Stream::connect_tcp("127.0.0.1", port).await,
            &format!("127.0.0.1:{port}"),
        );
        for path in ["nothing", "no/such/directory", "file/below"] {
            fs::write(home.path().join("file"), "").unwrap();
            absent(Stream::connect_unix(&home.path().join(path)).await, path);
        }
        let stale = home.path().join("stale");
        drop(UnixListener::bind(&stale).unwrap());
        absent(Stream::connect_unix(&stale).await, "stale");
    });
}

#[test]
fn hostile_19_a_socket_that_others_can_exchange_is_not_spoken_to() {
    let home = home();
    let directory = home.path().join("open");
    fs::create_dir(&directory).unwrap();
    let path = directory.join("relay.sock");
    let _relay = UnixListener::bind(&path).unwrap();
    block_on(async {
        for (mode, allowed) in [(0o700, true), (0o755, true), (0o777, false), (0o757, false)] {
            fs::set_permissions(&directory, Permissions::from_mode(mode)).unwrap();
            let connected = Stream::connect_unix(&path).await;
            assert_eq!(connected.is_ok(), allowed, "{mode:o}: {connected:?}");
            if let Err(error) = connected {
                assert!(matches!(error, SocketError::Private(_)), "{error}");
            }
        }
    });
}

#[test]
fn a_full_backlog_is_waited_for() {
    let home = home();
    let path = home.path().join("relay.sock");
    block_on(async {
        let relay = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        relay.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        relay.listen(0).unwrap();
        let _first = Stream::connect_unix(&path).await.unwrap();
        let mut second = Box::pin(Stream::connect_unix(&path));
        let waited = tokio::time::timeout(Duration::from_millis(100), &mut second).await;
        assert!(waited.is_err(), "{waited:?}");
        relay.accept().unwrap();
        second.await.unwrap();
    });
}
