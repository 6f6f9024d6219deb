//! Settings of the client.

use super::proxy;
use std::{fmt, path::PathBuf, time::Duration};
use url::Url;

/// Most idle connections kept to one server.
const MAX_IDLE: usize = 32;

/// Settings of the client. `Debug` leaves a proxy's password out.
#[derive(Clone)]
pub struct HttpConfig {
    /// Deadline of a whole exchange, redirects and body included.
    pub timeout: Duration,
    /// Deadline of name resolution, TCP and TLS together.
    pub connect_timeout: Duration,
    /// Largest body read, in bytes.
    pub max_body: usize,
    /// PEM file of further roots; the platform's stay.
    pub ca_file: Option<PathBuf>,
    /// Proxy URL (`http`, `https`, `socks5`, `socks5h`); `None`: `HTTPS_PROXY`, `ALL_PROXY` of the
    /// environment, or the system's. `NO_PROXY` holds for both, and loopback never goes by a proxy.
    pub proxy: Option<Url>,
    /// How long a connection is kept that nothing is asked on; zero: not at all, so that a request never meets one that is dead.
    pub idle: Duration,
    /// Hosts (`name` or `name:port`) that may have private addresses although nobody named them.
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
            idle: Duration::ZERO,
            allow_private_hosts: Vec::new(),
        }
    }
}

impl HttpConfig {
    /// How many idle connections to one server are kept.
    pub(super) fn idle_connections(&self) -> usize {
        if self.idle.is_zero() { 0 } else { MAX_IDLE }
    }
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = self.proxy.as_ref().map(proxy::shown);
        f.debug_struct("HttpConfig")
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_body", &self.max_body)
            .field("ca_file", &self.ca_file)
            .field("proxy", &proxy)
            .field("idle", &self.idle)
            .field("allow_private_hosts", &self.allow_private_hosts)
            .finish()
    }
}
