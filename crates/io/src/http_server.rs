//! A small hardened HTTP/1.1 server for loopback: header and body caps and deadlines (hostile.md 1, 2, 5, 25), Host check, security headers.
use std::net::SocketAddr;
/// Listeners on one port of 127.0.0.1 and, where there is one, ::1.
#[derive(Debug)]
pub struct LoopbackListener {
    port: u16,
}
impl LoopbackListener {
    /// Binds the first free of `ports` on both loopback addresses; empty: an ephemeral port. A port taken on either family counts as taken.
    /// # Errors
    pub async fn bind(ports: &[u16]) -> Result<Self, BindError> {
        let _ = ports;
        todo!()
    }
    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
    /// Serves until dropped or `until` resolves, then finishes open answers (at most 2 s). A request whose `Host` is not 127.0.0.1, [::1] or localhost with our port gets 421. `TCP_NODELAY` is set. At most 64 connections.
    pub async fn serve<H>(self, handler: H, until: impl Future<Output = ()> + Send)
    where
        H: Fn(LoopbackRequest) -> http::Response<String> + Send + Sync + 'static,
    {
        let _ = (handler, until);
        todo!()
    }
}
/// A request whose head and body were read within the limits.
#[derive(Debug, Clone)]
pub struct LoopbackRequest {
    /// Method.
    pub method: http::Method,
    /// Path, undecoded.
    pub path: String,
    /// Query without `?`, undecoded.
    pub query: Option<String>,
    /// Headers.
    pub headers: http::HeaderMap,
    /// Body.
    pub body: Vec<u8>,
    /// The other side.
    pub peer: SocketAddr,
}
/// No port.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// All taken.
    #[error("port {0} is taken by another program")]
    Taken(String),
    /// Other.
    #[error("cannot listen on loopback: {0}")]
    Io(#[from] std::io::Error),
}
