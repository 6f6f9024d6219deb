//! The file of a Unix socket: whose it must be, who may replace it, and that it goes with its listener.
//!
//! In a directory that others share nobody may get in, or put something else there, at any moment. So the lock beside the
//! socket decides who may touch the file, and the file is closed to others from its first moment on. To bind, to close
//! it and only then to listen is not enough: the kernel looks at the permissions of the file first and whether
//! somebody listens after that, and both can happen between the two.

use super::{BACKLOG, Directory, SocketError, is_self_or_root};
use crate::{
    lock::{FileLock, LockError},
    private::{self, PrivateError, platform},
};
use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    fs::{self, Metadata, Permissions},
    io,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};
use tokio::net::{UnixListener, UnixSocket};

/// Bytes of a path that fit into `sun_path` beside the NUL.
const LIMIT: usize = if cfg!(any(target_os = "linux", target_os = "android")) {
    107
} else {
    103
};

/// The file of a socket that listens. Dropping it removes it, if it is still the same.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    // Let go after the file was removed.
    _lock: FileLock,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let removed = match fs::symlink_metadata(&self.path) {
            // The number cannot have gone to another file: the socket that is bound to it is still open.
            Ok(found) if identity(&found) == self.identity => fs::remove_file(&self.path),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, path = %self.path.display(), "the socket's file stays");
        }
    }
}

/// Binds and listens, in place of a stale socket if there is one.
pub(super) fn bind(
    path: &Path,
    directory: Directory,
) -> Result<(UnixListener, SocketFile), SocketError> {
    let (parent, name) = split(path)?;
    // Whatever becomes of the working directory, this is the file to remove.
    let parent = std::path::absolute(parent).map_err(SocketError::io(path.display()))?;
    let path = checked(parent, directory)?.join(name);
    fits(&path)?;
    let lock = lock(&path)?;
    clear(&path)?;

    let failed = |error| SocketError::io(path.display())(error);
    let socket = UnixSocket::new_stream().map_err(failed)?;
    bind_closed(&socket, &path).map_err(failed)?;
    let found = fs::symlink_metadata(&path).map_err(failed)?;
    let file = SocketFile {
        identity: identity(&found),
        path: path.clone(),
        _lock: lock,
    };
    // The umask may have taken too much.
    fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed)?;
    let listener = socket.listen(BACKLOG).map_err(failed)?;
    Ok((listener, file))
}

/// Here a socket's file gets the permissions of its descriptor, less the umask.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn bind_closed(socket: &UnixSocket, path: &Path) -> io::Result<()> {
    rustix::fs::fchmod(socket, rustix::fs::Mode::from_raw_mode(0o600))?;
    socket.bind(path)
}

/// The umask is the whole process's, but nothing that is made meanwhile has to be open to others.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bind_closed(socket: &UnixSocket, path: &Path) -> io::Result<()> {
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let bound = socket.bind(path);
    rustix::process::umask(before);
    bound
}

/// Directory and name.
pub(super) fn split(path: &Path) -> Result<(&Path, &std::ffi::OsStr), SocketError> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if parent.as_os_str().is_empty() => Ok((Path::new("."), name)),
        (Some(parent), Some(name)) => Ok((parent, name)),
        _ => Err(refused(path, "it names no file")),
    }
}

pub(super) fn fits(path: &Path) -> Result<(), SocketError> {
    let length = path.as_os_str().as_bytes().len();
    if length <= LIMIT {
        return Ok(());
    }
    Err(SocketError::TooLong {
        path: path.to_owned(),
        length,
        limit: LIMIT,
    })
}

/// The directory, made and checked.
fn checked(parent: PathBuf, directory: Directory) -> Result<PathBuf, SocketError> {
    if fs::metadata(&parent).is_ok_and(|found| is_shared(&found)) {
        if directory == Directory::Private {
            return Err(SocketError::Shared(parent));
        }
        // On some systems /tmp is a link.
        let real = parent
            .canonicalize()
            .map_err(SocketError::io(parent.display()))?;
        platform::check_ancestors(&real)?;
        return Ok(real);
    }
    match private::ensure_directory(&parent) {
        Ok(()) => Ok(parent),
        // "chmod 700" would be the wrong advice for /run.
        Err(PrivateError::Mode { path, mode, .. }) if path == parent => Err(refused(
            &path,
            &format!(
                "others can enter it (mode {mode:03o}); the socket needs a directory of its own (mode 700)"
            ),
        )),
        Err(error) => Err(error.into()),
    }
}

fn is_shared(found: &Metadata) -> bool {
    found.is_dir() && found.uid() == 0 && found.mode() & 0o1002 == 0o1002
}

/// Held for as long as the socket listens: of two relays that start at once, one gets it.
fn lock(path: &Path) -> Result<FileLock, SocketError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    FileLock::try_acquire_in_checked(Path::new(&beside)).map_err(|error| match error {
        LockError::TimedOut { .. } => SocketError::Taken(path.to_owned()),
        LockError::Unsupported { .. } => refused(
            path,
            "its file system has no locks; name a path on another one",
        ),
        LockError::File(error) => error.into(),
    })
}

/// Removes what a dead relay left; refuses everything else.
fn clear(path: &Path) -> Result<(), SocketError> {
    let failed = |error| SocketError::io(path.display())(error);
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if !found.file_type().is_socket() {
        let reason = "what is there is no socket; move it away, or name another path";
        return Err(refused(path, reason));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        let reason = format!(
            "the socket there belongs to user {}; name another path",
            found.uid()
        );
        return Err(refused(path, &reason));
    }
    if is_live(path).map_err(failed)? {
        return Err(SocketError::Taken(path.to_owned()));
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}

/// Whether somebody listens there: a program that knows nothing of our lock.
fn is_live(path: &Path) -> io::Result<bool> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Else it would wait where the backlog is full.
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Ok(()) => Ok(true),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
            // The last: it is there, and of another type.
            Some(Errno::AGAIN | Errno::INPROGRESS | Errno::PROTOTYPE) => Ok(true),
            _ => Err(error),
        },
    }
}

/// Checks, before connecting, that only we or root can have put the socket there. `None`: there is none.
pub(super) fn check_server(path: &Path) -> Result<Option<()>, SocketError> {
    let (parent, _) = split(path)?;
    fits(path)?;
    match platform::check_ancestors(parent) {
        Ok(()) => {}
        Err(PrivateError::Io { source, .. }) if is_missing(&source) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(SocketError::io(path.display())(error)),
    };
    if !found.file_type().is_socket() {
        return Err(refused(path, "it is no socket"));
    }
    if !is_self_or_root(found.uid()) {
        return Err(SocketError::OtherUser {
            path: path.to_owned(),
            user: found.uid(),
        });
    }
    Ok(Some(()))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

fn refused(path: &Path, reason: &str) -> SocketError {
    SocketError::Unsafe {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}
