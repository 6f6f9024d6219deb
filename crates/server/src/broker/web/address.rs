//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr};

use http::request::Parts;
use oarlock_io::web_server::PeerAddress;

use crate::{broker::Broker, proxy::client_address};

/// The address a request comes from, as far as the proxies before us are believed.
pub(crate) fn of(broker: &Broker, parts: &Parts) -> IpAddr {
    // Every request has come over a connection; without one it would be nobody's in particular.
    let peer = parts
        .extensions
        .get::<PeerAddress>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    client_address(peer, &parts.headers, &broker.parts().trusted_proxies)
}
