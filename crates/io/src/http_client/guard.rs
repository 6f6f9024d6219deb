//! The address guard: what strangers name must be on the public internet (hostile.md, 16).
//!
//! Names are resolved once, the addresses are filtered, and the connection goes to what is left:
//! there is no moment between check and use in which a name could change its address. Behind a
//! proxy it is the proxy that resolves names: only addresses in the URL itself can be refused then.

use super::HttpError;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _},
};
use url::{Host, Url};

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("{host} has no address")]
    Unknown { host: String },
    #[error("{host} has a private address")]
    Forbidden { host: String },
}

/// Resolves names, and keeps only public addresses where it guards.
pub(super) struct Resolver {
    pub(super) guarded: bool,
    /// The proxy: named by the user, and usually inside the private network.
    pub(super) exempt: Option<String>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let filter = if is_localhost(&host) {
            // Whatever a hosts file says: plain http is sent there.
            Filter::Loopback
        } else if self.guarded && self.exempt.as_deref() != Some(&host) {
            Filter::Public
        } else {
            Filter::Nothing
        };
        Box::pin(async move {
            let addresses = filter.apply(&host, lookup(&host).await)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Which addresses are kept.
#[derive(Clone, Copy)]
enum Filter {
    Nothing,
    Public,
    Loopback,
}

impl Filter {
    fn apply(
        self,
        host: &str,
        found: io::Result<Vec<SocketAddr>>,
    ) -> Result<Vec<SocketAddr>, ResolveError> {
        let host = host.to_owned();
        let mut addresses = match found {
            Ok(addresses) if !addresses.is_empty() => addresses,
            _ => return Err(ResolveError::Unknown { host }),
        };
        addresses.retain(|address| match self {
            Self::Nothing => true,
            Self::Public => is_public(address.ip()),
            Self::Loopback => address.ip().is_loopback(),
        });
        if addresses.is_empty() {
            return Err(ResolveError::Forbidden { host });
        }
        Ok(addresses)
    }
}

/// Asks the system, in a thread of its own: one that hangs must not keep a runtime from ending.
async fn lookup(host: &str) -> io::Result<Vec<SocketAddr>> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let host = host.to_owned();
    std::thread::Builder::new()
        .name("name lookup".to_owned())
        .spawn(move || {
            let found = (host.as_str(), 0).to_socket_addrs().map(Iterator::collect);
            // Nobody waits any more: the deadline has passed.
            drop(sender.send(found));
        })?;
    receiver.await.map_err(io::Error::other)?
}

/// Refuses a URL whose host is a private address or a name of this machine.
pub(super) fn check_literal(url: &Url) -> Result<(), HttpError> {
    let allowed = match url.host() {
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        Some(Host::Domain(name)) => !is_localhost(name),
        None => false,
    };
    if allowed {
        return Ok(());
    }
    Err(HttpError::ForbiddenAddress {
        host: url.host_str().unwrap_or_default().to_owned(),
    })
}

/// Whether plain http may be sent there: a loopback address or `localhost`.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => is_localhost(name),
        None => false,
    }
}

/// `localhost` and what is below it (RFC 6761, section 6.3).
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether an address is on the public internet (the special-purpose registries of RFC 6890).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network, private, loopback.
        [0 | 10 | 127, ..] => true,
        // Carrier-grade NAT, where clouds keep metadata servers too.
        [100, 64..=127, ..] => true,
        // Link-local, with the metadata servers of most clouds.
        [169, 254, ..] => true,
        [172, 16..=31, ..] | [192, 168, ..] => true,
        // Protocol assignments, documentation, the 6to4 relay.
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => true,
        // Benchmarks.
        [198, 18..=19, ..] => true,
        // Azure's host, which answers inside its machines alone.
        [168, 63, 129, 16] => true,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // IPv4-mapped, and NAT64's well-known prefix: as public as what is inside.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        // 6to4.
        [0x2002, high, low, ..] => embedded(high, low),
        // Protocol assignments (Teredo, ORCHID and others), documentation.
        [0x2001, 0x0000..=0x01ff | 0x0db8, ..] | [0x3fff, 0x0000..=0x0fff, ..] => false,
        // All other unicast addresses that were given out so far.
        [0x2000..=0x3fff, ..] => true,
        // Loopback, unique local, link-local, multicast, and what has no meaning yet.
        _ => false,
    }
}

#[cfg(test)]
mod tests;
