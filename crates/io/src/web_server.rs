//! A hardened HTTP/1.1 server for the public web (hostile.md 1, 2, 5, 25, 36, 37, 38).
//!
//! | what | limit | beyond |
//! |---|---|---|
//! | a connection that asks for nothing | 10 s | closed |
//! | a TLS handshake, with what comes before it | 10 s | closed |
//! | the head, to arrive | 10 s | 408 |
//! | the head, in all | 48 KiB, 100 headers | 431 |
//! | the request target | 32 KiB | 414 |
//! | a body, if it is read by [`read_body`] | 10 s, and its cap | 408, 413 |
//! | an answer of which nothing is taken | 30 s | closed |
//! | a connection after an answer | 75 s; 5 s when more than half of the connections are taken | closed |
//! | connections | [`WebLimits`] | 503; with TLS closed |
//!
//! A request that another server on the way may have read otherwise is refused with 400, and its connection closed
//! (`framing`). After a body in chunks the connection is closed as well.
//! A connection whose other side has closed, also one that is closed in one direction only, ends its request: the service's
//! future is dropped.
//!
//! An idle connection holds neither hyper's state nor its buffers (8 KiB for reading and as much for writing, the least that
//! hyper takes), but about 1 kB; under TLS also what rustls keeps.

mod admission;
mod connection;
mod framing;
mod handshake;
mod progress;
mod stream;
mod tls;
mod watched;

pub use crate::serving::read_body;
pub use admission::network;
pub use tls::{Tls, TlsError};

use crate::serving::{Backoff, linger};
use admission::Admission;
use connection::{Connection, Stop};
use http::{Request, Response};
use hyper::body::Incoming;
use ipnet::IpNet;
use std::{convert::Infallible, net::SocketAddr, pin::pin, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::{Id, JoinError, JoinSet},
};

/// Refused connections that are given the time to read it; more are closed at once.
const REFUSALS: usize = 64;

/// How much time that is.
const REFUSAL: Duration = Duration::from_secs(1);

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n\
cache-control: no-store\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 22\r\n\r\nToo many connections.\n";

/// Limits.
#[derive(Clone, Debug)]
pub struct WebLimits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once of one address; of IPv6, of one /64.
    pub connections_per_peer: usize,
    /// Networks whose connections are counted in all only: trusted proxies. So is loopback.
    pub uncounted: Vec<IpNet>,
    /// How long open requests may take when it stops.
    pub drain: Duration,
}

/// The other side of a connection; an extension of every request. An IPv4 address is one, also where it came mapped into IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Serves, under TLS where that is given, until `stop` resolves; then no connection is accepted, idle ones are closed, and open requests get `drain` to finish.
pub async fn serve<S, B>(
    listener: TcpListener,
    tls: Option<Tls>,
    limits: WebLimits,
    service: S,
    stop: impl Future<Output = ()> + Send,
) where
    S: tower_service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let drain = limits.drain;
    let mut admission = Admission::new(limits);
    let mut connections = JoinSet::new();
    let mut refusals = JoinSet::new();
    let _following = follow(tls.as_ref());
    let mut backoff = Backoff::default();
    let mut stop = pin!(stop);
    loop {
        let (stream, mut peer) = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = connections.join_next_with_id() => {
                admission.leave(task(ended));
                continue;
            }
            Some(_) = refusals.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    backoff.pause(&error).await;
                    continue;
                }
            },
        };
        backoff.over();
        peer.set_ip(peer.ip().to_canonical());
        let Some(ticket) = admission.ask(&peer) else {
            // A word that is not under TLS would be none.
            if tls.is_none() && refusals.len() < REFUSALS {
                refusals.spawn(refuse(stream));
            }
            continue;
        };
        let (sender, receiver) = oneshot::channel();
        let connection = Connection {
            peer: PeerAddress(peer),
            service: service.clone(),
            stop: Stop::No(receiver),
            crowd: admission.crowd(),
        };
        let task = match &tls {
            None => connections.spawn(connection.run(stream)),
            Some(tls) => connections.spawn(connection.run_under_tls(stream, tls.config())),
        };
        admission.enter(ticket, task.id(), sender);
    }
    admission.stop();
    drop(listener);
    finish(connections, drain).await;
}

/// Reads the certificate anew when it changes, until this is dropped.
fn follow(tls: Option<&Tls>) -> JoinSet<()> {
    let mut following = JoinSet::new();
    if let Some(tls) = tls {
        following.spawn(tls.clone().follow());
    }
    following
}

async fn refuse(stream: TcpStream) {
    let told = async { stream.writable().await.is_ok() && stream.try_write(FULL).is_ok() };
    if tokio::time::timeout(REFUSAL, told).await == Ok(true) {
        linger(stream, REFUSAL).await;
    }
}

/// The task that ended; what the service did wrong is its alone.
fn task(ended: Result<(Id, ()), JoinError>) -> Id {
    match ended {
        Ok((task, ())) => task,
        Err(error) => {
            if error.is_panic() {
                // The panic itself may have words of the request in it.
                tracing::error!("answering a request panicked; its connection is closed");
            }
            error.id()
        }
    }
}

async fn finish(mut connections: JoinSet<()>, drain: Duration) {
    let all = async {
        while let Some(ended) = connections.join_next_with_id().await {
            task(ended);
        }
    };
    if tokio::time::timeout(drain, all).await.is_err() {
        tracing::warn!(
            open = connections.len(),
            "requests were still open at the end"
        );
        connections.shutdown().await;
    }
}
