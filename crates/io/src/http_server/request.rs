//! What a handler sees of a request, and what is refused before it sees any.

use crate::serving::target_is_too_long;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use std::net::SocketAddr;

/// A request whose head and body were read within the limits, and whose `Host` is ours.
#[derive(Debug, Clone)]
pub struct LoopbackRequest {
    /// The method.
    pub method: Method,
    /// The path, undecoded.
    pub path: String,
    /// The query without `?`, undecoded.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most 64 KiB.
    pub body: Vec<u8>,
    /// The other side.
    pub peer: SocketAddr,
}

impl LoopbackRequest {
    /// Whether a page of another origin sent this, by `Origin` and `Sec-Fetch-Site` (hostile.md, 17).
    ///
    /// Ask it of requests that change something. The GET that a provider's redirect leads here is
    /// foreign by its nature, and so is an authorization response that the provider posts. Programs
    /// that are no browsers send neither header and are not foreign.
    pub fn origin_is_foreign(&self) -> bool {
        let mut origins = self.headers.get_all(header::ORIGIN).iter();
        let foreign_origin = match (origins.next(), origins.next()) {
            (None, _) => false,
            (Some(origin), None) => !self.is_own_origin(origin),
            (Some(_), Some(_)) => true,
        };
        let mut sites = self.headers.get_all("sec-fetch-site").iter();
        let foreign_site = sites.any(|site| site != "same-origin" && site != "none");
        foreign_origin || foreign_site
    }

    fn is_own_origin(&self, origin: &HeaderValue) -> bool {
        let (Ok(origin), Some(host)) = (origin.to_str(), self.headers.get(header::HOST)) else {
            return false;
        };
        // The host was checked before; `Origin: null` is not it.
        origin.strip_prefix("http://").is_some_and(|authority| {
            host.to_str()
                .is_ok_and(|host| host.eq_ignore_ascii_case(authority))
        })
    }
}

/// Refuses what is not for this listener or can be read in two ways.
pub(super) fn check(uri: &Uri, headers: &HeaderMap, port: u16) -> Result<(), StatusCode> {
    if target_is_too_long(uri) {
        return Err(StatusCode::URI_TOO_LONG);
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(StatusCode::MISDIRECTED_REQUEST);
    };
    if !host.to_str().is_ok_and(|host| is_ours(host, port)) {
        return Err(StatusCode::MISDIRECTED_REQUEST);
    }
    // The absolute form names a host of its own.
    if uri
        .authority()
        .is_some_and(|authority| !is_ours(authority.as_str(), port))
    {
        return Err(StatusCode::MISDIRECTED_REQUEST);
    }
    Ok(())
}

fn is_ours(authority: &str, port: u16) -> bool {
    let (host, named) = match authority.rsplit_once(':') {
        Some((host, digits)) if !digits.ends_with(']') => (host, digits),
        _ => (authority, "80"),
    };
    let plain = !named.is_empty() && named.bytes().all(|byte| byte.is_ascii_digit());
    let ours = host == "127.0.0.1" || host == "[::1]" || host.eq_ignore_ascii_case("localhost");
    ours && plain && named.parse() == Ok(port)
}

#[cfg(test)]
mod tests {
    use super::{LoopbackRequest, check, is_ours};
    use http::{HeaderMap, Method, StatusCode, header};

    #[test]
    fn hostile_17_only_loopback_names_with_our_port_are_ours() {
        for ours in ["127.0.0.1:81", "[::1]:81", "localhost:81", "LocalHost:81"] {
            assert!(is_ours(ours, 81), "{ours}");
        }
        let others = [
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1:+81",
            "127.0.0.1:",
            "localhost.:81",
            "evil.example:81",
            "127.0.0.1.evil.example:81",
            "localhost:81:81",
            "[::1]",
            "[::1]81",
            "a@localhost:81",
            "0.0.0.0:81",
            "127.0.0.2:81",
            "[::ffff:127.0.0.1]:81",
            "",
            ":81",
        ];
        for other in others {
            assert!(!is_ours(other, 81), "{other}");
        }
        assert!(is_ours("localhost", 80) && is_ours("[::1]", 80));
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn hostile_25_two_readings_are_refused() {
        let uri = "/x".parse().unwrap();
        let status = |pairs| check(&uri, &headers(pairs), 81);
        assert_eq!(status(&[("host", "localhost:81")]), Ok(()));
        let twice = status(&[("host", "localhost:81"), ("host", "localhost:81")]);
        assert_eq!(twice, Err(StatusCode::MISDIRECTED_REQUEST));
        assert_eq!(status(&[]), Err(StatusCode::MISDIRECTED_REQUEST));
        let absolute = "http://evil.example/x".parse().unwrap();
        let refused = check(&absolute, &headers(&[("host", "localhost:81")]), 81);
        assert_eq!(refused, Err(StatusCode::MISDIRECTED_REQUEST));
    }

    #[test]
    fn hostile_17_foreign_origins() {
        let foreign = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = headers(pairs);
            headers.insert(header::HOST, "127.0.0.1:81".parse().unwrap());
            let request = LoopbackRequest {
                method: Method::POST,
                path: "/".to_owned(),
                query: None,
                headers,
                body: Vec::new(),
                peer: "127.0.0.1:9".parse().unwrap(),
            };
            request.origin_is_foreign()
        };
        assert!(!foreign(&[]));
        assert!(!foreign(&[("origin", "http://127.0.0.1:81")]));
        assert!(!foreign(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://127.0.0.1:81")
        ]));
        assert!(!foreign(&[("sec-fetch-site", "none")]));
        assert!(foreign(&[("origin", "null")]));
        assert!(foreign(&[("origin", "http://127.0.0.1:82")]));
        assert!(foreign(&[("origin", "https://127.0.0.1:81")]));
        assert!(foreign(&[("origin", "http://evil.example")]));
        assert!(foreign(&[
            ("origin", "http://127.0.0.1:81"),
            ("origin", "http://127.0.0.1:81")
        ]));
        assert!(foreign(&[("sec-fetch-site", "cross-site")]));
        assert!(foreign(&[("sec-fetch-site", "same-site")]));
    }
}
