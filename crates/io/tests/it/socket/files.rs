//! The file of a Unix socket.

use super::{Companion, answer_each, block_on};
use crate::{child, home};
use oarlock_io::socket::{Directory, Listener, SocketError, Stream};
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{FileTypeExt as _, PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::Path,
    process::Command,
};

/// A child of these tests: listens and stops as it is told.
pub(crate) fn listen_when_told(path: &str) {
    block_on(async {
        let mut listener = None;
        answer_each(|what| match what {
            "listen" => match Listener::unix(Path::new(path), Directory::Private) {
                Ok(bound) => {
                    listener = Some(bound);
                    "listens".to_owned()
                }
                Err(SocketError::Taken(_)) => "taken".to_owned(),
                Err(error) => panic!("{error}"),
            },
            _ => {
                listener = None;
                "stopped".to_owned()
            }
        });
    });
}

fn other(path: &Path) -> Companion {
    let arguments = [("TARGET", path.as_os_str())];
    Companion::start(child::command("listen when told", &arguments))
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn bind(path: &Path) -> Result<Listener, SocketError> {
    Listener::unix(path, Directory::Private)
}

fn is_taken(path: &Path) -> bool {
    matches!(bind(path), Err(SocketError::Taken(taken)) if taken == path)
}

#[test]
fn hostile_19_directory_and_socket_are_closed_to_others_whatever_the_umask() {
    let home = home();
    for umask in ["000", "022", "777"] {
        let path = home.path().join(umask).join("run/relay.sock");
        let mut child = Command::new("sh");
        child
            .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap());
        child::as_role(
            &mut child,
            "listen when told",
            &[("TARGET", path.as_os_str())],
        );
        let mut child = Companion::start(child);
        if umask == "777" {
            // Directories that nobody can enter: not ours to repair, and an error that says so.
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            for directory in [path.parent().unwrap(), &home.path().join(umask)] {
                fs::set_permissions(directory, Permissions::from_mode(0o700)).unwrap();
            }
        }
        assert_eq!(child.ask("listen"), "listens");
        assert_eq!(mode(&path), 0o600, "umask {umask}");
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        block_on(async { Stream::connect_unix(&path).await.unwrap() });
        assert_eq!(child.ask("stop"), "stopped");
        assert!(!path.exists(), "it goes with its listener");
    }
}

#[test]
fn hostile_39_a_stale_socket_is_replaced() {
    let home = home();
    let path = home.path().join("relay.sock");
    block_on(async {
        for _ in 0..5 {
            let mut relay = other(&path);
            assert_eq!(relay.ask("listen"), "listens");
            assert!(is_taken(&path));
            relay.kill();
            assert!(path.exists(), "SIGKILL leaves it behind");
            let absent = Stream::connect_unix(&path).await;
            assert!(matches!(absent, Err(SocketError::Absent(_))));
            let listener = bind(&path).unwrap();
            Stream::connect_unix(&path).await.unwrap();
            drop(listener);
            assert!(!path.exists());
        }
    });
}

