//! A connection's bytes: plain, or under TLS.

use crate::serving::linger;
use rustls::ServerConnection;
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

/// The one or the other. An enum, so that hyper is there once and the plain way costs one comparison.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<Counted>>),
}

/// A TCP stream that counts what it takes: under TLS, that something goes out is not to be seen from above.
#[derive(Debug)]
pub(super) struct Counted {
    tcp: TcpStream,
    sent: u64,
}

impl Counted {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { tcp, sent: 0 }
    }

    fn count(&mut self, sent: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = sent {
            self.sent = self.sent.wrapping_add(bytes as u64);
        }
        sent
    }
}

impl Stream {
    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.get_ref().0.tcp,
        }
    }

    /// Whether something has been read from the network already that hyper has not: what came behind the handshake.
    pub(super) fn holds_something(&mut self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => unread(tls.get_mut().1),
        }
    }

    /// Whether what can be read of the network may be something else than what the other side says.
    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Changes when the network has taken more, and always is the same where every write says so itself.
    pub(super) fn sent(&self) -> u64 {
        match self {
            Self::Plain(_) => 0,
            Self::Tls(tls) => tls.get_ref().0.sent,
        }
    }

    /// Says a last word, if there is room for it, and closes.
    pub(super) async fn end_with(mut self, word: &[u8], patience: Duration) {
        if self.say(word, patience).await {
            self.linger(patience).await;
        }
    }

    async fn say(&mut self, word: &[u8], patience: Duration) -> bool {
        match self {
            Self::Plain(tcp) => tcp.try_write(word).is_ok(),
            Self::Tls(tls) => {
                let said = async {
                    tls.write_all(word).await?;
                    tls.flush().await
                };
                matches!(tokio::time::timeout(patience, said).await, Ok(Ok(())))
            }
        }
    }

    /// Closes in a way that lets the answer arrive; see [`linger`].
    pub(super) async fn linger(self, patience: Duration) {
        match self {
            Self::Plain(tcp) => linger(tcp, patience).await,
            Self::Tls(mut tls) => {
                // What is left to send goes out before the end is told.
                if let Ok(Ok(())) = tokio::time::timeout(patience, tls.shutdown()).await {
                    linger(tls.into_inner().0.tcp, patience).await;
                }
            }
        }
    }
}

/// Something to read, the end, or an error: hyper has to see it.
fn unread(session: &mut ServerConnection) -> bool {
    session.process_new_packets().map_or(true, |state| {
        state.plaintext_bytes_to_read() > 0 || state.peer_has_closed()
    })
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Self::Tls(tls) => Pin::new(tls).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(context, parts),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            // A TCP stream has nothing to flush.
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Who gets the stream back closes it, in a way that lets the answer arrive.
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let sent = Pin::new(&mut this.tcp).poll_write(context, bytes);
        this.count(sent)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let sent = Pin::new(&mut this.tcp).poll_write_vectored(context, parts);
        this.count(sent)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // `linger` does it, once.
        Poll::Ready(Ok(()))
    }
}
