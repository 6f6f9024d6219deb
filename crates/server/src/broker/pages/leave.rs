//! Where a browser may be sent: checked again here, whoever checked it before.

use oarlock_oauth::{endpoint::is_loopback, text::Untrusted};
use url::Url;

/// `https`, `http` on loopback, or a program's own scheme, which has a dot in its name (RFC 8252, section 7.1).
///
/// So never `javascript:`, `data:`, `file:` or `blob:`; and no user name, which would only pretend to be a host.
pub(super) fn is_allowed(to: &Url) -> bool {
    let scheme = match to.scheme() {
        "https" => to.has_host(),
        "http" => is_loopback(to),
        own => own.contains('.'),
    };
    scheme && to.username().is_empty() && to.password().is_none()
}

/// The host (with its port) or the scheme.
pub(super) fn destination(to: &Url) -> Untrusted {
    let words = match (to.host_str(), to.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) if matches!(to.scheme(), "https" | "http") => host.to_owned(),
        _ => format!("the application for {}:", to.scheme()),
    };
    Untrusted::new(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_07_only_addresses_for_browsers_are_allowed() {
        for good in [
            "https://a.example/cb?code=1",
            "http://127.0.0.1:4000/callback",
            "http://[::1]/",
            "http://localhost:1/",
            "com.example.tool:/callback",
            "com.example.tool:opaque",
            "com.example.tool://host/path",
        ] {
            assert!(is_allowed(&Url::parse(good).unwrap()), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://a.example/1",
            "about:blank",
            "view-source:https://a.example",
            "ftp://a.example/",
            "ws://127.0.0.1/",
            "intent:#Intent;end",
            "mailto:a@example.com",
            "http://a.example/",
            "http://localhost.a.example/",
            "https://good.example@evil.example/",
            "https://:secret@evil.example/",
            "com.example.tool://user@host/",
        ] {
            assert!(!is_allowed(&Url::parse(bad).unwrap()), "{bad}");
        }
    }

    #[test]
    fn people_see_where_to() {
        for (to, words) in [
            ("https://a.example/cb?code=1", "a.example"),
            ("https://bücher.example/", "xn--bcher-kva.example"),
            ("http://127.0.0.1:4000/callback", "127.0.0.1:4000"),
            (
                "com.example.tool:/cb",
                "the application for com.example.tool:",
            ),
            (
                "com.example.tool://host",
                "the application for com.example.tool:",
            ),
        ] {
            assert_eq!(destination(&Url::parse(to).unwrap()).to_string(), words);
        }
    }
}
