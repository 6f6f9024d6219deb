//! A connection's stream, watched while hyper reads and writes it.

use super::{progress::Progress, stream::Stream};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the stream, the service and the connection have in common. Only one of them runs at a time.
#[derive(Debug, Default)]
pub(super) struct Watch {
    progress: Mutex<Progress>,
    /// The stream, once hyper has let go of it.
    returned: Mutex<Option<Stream>>,
}

impl Watch {
    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream, after its [`Watched`] was dropped.
    pub(super) fn take_stream(&self) -> Option<Stream> {
        let mut returned = self.returned.lock().unwrap_or_else(PoisonError::into_inner);
        returned.take()
    }
}

/// The stream; handed back to its [`Watch`] when it is dropped.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Option<Stream>,
    watch: Arc<Watch>,
    blocked: bool,
    /// [`Stream::sent`], when it was blocked.
    sent: u64,
}

impl Watched {
    pub(super) fn new(stream: Stream, watch: Arc<Watch>) -> Self {
        Self {
            stream: Some(stream),
            watch,
            blocked: false,
            sent: 0,
        }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut Stream>> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(Pin::new(stream))
    }

    fn note<T>(&mut self, written: Poll<T>) -> Poll<T> {
        if written.is_pending() {
            self.note_blocked();
        } else if self.blocked {
            self.blocked = false;
            self.watch.progress().sent();
        }
        written
    }

    fn note_blocked(&mut self) {
        let sent = self.stream.as_ref().map_or(0, Stream::sent);
        let mut progress = self.watch.progress();
        if self.blocked && sent != self.sent {
            progress.sent();
        }
        if !self.blocked || sent != self.sent {
            progress.could_not_send();
        }
        drop(progress);
        (self.blocked, self.sent) = (true, sent);
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

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.stream()?.poll_flush(context);
        self.note(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}