#[test]
fn hostile_39_a_live_socket_is_kept_even_one_that_knows_no_lock_and_is_full() {
    let home = home();
    let path = home.path().join("relay.sock");
    block_on(async {
        let live = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        live.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        live.listen(0).unwrap();
        assert!(is_taken(&path));
        let mut waiting = Vec::new();
        loop {
            let client = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            client.set_nonblocking(true).unwrap();
            match client.connect(&SockAddr::unix(&path).unwrap()) {
                Ok(()) => waiting.push(client),
                Err(error) => break assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
        assert!(is_taken(&path), "its backlog is full, and it lives");
        drop((live, waiting));
        bind(&path).unwrap();
        // One that is there and speaks in datagrams lives too.
        let datagrams = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        assert!(is_taken(&path));
        drop(datagrams);
        bind(&path).unwrap();
    });
}

#[test]
fn hostile_39_of_two_relays_that_race_one_wins() {
    let home = home();
    let path = home.path().join("relay.sock");
    let mut relays = [other(&path), other(&path)];
    block_on(async {
        for round in 0..50 {
            if round % 2 == 0 {
                // What somebody left whom SIGKILL ended.
                drop(UnixListener::bind(&path).unwrap());
            }
            relays.iter_mut().for_each(|relay| relay.tell("listen"));
            let answers = relays.each_mut().map(Companion::hear);
            let won = |answer: &String| usize::from(answer == "listens");
            assert_eq!(answers.iter().map(won).sum::<usize>(), 1, "{answers:?}");
            let (winner, loser) = if won(&answers[0]) == 1 {
                (0, 1)
            } else {
                (1, 0)
            };
            // That the loser ends does no harm.
            assert_eq!(relays[loser].ask("stop"), "stopped");
            Stream::connect_unix(&path).await.unwrap();
            assert_eq!(relays[winner].ask("stop"), "stopped");
            assert!(!path.exists());
        }
    });
}

#[test]
fn hostile_39_stopping_does_not_remove_the_socket_of_another() {
    let home = home();
    let path = home.path().join("relay.sock");
    block_on(async {
        let first = bind(&path).unwrap();
        // Something tidies up old files, locks too.
        fs::remove_file(&path).unwrap();
        fs::remove_file(home.path().join("relay.sock.lock")).unwrap();
        let second = bind(&path).unwrap();
        drop(first);
        Stream::connect_unix(&path).await.unwrap();
        drop(second);
        assert!(!path.exists());

        let first = bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        drop(first);
        // Only the lock is gone: the socket answers for itself.
        let first = bind(&path).unwrap();
        fs::remove_file(home.path().join("relay.sock.lock")).unwrap();
        assert!(is_taken(&path));
        Stream::connect_unix(&path).await.unwrap();
        drop(first);
    });
}

#[test]
fn hostile_19_what_is_no_socket_of_ours_is_refused_and_left() {
    let home = home();
    let target = home.path().join("target");
    fs::write(&target, "content").unwrap();
    let live = home.path().join("live");
    let _live = UnixListener::bind(&live).unwrap();
    block_on(async {
        for (name, make) in [
            (
                "file",
                (|path, _| fs::write(path, "content").unwrap()) as fn(&Path, &Path),
            ),
            ("directory", |path, _| fs::create_dir(path).unwrap()),
            ("link", |path, home| {
                symlink(home.join("target"), path).unwrap()
            }),
            ("link-to-nothing", |path, home| {
                symlink(home.join("nothing"), path).unwrap();
            }),
            ("link-to-a-socket", |path, home| {
                symlink(home.join("live"), path).unwrap();
            }),
            ("fifo", |path, _| {
                let mode = rustix::fs::Mode::from_raw_mode(0o600);
                let fifo = rustix::fs::FileType::Fifo;
                rustix::fs::mknodat(rustix::fs::CWD, path, fifo, mode, 0).unwrap();
            }),
        ] {
            let path = home.path().join(name);
            make(&path, home.path());
            let before = fs::symlink_metadata(&path).unwrap().file_type();
            let error = bind(&path).unwrap_err();
            assert!(
                matches!(error, SocketError::Unsafe { .. }),
                "{name}: {error}"
            );
            assert_eq!(fs::symlink_metadata(&path).unwrap().file_type(), before);
            let error = Stream::connect_unix(&path).await.unwrap_err();
            assert!(
                matches!(error, SocketError::Unsafe { .. }),
                "{name}: {error}"
            );
        }
        assert!(!home.path().join("nothing").exists());
        assert!(fs::symlink_metadata(&live).unwrap().file_type().is_socket());
        // The lock too is no link.
        let path = home.path().join("other.sock");
        symlink(&target, home.path().join("other.sock.lock")).unwrap();
        let error = bind(&path).unwrap_err();
        assert!(matches!(error, SocketError::Private(_)), "{error}");
        assert_eq!(fs::read(&target).unwrap(), b"content");
        assert!(!path.exists());
    });
}

#[test]
fn hostile_19_a_directory_that_is_open_to_others_is_refused() {
    let home = home();
    let directory = home.path().join("open");
    fs::create_dir(&directory).unwrap();
    let path = directory.join("relay.sock");
    for mode in [0o755, 0o710, 0o777] {
        fs::set_permissions(&directory, Permissions::from_mode(mode)).unwrap();
        for kind in [Directory::Private, Directory::Shared] {
            let error = Listener::unix(&path, kind).unwrap_err();
            assert!(
                matches!(&error, SocketError::Unsafe { path, .. } if *path == directory),
                "{error}"
            );
            // It could be /run.
            assert!(!error.to_string().contains("chmod"), "{error}");
        }
    }
    let error = bind(Path::new("/tmp/oarlock-refused.sock")).unwrap_err();
    assert!(error.to_string().contains("everybody can write"), "{error}");
    assert!(!Path::new("/tmp/oarlock-refused.sock.lock").exists());
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn a_path_that_is_too_long_says_so() {
    let home = home();
    let longest = 107 - home.path().as_os_str().len() - 1;
    block_on(async {
        let path = home.path().join("x".repeat(longest));
        let listener = bind(&path).unwrap();
        Stream::connect_unix(&path).await.unwrap();
        drop(listener);
        let path = home.path().join("x".repeat(longest + 1));
        for error in [
            bind(&path).unwrap_err(),
            Stream::connect_unix(&path).await.unwrap_err(),
        ] {
            let said = error.to_string();
            assert!(said.contains("108 bytes, at most 107"), "{said}");
        }
        for nothing in ["", "/", "..", "/tmp/.."] {
            let error = bind(Path::new(nothing)).unwrap_err();
            assert!(matches!(error, SocketError::Unsafe { .. }), "{error}");
        }
    });
}
