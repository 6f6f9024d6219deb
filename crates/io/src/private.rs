//! Private files: directories 0700, files 0600, ours alone, no links followed, replaced atomically and durably.
//!
//! On Unix every check is made on the open descriptor, never on a name that could be exchanged
//! between check and use. On Windows files inherit the access list of the user's profile, and
//! only kinds and sizes are checked.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

#[cfg(unix)]
mod ancestors;
mod append;
#[cfg(not(unix))]
pub(crate) mod portable;
mod reservation;
mod sweep;
mod trusted;
#[cfg(unix)]
pub(crate) mod unix;

#[cfg(not(unix))]
pub(crate) use portable as platform;
#[cfg(unix)]
pub(crate) use unix as platform;

pub use append::AppendFile;
pub use reservation::{CommitError, Reservation, write};
pub use sweep::sweep;
pub use trusted::{read_trusted, read_trusted_secret};

/// Why a private file or directory is refused; messages say what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateError {
    /// It belongs to another user.
    #[error("{path} belongs to another user (uid {uid}); it will not be used")]
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// It can be read or written by others.
    #[error("{path} can be accessed by others (mode {mode:03o}); {}", closing(.path, *.mode, *.right))]
    Mode {
        /// The file or directory.
        path: PathBuf,
        /// The permission bits it has.
        mode: u32,
        /// The permission bits it should have.
        right: u32,
    },
    /// It can be written by others.
    #[error("{path} can be written by others (mode {mode:03o}); run: chmod go-w '{path}'")]
    Writable {
        /// The file.
        path: PathBuf,
        /// The permission bits it has.
        mode: u32,
    },
    /// Other users can exchange a directory on the way to it.
    #[error(
        "other users can exchange what is in {path}; move the files elsewhere with OARLOCK_HOME, or take that right from them"
    )]
    Ancestor {
        /// The directory that others can write to.
        path: PathBuf,
    },
    /// The file system does not keep permissions (FAT, some mounts of Windows drives).
    #[error(
        "the file system of {path} keeps no permissions; move the files elsewhere with OARLOCK_HOME"
    )]
    Permissions {
        /// The file or directory.
        path: PathBuf,
    },
    /// It is a symbolic link, a socket, a device, or has several names (hard links).
    #[error("{path} is not a plain {expected}; move it away, or name another")]
    Kind {
        /// What was found.
        path: PathBuf,
        /// `file` or `directory`.
        expected: &'static str,
    },
    /// It is larger than the cap.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The cap in bytes.
        limit: u64,
    },
    /// The operating system's error, with what was being done.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was being done, as in "cannot … the file".
        action: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// What to do with what is open to others. A directory may be everybody's, `/tmp` or `/var/lib`, which must stay open.
fn closing(path: &Path, mode: u32, right: u32) -> String {
    let run = format!("run: chmod {right:03o} '{}'", path.display());
    match (right, mode & 0o002) {
        (0o700, 0) => {
            format!("name one that is yours alone, or, if nobody else needs this one, {run}")
        }
        (0o700, _) => "name a directory that is yours alone".into(),
        _ => run,
    }
}

/// Makes a directory and its missing parents, 0700, and checks an existing one: ours, 0700, no link,
/// and not to be exchanged by others through one of its parents (a sticky `/tmp` is fine).
///
/// # Errors
/// It cannot be made, or is refused.
pub fn ensure_directory(path: &Path) -> Result<(), PrivateError> {
    platform::Directory::ensure(path).map(drop)
}

/// Reads a file after checking the open descriptor: a plain file with one name, ours, closed to
/// others. `None` when there is none.
///
/// # Errors
/// It is refused, larger than `limit` bytes, or cannot be read.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, PrivateError> {
    let Some((file, size)) = platform::open(path)? else {
        return Ok(None);
    };
    let too_large = || PrivateError::TooLarge {
        path: path.to_owned(),
        limit,
    };
    if size > limit {
        return Err(too_large());
    }
    let mut content = Vec::with_capacity(usize::try_from(size).map_or(0, |size| size + 1));
    // It may grow while it is read.
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(failed("read", path))?;
    if u64::try_from(content.len()).map_or(true, |length| length > limit) {
        return Err(too_large());
    }
    Ok(Some(content))
}

/// Checks a file as [`read`] does, for a library that opens it itself: the directory must be one that
/// [`ensure_directory`] let pass, or the name may lead elsewhere by then. `false` when there is none.
///
/// # Errors
/// It is refused, or cannot be opened.
pub fn check(path: &Path) -> Result<bool, PrivateError> {
    Ok(platform::open(path)?.is_some())
}

/// Makes an empty file where there is none, 0600, in a directory made and checked as [`ensure_directory`] does. `false` when the
/// name is taken, by whatever it may be.
///
/// # Errors
/// The directory is refused, or the file cannot be made.
pub fn create(path: &Path) -> Result<bool, PrivateError> {
    let (parent, name) = split(path)?;
    let directory = platform::Directory::ensure(parent)?;
    match directory.create(name, path) {
        Ok(_) => {}
        Err(PrivateError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    }
    directory.sync().map_err(failed("sync", parent))?;
    Ok(true)
}

/// Removes a file and fsyncs its directory; `false` when there was none.
///
/// # Errors
/// The directory is refused, or the file cannot be removed.
pub fn remove(path: &Path) -> Result<bool, PrivateError> {
    let (parent, name) = split(path)?;
    let Some(directory) = platform::Directory::open(parent)? else {
        return Ok(false);
    };
    match directory.unlink(name) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed("remove", path)(error)),
    }
    directory.sync().map_err(failed("sync", parent))?;
    Ok(true)
}

/// Names of the plain files in a private directory, sorted, without our temporary ones; empty when it does not exist.
///
/// Names that are not UTF-8 are not ours and are left out. Sweeps nothing.
///
/// # Errors
/// The directory is refused or cannot be read.
pub fn list(path: &Path) -> Result<Vec<String>, PrivateError> {
    if platform::Directory::open(path)?.is_none() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed("list", path))? {
        let entry = entry.map_err(failed("list", path))?;
        let plain = match entry.file_type() {
            Ok(kind) => kind.is_file(),
            // Removed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(failed("list", path)(error)),
        };
        if let (true, Ok(name)) = (plain, entry.file_name().into_string())
            && !is_temporary(&name)
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Directory and name of a file.
fn split(path: &Path) -> Result<(&Path, &OsStr), PrivateError> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if parent.as_os_str().is_empty() => Ok((Path::new("."), name)),
        (Some(parent), Some(name)) => Ok((parent, name)),
        _ => Err(PrivateError::Kind {
            path: path.to_owned(),
            expected: "file",
        }),
    }
}

pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PrivateError {
    move |source| PrivateError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

const TEMPORARY_PREFIX: &str = ".oarlock-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// A fresh name that [`is_temporary`] knows again. It does not contain the target's name, which may be as long as a name can be.
fn temporary_name() -> io::Result<OsString> {
    let mut random = [0; 8];
    crate::entropy::fill(&mut random)?;
    let (pid, random) = (std::process::id(), u64::from_ne_bytes(random));
    Ok(format!("{TEMPORARY_PREFIX}{pid}-{random:016x}{TEMPORARY_SUFFIX}").into())
}

fn is_temporary(name: &str) -> bool {
    let middle = name
        .strip_prefix(TEMPORARY_PREFIX)
        .and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX))
        .and_then(|middle| middle.split_once('-'));
    middle.is_some_and(|(pid, random)| {
        pid.parse::<u32>().is_ok()
            && random.len() == 16
            && random.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
