//! The Unix half of private files: every check is made on an open descriptor.

use super::{PrivateError, ancestors, failed, split};
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
};
use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Write as _},
    path::Path,
};

/// `O_NONBLOCK` so that opening a FIFO somebody put there does not hang; plain files do not care.
const CAREFULLY: OFlags = OFlags::NOFOLLOW
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);
const FILE_MODE: Mode = Mode::from_raw_mode(0o600);
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o700);

/// Opens a file for reading and checks it; also its size.
pub(super) fn open(path: &Path) -> Result<Option<(File, u64)>, PrivateError> {
    let descriptor = match fs::open(path, OFlags::RDONLY | CAREFULLY, Mode::empty()) {
        Ok(descriptor) => descriptor,
        Err(Errno::NOENT | Errno::NOTDIR) if missing(path) => return Ok(None),
        Err(error) => return Err(diagnose("open", path, FileType::RegularFile, error)),
    };
    let stat = checked(&descriptor, path, FileType::RegularFile)?;
    let size = u64::try_from(stat.st_size).unwrap_or_default();
    Ok(Some((File::from(descriptor), size)))
}

/// Opens a lock file, making it where it is missing, and checks it.
pub(crate) fn open_lock(path: &Path) -> Result<File, PrivateError> {
    let (parent, _) = split(path)?;
    if Directory::open(parent)?.is_none() {
        Directory::ensure(parent)?;
    }
    open_lock_file(path)
}

/// The same in a directory that the caller has checked, which others may share (`/tmp`).
pub(crate) fn open_lock_file(path: &Path) -> Result<File, PrivateError> {
    let flags = OFlags::RDWR | OFlags::CREATE | CAREFULLY;
    let descriptor = fs::open(path, flags, FILE_MODE)
        .map_err(|error| diagnose("open", path, FileType::RegularFile, error))?;
    checked(&descriptor, path, FileType::RegularFile)?;
    Ok(File::from(descriptor))
}

/// Opens a file to append to, making it where it and its directory are missing, and checks it.
pub(super) fn open_append(path: &Path) -> Result<File, PrivateError> {
    let (parent, _) = split(path)?;
    if missing(parent) {
        Directory::ensure(parent)?;
    }
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | CAREFULLY;
    let descriptor = fs::open(path, flags, FILE_MODE)
        .map_err(|error| diagnose("open", path, FileType::RegularFile, error))?;
    checked(&descriptor, path, FileType::RegularFile)?;
    Ok(File::from(descriptor))
}

/// Whether other users can exchange the directory `path` or what leads to it.
pub(crate) fn check_ancestors(path: &Path) -> Result<(), PrivateError> {
    ancestors::check(path)
}

/// Whether the name still leads to the open file.
pub(crate) fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    let opened = fs::fstat(file)?;
    match fs::lstat(path) {
        Ok(named) => Ok(opened.st_dev == named.st_dev && opened.st_ino == named.st_ino),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A directory that was checked and stays the same one, whatever happens to its name.
#[derive(Debug)]
pub(crate) struct Directory {
    descriptor: OwnedFd,
}

impl Directory {
    /// Opens and checks a directory; `None` when there is none.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, PrivateError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | CAREFULLY;
        let descriptor = match fs::open(path, flags, Mode::empty()) {
            Ok(descriptor) => descriptor,
            Err(Errno::NOENT | Errno::NOTDIR) if missing(path) => return Ok(None),
            Err(error) => return Err(diagnose("open", path, FileType::Directory, error)),
        };
        checked(&descriptor, path, FileType::Directory)?;
        Ok(Some(Self { descriptor }))
    }

    /// Opens and checks a directory and the way to it, making what is missing.
    pub(super) fn ensure(path: &Path) -> Result<Self, PrivateError> {
        if let Some(directory) = Self::open(path)? {
            ancestors::check(parent_of(path))?;
            return Ok(directory);
        }
        let mut existing = parent_of(path);
        while missing(existing) {
            existing = parent_of(existing);
        }
        ancestors::check(existing)?;
        make(path)?;
        Self::open(path)?.ok_or_else(|| failed("open", path)(Errno::NOENT.into()))
    }

    /// Makes a file that did not exist, 0600 whatever the umask.
    pub(super) fn create(&self, name: &OsStr, path: &Path) -> Result<File, PrivateError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | CAREFULLY;
        let descriptor = fs::openat(&self.descriptor, name, flags, FILE_MODE)
            .map_err(|error| failed("create", path)(error.into()))?;
        let set = fs::fchmod(&descriptor, FILE_MODE)
            .map_err(|error| failed("create", path)(error.into()))
            .and_then(
                |()| match checked(&descriptor, path, FileType::RegularFile) {
                    Err(PrivateError::Mode { path, .. }) => Err(PrivateError::Permissions { path }),
                    other => other.map(drop),
                },
            );
        match set {
            Ok(()) => Ok(File::from(descriptor)),
            Err(error) => {
                self.discard(name);
                Err(error)
            }
        }
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(fs::renameat(&self.descriptor, from, &self.descriptor, to)?)
    }

    pub(super) fn unlink(&self, name: &OsStr) -> io::Result<()> {
        Ok(fs::unlinkat(&self.descriptor, name, AtFlags::empty())?)
    }

    /// Removes a temporary file, if it can be removed: what stays is swept later.
    pub(super) fn discard(&self, name: &OsStr) {
        if let Err(error) = self.unlink(name) {
            tracing::debug!(%error, "a temporary file stays");
        }
    }

    pub(super) fn contains(&self, name: &OsStr) -> bool {
        fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Makes renames and removals durable, where the file system can do that for directories.
    pub(super) fn sync(&self) -> io::Result<()> {
        match fs::fsync(&self.descriptor) {
            Err(error) if is_missing_operation(error) => Ok(()),
            other => Ok(other?),
        }
    }

    /// A temporary file of ours for the sweep: no link, ours; `None` when it is not.
    pub(super) fn open_temporary(&self, name: &OsStr) -> Option<(File, std::time::SystemTime)> {
        let flags = OFlags::RDWR | CAREFULLY;
        let descriptor = fs::openat(&self.descriptor, name, flags, Mode::empty()).ok()?;
        checked(&descriptor, Path::new(name), FileType::RegularFile).ok()?;
        let file = File::from(descriptor);
        let modified = file.metadata().ok()?.modified().ok()?;
        Some((file, modified))
    }
}

