//! A connection, read and written without waiting or with.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// Over TCP, `TCP_NODELAY` set.
    Tcp(TcpStream),
    /// Over a Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

/// The same for each kind.
macro_rules! each {
    ($stream:expr, $inner:ident => $does:expr) => {
        match $stream {
            Stream::Tcp($inner) => $does,
            #[cfg(unix)]
            Stream::Unix($inner) => $does,
        }
    };
}
pub(super) use each;

impl Stream {
    pub(super) fn tcp(stream: TcpStream) -> Self {
        // Refused only by a connection that is broken already, which the first read will tell.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        Self::Tcp(stream)
    }

    /// Waits until there is something to read, an end included.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn readable(&self) -> io::Result<()> {
        each!(self, stream => stream.readable().await)
    }

    /// Reads what is there; 0: the other side has ended its direction.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; the connection broke.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        each!(self, stream => stream.try_read(buffer))
    }

    /// Writes all of it, waiting for room where the other side is slow.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match each!(self, stream => stream.try_write(bytes)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    each!(self, stream => stream.writable().await)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Ends our direction.
    ///
    /// # Errors
    /// The connection broke.
    pub fn end_writing(&self) -> io::Result<()> {
        each!(self, stream => socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Write))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(context))
    }
}
