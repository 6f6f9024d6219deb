//! A small hardened HTTP/1.1 server for loopback (hostile.md 1, 2, 5, 17, 25, 37).
//!
//! One request for each connection, read within limits:
//!
//! | what | limit | beyond |
//! |---|---|---|
//! | the head, to arrive | 5 s | 408 |
//! | the head, in all | 48 KiB, 100 headers | 431 |
//! | the request target | 32 KiB (codes in redirects reach 16 KiB) | 414 |
//! | the body, to arrive | 10 s | 408 |
//! | the body | 64 KiB | 413 |
//! | all of it, the answer too | 45 s | closed |
//! | connections | 64 | the oldest without a complete request makes room |
//!
//! A request whose `Host` is not this listener gets 421: a page elsewhere whose name was rebound to
//! loopback reaches nothing.

mod connection;
mod request;

pub use request::LoopbackRequest;

use crate::serving::Backoff;
use connection::Connections;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
};
use tokio::net::{TcpListener, TcpStream};

/// How often an ephemeral port is tried again that is free on one address family only.
const ATTEMPTS: usize = 32;

/// Listeners on one port of 127.0.0.1 and, where there is one, ::1.
#[derive(Debug)]
pub struct LoopbackListener {
    port: u16,
    first: TcpListener,
    second: Option<TcpListener>,
}

impl LoopbackListener {
    /// Binds the first free of `ports` on both loopback addresses; with no ports, an ephemeral one.
    ///
    /// A port that another program has on either address counts as taken: a browser could go to
    /// either. A machine without IPv6 is fine.
    ///
    /// # Errors
    /// All ports are taken; the system refuses.
    pub async fn bind(ports: &[u16]) -> Result<Self, BindError> {
        if ports.is_empty() {
            return Self::bind_ephemeral().await;
        }
        let mut refused = None;
        for &port in ports {
            match Self::bind_port(port).await {
                Ok(listener) => return Ok(listener),
                Err(error) if is_taken(&error) => {}
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) => Err(BindError::Io(error)),
            None => {
                let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
                Err(BindError::Taken(ports.join(", ")))
            }
        }
    }

    async fn bind_ephemeral() -> Result<Self, BindError> {
        for _ in 0..ATTEMPTS {
            match Self::bind_port(0).await {
                Ok(listener) => return Ok(listener),
                Err(error) if is_taken(&error) => {}
                Err(error) => return Err(BindError::Io(error)),
            }
        }
        Err(BindError::Taken("every one that was tried".to_owned()))
    }

    async fn bind_port(port: u16) -> io::Result<Self> {
        let v4 = bind_address(Ipv4Addr::LOCALHOST.into(), port).await?;
        let port = match &v4 {
            Some(listener) => listener.local_addr()?.port(),
            None => port,
        };
        let v6 = bind_address(Ipv6Addr::LOCALHOST.into(), port).await?;
        let (first, second) = match (v4, v6) {
            (Some(v4), v6) => (v4, v6),
            (None, Some(v6)) => (v6, None),
            (None, None) => return Err(io::ErrorKind::AddrNotAvailable.into()),
        };
        Ok(Self {
            port: first.local_addr()?.port(),
            first,
            second,
        })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until dropped or `until` resolves; then finishes open answers, for at most 2 s.
    ///
    /// Answers get `Cache-Control: no-store` and the headers that keep a page to itself; a
    /// `Content-Security-Policy` that forbids scripts unless the handler set its own; `text/plain`
    /// unless the handler set a type. `TCP_NODELAY` is set. The handler runs on the runtime and
    /// must not block; it may wait, within the 45 s that a connection has in all.
    pub async fn serve<H, A>(self, handler: H, until: impl Future<Output = ()> + Send)
    where
        H: Fn(LoopbackRequest) -> A + Send + Sync + 'static,
        A: Future<Output = http::Response<String>> + Send + 'static,
    {
        let mut connections = Connections::new(handler, self.port);
        let mut backoff = Backoff::default();
        let mut until = pin!(until);
        loop {
            tokio::select! {
                () = &mut until => break,
                accepted = self.accept(), if connections.have_room() => match accepted {
                    Ok((stream, peer)) => {
                        backoff.over();
                        connections.admit(stream, peer);
                    }
                    Err(error) => backoff.pause(&error).await,
                },
                () = connections.one_ended() => {}
            }
        }
        drop(self);
        connections.finish().await;
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let second = async {
            match &self.second {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = self.first.accept() => accepted,
            accepted = second => accepted,
        }
    }
}

/// No port to listen on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// All ports that were asked for are taken.
    #[error("port {0} is taken by another program")]
    Taken(String),
    /// Something else.
    #[error("cannot listen on loopback: {0}")]
    Io(#[from] io::Error),
}

/// `None` where this machine does not have the address family.
async fn bind_address(address: IpAddr, port: u16) -> io::Result<Option<TcpListener>> {
    match TcpListener::bind((address, port)).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if is_missing_family(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

fn is_missing_family(error: &io::Error) -> bool {
    #[cfg(unix)]
    if rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::AFNOSUPPORT) {
        return true;
    }
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
    )
}
