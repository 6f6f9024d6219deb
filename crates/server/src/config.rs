//! What is to be served: values that were read, merged and checked before anything is opened.

pub mod broker;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use ipnet::IpNet;
use oarlock_oauth::{relay::CodeKeys, secret::RelayToken};
use url::Url;

/// A whole server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where HTTP is served.
    pub listen: ListenAddress,
    /// What the outside calls it; no path, query or fragment. `None`, on loopback alone: the address that is listened on.
    pub public_url: Option<Url>,
    /// Further names that a `Host` header may have, besides the public URL's, `localhost` and loopback addresses.
    pub allowed_hosts: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where the metrics are served; `None`: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// HTTP's limits.
    pub http: HttpLimits,
    /// TLS of our own; `None`: plain HTTP, for loopback or behind a proxy.
    pub tls: Option<TlsConfig>,
    /// The relay, if there is one.
    pub relay: Option<RelayConfig>,
    /// The broker, if there is one.
    pub broker: Option<broker::BrokerConfig>,
}

/// TLS of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// PEM file of the certificate and those between it and its root.
    pub certificate: PathBuf,
    /// PEM file of its key, 0600.
    pub key: PathBuf,
}

/// Where HTTP is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// An address that is bound here.
    Bind(SocketAddr),
    /// A socket that the service manager passes, named `http`.
    Passed,
}

/// Limits of the HTTP side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once of one address; proxies that are trusted and loopback addresses are not counted.
    pub connections_per_peer: usize,
    /// The largest body, in bytes.
    pub body: usize,
    /// Callbacks that nobody waits for, for each address and minute; 0: as many as there are.
    pub unmatched_per_minute: u32,
}

/// The relay.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// Path of the callback, with a leading slash.
    pub callback_path: String,
    /// Names of the code.
    pub code_keys: CodeKeys,
    /// Where programs of this machine register.
    pub local: LocalAddress,
    /// Bearer tokens.
    pub tokens: Vec<TokenConfig>,
    /// How long everything takes at most.
    pub times: Times,
    /// How much of everything there may be.
    pub limits: RelayLimits,
    /// Whether a callback that nobody waits for is logged.
    pub log_unmatched: bool,
}

/// Where programs register without HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalAddress {
    /// A Unix socket.
    Unix {
        /// Its path.
        path: PathBuf,
        /// `insecure_socket_directory`: the directory may belong to root and be open to all, if it is sticky (`/tmp`).
        shared_directory: bool,
    },
    /// TCP.
    Tcp {
        /// The address.
        address: SocketAddr,
        /// Whether everybody who reaches it may register (loopback, or `insecure_tcp`); else a token is needed.
        open: bool,
    },
    /// A socket that the service manager passes, named `relay`.
    Passed {
        /// As for TCP; a Unix socket is open to its own user whatever this says.
        open: bool,
    },
}

/// A bearer token of the configuration: its digest alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenConfig {
    /// Who it is, in logs.
    pub name: String,
    /// SHA-256 of the token.
    pub sha256: [u8; 32],
    /// Most registrations at once.
    pub registrations: usize,
}

impl TokenConfig {
    /// The entry for a token.
    pub fn of(name: impl Into<String>, token: &RelayToken, registrations: usize) -> Self {
        Self {
            name: name.into(),
            sha256: Self::digest(token),
            registrations,
        }
    }

    /// What is kept of a token.
    pub(crate) fn digest(token: &RelayToken) -> [u8; 32] {
        let digest = digest(&SHA256, token.expose().as_bytes());
        let mut sha256 = [0; 32];
        for (byte, found) in sha256.iter_mut().zip(digest.as_ref()) {
            *byte = *found;
        }
        sha256
    }
}

/// Times (docs/relay-protocol.md, "Times").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// How long a callback waits for its program.
    pub grace: Duration,
    /// From DELIVER to ACK, or to the end of the connection in protocol 1.
    pub acknowledgement: Duration,
    /// How long a registration lasts unless it asks for something else.
    pub registration: Duration,
    /// The longest it may ask for.
    pub longest: Duration,
    /// Silence after which the relay asks.
    pub heartbeat: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(3),
            acknowledgement: Duration::from_secs(10),
            registration: Duration::from_secs(300),
            longest: Duration::from_secs(3600),
            heartbeat: Duration::from_secs(30),
        }
    }
}

/// How much of everything there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayLimits {
    /// Registrations in all.
    pub registrations: usize,
    /// Registrations of one Unix user, or of everybody without a token on TCP.
    pub registrations_per_user: usize,
    /// Connections to the local socket.
    pub connections: usize,
    /// Connections of one address that is not loopback, or /64 of IPv6, over TCP.
    pub connections_per_address: usize,
    /// Callbacks that wait for their program.
    pub held: usize,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            registrations: 16_384,
            registrations_per_user: 16_384,
            connections: 16_640,
            connections_per_address: 1_024,
            held: 1_000,
        }
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections: 2_048,
            connections_per_peer: 128,
            body: 64 * 1024,
            unmatched_per_minute: 60,
        }
    }
}
