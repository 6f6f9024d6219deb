//! Locks between processes.

use crate::{child, home};
use oarlock_io::lock::{FileLock, LockError};
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

const LONG: Duration = Duration::from_secs(30);

/// A child of these tests: takes the lock, says so, and keeps it until its input ends.
pub(crate) fn hold(target: &str) {
    let lock = FileLock::acquire(Path::new(target), LONG).unwrap();
    println!("held");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(lock);
}

/// Another: adds to a number in a file, which only works when nobody else does so at the same time.
pub(crate) fn count(target: &str) {
    let target = Path::new(target);
    for _ in 0..50 {
        let lock = FileLock::acquire(&target.with_extension("lock"), LONG).unwrap();
        let number: u32 = fs::read_to_string(target).unwrap().parse().unwrap();
        fs::write(target, (number + 1).to_string()).unwrap();
        drop(lock);
    }
}

fn holder(path: &Path) -> Child {
    let mut child = child::command("hold the lock", &[("TARGET", path.as_os_str())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("held")));
    child
}

#[test]
fn one_holder_at_a_time() {
    let home = home();
    let target = home.path().join("number");
    fs::write(&target, "0").unwrap();
    let start =
        || child::command("count under the lock", &[("TARGET", target.as_os_str())]).spawn();
    let children: Vec<Child> = (0..6).map(|_| start().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "300");
    let lock = fs::metadata(home.path().join("number.lock")).unwrap();
    assert_eq!(lock.mode() & 0o7777, 0o600);
}

#[test]
fn the_deadline_holds_and_a_dead_holder_gives_way() {
    let home = home();
    let path = home.path().join("sub/a.lock");
    let mut child = holder(&path);
    let start = Instant::now();
    let error = FileLock::acquire(&path, Duration::from_millis(200)).unwrap_err();
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert!(
        matches!(&error, LockError::TimedOut { waited, .. } if waited.as_millis() == 200),
        "{error}"
    );
    assert!(matches!(
        FileLock::acquire(&path, Duration::ZERO),
        Err(LockError::TimedOut { .. })
    ));
    child.kill().unwrap();
    child.wait().unwrap();
    drop(FileLock::acquire(&path, LONG).unwrap());
}

#[test]
fn a_waiter_gets_the_lock_when_it_becomes_free() {
    let home = home();
    let path = home.path().join("a.lock");
    let mut child = holder(&path);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| FileLock::acquire(&path, LONG).is_ok());
        std::thread::sleep(Duration::from_millis(100));
        assert!(!waiter.is_finished());
        drop(child.stdin.take());
        assert!(waiter.join().unwrap());
    });
    child.wait().unwrap();
}

#[test]
fn who_gave_up_does_not_keep_the_lock_that_came_late() {
    let home = home();
    let path = home.path().join("a.lock");
    let mut child = holder(&path);
    for _ in 0..5 {
        assert!(FileLock::acquire(&path, Duration::from_millis(10)).is_err());
    }
    drop(child.stdin.take());
    child.wait().unwrap();
    // Five abandoned waiters get it one after the other, and each lets it go.
    drop(FileLock::acquire(&path, LONG).unwrap());
}

#[test]
fn a_lock_on_a_removed_file_does_not_count() {
    let home = home();
    let path = home.path().join("a.lock");
    let mut child = holder(&path);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| FileLock::acquire(&path, LONG).unwrap());
        std::thread::sleep(Duration::from_millis(100));
        fs::remove_file(&path).unwrap();
        drop(child.stdin.take());
        let lock = waiter.join().unwrap();
        assert!(path.exists(), "the waiter made the file again");
        assert!(FileLock::acquire(&path, Duration::ZERO).is_err());
        drop(lock);
    });
    child.wait().unwrap();
}

#[test]
fn locks_in_one_process_exclude_each_other_too() {
    let home = home();
    let path = home.path().join("a.lock");
    let lock = FileLock::acquire(&path, Duration::ZERO).unwrap();
    assert!(FileLock::acquire(&path, Duration::from_millis(20)).is_err());
    drop(lock);
    // Whoever gave up above may still be about to let it go.
    drop(FileLock::acquire(&path, LONG).unwrap());
}
