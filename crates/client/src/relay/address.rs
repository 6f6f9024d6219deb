//! Where a relay is.

use std::{fmt, net::Ipv6Addr, path::PathBuf, str::FromStr};

use oarlock_oauth::{
    endpoint::{Endpoint, EndpointError},
    text::Untrusted,
};
use url::Url;

/// Where a relay is: `unix:/path`, `tcp://host:port` or `https://host[/path]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayAddress {
    /// A Unix socket of this machine, by its absolute path.
    Unix(PathBuf),
    /// TCP without encryption: for this machine, or a network that is one's own.
    Tcp {
        /// Name or address; an IPv6 address without its brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// The relay's public URL, without a slash at its end.
    Https(Url),
}

/// Why a text is no relay's address; each message says what would be right.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// None of the three forms.
    #[error(
        "{0:?} is not a relay's address; write unix:/run/relay.sock, tcp://127.0.0.1:9999 or https://login.example.com"
    )]
    Form(Untrusted),
    /// A path that depends on where one is.
    #[error("{0:?} is not an absolute path; write unix:/run/relay.sock")]
    Relative(Untrusted),
    /// No host or port, or more than that.
    #[error("{0:?} is not host and port; write tcp://127.0.0.1:9999")]
    HostPort(Untrusted),
    /// A URL that is none, or unsafe.
    #[error(transparent)]
    Url(#[from] EndpointError),
    /// A URL with a query.
    #[error("a relay's URL has no query; leave out the ? and what follows")]
    Query,
}

impl FromStr for RelayAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let shown = || Untrusted::new(text);
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.starts_with('/') {
                return Err(AddressError::Relative(shown()));
            }
            return socket(path).ok_or_else(|| AddressError::Form(shown()));
        }
        if text.starts_with('/') {
            return socket(text).ok_or_else(|| AddressError::Form(shown()));
        }
        if let Some(place) = text.strip_prefix("tcp://") {
            return tcp(place).ok_or_else(|| AddressError::HostPort(shown()));
        }
        if text.starts_with("https:") || text.starts_with("http:") {
            return https(text);
        }
        Err(AddressError::Form(shown()))
    }
}

fn socket(path: &str) -> Option<RelayAddress> {
    let names_a_file = !path.ends_with('/') && !path.chars().any(char::is_control);
    names_a_file.then(|| RelayAddress::Unix(path.into()))
}

fn tcp(place: &str) -> Option<RelayAddress> {
    let (host, port) = place.strip_suffix('/').unwrap_or(place).rsplit_once(':')?;
    let port = port
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| port.parse().ok())?
        .filter(|port| *port > 0)?;
    RelayAddress::tcp(host, port)
}

fn https(text: &str) -> Result<RelayAddress, AddressError> {
    let endpoint = Endpoint::parse(text)?;
    let mut url = endpoint.url().clone();
    if url.query().is_some() {
        return Err(AddressError::Query);
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(RelayAddress::Https(url))
}

impl RelayAddress {
    /// TCP; `None` where `host` is no name or address. IPv6 with or without brackets.
    pub(super) fn tcp(host: &str, port: u16) -> Option<Self> {
        let bracketed = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let is_name = |host: &str| {
            !host.is_empty()
                && !host.starts_with('-')
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        let bare = bracketed.unwrap_or(host);
        let fits = bare.parse::<Ipv6Addr>().is_ok() || bracketed.is_none() && is_name(bare);
        fits.then(|| Self::Tcp {
            host: bare.to_owned(),
            port,
        })
    }
}

impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A path can hold anything.
            Self::Unix(path) => write!(f, "unix:{}", Untrusted::new(path.to_string_lossy())),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::Https(url) => f.write_str(url.as_str().trim_end_matches('/')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read_and_written() {
        for (text, shown) in [
            ("unix:/run/relay.sock", "unix:/run/relay.sock"),
            ("unix:///run/relay.sock", "unix:/run/relay.sock"),
            ("/run/a b/relay.sock", "unix:/run/a b/relay.sock"),
            (" tcp://127.0.0.1:9999 ", "tcp://127.0.0.1:9999"),
            ("tcp://relay_1.internal:1/", "tcp://relay_1.internal:1"),
            ("tcp://[::1]:9999", "tcp://[::1]:9999"),
            ("https://login.example.com", "https://login.example.com"),
            (
                "https://login.example.com/a/",
                "https://login.example.com/a",
            ),
            ("http://127.0.0.1:5001/", "http://127.0.0.1:5001"),
        ] {
            let address: RelayAddress = text
                .parse()
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.to_string().parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_what_would_be() {
        for (text, advice) in [
            ("", "unix:/run/relay.sock, tcp://"),
            ("relay.example:9999", "tcp://127.0.0.1:9999"),
            ("unix:relay.sock", "absolute path"),
            ("unix:", "absolute path"),
            ("/run/", "unix:/run/relay.sock"),
            ("/run/a\nb", "unix:/run/relay.sock"),
            ("tcp://host", "host and port"),
            ("tcp://host:0", "host and port"),
            ("tcp://host:99999", "host and port"),
            ("tcp://:1", "host and port"),
            ("tcp://a@b:1", "host and port"),
            ("tcp://a/b:1", "host and port"),
            ("tcp://[host]:1", "host and port"),
            ("tcp://-h:1", "host and port"),
            ("tcp://h:+1", "host and port"),
            ("http://relay.example", "https://"),
            ("https://a@relay.example", "user name"),
            ("https://relay.example?x=1", "no query"),
            ("ftp://relay.example", "tcp://"),
        ] {
            let error = text.parse::<RelayAddress>().unwrap_err();
            assert!(error.to_string().contains(advice), "{text:?}: {error}");
        }
    }
}
