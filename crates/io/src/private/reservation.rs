//! A file that is written in two steps: room first, content later.

use super::{
    PrivateError, failed,
    platform::{self, Directory},
    split, temporary_name,
};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// Room for a file that will be written, taken now, so that a full disk is found before something is spent.
///
/// Dropped without a [`commit`](Self::commit) it leaves nothing behind.
#[derive(Debug)]
pub struct Reservation {
    path: PathBuf,
    name: OsString,
    temporary: Temporary,
    reserved: u64,
    fallback: Option<PathBuf>,
}

impl Reservation {
    /// Makes the temporary file beside `path` (0600, in a directory made and checked as
    /// [`ensure_directory`](super::ensure_directory) does) and takes `bytes` of disk for it.
    ///
    /// # Errors
    /// The directory is refused; the disk is full or read-only.
    pub fn new(path: &Path, bytes: u64) -> Result<Self, PrivateError> {
        let (parent, name) = split(path)?;
        let directory = Directory::ensure(parent)?;
        let mut temporary = Temporary::new(directory, path)?;
        platform::reserve(&mut temporary.file, bytes).map_err(failed("reserve room for", path))?;
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            temporary,
            reserved: bytes,
            fallback: None,
        })
    }

    /// Names a directory that takes the recovery copy when the file's own directory cannot. It is
    /// made and checked only when it is needed.
    #[must_use]
    pub fn fallback_directory(mut self, directory: PathBuf) -> Self {
        self.fallback = Some(directory);
        self
    }

    /// Writes the content, fsyncs, renames over the file, fsyncs the directory.
    ///
    /// # Errors
    /// Any of this failed; the old file is then still there, unless the error came with the very last
    /// step. A complete copy of the content is kept if at all possible: as `NAME.recovery` beside
    /// the file, else in the fallback directory, else as the temporary file.
    pub fn commit(mut self, content: &[u8]) -> Result<(), CommitError> {
        let written = self
            .temporary
            .fill(content, self.reserved)
            .map_err(failed("write", &self.path));
        let complete = written.is_ok();
        let placed = written.and_then(|()| {
            self.temporary
                .rename(&self.name)
                .map_err(failed("replace", &self.path))
        });
        let Err(source) = placed else {
            return self
                .temporary
                .directory
                .sync()
                .map_err(|error| CommitError {
                    source: failed("sync the directory of", &self.path)(error),
                    recovery: Some(self.path.clone()),
                });
        };
        let recovery = self.recover(content, complete);
        Err(CommitError { source, recovery })
    }

    /// Keeps the content somewhere, whatever happened; the path of the copy.
    fn recover(mut self, content: &[u8], complete: bool) -> Option<PathBuf> {
        let name = suffixed(&self.name, ".recovery");
        let beside = self.path.with_file_name(&name);
        if complete && self.temporary.rename(&name).is_ok() {
            // It is there already; this is for a power cut.
            if let Err(error) = self.temporary.directory.sync() {
                tracing::warn!(%error, "the recovery copy may not survive a power cut");
            }
            return Some(beside);
        }
        if !complete {
            // Gives back the room it took.
            self.temporary.discard();
            if self.temporary.again(&name, content).is_ok() {
                return Some(beside);
            }
        }
        if let Some(fallback) = &self.fallback {
            match copy_into(fallback, &name, content) {
                Ok(path) => return Some(path),
                Err(error) => tracing::warn!(%error, "no recovery copy in the fallback directory"),
            }
        }
        if complete {
            return Some(self.path.with_file_name(self.temporary.keep()?));
        }
        None
    }
}

/// A commit that failed.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct CommitError {
    /// Why it failed.
    #[source]
    pub source: PrivateError,
    /// A complete copy of the content (0600), where one could be made.
    pub recovery: Option<PathBuf>,
}

/// Replaces a file in one go: [`Reservation::new`] and [`Reservation::commit`].
///
/// # Errors
/// As of these two.
pub fn write(path: &Path, content: &[u8]) -> Result<(), CommitError> {
    let reservation =
        Reservation::new(path, content.len() as u64).map_err(|source| CommitError {
            source,
            recovery: None,
        })?;
    reservation.commit(content)
}

/// A temporary file in a directory; removed on drop while it has its temporary name.
#[derive(Debug)]
struct Temporary {
    directory: Directory,
    file: File,
    name: Option<OsString>,
}

impl Temporary {
    fn new(directory: Directory, path: &Path) -> Result<Self, PrivateError> {
        let (file, name) = Self::create(&directory, path)?;
        Ok(Self {
            directory,
            file,
            name: Some(name),
        })
    }

    fn create(directory: &Directory, path: &Path) -> Result<(File, OsString), PrivateError> {
        let name = temporary_name().map_err(failed("name a temporary file for", path))?;
        let file = directory.create(&name, path)?;
        // Tells the sweep that we live; without locks it goes by age alone. On Windows a lock would
        // keep others from reading what the file becomes.
        if cfg!(unix)
            && let Err(error) = file.try_lock()
        {
            tracing::debug!(%error, "a temporary file is not locked");
        }
        Ok((file, name))
    }

    /// Makes the content durable in the file, which has room for `reserved` bytes.
    fn fill(&mut self, content: &[u8], reserved: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(content)?;
        let length = content.len() as u64;
        if reserved > length {
            self.file.set_len(length)?;
        }
        self.file.sync_all()
    }

    /// Gives the file its name; from then on it stays.
    fn rename(&mut self, to: &OsStr) -> io::Result<()> {
        let Some(name) = &self.name else {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        };
        self.directory.rename(name, to)?;
        self.name = None;
        Ok(())
    }

    /// The same content in a new temporary file under another name, durable.
    fn again(&mut self, to: &OsStr, content: &[u8]) -> Result<(), PrivateError> {
        let path = Path::new(to);
        let (file, name) = Self::create(&self.directory, path)?;
        self.file = file;
        self.name = Some(name);
        self.fill(content, 0).map_err(failed("write", path))?;
        self.rename(to).map_err(failed("rename", path))?;
        self.directory
            .sync()
            .map_err(failed("sync the directory of", path))
    }

    fn discard(&mut self) {
        if let Some(name) = self.name.take() {
            self.directory.discard(&name);
        }
    }

    /// Leaves the file under its temporary name.
    fn keep(&mut self) -> Option<OsString> {
        self.name.take()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.discard();
    }
}

/// A copy in another directory, over nothing that is there already.
fn copy_into(directory: &Path, name: &OsStr, content: &[u8]) -> Result<PathBuf, PrivateError> {
    let opened = Directory::ensure(directory)?;
    let name = if opened.contains(name) {
        // Perhaps another account's, from another directory.
        let mut random = [0; 4];
        crate::entropy::fill(&mut random).map_err(failed("name a copy in", directory))?;
        suffixed(name, &format!("-{:08x}", u32::from_ne_bytes(random)))
    } else {
        name.to_owned()
    };
    let path = directory.join(&name);
    let mut temporary = Temporary::new(opened, &path)?;
    temporary.fill(content, 0).map_err(failed("write", &path))?;
    temporary.rename(&name).map_err(failed("rename", &path))?;
    temporary
        .directory
        .sync()
        .map_err(failed("sync", directory))?;
    Ok(path)
}

/// A name with something appended, cut where the whole would be longer than a name may be.
fn suffixed(name: &OsStr, suffix: &str) -> OsString {
    let text = name.to_string_lossy();
    let mut end = text.len().min(255usize.saturating_sub(suffix.len()));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut whole = OsString::from(text.get(..end).unwrap_or_default());
    whole.push(suffix);
    whole
}
