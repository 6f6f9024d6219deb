//! Which hosts a request may be for (hostile.md, 17 and 18).
//!
//! A page elsewhere whose name was rebound to our address, and a proxy that passes on everything, get nothing. What this
//! server is called is configured, never taken from a header.

use http::{HeaderMap, StatusCode, Version, header};
use std::net::{IpAddr, Ipv6Addr};
use url::Url;

/// The hosts that requests may be for: the public URL's, further ones, and this machine itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hosts {
    names: Vec<Name>,
    /// The port of a `Host` that has none.
    default_port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    /// In lower case, IPv6 in brackets.
    host: String,
    /// `None`: any.
    port: Option<u16>,
}

impl Hosts {
    /// `public` is what the outside calls this server, and only with its port. A name of `further` without a port goes with every port.
    ///
    /// `localhost` and loopback addresses need no naming and go with every port: a health check, or a proxy on this machine, comes so.
    pub(crate) fn new(public: &Url, further: &[String]) -> Self {
        let default_port = if public.scheme() == "https" { 443 } else { 80 };
        let public = public.host_str().map(|host| Name {
            host: host.to_owned(),
            port: Some(public.port().unwrap_or(default_port)),
        });
        let further = further.iter().map(|name| Name::parse(name));
        Self {
            names: public.into_iter().chain(further).collect(),
            default_port,
        }
    }

    /// Refuses what is for another host.
    ///
    /// # Errors
    /// 400: the request of HTTP/1.1 names none, or several (RFC 9112, section 3.2). 421: it is for another.
    pub(crate) fn check(&self, version: Version, headers: &HeaderMap) -> Result<(), StatusCode> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host,
            (None, _) if version < Version::HTTP_11 => return Err(StatusCode::MISDIRECTED_REQUEST),
            _ => return Err(StatusCode::BAD_REQUEST),
        };
        if host.to_str().is_ok_and(|host| self.is_allowed(host)) {
            Ok(())
        } else {
            Err(StatusCode::MISDIRECTED_REQUEST)
        }
    }

    fn is_allowed(&self, authority: &str) -> bool {
        let Some((host, port)) = split(authority) else {
            return false;
        };
        let port = port.unwrap_or(self.default_port);
        let is_named = |name: &Name| {
            name.host.eq_ignore_ascii_case(host) && name.port.is_none_or(|named| named == port)
        };
        self.names.iter().any(is_named) || is_this_machine(host)
    }
}

impl Name {
    fn parse(name: &str) -> Self {
        let (host, port) = match name.parse::<Ipv6Addr>() {
            Ok(_) => (format!("[{name}]"), None),
            Err(_) => match split(name) {
                Some((host, port)) => (host.to_owned(), port),
                None => (name.to_owned(), None),
            },
        };
        Self {
            host: host.to_ascii_lowercase(),
            port,
        }
    }
}

/// Host and port. `None` where it is no authority; user information makes it none.
fn split(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = match port {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().ok()?)
        }
        Some(_) => return None,
        None => None,
    };
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    let is_plain = !host.is_empty() && !host.contains(['@', ':', '[', ']', '/']);
    (is_bracketed || is_plain).then_some((host, port))
}

fn is_this_machine(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let address = match bare {
        Some(v6) => v6.parse().map(IpAddr::V6).ok(),
        None => host.parse().map(IpAddr::V4).ok(),
    };
    address.is_some_and(|address| address.to_canonical().is_loopback())
        || host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::Hosts;
    use http::{HeaderMap, HeaderValue, StatusCode, Version, header};

    const MISDIRECTED: Result<(), StatusCode> = Err(StatusCode::MISDIRECTED_REQUEST);
    const BAD: Result<(), StatusCode> = Err(StatusCode::BAD_REQUEST);

    fn hosts(public: &str) -> Hosts {
        let further = [
            "Other.Example",
            "with.example:8443",
            "2001:db8::1",
            "[2001:db8::2]:81",
        ];
        Hosts::new(&public.parse().unwrap(), &further.map(str::to_owned))
    }

    fn checked(public: &str, version: Version, named: &[&str]) -> Result<(), StatusCode> {
        let mut headers = HeaderMap::new();
        for host in named {
            headers.append(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        hosts(public).check(version, &headers)
    }

    fn named(host: &str) -> Result<(), StatusCode> {
        checked("https://Login.Example", Version::HTTP_11, &[host])
    }

    #[test]
    fn hostile_17_only_configured_names_and_this_machine_are_served() {
        for host in [
            "login.example",
            "LOGIN.example:443",
            "other.example",
            "other.example:1",
            "with.example:8443",
            "[2001:db8::1]",
            "[2001:DB8::1]:7",
            "[2001:db8::2]:81",
            "localhost",
            "LocalHost:5001",
            "127.0.0.1:5001",
            "127.1.2.3",
            "[::1]:5001",
            "[::1]",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert_eq!(named(host), Ok(()), "{host}");
        }
        for host in [
            "",
            ":443",
            "evil.example",
            "login.example:444",
            "login.example:80",
            "login.example.",
            "login.example.evil.example",
            "evil.login.example",
            "login.example:443:443",
            "login.example:+443",
            "login.example:",
            "login.example:99999",
            "a@login.example",
            "login.example@evil.example",
            "evil.example#login.example",
            "with.example",
            "[2001:db8::2]",
            "[2001:db8::3]",
            "2001:db8::1",
            "::1",
            "[::1",
            "[::1]5001",
            "127.1",
            "0.0.0.0",
            "[::]",
            "128.0.0.1",
            "localhost.",
            "127.0.0.1.evil.example",
            "login.example, evil.example",
        ] {
            assert_eq!(named(host), MISDIRECTED, "{host:?}");
        }
    }

    #[test]
    fn hostile_17_the_public_port_is_the_configured_one() {
        let on = |host| checked("http://login.example:5001", Version::HTTP_11, &[host]);
        assert_eq!(on("login.example:5001"), Ok(()));
        assert_eq!(on("login.example"), MISDIRECTED);
        let plain = |host| checked("http://login.example", Version::HTTP_11, &[host]);
        assert_eq!(plain("login.example:80"), Ok(()));
        assert_eq!(plain("login.example:443"), MISDIRECTED);
        let v6 = |host| checked("http://[2001:db8::7]:5001", Version::HTTP_11, &[host]);
        assert_eq!(v6("[2001:db8::7]:5001"), Ok(()));
    }

    #[test]
    fn hostile_25_there_is_one_host() {
        let (of, url) = (Version::HTTP_11, "https://login.example");
        assert_eq!(checked(url, of, &[]), BAD);
        assert_eq!(checked(url, of, &["login.example", "login.example"]), BAD);
        assert_eq!(checked(url, of, &["login.example", "evil.example"]), BAD);
        // HTTP/1.0 need not name one; then it is not known to be ours.
        assert_eq!(checked(url, Version::HTTP_10, &[]), MISDIRECTED);
        assert_eq!(checked(url, Version::HTTP_10, &["localhost"]), Ok(()));
        assert_eq!(checked(url, Version::HTTP_10, &["a", "b"]), BAD);
    }
}
