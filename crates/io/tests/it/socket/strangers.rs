//! Another user of the machine: a real one, where the tests run as root.

use super::{Companion, answer_each, block_on};
use crate::{child, home};
use oarlock_io::socket::{Directory, Listener, Peer, SocketError, Stream};
use std::{
    fs::{self, Permissions},
    io,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
        net::{UnixListener, UnixStream},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

const NOBODY: u32 = 65534;

/// A child of these tests: does what it is told, as another user.
pub(crate) fn be_a_stranger() {
    let mut kept = Vec::new();
    answer_each(|what| {
        let (verb, path) = what.split_once(' ').unwrap();
        let path = Path::new(path);
        let done = match verb {
            "connect" => UnixStream::connect(path).map(drop),
            "listen" => UnixListener::bind(path).map(|listener| kept.push(listener)),
            "leave" => UnixListener::bind(path).map(drop),
            "write" => fs::write(path, "bait"),
            "link" => symlink("/etc/passwd", path),
            "fifo" => {
                let mode = rustix::fs::Mode::from_raw_mode(0o666);
                let fifo = rustix::fs::FileType::Fifo;
                rustix::fs::mknodat(rustix::fs::CWD, path, fifo, mode, 0).map_err(io::Error::from)
            }
            "make" => fs::create_dir(path),
            "remove" => fs::remove_file(path),
            // Whether it gets in once, until somebody removes the file beside.
            "try" => {
                let flag = path.with_extension("trying");
                let mut got_in = Err(io::ErrorKind::PermissionDenied.into());
                while flag.exists() {
                    if UnixStream::connect(path).is_ok() {
                        got_in = Ok(());
                    }
                }
                got_in
            }
            other => panic!("{other}"),
        };
        match done {
            Ok(()) => "done".to_owned(),
            Err(error) => format!("{:?}", error.kind()),
        }
    });
}

struct Place {
    _home: TempDir,
    /// A directory of root's that everybody can write to, like /tmp.
    shared: PathBuf,
    stranger: Companion,
}

impl Place {
    /// `None`: only root can be two users.
    fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("not root: nothing is tested");
            return None;
        }
        let home = home();
        fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
        let shared = home.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, Permissions::from_mode(0o1777)).unwrap();
        // By this name even somebody who may not enter the way to this program can run it.
        let mut command = Command::new("/proc/self/exe");
        child::as_role(&mut command, "be a stranger", &[]);
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
        Some(Self {
            _home: home,
            shared,
            stranger: Companion::start(command),
        })
    }

    fn stranger(&mut self, verb: &str, path: &Path) -> String {
        self.stranger.ask(&format!("{verb} {}", path.display()))
    }
}

fn shared(path: &Path) -> Result<Listener, SocketError> {
    Listener::unix(path, Directory::Shared)
}

#[test]
fn hostile_19_a_stranger_gets_in_nowhere() {
    let Some(mut place) = Place::new() else {
        return;
    };
    block_on(async {
        let path = place.shared.join("own/relay.sock");
        let _private = Listener::unix(&path, Directory::Private).unwrap();
        assert_eq!(place.stranger("connect", &path), "PermissionDenied");
        let path = place.shared.join("relay.sock");
        let listener = shared(&path).unwrap();
        assert_eq!(place.stranger("connect", &path), "PermissionDenied");
        assert_eq!(place.stranger("remove", &path), "PermissionDenied");
        let lock = place.shared.join("relay.sock.lock");
        assert_eq!(place.stranger("remove", &lock), "PermissionDenied");
        assert_eq!(place.stranger("write", &lock), "PermissionDenied");
        Stream::connect_unix(&path).await.unwrap();

        // If somebody opens the file to all, the kernel still says who comes.
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        drop(listener.accept().await);
        assert_eq!(place.stranger("connect", &path), "done");
        let (_, peer) = listener.accept().await;
        assert_eq!(peer, Peer::User(NOBODY));
        assert!(!peer.is_self_or_root());
    });
}

#[test]
fn hostile_19_a_stranger_gets_in_at_no_moment() {
    let Some(mut place) = Place::new() else {
        return;
    };
    let path = place.shared.join("relay.sock");
    let flag = place.shared.join("relay.trying");
    fs::write(&flag, "").unwrap();
    let mut open = Command::new("sh");
    open.args(["-c", "umask 000; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap());
    child::as_role(
        &mut open,
        "listen shared when told",
        &[("TARGET", path.as_os_str())],
    );
    let mut relay = Companion::start(open);
    place.stranger.tell(&format!("try {}", path.display()));
    for _ in 0..300 {
        assert_eq!(relay.ask("again"), "done");
    }
    fs::remove_file(&flag).unwrap();
    assert_eq!(place.stranger.hear(), "PermissionDenied");
}

/// A child of these tests: binds and stops, each time it is told.
pub(crate) fn listen_shared_when_told(path: &str) {
    block_on(async {
        answer_each(|_| {
            shared(Path::new(path)).unwrap();
            "done".to_owned()
        });
    });
}

#[test]
fn hostile_19_what_a_stranger_put_there_is_refused_and_left() {
    let Some(mut place) = Place::new() else {
        return;
    };
    block_on(async {
        for verb in ["listen", "leave", "write", "link", "fifo"] {
            for name in ["relay.sock", "relay.sock.lock"] {
                let path = place.shared.join(verb).with_extension("sock");
                let squatted = path.with_extension(name.trim_start_matches("relay."));
                assert_eq!(place.stranger(verb, &squatted), "done");
                let error = shared(&path).unwrap_err();
                assert!(
                    matches!(error, SocketError::Unsafe { .. } | SocketError::Private(_)),
                    "{verb} {name}: {error}"
                );
                let left = fs::symlink_metadata(&squatted).unwrap();
                assert_eq!(left.uid(), NOBODY);
                assert_eq!(place.stranger("remove", &squatted), "done");
                drop(shared(&path).unwrap());
                fs::remove_file(path.with_extension("sock.lock")).unwrap();
            }
        }
        let directory = place.shared.join("made");
        assert_eq!(place.stranger("make", &directory), "done");
        for kind in [Directory::Private, Directory::Shared] {
            let error = Listener::unix(&directory.join("relay.sock"), kind).unwrap_err();
            assert!(matches!(error, SocketError::Private(_)), "{error}");
            assert!(error.to_string().contains("another user"), "{error}");
        }
    });
}

#[test]
fn hostile_19_a_stranger_who_serves_is_not_spoken_to() {
    let Some(mut place) = Place::new() else {
        return;
    };
    block_on(async {
        let path = place.shared.join("relay.sock");
        assert_eq!(place.stranger("listen", &path), "done");
        let is_other =
            |error: &SocketError| matches!(error, SocketError::OtherUser { user: NOBODY, .. });
        let error = Stream::connect_unix(&path).await.unwrap_err();
        assert!(is_other(&error), "{error}");
        // Whatever the file says, the kernel knows who listens.
        chown(&path, Some(0), Some(0)).unwrap();
        let error = Stream::connect_unix(&path).await.unwrap_err();
        assert!(is_other(&error), "{error}");
        let directory = place.shared.join("made");
        assert_eq!(place.stranger("make", &directory), "done");
        let path = directory.join("relay.sock");
        assert_eq!(place.stranger("listen", &path), "done");
        let error = Stream::connect_unix(&path).await.unwrap_err();
        assert!(matches!(error, SocketError::Private(_)), "{error}");
    });
}
