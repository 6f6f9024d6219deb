//! How a connection becomes one under TLS: within ten seconds, or not at all.

use super::{
    connection::{Connection, Patience, SILENT, no_delay},
    stream::{Counted, Stream},
};
use rustls::ServerConfig;
use std::{future::poll_fn, sync::Arc};
use tokio::{net::TcpStream, time::timeout_at};
use tokio_rustls::TlsAcceptor;

/// What the first byte is of whoever speaks TLS: a record of the handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncache-control: no-store\r\n\
content-type: text/plain; charset=utf-8\r\ncontent-length: 32\r\n\r\nThis address begins with https.\n";

impl<S> Connection<S> {
    /// The stream under TLS; `None`: it did not come to that, and the connection is over.
    pub(super) async fn shake_hands(
        &mut self,
        stream: TcpStream,
        config: Arc<ServerConfig>,
    ) -> Option<Stream> {
        no_delay(&stream);
        let mut stream = Stream::Plain(stream);
        let patience = Patience::from_now(SILENT, SILENT);
        if !self.is_asked(&mut stream, patience).await {
            return None;
        }
        let Stream::Plain(tcp) = stream else {
            return None;
        };
        let mut first = [0];
        match tcp.peek(&mut first).await {
            Ok(1) if first == [HANDSHAKE] => {}
            Ok(0) | Err(_) => return None,
            Ok(_) => {
                Stream::Plain(tcp).end_with(NOT_TLS, self.patience()).await;
                return None;
            }
        }
        let shaking = TlsAcceptor::from(config).accept(Counted::new(tcp));
        let shaken = tokio::select! {
            shaken = timeout_at(patience.until(), shaking) => shaken,
            () = poll_fn(|context| self.stop.poll(context)) => return None,
        };
        match shaken {
            Ok(Ok(tls)) => Some(Stream::Tls(Box::new(tls))),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                tracing::debug!("a TLS handshake took too long");
                None
            }
        }
    }
}
