//! Private files: what is kept, whatever happens to the process.

use crate::{child, home};
use oarlock_io::private::{self, PrivateError, Reservation};
use std::{
    fs::{self, File, Permissions},
    io::{BufRead as _, BufReader},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, SystemTime},
};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Everything in a directory, temporary files too.
fn everything(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_written_is_read_again() {
    let home = home();
    let path = home.path().join("deep/er/google.json");
    assert_eq!(private::read(&path, 100).unwrap(), None);
    private::write(&path, b"first").unwrap();
    private::write(&path, b"second").unwrap();
    assert_eq!(private::read(&path, 6).unwrap().unwrap(), b"second");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&home.path().join("deep")), 0o700);
    assert_eq!(everything(path.parent().unwrap()), ["google.json"]);
    private::write(&path, b"").unwrap();
    assert_eq!(private::read(&path, 0).unwrap().unwrap(), b"");
}

#[test]
fn a_file_for_somebody_else_to_open_is_made_once_and_checked() {
    let home = home();
    let path = home.path().join("deep/server.db");
    assert!(!private::check(&path).unwrap());
    assert!(private::create(&path).unwrap());
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    private::write(&path, b"content").unwrap();
    assert!(!private::create(&path).unwrap() && private::check(&path).unwrap());
    assert_eq!(private::read(&path, 100).unwrap().unwrap(), b"content");
    set_mode(&path, 0o640);
    let error = private::check(&path).unwrap_err();
    assert!(matches!(error, PrivateError::Mode { .. }), "{error}");
    // A name that leads elsewhere is taken, and refused.
    let link = path.with_file_name("link");
    symlink(&path, &link).unwrap();
    assert!(!private::create(&link).unwrap());
    let error = private::check(&link).unwrap_err();
    assert!(matches!(error, PrivateError::Kind { .. }), "{error}");
}

#[test]
fn a_file_over_the_cap_is_refused() {
    let home = home();
    let path = home.path().join("a");
    private::write(&path, &[b'x'; 100]).unwrap();
    let error = private::read(&path, 99).unwrap_err();
    assert!(
        matches!(error, PrivateError::TooLarge { limit: 99, .. }),
        "{error}"
    );
    assert!(private::read(&path, 100).unwrap().is_some());
}

#[test]
fn an_open_mode_is_refused_with_the_command_that_helps() {
    let home = home();
    let path = home.path().join("a");
    private::write(&path, b"secret").unwrap();
    for bits in [0o640, 0o604, 0o660, 0o610] {
        set_mode(&path, bits);
        let error = private::read(&path, 100).unwrap_err();
        let expected = format!("run: chmod 600 '{}'", path.display());
        assert!(error.to_string().ends_with(&expected), "{error}");
    }
    set_mode(&path, 0o400);
    assert!(private::read(&path, 100).unwrap().is_some());
    set_mode(home.path(), 0o755);
    let error = private::ensure_directory(home.path()).unwrap_err();
    assert!(error.to_string().contains("run: chmod 700"), "{error}");
    // Whoever reads this of /tmp must not be told to close it.
    set_mode(home.path(), 0o777);
    let error = private::ensure_directory(home.path()).unwrap_err();
    assert!(!error.to_string().contains("chmod"), "{error}");
    assert!(Reservation::new(&path, 1).is_err());
    assert!(private::list(home.path()).is_err());
    assert!(private::remove(&path).is_err());
}

