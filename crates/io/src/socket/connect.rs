//! Connecting, to whom one means to.

use super::{SocketError, Stream};
use std::{io, time::Duration};
use tokio::net::TcpStream;
#[cfg(unix)]
use {
    super::{file, is_self_or_root},
    std::path::Path,
    tokio::net::UnixStream,
};

/// However slow the other side is.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long to wait before knocking again where too many wait to be accepted.
#[cfg(unix)]
const PAUSE: Duration = Duration::from_millis(10);

impl Stream {
    /// Connects to TCP, within 10 s.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn connect_tcp(host: &str, port: u16) -> Result<Self, SocketError> {
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let address = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        match within_deadline(TcpStream::connect((host, port))).await {
            // The system gave our end the very port that nobody listens on, and we would talk to ourselves.
            Ok(stream) if stream.local_addr().ok() == stream.peer_addr().ok() => {
                Err(SocketError::Absent(address))
            }
            Ok(stream) => Ok(Self::tcp(stream)),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Err(SocketError::Absent(address))
            }
            Err(error) => Err(SocketError::io(address)(error)),
        }
    }

    /// Connects within 10 s to a Unix socket that only we or root can have put there, and whose server is us or root.
    ///
    /// Its directory may be open to others, as `/run` is; that nobody else can put a socket there is what counts.
    ///
    /// # Errors
    /// Nobody listens there; somebody else does; others can exchange the socket or a directory on the way to it.
    #[cfg(unix)]
    pub async fn connect_unix(path: &Path) -> Result<Self, SocketError> {
        let absent = || SocketError::Absent(path.display().to_string());
        file::check_server(path)?.ok_or_else(absent)?;
        let stream = match within_deadline(connect(path)).await {
            Ok(stream) => stream,
            Err(error) => {
                return Err(match error.kind() {
                    io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => absent(),
                    _ => SocketError::io(path.display())(error),
                });
            }
        };
        let server = stream
            .peer_cred()
            .map_err(SocketError::io(path.display()))?;
        if !is_self_or_root(server.uid()) {
            return Err(SocketError::OtherUser {
                path: path.to_owned(),
                user: server.uid(),
            });
        }
        Ok(Self::Unix(stream))
    }
}

/// A Unix socket that does not block reports a full backlog as an error, and nothing tells when there is room.
#[cfg(unix)]
async fn connect(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}

async fn within_deadline<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match tokio::time::timeout(DEADLINE, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "nobody answered within 10 s",
        )),
    }
}
