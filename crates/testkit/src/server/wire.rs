//! The wire below HTTP, so that an answer can come slowly or not at all.
use axum::{extract::connect_info::Connected, serve::IncomingStream};
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::Sleep,
};

/// How one connection treats what is written to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<AtomicU8>);

const NORMAL: u8 = 0;
const DRIP: u8 = 1;
const DEAD: u8 = 2;

/// Between two bytes while dripping.
const PAUSE: Duration = Duration::from_millis(250);

/// After a failed accept (no descriptors left), instead of spinning.
const BREATH: Duration = Duration::from_millis(100);

impl Wire {
    /// As usual.
    pub(crate) fn normal(&self) {
        self.0.store(NORMAL, Ordering::Relaxed);
    }

    /// One byte, a pause, one byte.
    pub(crate) fn drip(&self) {
        self.0.store(DRIP, Ordering::Relaxed);
    }

    /// Not a byte more; the connection ends.
    pub(crate) fn die(&self) {
        self.0.store(DEAD, Ordering::Relaxed);
    }
}

/// Accepts connections that have a [`Wire`].
pub(crate) struct WireListener(pub(crate) TcpListener);

impl axum::serve::Listener for WireListener {
    type Io = WireStream;
    type Addr = Wire;

    async fn accept(&mut self) -> (WireStream, Wire) {
        loop {
            match self.0.accept().await {
                Ok((stream, _)) => {
                    // Without it an answer in two writes takes 40 ms longer; it is no reason to refuse.
                    drop(stream.set_nodelay(true));
                    let wire = Wire::default();
                    return (
                        WireStream {
                            stream,
                            wire: wire.clone(),
                            pause: None,
                        },
                        wire,
                    );
                }
                Err(_) => tokio::time::sleep(BREATH).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Wire> {
        Ok(Wire::default())
    }
}

impl Connected<IncomingStream<'_, WireListener>> for Wire {
    fn connect_info(stream: IncomingStream<'_, WireListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A TCP stream with its wire.
pub(crate) struct WireStream {
    stream: TcpStream,
    wire: Wire,
    pause: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for WireStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for WireStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.wire.0.load(Ordering::Relaxed) {
            DEAD => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            DRIP => {
                if let Some(pause) = &mut self.pause {
                    ready!(pause.as_mut().poll(cx));
                }
                let written = ready!(
                    Pin::new(&mut self.stream).poll_write(cx, bytes.get(..1).unwrap_or_default())
                );
                self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
                Poll::Ready(written)
            }
            _ => Pin::new(&mut self.stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
