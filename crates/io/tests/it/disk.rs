//! Full and read-only disks: small tmpfs mounts in a namespace of the child's own (hostile.md, 28).

use crate::{child, home};
use oarlock_io::private::{self, PrivateError, Reservation};
use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::Command,
};

const OLD: &[u8] = b"the old token";

fn new_token() -> Vec<u8> {
    let mut token = b"the new token ".to_vec();
    token.resize(32 * 1024, b'x');
    token
}

/// Fills the disk to the last byte.
fn fill(directory: &Path) {
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(directory.join("filler"))
        .unwrap();
    for size in [4096, 1] {
        loop {
            match file.write_all(&vec![b'f'; size]) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "filler")
        .collect();
    names.sort();
    names
}

fn kind_of(error: &PrivateError) -> Option<io::ErrorKind> {
    match error {
        PrivateError::Io { source, .. } => Some(source.kind()),
        _ => None,
    }
}

/// The child of [`hostile_28_a_full_disk`].
pub(crate) fn on_a_full_disk(disk: &str, fallback: &str) {
    let disk = Path::new(disk);
    let path = disk.join("google.json");
    let old_is_kept = || assert_eq!(private::read(&path, 1 << 20).unwrap().unwrap(), OLD);
    private::write(&path, OLD).unwrap();

    // Found before anything is spent.
    fill(disk);
    let error = Reservation::new(&path, 32 * 1024).unwrap_err();
    assert_eq!(kind_of(&error), Some(io::ErrorKind::StorageFull), "{error}");
    let error = private::write(&path, &new_token()).unwrap_err();
    assert_eq!(
        kind_of(&error.source),
        Some(io::ErrorKind::StorageFull),
        "{error}"
    );
    assert_eq!(names(disk), ["google.json"]);
    old_is_kept();

    // More content than was reserved, on a disk that filled up meanwhile: the copy goes elsewhere.
    fs::remove_file(disk.join("filler")).unwrap();
    let reservation = Reservation::new(&path, 1)
        .unwrap()
        .fallback_directory(fallback.into());
    fill(disk);
    let error = reservation.commit(&new_token()).unwrap_err();
    assert_eq!(
        kind_of(&error.source),
        Some(io::ErrorKind::StorageFull),
        "{error}"
    );
    let recovery = error.recovery.unwrap();
    assert_eq!(recovery, Path::new(fallback).join("google.json.recovery"));
    assert_eq!(
        private::read(&recovery, 1 << 20).unwrap().unwrap(),
        new_token()
    );
    assert_eq!(names(disk), ["google.json"]);
    old_is_kept();

    // A second one does not overwrite the first, which may be another account's.
    fs::remove_file(disk.join("filler")).unwrap();
    let reservation = Reservation::new(&path, 1)
        .unwrap()
        .fallback_directory(fallback.into());
    fill(disk);
    let second = reservation
        .commit(&new_token())
        .unwrap_err()
        .recovery
        .unwrap();
    assert_ne!(second, recovery);
    assert_eq!(
        private::read(&second, 1 << 20).unwrap().unwrap(),
        new_token()
    );

    // Without a place there is no copy, and nothing half-written either.
    fs::remove_file(disk.join("filler")).unwrap();
    let reservation = Reservation::new(&path, 1).unwrap();
    fill(disk);
    let error = reservation.commit(&new_token()).unwrap_err();
    assert_eq!(error.recovery, None);
    assert_eq!(names(disk), ["google.json"]);
    old_is_kept();

    // What was reserved is there, however full the disk is.
    fs::remove_file(disk.join("filler")).unwrap();
    let reservation = Reservation::new(&path, 32 * 1024).unwrap();
    fill(disk);
    reservation.commit(&new_token()).unwrap();
    assert_eq!(private::read(&path, 1 << 20).unwrap().unwrap(), new_token());
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
}

/// The child of [`hostile_28_a_read_only_disk`].
pub(crate) fn on_a_read_only_disk(disk: &str) {
    let path = Path::new(disk).join("google.json");
    private::write(&path, OLD).unwrap();
    let remounted = Command::new("mount")
        .args(["-o", "remount,bind,ro", disk])
        .status()
        .unwrap();
    assert!(remounted.success(), "cannot remount {disk} read-only");
    let error = Reservation::new(&path, 100).unwrap_err();
    assert_eq!(
        kind_of(&error),
        Some(io::ErrorKind::ReadOnlyFilesystem),
        "{error}"
    );
    let error = private::write(&path, b"new").unwrap_err();
    assert_eq!(
        kind_of(&error.source),
        Some(io::ErrorKind::ReadOnlyFilesystem),
        "{error}"
    );
    let error = private::remove(&path).unwrap_err();
    assert_eq!(
        kind_of(&error),
        Some(io::ErrorKind::ReadOnlyFilesystem),
        "{error}"
    );
    assert_eq!(private::read(&path, 100).unwrap().unwrap(), OLD);
}

fn on_a_small_disk(role: &str, fallback: &OsStr) {
    let home = home();
    let disk = home.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let setup = "mount -t tmpfs -o size=256k,mode=700 none \"$TARGET\"";
    let arguments = [("TARGET", disk.as_os_str()), ("FALLBACK", fallback)];
    let output = child::in_namespace(setup, role, &arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn hostile_28_a_full_disk() {
    let fallback = home();
    on_a_small_disk("full disk", fallback.path().as_os_str());
}

#[test]
fn hostile_28_a_read_only_disk() {
    on_a_small_disk("read-only disk", OsStr::new(""));
}
