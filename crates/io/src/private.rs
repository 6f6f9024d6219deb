//! Private files: directories 0700, files 0600, ours alone, no links followed, replaced atomically and durably.
use std::{io, path::{Path, PathBuf}};
/// Why a private file or directory is refused; messages say what to do (`chmod 600 …`).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateError {
    /// Belongs to another user.
    #[error("{path} belongs to another user (uid {uid}); it will not be used")]
    Owner { /// Path.
        path: PathBuf, /// Owner.
        uid: u32 },
    /// Readable or writable by others.
    #[error("{path} can be accessed by others (mode {mode:03o}); run: chmod {right:03o} '{path}'")]
    Mode { /// Path.
        path: PathBuf, /// Found.
        mode: u32, /// Right.
        right: u32 },
    /// A symbolic link, socket, device, hard-linked file.
    #[error("{path} is not a plain {expected}; remove it")]
    Kind { /// Path.
        path: PathBuf, /// `file` or `directory`.
        expected: &'static str },
    /// Over the cap.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge { /// Path.
        path: PathBuf, /// Cap.
        limit: u64 },
    /// The operating system's error, with what was being done.
    #[error("cannot {action} {path}: {source}")]
    Io { /// Doing what.
        action: &'static str, /// To which.
        path: PathBuf, /// Why.
        #[source] source: io::Error },
}
/// Makes a directory and its missing parents, 0700, and checks an existing one (ours, 0700, no link).
/// # Errors
pub fn ensure_directory(path: &Path) -> Result<(), PrivateError> { let _ = path; todo!() }
/// Reads a file after checking the open descriptor (O_NOFOLLOW, fstat); `None` when there is none.
/// # Errors
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, PrivateError> { let _ = (path, limit); todo!() }
/// Room for a file that will be written, taken now: so that a full disk is found before something is spent (hostile.md, 28).
#[derive(Debug)]
pub struct Reservation { path: PathBuf }
impl Reservation {
    /// Makes the temporary file beside `path` (0600) and reserves `bytes` on disk.
    /// # Errors
    pub fn new(path: &Path, bytes: u64) -> Result<Self, PrivateError> { let _ = (path, bytes); todo!() }
    /// Write, fsync, rename over `path`, fsync the directory. On failure the temporary file is kept where it could be completed and named in the error's recovery path.
    /// # Errors
    pub fn commit(self, content: &[u8]) -> Result<(), CommitError> { let _ = content; todo!() }
}
/// A commit that failed.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct CommitError { /// Why.
    #[source] pub source: PrivateError, /// A complete copy of the content, where one could be made (beside the file, `NAME.recovery`).
    pub recovery: Option<PathBuf> }
/// Reserve and commit in one.
/// # Errors
pub fn write(path: &Path, content: &[u8]) -> Result<(), CommitError> { let _ = (path, content); todo!() }
/// Removes a file and fsyncs its directory; `false` when there was none.
/// # Errors
pub fn remove(path: &Path) -> Result<bool, PrivateError> { let _ = path; todo!() }
/// Names of plain files in a private directory; empty when it does not exist. Also sweeps nothing.
/// # Errors
pub fn list(path: &Path) -> Result<Vec<String>, PrivateError> { let _ = path; todo!() }
