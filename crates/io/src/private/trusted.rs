//! Files that somebody else may have put there for us, such as an administrator: others must not write them.

use std::{fs::File, io::Read as _, path::Path};

use super::{PrivateError, failed};

/// Reads a file that only we or root could have written: one that an administrator keeps in `/etc`, or that a service manager
/// or a container mounts. Links are followed where they too are ours or root's. `None` when there is none.
///
/// # Errors
/// It is refused, larger than `limit` bytes, or cannot be read.
pub fn read_trusted(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, PrivateError> {
    read(path, limit, Readers::All)
}

/// The same for a file that holds a secret: only its owner may read it, and a group where root gave it to us that way.
///
/// # Errors
/// As [`read_trusted`]; others can read it.
pub fn read_trusted_secret(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, PrivateError> {
    read(path, limit, Readers::Few)
}

/// Who may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    All,
    Few,
}

fn read(path: &Path, limit: u64, readers: Readers) -> Result<Option<Vec<u8>>, PrivateError> {
    let Some(file) = open(path, readers)? else {
        return Ok(None);
    };
    let mut content = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(failed("read", path))?;
    if u64::try_from(content.len()).map_or(true, |length| length > limit) {
        return Err(PrivateError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(Some(content))
}

#[cfg(not(unix))]
fn open(path: &Path, _readers: Readers) -> Result<Option<File>, PrivateError> {
    Ok(super::platform::open(path)?.map(|(file, _)| file))
}

#[cfg(unix)]
fn open(path: &Path, readers: Readers) -> Result<Option<File>, PrivateError> {
    use rustix::{
        fs::{self, FileType, Mode, OFlags},
        io::Errno,
    };

    let named = match fs::lstat(path) {
        Ok(named) => named,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(failed("check", path)(error.into())),
    };
    // Before it is opened: who made a link says where it leads.
    owned(path, named.st_uid)?;
    // A pipe is not waited for.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened =
        fs::open(path, flags, Mode::empty()).map_err(|error| failed("open", path)(error.into()))?;
    let found = fs::fstat(&opened).map_err(|error| failed("check", path)(error.into()))?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(PrivateError::Kind {
            path: path.to_owned(),
            expected: "file",
        });
    }
    owned(path, found.st_uid)?;
    let mode = Mode::from_raw_mode(found.st_mode);
    if mode.intersects(Mode::WGRP | Mode::WOTH) {
        return Err(PrivateError::Writable {
            path: path.to_owned(),
            mode: widened(mode.as_raw_mode()) & 0o777,
        });
    }
    if readers == Readers::Few {
        // What is root's can be ours by its group alone.
        let (forbidden, right) = if found.st_uid == rustix::process::geteuid().as_raw() {
            (Mode::RWXG | Mode::RWXO, 0o600)
        } else {
            (Mode::RWXO, 0o640)
        };
        if mode.intersects(forbidden) {
            return Err(PrivateError::Mode {
                path: path.to_owned(),
                mode: widened(mode.as_raw_mode()) & 0o777,
                right,
            });
        }
    }
    // Who can exchange a directory on the way could exchange the file.
    for way in [
        path.to_owned(),
        path.canonicalize().map_err(failed("find", path))?,
    ] {
        if let Some(parent) = way.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            super::ancestors::check(parent)?;
        }
    }
    Ok(Some(File::from(opened)))
}

/// Some systems keep permissions in 16 bits.
#[cfg(unix)]
fn widened(mode: impl Into<u32>) -> u32 {
    mode.into()
}

#[cfg(unix)]
fn owned(path: &Path, uid: u32) -> Result<(), PrivateError> {
    if uid == 0 || uid == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(PrivateError::Owner {
        path: path.to_owned(),
        uid,
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, chown, symlink},
        path::{Path, PathBuf},
    };

    use super::{PrivateError, read_trusted, read_trusted_secret};

    fn file(folder: &Path, mode: u32) -> PathBuf {
        let path = folder.join("server.toml");
        #[expect(clippy::disallowed_methods, reason = "a file as others write it")]
        fs::write(&path, "listen").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn what_others_can_read_is_read_and_what_they_can_write_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o640, 0o644, 0o440] {
            let path = file(folder.path(), mode);
            assert_eq!(read_trusted(&path, 10).unwrap().unwrap(), b"listen");
            fs::remove_file(path).unwrap();
        }
        for mode in [0o620, 0o602, 0o666] {
            let error = read_trusted(&file(folder.path(), mode), 10).unwrap_err();
            assert!(error.to_string().contains("chmod go-w"), "{error}");
        }
        assert!(
            read_trusted(&folder.path().join("none"), 10)
                .unwrap()
                .is_none()
        );
        let too_large = read_trusted(&file(folder.path(), 0o600), 5);
        assert!(matches!(too_large, Err(PrivateError::TooLarge { .. })));
    }

    #[test]
    fn hostile_19_a_secret_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o400] {
            let path = file(folder.path(), mode);
            assert_eq!(read_trusted_secret(&path, 10).unwrap().unwrap(), b"listen");
            fs::remove_file(path).unwrap();
        }
        for mode in [0o640, 0o604, 0o644, 0o660] {
            let path = file(folder.path(), mode);
            let error = read_trusted_secret(&path, 10).unwrap_err();
            assert!(error.to_string().contains("chmod"), "{mode:o}: {error}");
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_link_of_ours_is_followed_and_a_directory_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        symlink(file(folder.path(), 0o644), &link).unwrap();
        assert_eq!(read_trusted(&link, 10).unwrap().unwrap(), b"listen");
        let error = read_trusted(folder.path(), 10).unwrap_err();
        assert!(matches!(error, PrivateError::Kind { .. }), "{error}");
        fs::remove_file(folder.path().join("server.toml")).unwrap();
        assert!(read_trusted(&link, 10).is_err(), "a link to nowhere");
    }

    #[test]
    fn hostile_19_a_file_link_or_directory_of_somebody_else_is_refused() {
        const NOBODY: Option<u32> = Some(65534);
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), 0o644);
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        std::os::unix::fs::lchown(&link, NOBODY, NOBODY).unwrap();
        let refused = |path: &Path| {
            let error = read_trusted(path, 10).unwrap_err();
            assert!(matches!(error, PrivateError::Owner { .. }), "{error}");
        };
        refused(&link);
        chown(&path, NOBODY, NOBODY).unwrap();
        refused(&path);
        chown(&path, Some(0), Some(0)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = read_trusted(&path, 10).unwrap_err();
        assert!(matches!(error, PrivateError::Ancestor { .. }), "{error}");
    }
}
