//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr};

use http::request::Parts;
use oarlock_io::web_server::{PeerAddress, network};

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

/// Whether two addresses are one place: the same IPv4 address, the same /64 of IPv6, or both of them this machine, which has several.
pub(crate) fn is_same_place(one: IpAddr, other: IpAddr) -> bool {
    network(one) == network(other) || one.is_loopback() && other.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::is_same_place;

    #[test]
    fn hostile_20_a_place_is_an_address_a_customer_or_this_machine() {
        let same =
            |one: &str, other: &str| is_same_place(one.parse().unwrap(), other.parse().unwrap());
        assert!(same("192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("127.0.0.1", "::1"));
        assert!(!same("127.0.0.1", "192.0.2.1"));
    }
}
