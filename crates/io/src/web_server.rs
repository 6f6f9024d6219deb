//! A hardened HTTP/1.1 server for the public web (hostile.md 1, 2, 5, 25, 36, 37, 38).

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpListener;

/// Limits.
#[derive(Clone, Debug)]
pub struct WebLimits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once of one address, unless `is_counted` says no.
    pub connections_per_peer: usize,
    /// Addresses that are not counted: trusted proxies, loopback.
    pub uncounted: fn(&SocketAddr) -> bool,
    /// How long open requests may take when it stops.
    pub drain: Duration,
}

/// The other side of a connection; an extension of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Serves until `stop` resolves; then no connection is accepted, idle ones are closed, and open requests get `drain` to finish.
pub async fn serve<S, B>(
    _listener: TcpListener,
    _limits: WebLimits,
    _service: S,
    _stop: impl Future<Output = ()> + Send,
) where
    S: tower_service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    todo!()
}
