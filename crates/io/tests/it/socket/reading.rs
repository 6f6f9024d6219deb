//! Whether a peer that is gone had read what was written to it.

use super::{Companion, answer_each, block_on};
use crate::{child, home};
use oarlock_io::socket::{Directory, Listener, Stream};
use std::{
    ffi::OsStr,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};
use tempfile::TempDir;

const ROUNDS: usize = 20;

/// Longer than a packet, and as long as a line may be.
const LINE: usize = 65_536;

/// A child of these tests: connects, then reads as many bytes as it is told.
pub(crate) fn read_when_told(address: &str) {
    enum Either {
        Tcp(TcpStream),
        Unix(UnixStream),
    }
    let mut stream = match address.strip_prefix('/') {
        None => Either::Tcp(TcpStream::connect(address).unwrap()),
        Some(_) => Either::Unix(UnixStream::connect(address).unwrap()),
    };
    let mut each = |what: &str| match (&mut stream, what) {
        (Either::Tcp(stream), "half") => stream.shutdown(Shutdown::Write).unwrap(),
        (Either::Unix(stream), "half") => stream.shutdown(Shutdown::Write).unwrap(),
        (Either::Tcp(stream), "say") => stream.write_all(&[b'x'; 1000]).unwrap(),
        (Either::Unix(stream), "say") => stream.write_all(&[b'x'; 1000]).unwrap(),
        (_, "wait") => {}
        (Either::Tcp(stream), count) => {
            let mut bytes = vec![0; count.parse().unwrap()];
            stream.read_exact(&mut bytes).unwrap();
        }
        (Either::Unix(stream), count) => {
            let mut bytes = vec![0; count.parse().unwrap()];
            stream.read_exact(&mut bytes).unwrap();
        }
    };
    answer_each(|what| {
        each(what);
        "done".to_owned()
    });
}

struct Side {
    _home: TempDir,
    listener: Listener,
}

impl Side {
    async fn both() -> [Self; 2] {
        let unix = home();
        let path = unix.path().join("relay.sock");
        let tcp = Listener::tcp("127.0.0.1:0".parse().unwrap()).await;
        [
            Self {
                listener: Listener::unix(&path, Directory::Private).unwrap(),
                _home: unix,
            },
            Self {
                listener: tcp.unwrap(),
                _home: home(),
            },
        ]
    }

    fn is_unix(&self) -> bool {
        self.listener.socket_address().is_none()
    }

    /// A peer in another process, and our end.
    async fn peer(&self) -> (Companion, Stream) {
        let address = self.listener.address();
        let arguments = [("TARGET", OsStr::new(&address))];
        let mut peer = Companion::start(child::command("read when told", &arguments));
        assert_eq!(peer.ask("wait"), "done");
        let (stream, _) = self.listener.accept().await;
        (peer, stream)
    }
}

async fn answer(stream: &Stream) -> bool {
    let answer = tokio::time::timeout(Duration::from_secs(20), stream.was_read());
    answer
        .await
        .expect("it is known at once when the peer is gone")
}

#[test]
fn hostile_33_a_peer_killed_before_the_line_was_written_has_not_read_it() {
    block_on(async {
        for side in Side::both().await {
            for round in 0..ROUNDS {
                let (mut peer, stream) = side.peer().await;
                peer.kill();
                // One byte too: that our own end is on the way must not hide it.
                let length = if round % 2 == 0 { 1 } else { LINE };
                match stream.write_all(&vec![b'x'; length]).await {
                    Ok(()) => {
                        assert!(!side.is_unix(), "a Unix socket tells the writer");
                        assert!(!answer(&stream).await);
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{error}");
                    }
                }
            }
        }
    });
}

#[test]
fn hostile_33_a_peer_killed_with_the_line_unread_has_not_read_it() {
    block_on(async {
        for side in Side::both().await {
            for round in 0..ROUNDS {
                let (mut peer, stream) = side.peer().await;
                stream.write_all(&[b'x'; LINE]).await.unwrap();
                // Our end arrives before its death or after.
                if round % 2 == 0 {
                    stream.end_writing().unwrap();
                }
                peer.kill();
                assert!(!answer(&stream).await);
            }
        }
    });
}

#[test]
fn hostile_33_a_peer_killed_in_the_middle_of_the_line_has_not_read_it() {
    block_on(async {
        for side in Side::both().await {
            for read in [1, 100, LINE / 2, LINE - 1].repeat(ROUNDS / 4) {
                let (mut peer, stream) = side.peer().await;
                stream.write_all(&[b'x'; LINE]).await.unwrap();
                stream.end_writing().unwrap();
                assert_eq!(peer.ask(&read.to_string()), "done");
                peer.kill();
                assert!(!answer(&stream).await, "after {read} bytes");
            }
        }
    });
}

#[test]
fn hostile_33_a_peer_killed_behind_the_line_has_read_it() {
    block_on(async {
        for side in Side::both().await {
            for round in 0..ROUNDS {
                let (mut peer, stream) = side.peer().await;
                stream.write_all(&[b'x'; LINE]).await.unwrap();
                if round % 2 == 0 {
                    stream.end_writing().unwrap();
                }
                assert_eq!(peer.ask(&LINE.to_string()), "done");
                peer.kill();
                assert!(answer(&stream).await);
            }
        }
    });
}

