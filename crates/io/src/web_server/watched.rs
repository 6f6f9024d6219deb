//! A connection's stream, watched while hyper reads and writes it.

use super::progress::Progress;
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// What the stream, the service and the connection have in common. Only one of them runs at a time.
#[derive(Debug, Default)]
pub(super) struct Watch {
    progress: Mutex<Progress>,
    /// The stream, once hyper has let go of it.
    returned: Mutex<Option<TcpStream>>,
}

impl Watch {
    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream, after its [`Watched`] was dropped.
    pub(super) fn take_stream(&self) -> Option<TcpStream> {
        let mut returned = self.returned.lock().unwrap_or_else(PoisonError::into_inner);
        returned.take()
    }
}

/// The stream; handed back to its [`Watch`] when it is dropped.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Option<TcpStream>,
    watch: Arc<Watch>,
    blocked: bool,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, watch: Arc<Watch>) -> Self {
        Self {
            stream: Some(stream),
            watch,
            blocked: false,
        }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(Pin::new(stream))
    }

    fn note(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            if !self.blocked {
                self.blocked = true;
                self.watch.progress().could_not_send();
            }
        } else if self.blocked {
            self.blocked = false;
            self.watch.progress().sent();
        }
        written
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let returned = &self.watch.returned;
        *returned.lock().unwrap_or_else(PoisonError::into_inner) = self.stream.take();
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.stream()?.poll_read(context, buffer))?;
        match buffer.filled().get(before..) {
            None | Some([]) => {}
            Some(new) => self.watch.progress().received(new),
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write_vectored(context, parts);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A TCP stream has nothing to flush.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Who gets the stream back closes it, in a way that lets the answer arrive.
        Poll::Ready(Ok(()))
    }
}
