//! Private files where there are no Unix permissions: kinds and atomic replacement only.
//!
//! The user's profile is closed to others by its access list, which new files inherit.

use super::{PrivateError, failed, split};
use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// Opens a file for reading and checks it; also its size.
pub(super) fn open(path: &Path) -> Result<Option<(File, u64)>, PrivateError> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => return Err(wrong_kind(path, "file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let file = File::open(path).map_err(failed("open", path))?;
    let size = file.metadata().map_err(failed("check", path))?.len();
    Ok(Some((file, size)))
}

/// Opens a lock file, making it where it is missing.
pub(crate) fn open_lock(path: &Path) -> Result<File, PrivateError> {
    let (parent, _) = split(path)?;
    Directory::ensure(parent)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(failed("open", path))
}

/// Opens a file to append to, making it where it and its directory are missing.
pub(super) fn open_append(path: &Path) -> Result<File, PrivateError> {
    let (parent, _) = split(path)?;
    Directory::ensure(parent)?;
    let options = OpenOptions::new().append(true).create(true).clone();
    options.open(path).map_err(failed("open", path))
}

/// Whether the name still leads to the open file: an open file cannot be removed here.
pub(crate) fn is_same(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// A directory that was checked.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Option<Self>, PrivateError> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => Ok(Some(Self {
                path: path.to_owned(),
            })),
            Ok(_) => Err(wrong_kind(path, "directory")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("open", path)(error)),
        }
    }

    pub(super) fn ensure(path: &Path) -> Result<Self, PrivateError> {
        if let Some(directory) = Self::open(path)? {
            return Ok(directory);
        }
        fs::create_dir_all(path).map_err(failed("create", path))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    pub(super) fn create(&self, name: &OsStr, path: &Path) -> Result<File, PrivateError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        options
            .open(self.path.join(name))
            .map_err(failed("create", path))
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    pub(super) fn unlink(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    /// Removes a temporary file, if it can be removed: what stays is swept later.
    pub(super) fn discard(&self, name: &OsStr) {
        if let Err(error) = self.unlink(name) {
            tracing::debug!(%error, "a temporary file stays");
        }
    }

    pub(super) fn contains(&self, name: &OsStr) -> bool {
        fs::symlink_metadata(self.path.join(name)).is_ok()
    }

    /// Directories cannot be flushed here; the file system's journal keeps the order.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn open_temporary(&self, name: &OsStr) -> Option<(File, std::time::SystemTime)> {
        let path = self.path.join(name);
        if !fs::symlink_metadata(&path).ok()?.is_file() {
            return None;
        }
        let file = OpenOptions::new().read(true).write(true).open(path).ok()?;
        let modified = file.metadata().ok()?.modified().ok()?;
        Some((file, modified))
    }
}

/// Takes `bytes` of disk for a new file: extending a file allocates its clusters.
pub(super) fn reserve(file: &mut File, bytes: u64) -> io::Result<()> {
    file.set_len(bytes)
}

fn wrong_kind(path: &Path, expected: &'static str) -> PrivateError {
    PrivateError::Kind {
        path: path.to_owned(),
        expected,
    }
}
