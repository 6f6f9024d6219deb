//! Advisory locks on files, with a deadline.

use crate::{
    Clock as _, SystemClock,
    private::{self, PrivateError, platform},
};
use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

/// An exclusive lock on a file, released on drop or when the process ends, however it ends.
///
/// The lock file stays: to remove it would let two processes hold "the" lock on two files.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Somebody else held it all the time.
    #[error("another process held {path} for {waited:?}")]
    TimedOut {
        /// The lock file.
        path: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// The file system has no locks (some NFS).
    #[error("the file system of {path} does not support locks; move the files with OARLOCK_HOME")]
    Unsupported {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file itself is refused or cannot be opened.
    #[error(transparent)]
    File(#[from] PrivateError),
}

impl FileLock {
    /// Takes the lock, making the file (0600) and its directory (0700) where they are missing.
    ///
    /// Blocks the thread for at most `deadline`; a free lock is taken even with a deadline of zero.
    /// Waiting is done by the kernel's queue, nothing polls.
    ///
    /// # Errors
    /// The deadline passed; there are no locks here; the file is refused.
    pub fn acquire(path: &Path, deadline: Duration) -> Result<Self, LockError> {
        Self::acquire_opened(path, deadline, platform::open_lock)
    }

    /// Takes the lock if it is free, in a directory that the caller has checked, which others may share (`/tmp`).
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire); a file that somebody else put there is refused.
    #[cfg(unix)]
    pub(crate) fn try_acquire_in_checked(path: &Path) -> Result<Self, LockError> {
        Self::acquire_opened(path, Duration::ZERO, platform::open_lock_file)
    }

    fn acquire_opened(
        path: &Path,
        deadline: Duration,
        open: fn(&Path) -> Result<File, PrivateError>,
    ) -> Result<Self, LockError> {
        let start = SystemClock.monotonic();
        loop {
            let waited = SystemClock.monotonic().saturating_sub(start);
            let file = open(path)?;
            let file = Self::lock(file, path, deadline.saturating_sub(waited), deadline)?;
            // Somebody who removed the file between open and lock left us with a lock on nothing.
            if platform::is_same(&file, path).map_err(private::failed("check", path))? {
                return Ok(Self { _file: file });
            }
        }
    }

    fn lock(
        file: File,
        path: &Path,
        left: Duration,
        deadline: Duration,
    ) -> Result<File, LockError> {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(error)) => return Err(refused(path, error)),
        }
        match wait(file, left) {
            Some(Ok(file)) => Ok(file),
            Some(Err(error)) => Err(refused(path, error)),
            None => Err(LockError::TimedOut {
                path: path.to_owned(),
                waited: deadline,
            }),
        }
    }
}

/// Waits in a thread of its own, because a blocking lock knows no deadline. `None` after `left`: the
/// thread then stays behind, and gives the lock back at once should it still get it.
fn wait(file: File, left: Duration) -> Option<io::Result<File>> {
    if left.is_zero() {
        return None;
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let waiter = std::thread::Builder::new()
        .name("file lock".to_owned())
        .spawn(move || {
            let locked = loop {
                match file.lock() {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other.map(|()| file),
                }
            };
            // Nobody waits any more: dropping what comes back releases the lock.
            drop(sender.send(locked));
        });
    match waiter {
        Ok(_) => receiver.recv_timeout(left).ok(),
        Err(error) => Some(Err(error)),
    }
}

fn refused(path: &Path, error: io::Error) -> LockError {
    if is_unsupported(&error) {
        return LockError::Unsupported {
            path: path.to_owned(),
        };
    }
    LockError::File(private::failed("lock", path)(error))
}

#[cfg(unix)]
fn is_unsupported(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let none = [Errno::NOLCK, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP];
    Errno::from_io_error(error).is_some_and(|error| none.contains(&error))
}

#[cfg(not(unix))]
fn is_unsupported(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}
