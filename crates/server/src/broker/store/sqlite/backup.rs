//! A copy of the database in one file, made while it is in use.

use std::path::{Path, PathBuf};

use oarlock_io::private::{self, PrivateError};
use rusqlite::{Connection, OpenFlags, backup::Backup};

use super::{super::StoreError, file};

/// Why there is no copy. What was there before is there still.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The name is taken.
    #[error(
        "{0} is there already, or in use; name another file, or say that it may be overwritten"
    )]
    Exists(PathBuf),
    /// The file or its directory is refused.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The database cannot be read, or the copy not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy cannot be given its name.
    #[error("cannot name the copy {path}: {source}")]
    Name {
        /// What it was to be called.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// As of one moment, whatever is written meanwhile. The copy is 0600 and whole before it has its name.
pub(super) fn copy(from: &Path, to: &Path, overwrite: bool) -> Result<(), BackupError> {
    let named = |source| BackupError::Name {
        path: to.to_owned(),
        source,
    };
    let to = std::path::absolute(to).map_err(named)?;
    let taken = || BackupError::Exists(to.clone());
    // An early answer; a later one follows. Nor is a database replaced that is in use, whose log would then be of another one.
    if (!overwrite && std::fs::symlink_metadata(&to).is_ok()) || is_in_use(from, &to) {
        return Err(taken());
    }
    let part = Part(beside(&to, &format!(".{}.part", std::process::id())));
    if !private::create(&part.0)? {
        return Err(BackupError::Exists(part.0.clone()));
    }
    fill(from, &part.0)?;
    if overwrite {
        std::fs::rename(&part.0, &to).map_err(named)?;
    } else {
        // Unlike a rename it leaves alone what somebody put there meanwhile.
        std::fs::hard_link(&part.0, &to).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => taken(),
            _ => named(error),
        })?;
    }
    drop(part);
    sync_directory(&to).map_err(named)
}

fn is_in_use(from: &Path, to: &Path) -> bool {
    let is_from = match (from.canonicalize(), to.canonicalize()) {
        (Ok(from), Ok(to)) => from == to,
        _ => false,
    };
    is_from
        || ["-wal", "-journal"]
            .iter()
            .any(|log| std::fs::symlink_metadata(beside(to, log)).is_ok())
}

/// Another name in the same directory.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// What is being written; removed when it has its name, or will never have it.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "a part of a backup stays");
            }
            _ => {}
        }
    }
}

fn fill(from: &Path, to: &Path) -> Result<(), StoreError> {
    let source = file::reading(from)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(to, flags)?;
    // All pages in one step: one moment, and nobody who writes has it begin anew.
    let backup = Backup::new(&source, &mut copy)?;
    match backup.step(-1)? {
        rusqlite::backup::StepResult::Done => {}
        _ => {
            return Err(StoreError::Unavailable(
                "another process holds the database".into(),
            ));
        }
    }
    drop(backup);
    copy.close().map_err(|(_, error)| StoreError::from(error))
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> std::io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    std::fs::File::open(parent)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> std::io::Result<()> {
    Ok(())
}
