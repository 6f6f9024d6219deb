//! Sockets of local programs: Unix and TCP, bound, passed in or connected to, with the other side's user known.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use tokio::net::{TcpListener, TcpSocket};
#[cfg(unix)]
use {file::SocketFile, std::path::Path, tokio::net::UnixListener};

mod connect;
#[cfg(unix)]
mod file;
mod stream;
mod was_read;

pub use stream::Stream;

use crate::private::PrivateError;

/// Connections that the kernel keeps until they are accepted; it lowers this to its own limit (`net.core.somaxconn`).
const BACKLOG: u32 = 4096;

/// The first pause when the system is out of something, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(400));

/// A listening socket.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix {
        // Dropped first: as long as the socket is open, no other file can be taken for its.
        _file: Option<SocketFile>,
        listener: UnixListener,
    },
}

/// Who is at the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// Over TCP.
    Address(SocketAddr),
    /// A user of this machine, by the kernel's word.
    User(u32),
}

impl Peer {
    /// Whether the kernel says that it is our own user or root; of TCP it says nothing.
    pub fn is_self_or_root(&self) -> bool {
        match *self {
            Self::Address(_) => false,
            Self::User(user) => is_self_or_root(user),
        }
    }
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
    /// Everybody can put files into the directory, and it was not said that one like this will do.
    #[error(
        "{0} is not safe: everybody can write to it; the socket needs a directory of its own (mode 700)"
    )]
    Shared(PathBuf),
    /// The directory or the lock beside the socket is refused.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The other side is another user.
    #[error("{path} is served by user {user}, not by you or root")]
    OtherUser {
        /// The path.
        path: PathBuf,
        /// The user's id.
        user: u32,
    },
    /// The path does not fit into a socket's address.
    #[error(
        "{path} is too long for a socket: it has {length} bytes, at most {limit} are possible; name a shorter path"
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its bytes.
        length: usize,
        /// The most that this system takes.
        limit: usize,
    },
    /// Nobody listens there.
    #[error("nobody listens on {0}")]
    Absent(String),
    /// What the service manager passed is not what it should be.
    #[error("the service manager's {what} cannot be used: {reason}")]
    Passed {
        /// A variable or a socket.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refuses.
    #[error("{address}: {source}")]
    Io {
        /// The address or path.
        address: String,
        /// Why.
        source: io::Error,
    },
}

impl SocketError {
    fn io(address: impl ToString) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            address: address.to_string(),
            source,
        }
    }
}

impl Listener {
    /// Listens on a TCP address.
    ///
    /// # Errors
    /// The address is taken or not ours.
    pub async fn tcp(address: SocketAddr) -> Result<Self, SocketError> {
        let listen = || {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            // So that it can be started again at once; on Windows this would let two programs have one port.
            #[cfg(unix)]
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            socket.listen(BACKLOG)
        };
        listen()
            .map(|listener| Self(Kind::Tcp(listener)))
            .map_err(SocketError::io(address))
    }

    /// Listens on a Unix socket (0600). A stale one is replaced, a live one is not.
    ///
    /// While it listens, it holds the lock file beside the socket (`NAME.lock`, which stays). When it is dropped, the socket's
    /// file is removed, if it is still its own.
    ///
    /// # Errors
    /// The directory is not safe, a relay lives there, the path is too long.
    #[cfg(unix)]
    pub fn unix(path: &Path, directory: Directory) -> Result<Self, SocketError> {
        let (listener, file) = file::bind(path, directory)?;
        Ok(Self(Kind::Unix {
            _file: Some(file),
            listener,
        }))
    }

    /// One that was passed to us.
    #[cfg(unix)]
    pub(crate) fn passed_tcp(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self(Kind::Tcp(TcpListener::from_std(listener)?)))
    }

    /// One that was passed to us; its file is somebody else's to remove.
    #[cfg(unix)]
    pub(crate) fn passed_unix(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self(Kind::Unix {
            _file: None,
            listener: UnixListener::from_std(listener)?,
        }))
    }

    /// The next connection and who made it. Pauses, without spinning, while the system is out of descriptors or memory.
    ///
    /// Who may come in is for the caller to say. Dropping the future loses no connection.
    pub async fn accept(&self) -> (Stream, Peer) {
        let mut pause = PAUSES.0;
        loop {
            match self.try_accept().await {
                Ok(accepted) => return accepted,
                // That connection broke before it was accepted.
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(pause).await;
                    pause = PAUSES.1.min(pause * 2);
                }
            }
        }
    }

    async fn try_accept(&self) -> io::Result<(Stream, Peer)> {
        match &self.0 {
            Kind::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok((Stream::tcp(stream), Peer::Address(address)))
            }
            #[cfg(unix)]
            Kind::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                let user = stream.peer_cred()?.uid();
                Ok((Stream::Unix(stream), Peer::User(user)))
            }
        }
    }

    /// For logs: an address or a path.
    pub fn address(&self) -> String {
        match &self.0 {
            Kind::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.to_string(),
                Err(_) => "a TCP socket".to_owned(),
            },
            #[cfg(unix)]
            Kind::Unix { listener, .. } => match listener.local_addr() {
                Ok(address) => match address.as_pathname() {
                    Some(path) => path.display().to_string(),
                    None => "an unnamed Unix socket".to_owned(),
                },
                Err(_) => "a Unix socket".to_owned(),
            },
        }
    }

    /// Of TCP.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Kind::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Kind::Unix { .. } => None,
        }
    }

    /// As a listener of TCP, for [`web_server`](crate::web_server); itself where it is another.
    ///
    /// # Errors
    /// It is a Unix socket.
    pub fn into_tcp(self) -> Result<TcpListener, Self> {
        match self.0 {
            Kind::Tcp(listener) => Ok(listener),
            #[cfg(unix)]
            other @ Kind::Unix { .. } => Err(Self(other)),
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

#[cfg(unix)]
fn is_self_or_root(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_self_or_root(_: u32) -> bool {
    false
}
