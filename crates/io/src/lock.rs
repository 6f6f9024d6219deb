//! Advisory locks on files, with a deadline.
use std::{path::Path, time::Duration};
/// An exclusive lock, released on drop. The lock file stays (removing it would race).
#[derive(Debug)]
pub struct FileLock { file: std::fs::File }
/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError { /// Somebody else held it all the time.
    #[error("another process held {path} for {waited:?}")]
    TimedOut { /// Lock file.
        path: std::path::PathBuf, /// How long.
        waited: Duration }, /// The file system has no locks (some NFS).
    #[error("the file system of {path} does not support locks; move the files with OARLOCK_HOME")]
    Unsupported { /// Lock file.
        path: std::path::PathBuf }, /// The lock file itself.
    #[error(transparent)]
    File(#[from] crate::private::PrivateError) }
impl FileLock {
    /// Takes it, waiting at most `deadline` (blocks the thread; the kernel queues, nothing polls).
    /// # Errors
    pub fn acquire(path: &Path, deadline: Duration) -> Result<Self, LockError> { let _ = (path, deadline); todo!() }
}
