//! What another local user can put in the way (hostile.md, 19).

use crate::home;
use oarlock_io::{
    lock::{FileLock, LockError},
    private::{self, PrivateError, Reservation},
};
use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{PermissionsExt as _, chown, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    time::Duration,
};

const NOBODY: u32 = 65534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A file of somebody else, closed to others: made so as root, else one of the system's.
fn file_of_another(home: &Path) -> PathBuf {
    if !is_root() {
        return PathBuf::from("/etc/passwd");
    }
    let path = home.join("theirs");
    fs::write(&path, "bait").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
    path
}

fn directory_of_another(home: &Path) -> PathBuf {
    if !is_root() {
        return PathBuf::from("/etc");
    }
    let path = home.join("theirs");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
    path
}

#[test]
fn hostile_19_a_file_of_another_user_is_refused() {
    let home = home();
    let path = file_of_another(home.path());
    let error = private::read(&path, 1 << 20).unwrap_err();
    assert!(matches!(error, PrivateError::Owner { .. }), "{error}");
    if is_root() {
        let error = FileLock::acquire(&path, Duration::ZERO).unwrap_err();
        assert!(
            matches!(
                error,
                LockError::File(PrivateError::Owner { uid: NOBODY, .. })
            ),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"bait");
        // In a directory of ours it is simply replaced.
        private::write(&path, b"ours").unwrap();
        assert_eq!(private::read(&path, 10).unwrap().unwrap(), b"ours");
    }
}

#[test]
fn hostile_19_a_directory_made_in_advance_by_another_user_is_refused() {
    let home = home();
    let directory = directory_of_another(home.path());
    let file = directory.join("oarlock.json");
    let refused = |error: &PrivateError| matches!(error, PrivateError::Owner { .. });
    assert!(refused(&private::ensure_directory(&directory).unwrap_err()));
    assert!(refused(&Reservation::new(&file, 1).unwrap_err()));
    assert!(refused(
        &private::write(&file, b"secret").unwrap_err().source
    ));
    assert!(refused(&private::list(&directory).unwrap_err()));
    assert!(refused(&private::remove(&file).unwrap_err()));
    assert!(refused(&private::sweep(&directory).unwrap_err()));
    let lock = FileLock::acquire(&file, Duration::ZERO).unwrap_err();
    assert!(matches!(lock, LockError::File(error) if refused(&error)));
    assert!(!file.exists());
}

#[test]
fn hostile_19_links_are_refused() {
    let home = home();
    let target = home.path().join("target");
    private::write(&target, b"content").unwrap();
    let link = home.path().join("link");
    symlink(&target, &link).unwrap();
    let kind = |error: PrivateError| matches!(error, PrivateError::Kind { .. });
    assert!(kind(private::read(&link, 100).unwrap_err()));
    let lock = FileLock::acquire(&link, Duration::ZERO).unwrap_err();
    assert!(matches!(lock, LockError::File(PrivateError::Kind { .. })));
    // A link to nowhere is refused too, and not taken for a missing file.
    let dangling = home.path().join("dangling");
    symlink(home.path().join("nowhere"), &dangling).unwrap();
    assert!(kind(private::read(&dangling, 100).unwrap_err()));
    assert!(FileLock::acquire(&dangling, Duration::ZERO).is_err());
    assert!(!home.path().join("nowhere").exists());
    // Writing replaces the link and leaves what it led to.
    private::write(&link, b"new").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_file());
    assert_eq!(private::read(&target, 100).unwrap().unwrap(), b"content");

    let hard = home.path().join("hard");
    fs::hard_link(&target, &hard).unwrap();
    assert!(kind(private::read(&hard, 100).unwrap_err()));
    assert!(kind(private::read(&target, 100).unwrap_err()));
}

#[test]
fn hostile_19_a_linked_directory_is_refused() {
    let home = home();
    let real = home.path().join("real");
    private::ensure_directory(&real).unwrap();
    let link = home.path().join("link");
    symlink(&real, &link).unwrap();
    let kind = |error: PrivateError| matches!(error, PrivateError::Kind { .. });
    assert!(kind(private::ensure_directory(&link).unwrap_err()));
    assert!(kind(Reservation::new(&link.join("a"), 1).unwrap_err()));
    assert!(kind(private::list(&link).unwrap_err()));
    let dangling = home.path().join("dangling");
    symlink(home.path().join("nowhere"), &dangling).unwrap();
    assert!(kind(private::ensure_directory(&dangling).unwrap_err()));
    assert!(!home.path().join("nowhere").exists());
    // Links further up are how some systems are laid out.
    private::ensure_directory(&link.join("sub")).unwrap();
}

#[test]
fn hostile_19_what_is_no_file_is_refused_and_does_not_hang() {
    let home = home();
    let kind = |path: &Path| {
        let error = private::read(path, 100).unwrap_err();
        assert!(matches!(error, PrivateError::Kind { .. }), "{error}");
    };
    let fifo = home.path().join("fifo");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    kind(&fifo);
    assert!(FileLock::acquire(&fifo, Duration::ZERO).is_err());
    let socket = home.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    kind(&socket);
    kind(Path::new("/dev/null"));
    kind(home.path());
    let file = home.path().join("file");
    private::write(&file, b"").unwrap();
    let below = private::ensure_directory(&file).unwrap_err();
    assert!(matches!(below, PrivateError::Kind { .. }), "{below}");
    assert!(private::ensure_directory(&file.join("sub")).is_err());
    assert!(private::read(&file.join("sub"), 1).is_err());
}

#[test]
fn hostile_19_a_parent_that_others_can_write_to_is_refused() {
    let home = home();
    let parent = home.path().join("parent");
    fs::create_dir(&parent).unwrap();
    let private_one = parent.join("deep/credentials");
    private::ensure_directory(&private_one).unwrap();
    let refused = |mode| {
        fs::set_permissions(&parent, Permissions::from_mode(mode)).unwrap();
        let existing = private::ensure_directory(&private_one);
        let missing = private::ensure_directory(&parent.join("new/one"));
        assert_eq!(existing.is_err(), missing.is_err());
        if let Err(error) = &missing {
            assert!(matches!(error, PrivateError::Ancestor { .. }), "{error}");
            assert!(!parent.join("new").exists(), "nothing is made there");
        }
        missing.is_err()
    };
    assert!(refused(0o777));
    assert!(refused(0o757));
    assert!(!refused(0o755));
    // Like /tmp, and like the umask of many systems.
    assert!(!refused(0o1777));
    assert!(!refused(0o775));
    if is_root() {
        fs::remove_dir_all(parent.join("new")).unwrap();
        chown(&parent, Some(NOBODY), None).unwrap();
        assert!(refused(0o755), "its owner can exchange what is in it");
    }
}