/// The child of [`the_umask_does_not_matter`], which is a setting of the whole process.
pub(crate) fn with_odd_umasks(target: &str) {
    let path = Path::new(target);
    for umask in [0o000, 0o022, 0o177, 0o277] {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
        private::write(path, b"x").unwrap();
        assert_eq!(mode(path), 0o600, "umask {umask:o}");
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}

#[test]
fn the_umask_does_not_matter() {
    let home = home();
    let path = home.path().join("sub/a");
    let mut child = child::command("write with odd umasks", &[("TARGET", path.as_os_str())]);
    assert!(child.status().unwrap().success());
}

#[test]
fn a_reservation_takes_disk_at_once_and_leaves_nothing_when_dropped() {
    let home = home();
    let path = home.path().join("a");
    let reservation = Reservation::new(&path, 1 << 20).unwrap();
    let names = everything(home.path());
    assert_eq!(names.len(), 1);
    assert!(names[0].starts_with(".oarlock-"), "{names:?}");
    let temporary = fs::metadata(home.path().join(&names[0])).unwrap();
    assert_eq!(temporary.mode() & 0o7777, 0o600);
    assert!(
        temporary.blocks() * 512 >= 1 << 20,
        "{} blocks",
        temporary.blocks()
    );
    assert!(private::list(home.path()).unwrap().is_empty());
    drop(reservation);
    assert!(everything(home.path()).is_empty());

    let reservation = Reservation::new(&path, 1 << 20).unwrap();
    reservation.commit(b"short").unwrap();
    assert_eq!(private::read(&path, 100).unwrap().unwrap(), b"short");
    let reservation = Reservation::new(&path, 1).unwrap();
    reservation.commit(&[b'x'; 5000]).unwrap();
    assert_eq!(private::read(&path, 5000).unwrap().unwrap(), [b'x'; 5000]);
    assert_eq!(everything(home.path()), ["a"]);
}

#[test]
fn removing_and_listing() {
    let home = home();
    let directory = home.path().join("credentials");
    assert!(private::list(&directory).unwrap().is_empty());
    assert!(!private::remove(&directory.join("a")).unwrap());
    private::write(&directory.join("b"), b"").unwrap();
    private::write(&directory.join("a"), b"").unwrap();
    fs::create_dir(directory.join("c")).unwrap();
    symlink("a", directory.join("d")).unwrap();
    assert_eq!(private::list(&directory).unwrap(), ["a", "b"]);
    assert!(private::remove(&directory.join("a")).unwrap());
    assert!(!private::remove(&directory.join("a")).unwrap());
    assert_eq!(private::list(&directory).unwrap(), ["b"]);
    assert!(private::write(Path::new("/"), b"").is_err());
}

#[test]
fn hostile_28_a_failed_replacement_keeps_old_and_new() {
    let home = home();
    let path = home.path().join("a.json");
    let reservation = Reservation::new(&path, 100).unwrap();
    // A directory with something in it cannot be replaced by a file.
    fs::create_dir(&path).unwrap();
    fs::write(path.join("old"), "old").unwrap();
    let error = reservation.commit(b"the new token").unwrap_err();
    let recovery = error.recovery.unwrap();
    assert_eq!(recovery, home.path().join("a.json.recovery"));
    assert_eq!(
        private::read(&recovery, 100).unwrap().unwrap(),
        b"the new token"
    );
    assert_eq!(fs::read(path.join("old")).unwrap(), b"old");
    assert_eq!(everything(home.path()), ["a.json", "a.json.recovery"]);
}

#[test]
fn a_name_as_long_as_can_be() {
    let home = home();
    let path = home.path().join("n".repeat(255));
    private::write(&path, b"x").unwrap();
    assert_eq!(private::read(&path, 1).unwrap().unwrap(), b"x");
    let reservation = Reservation::new(&path, 1).unwrap();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = reservation.commit(b"y").unwrap_err();
    assert_eq!(
        private::read(&error.recovery.unwrap(), 1).unwrap().unwrap(),
        b"y"
    );
}

#[test]
fn the_sweep_takes_old_temporary_files_of_ours_alone() {
    let home = home();
    let directory = home.path();
    let make = |name: &str, age: Duration| {
        let path = directory.join(name);
        let file = File::create(&path).unwrap();
        set_mode(&path, 0o600);
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    let (old, young) = (Duration::from_secs(7200), Duration::from_secs(3000));
    make(".oarlock-12-00112233aabbccdd.tmp", old);
    make(".oarlock-12-00112233aabbccde.tmp", young);
    make(".oarlock-x-00112233aabbccdd.tmp", old);
    make(".oarlock-12-00112233aabbccdd.tmp2", old);
    make("google.json", old);
    symlink(
        "google.json",
        directory.join(".oarlock-13-00112233aabbccdd.tmp"),
    )
    .unwrap();
    let held = Reservation::new(&directory.join("a"), 1).unwrap();
    let held_name = everything(directory)
        .into_iter()
        .find(|name| name.starts_with(&format!(".oarlock-{}-", std::process::id())))
        .unwrap();
    let file = File::options()
        .write(true)
        .open(directory.join(&held_name))
        .unwrap();
    file.set_modified(SystemTime::now() - old).unwrap();

    assert_eq!(private::sweep(directory).unwrap(), 1);
    assert_eq!(everything(directory).len(), 6);
    held.commit(b"alive").unwrap();
    assert_eq!(private::sweep(&directory.join("missing")).unwrap(), 0);
}

/// Content that tells whether it is complete: a number, and as many bytes as it says.
fn content(number: usize) -> Vec<u8> {
    let length = 20 + (number * 7919) % 60_000;
    let mut content = format!("{number:08}:{length:08}:").into_bytes();
    content.resize(length, b'a' + u8::try_from(number % 26).unwrap());
    content
}

/// The child of [`hostile_27_a_killed_writer_leaves_the_old_file_or_the_new`].
pub(crate) fn write_for_ever(target: &str) {
    println!("ready");
    for number in 1.. {
        private::write(Path::new(target), &content(number)).unwrap();
    }
}

#[test]
fn hostile_27_a_killed_writer_leaves_the_old_file_or_the_new() {
    let home = home();
    let path: PathBuf = home.path().join("google.json");
    let mut replaced = 0;
    for round in 0..200_u64 {
        private::write(&path, &content(0)).unwrap();
        let mut child = child::command("write for ever", &[("TARGET", path.as_os_str())])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("ready")));
        let random = oarlock_io::entropy::random().unwrap();
        std::thread::sleep(Duration::from_micros(
            round * 50 + u64::from(random[0]) * 60,
        ));
        child.kill().unwrap();
        child.wait().unwrap();

        let found = private::read(&path, 1 << 20)
            .unwrap()
            .expect("there is always a file");
        let number: usize = std::str::from_utf8(&found[..8]).unwrap().parse().unwrap();
        assert_eq!(
            found,
            content(number),
            "round {round}: the file is not complete"
        );
        assert_eq!(mode(&path), 0o600);
        replaced += usize::from(number > 0);
    }
    assert!(replaced > 0, "no child lived long enough to write");
    // What the killed left behind is found by the sweep, once it is old.
    let left = everything(home.path());
    assert!(left.len() > 1, "no child was killed while it wrote");
    for name in left.iter().filter(|name| name.starts_with('.')) {
        let file = File::options()
            .write(true)
            .open(home.path().join(name))
            .unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(7200))
            .unwrap();
    }
    assert_eq!(private::sweep(home.path()).unwrap(), left.len() - 1);
    assert_eq!(everything(home.path()), ["google.json"]);
}
