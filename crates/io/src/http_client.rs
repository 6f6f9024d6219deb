//! The hardened HTTP client: no redirects to other origins, body caps, deadlines, proxy and CA settings, address guard.
use std::{path::PathBuf, time::Duration};
use url::Url;
/// Settings.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Whole exchange.
    pub timeout: Duration,
    /// TCP and TLS.
    pub connect_timeout: Duration,
    /// Largest body read.
    pub max_body: usize,
    /// PEM file of further roots.
    pub ca_file: Option<PathBuf>,
    /// Proxy URL; `None`: `HTTPS_PROXY` and friends of the environment.
    pub proxy: Option<Url>,
    /// Hosts that may have private addresses although nobody named them.
    pub allow_private_hosts: Vec<String>,
}
impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            max_body: 1 << 20,
            ca_file: None,
            proxy: None,
            allow_private_hosts: Vec::new(),
        }
    }
}
/// The client. Cheap to clone. Building loads the system's roots (4–6 ms): do it when a request is due.
#[derive(Clone, Debug)]
pub struct HttpClient {}
/// Why there is no answer. Never shows a query string.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Settings.
    #[error("{0}")]
    Configuration(String),
    /// Name not found.
    #[error("cannot find the address of {host}")]
    Dns {
        /// Host.
        host: String,
    },
    /// Refused, unreachable.
    #[error("cannot connect to {origin}: {reason}")]
    Connect {
        /// Where.
        origin: String,
        /// Why.
        reason: String,
    },
    /// Certificate and the like.
    #[error("TLS with {origin} failed: {reason}")]
    Tls {
        /// Where.
        origin: String,
        /// Why.
        reason: String,
    },
    /// The address guard (hostile.md, 16).
    #[error(
        "{host} has a private address, and nobody named it; to allow it, add it to allow_private_hosts under [network]"
    )]
    ForbiddenAddress {
        /// Host.
        host: String,
    },
    /// A redirect to another origin, or too many.
    #[error("{origin} redirects elsewhere ({to})")]
    Redirected {
        /// From.
        origin: String,
        /// Origin of the target, inert.
        to: String,
    },
    /// Deadline. `sent`: the request may have been processed.
    #[error("{origin} did not answer within {after:?}")]
    TimedOut {
        /// Where.
        origin: String,
        /// Deadline.
        after: Duration,
        /// The request left us.
        sent: bool,
    },
    /// Connection lost after the request was sent.
    #[error("the connection to {origin} broke before the answer was complete")]
    Lost {
        /// Where.
        origin: String,
    },
    /// Over `max_body`.
    #[error("the answer of {origin} is larger than {limit} bytes")]
    TooLarge {
        /// Where.
        origin: String,
        /// Cap.
        limit: usize,
    },
}
impl HttpError {
    /// The request may have reached the server and been processed.
    pub fn may_have_been_processed(&self) -> bool {
        todo!()
    }
}
impl HttpClient {
    /// # Errors
    /// Unreadable CA file, bad proxy.
    pub fn new(config: HttpConfig) -> Result<Self, HttpError> {
        let _ = config;
        todo!()
    }
    /// The user named this URL (typed or configured): its host (with port) may have any address. Everything else must be public.
    pub fn trust(&self, url: &Url) {
        let _ = url;
        todo!()
    }
    /// Sends, follows same-origin redirects of GET and HEAD (at most 5), reads the whole body up to the cap.
    /// # Errors
    pub async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let _ = request;
        todo!()
    }
    /// The same with a streamed body without a cap, deadline on headers only; no redirects are followed.
    /// # Errors
    pub async fn stream(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<BodyStream>, HttpError> {
        let _ = request;
        todo!()
    }
}
/// Chunks of a body.
#[derive(Debug)]
pub struct BodyStream {}
impl BodyStream {
    /// The next chunk; `None` at the end.
    /// # Errors
    pub async fn next(&mut self) -> Result<Option<bytes::Bytes>, HttpError> {
        todo!()
    }
}
