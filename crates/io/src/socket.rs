//! Sockets of local programs: Unix and TCP, bound, passed in or connected to, with the other side's user known.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// A listening socket.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, PathBuf),
}

/// Who is at the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// Over TCP.
    Address(SocketAddr),
    /// A user of this machine, by the kernel's word.
    User(u32),
}

/// Whether the directory of a Unix socket may be open to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory {
    /// 0700 and ours; made where it is missing.
    Private,
    /// Also one of root's that is sticky, such as `/tmp`.
    Shared,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// A relay that lives has it.
    #[error("another relay is listening on {0}")]
    Taken(PathBuf),
    /// The directory or the file there is not safe.
    #[error("{path} is not safe: {reason}")]
    Unsafe {
        /// The path.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The other side is another user.
    #[error("{path} is served by user {user}, not by you or root")]
    OtherUser {
        /// The path.
        path: PathBuf,
        /// The user's id.
        user: u32,
    },
    /// Nobody listens there.
    #[error("nobody listens on {0}")]
    Absent(String),
    /// The system refuses.
    #[error("{address}: {source}")]
    Io {
        /// The address or path.
        address: String,
        /// Why.
        source: io::Error,
    },
}

impl Listener {
    /// Listens on a TCP address.
    ///
    /// # Errors
    /// The address is taken or not ours.
    pub async fn tcp(_address: SocketAddr) -> Result<Self, SocketError> {
        todo!()
    }

    /// Listens on a Unix socket (0600). A stale one is replaced, a live one is not.
    ///
    /// # Errors
    /// The directory is not safe, a relay lives there, the path is too long.
    #[cfg(unix)]
    pub fn unix(_path: &Path, _directory: Directory) -> Result<Self, SocketError> {
        todo!()
    }

    /// The next connection and who made it. Pauses, without spinning, while the system is out of descriptors or memory.
    pub async fn accept(&self) -> (Stream, Peer) {
        todo!()
    }

    /// For logs: an address or a path.
    pub fn address(&self) -> String {
        todo!()
    }

    /// Of TCP.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        todo!()
    }
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// Over TCP, `TCP_NODELAY` set.
    Tcp(TcpStream),
    /// Over a Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Stream {
    /// Connects to TCP.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn connect_tcp(_host: &str, _port: u16) -> Result<Self, SocketError> {
        todo!()
    }

    /// Connects to a Unix socket whose directory and server belong to us or to root.
    ///
    /// # Errors
    /// Nobody listens there; somebody else does; the directory is open to others.
    #[cfg(unix)]
    pub async fn connect_unix(_path: &Path) -> Result<Self, SocketError> {
        todo!()
    }

    /// Waits until there is something to read, an end included.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn readable(&self) -> io::Result<()> {
        todo!()
    }

    /// Reads what is there; 0: the other side has ended its direction.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; the connection broke.
    pub fn try_read(&self, _buffer: &mut [u8]) -> io::Result<usize> {
        todo!()
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn write_all(&self, _bytes: &[u8]) -> io::Result<()> {
        todo!()
    }

    /// Ends our direction.
    ///
    /// # Errors
    /// The connection broke.
    pub fn end_writing(&self) -> io::Result<()> {
        todo!()
    }

    /// After [`end_writing`](Self::end_writing): waits until the other side has closed, and tells whether it had read
    /// everything that was written.
    ///
    /// An orderly end with nothing of ours on the way is a yes; a reset, or an end that was sent before our bytes arrived, a no.
    /// Further bytes from the other side are dropped, at most 64 KiB of them.
    pub async fn was_read(&self) -> bool {
        todo!()
    }
}