/// Takes `bytes` of disk for a new file, so that writing it later cannot fail for want of room.
pub(super) fn reserve(file: &mut File, bytes: u64) -> io::Result<()> {
    if bytes == 0 {
        return Ok(());
    }
    match allocate(file, bytes) {
        Ok(()) => Ok(()),
        Err(error) if is_missing_operation(error) => fill(file, bytes),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(
    target_os = "macos",
    target_os = "ios",
    target_os = "openbsd",
    target_os = "dragonfly"
)))]
fn allocate(file: &File, bytes: u64) -> Result<(), Errno> {
    loop {
        match fs::fallocate(file, fs::FallocateFlags::empty(), 0, bytes) {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

#[cfg(any(
    target_os = "macos",
    target_os = "ios",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
fn allocate(_: &File, _: u64) -> Result<(), Errno> {
    // What these systems call so either is missing or promises less.
    Err(Errno::NOTSUP)
}

/// The same by writing. Not zeros: file systems that compress would keep no room for them. The
/// fsync is for those that find out late that a disk is full (NFS).
fn fill(file: &mut File, bytes: u64) -> io::Result<()> {
    let mut left = bytes;
    let mut chunk = vec![0; 16 * 1024];
    while left > 0 {
        crate::entropy::fill(&mut chunk)?;
        let take = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
        file.write_all(chunk.get(..take).unwrap_or_default())?;
        left = left.saturating_sub(take as u64);
    }
    file.sync_all()
}

/// What file systems say that cannot do something at all.
fn is_missing_operation(error: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP].contains(&error)
}

/// Checks an open file or directory: kind, owner, permissions, one name.
fn checked(descriptor: &OwnedFd, path: &Path, kind: FileType) -> Result<Stat, PrivateError> {
    let stat = fs::fstat(descriptor).map_err(|error| failed("check", path)(error.into()))?;
    // None: somebody replaced it since it was opened. What was opened is still whole.
    let plain = kind != FileType::RegularFile || stat.st_nlink <= 1;
    if FileType::from_raw_mode(stat.st_mode) != kind || !plain {
        return Err(wrong_kind(path, kind));
    }
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(PrivateError::Owner {
            path: path.to_owned(),
            uid: stat.st_uid,
        });
    }
    let mode = widened(stat.st_mode) & 0o777;
    if mode & 0o077 != 0 {
        return Err(PrivateError::Mode {
            path: path.to_owned(),
            mode,
            right: if kind == FileType::Directory {
                0o700
            } else {
                0o600
            },
        });
    }
    Ok(stat)
}

/// Some systems keep permissions in 16 bits.
fn widened(mode: impl Into<u32>) -> u32 {
    mode.into()
}

fn wrong_kind(path: &Path, kind: FileType) -> PrivateError {
    PrivateError::Kind {
        path: path.to_owned(),
        expected: if kind == FileType::Directory {
            "directory"
        } else {
            "file"
        },
    }
}

/// Why opening failed, more helpfully than an error number can say it.
fn diagnose(action: &'static str, path: &Path, kind: FileType, error: Errno) -> PrivateError {
    if let Ok(stat) = fs::lstat(path) {
        if FileType::from_raw_mode(stat.st_mode) != kind {
            return wrong_kind(path, kind);
        }
        if stat.st_uid != rustix::process::geteuid().as_raw() {
            return PrivateError::Owner {
                path: path.to_owned(),
                uid: stat.st_uid,
            };
        }
    }
    failed(action, path)(error.into())
}

/// `ENOTDIR` is said of a link as well as of a file among the parents: only a name that leads nowhere is missing.
fn missing(path: &Path) -> bool {
    matches!(fs::lstat(path), Err(Errno::NOENT))
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// Makes a directory and its missing parents, 0700, and has their names survive a power cut.
fn make(path: &Path) -> Result<(), PrivateError> {
    let parent = parent_of(path);
    match fs::mkdir(path, DIRECTORY_MODE) {
        // Somebody was faster, or a link leads nowhere; the check that follows decides.
        Err(Errno::EXIST) => return Ok(()),
        Err(Errno::NOENT) if missing(parent) => {
            make(parent)?;
            match fs::mkdir(path, DIRECTORY_MODE) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(failed("create", path)(error.into())),
            }
        }
        Err(error) => return Err(failed("create", path)(error.into())),
        Ok(()) => {}
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match fs::open(parent, flags, Mode::empty()).and_then(fs::fsync) {
        // Some parents can be written to and not read, some file systems cannot do it.
        Ok(()) | Err(Errno::ACCESS) => Ok(()),
        Err(error) if is_missing_operation(error) => Ok(()),
        Err(error) => Err(failed("sync", parent)(error.into())),
    }
}
