//! Who asks, when a proxy stands before (hostile.md, 18).

use http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that a request comes from.
///
/// It is the other side of the connection, unless that is one of `trusted`; then it is what the outermost trusted proxy says: of all
/// `X-Forwarded-For` the rightmost entry that is no trusted proxy itself. What stands left of it anybody may have written.
/// An entry that is no address makes it the address of the proxy that wrote it.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut nearest = peer.to_canonical();
    if !is_trusted(&nearest) {
        return nearest;
    }
    for line in headers.get_all(FORWARDED_FOR).iter().rev() {
        // One byte that is none of an address spoils its own entry alone.
        for entry in line.as_bytes().rsplit(|&byte| byte == b',') {
            match address(entry) {
                Some(address) => nearest = address,
                None => return nearest,
            }
            if !is_trusted(&nearest) {
                return nearest;
            }
        }
    }
    nearest
}

/// Some proxies write the port as well; IPv6 then stands in brackets.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim_ascii();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let parsed: Option<IpAddr> = match bare {
        Some(v6) => v6.parse().map(IpAddr::V6).ok(),
        None => text.parse().ok(),
    };
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    parsed
        .or_else(with_port)
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::{FORWARDED_FOR, client_address};
    use http::{HeaderMap, HeaderValue};

    /// 10/8 and 2001:db8:ffff::/48 are proxies.
    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(
                FORWARDED_FOR,
                HeaderValue::from_bytes(line.as_bytes()).unwrap(),
            );
        }
        let trusted = ["10.0.0.0/8", "2001:db8:ffff::/48"].map(|network| network.parse().unwrap());
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn hostile_18_a_stranger_is_not_believed() {
        assert_eq!(client("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(client("::ffff:192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(client("127.0.0.1", &["198.51.100.1"]), "127.0.0.1");
        // What the stranger wrote stands left of what the proxy added.
        assert_eq!(
            client("10.0.0.1", &["127.0.0.1, 10.9.9.9, 198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            client("10.0.0.1", &["127.0.0.1", "198.51.100.1"]),
            "198.51.100.1"
        );
    }

    #[test]
    fn hostile_18_a_chain_of_proxies_is_followed_as_far_as_they_are_trusted() {
        assert_eq!(client("10.0.0.1", &["192.0.2.7, 10.0.0.2"]), "192.0.2.7");
        assert_eq!(
            client("10.0.0.1", &["192.0.2.7", "10.0.0.2,10.0.0.3"]),
            "192.0.2.7"
        );
        assert_eq!(
            client("::ffff:10.0.0.1", &["::ffff:192.0.2.7"]),
            "192.0.2.7"
        );
        assert_eq!(client("2001:db8:ffff::1", &["2001:db8::7"]), "2001:db8::7");
        // All of them are trusted: the outermost asked by itself.
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn hostile_18_junk_is_the_proxys_own() {
        for junk in [
            "",
            "unknown",
            "192.0.2.7 x",
            "_hidden",
            "1.2.3",
            "é",
            "[192.0.2.7]",
        ] {
            assert_eq!(client("10.0.0.1", &[junk]), "10.0.0.1", "{junk:?}");
            let nearer = format!("{junk}, 10.0.0.2");
            assert_eq!(client("10.0.0.1", &[&nearer]), "10.0.0.2", "{junk:?}");
        }
        assert_eq!(client("10.0.0.1", &["192.0.2.7, "]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["192.0.2.7", "junk"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["é, 192.0.2.7"]), "192.0.2.7");
    }

    #[test]
    fn ports_are_left_out() {
        assert_eq!(client("10.0.0.1", &["192.0.2.7:50123"]), "192.0.2.7");
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]:50123"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
    }
}