#[test]
fn hostile_33_death_and_line_that_cross_are_not_taken_for_reading() {
    block_on(async {
        for side in Side::both().await {
            for _ in 0..ROUNDS {
                let (mut peer, stream) = side.peer().await;
                let written = std::thread::scope(|scope| {
                    scope.spawn(|| peer.kill());
                    let line = [b'x'; 100];
                    match &stream {
                        Stream::Tcp(stream) => stream.try_write(&line),
                        Stream::Unix(stream) => stream.try_write(&line),
                    }
                });
                if written.is_ok() {
                    assert!(!answer(&stream).await);
                }
            }
        }
    });
}

#[test]
fn it_waits_for_a_peer_that_lives() {
    block_on(async {
        for side in Side::both().await {
            let (mut peer, stream) = side.peer().await;
            stream.write_all(b"line\n").await.unwrap();
            let waits = async || {
                let waited = Duration::from_millis(50);
                tokio::time::timeout(waited, stream.was_read())
                    .await
                    .is_err()
            };
            assert!(waits().await, "it has read nothing");
            assert_eq!(peer.ask("5"), "done");
            assert!(waits().await, "it may still be broken");
            // What it says besides is not looked at.
            assert_eq!(peer.ask("say"), "done");
            assert!(waits().await);
            peer.kill();
            assert!(answer(&stream).await);
        }
    });
}

#[test]
fn hostile_03_of_a_peer_that_talks_without_end_nothing_is_known() {
    block_on(async {
        for side in Side::both().await {
            for (said, is_known) in [(60, true), (70, false)] {
                let (mut peer, stream) = side.peer().await;
                stream.write_all(b"line\n").await.unwrap();
                assert_eq!(peer.ask("5"), "done");
                for _ in 0..said {
                    assert_eq!(peer.ask("say"), "done");
                }
                if is_known {
                    peer.kill();
                    assert!(answer(&stream).await, "{said} kB");
                } else {
                    let waited = Duration::from_millis(50);
                    let answer = tokio::time::timeout(waited, stream.was_read()).await;
                    assert!(answer.is_err(), "{said} kB");
                }
            }
        }
    });
}

#[test]
fn a_peer_that_ends_its_own_direction() {
    block_on(async {
        for side in Side::both().await {
            let (mut peer, stream) = side.peer().await;
            stream.write_all(b"line\n").await.unwrap();
            assert_eq!(peer.ask("5"), "done");
            assert_eq!(peer.ask("half"), "done");
            assert!(answer(&stream).await, "it had read everything");

            // With the line unread it lives on, and can still read it.
            for reads in [true, false] {
                let (mut peer, stream) = side.peer().await;
                stream.write_all(b"line\n").await.unwrap();
                assert_eq!(peer.ask("half"), "done");
                if side.is_unix() {
                    let waited = Duration::from_millis(50);
                    let early = tokio::time::timeout(waited, stream.was_read()).await;
                    assert!(early.is_err(), "nobody knows yet");
                }
                match reads {
                    true => assert_eq!(peer.ask("5"), "done"),
                    false => peer.kill(),
                }
                // TCP cannot tell this from an end after reading; what it says of a death depends on what was faster.
                let read = answer(&stream).await;
                assert!(read == reads || !reads && !side.is_unix(), "{reads}");
            }
        }
    });
}

#[test]
fn an_error_that_was_told_before_is_not_told_again() {
    // What the documentation warns of: this is why a failed write is the answer.
    block_on(async {
        let [unix, _] = Side::both().await;
        let (mut peer, stream) = unix.peer().await;
        peer.kill();
        assert!(stream.write_all(b"line\n").await.is_err());
        assert!(answer(&stream).await);
    });
}

#[test]
fn both_kinds_read_and_write_as_streams_of_tokio() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt};
    block_on(async {
        for side in Side::both().await {
            let address = side.listener.address();
            let mut here = match side.listener.socket_address() {
                Some(address) => Stream::connect_tcp("127.0.0.1", address.port()).await,
                None => Stream::connect_unix(Path::new(&address)).await,
            }
            .unwrap();
            let (mut there, _) = side.listener.accept().await;
            if let (Stream::Tcp(here), Stream::Tcp(there)) = (&here, &there) {
                assert!(here.nodelay().unwrap() && there.nodelay().unwrap());
            }
            // More than the buffers hold, so that writing has to wait.
            let sent = vec![b'x'; 8 << 20];
            let (_, received) = tokio::join!(
                async {
                    Stream::write_all(&here, &sent).await.unwrap();
                    AsyncWriteExt::write_all(&mut here, b"end").await.unwrap();
                    here.shutdown().await.unwrap();
                },
                async {
                    let mut received = Vec::new();
                    there.read_to_end(&mut received).await.unwrap();
                    received
                }
            );
            assert_eq!(received.len(), sent.len() + 3);
            assert!(received.ends_with(b"xend"));
            drop(there);
            assert!(answer(&here).await);
        }
    });
}
