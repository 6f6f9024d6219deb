//! URLs of servers: https, or http on loopback; no user information, no fragment.
//!
//! They come from strangers (metadata, device answers) and end in browsers, in HTTP clients and on screens, so
//! whatever two parsers could read differently is refused here.

use std::fmt;
use url::{Host, Url};

/// The URL of an endpoint: https, or http on loopback.
///
/// `Display` and `Debug` leave the query out, because it can carry a secret. `serde` is a plain string, checked
/// when read.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(Url);

/// An issuer identifier (RFC 8414, section 2), kept as written: comparison is exact, never normalised (RFC 9207, section 2.4).
#[derive(Clone)]
pub struct Issuer {
    text: String,
    endpoint: Endpoint,
}

/// Scheme, host and port: where a credential may be sent (RFC 6454).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

/// Why a URL is refused; each message says what would be right.
///
/// The text inside is cut short, without query and user information.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// Not a URL.
    #[error("{0:?} is not a URL; it should look like https://login.example.com")]
    Invalid(String),
    /// Neither https nor http on loopback (`javascript:`, `file:`, http to another machine).
    #[error("{0:?} is refused: the URL must begin with https:// (http:// is for loopback only)")]
    Scheme(String),
    /// A user name or password before the host.
    #[error("{0:?} is refused: the URL must not contain a user name or password before the host")]
    UserInformation(String),
    /// A fragment (RFC 6749, sections 3.1 and 3.2).
    #[error(
        "{0:?} is refused: the URL must not contain a fragment; leave out the # and what follows"
    )]
    Fragment(String),
    /// A query where none may be (RFC 8414, section 2).
    #[error("{0:?} is refused: there must be no query; leave out the ? and what follows")]
    Query(String),
    /// A path where only an origin may be.
    #[error(
        "{0:?} is refused: an origin is scheme, host and port only, like https://api.example.com"
    )]
    Path(String),
    /// A backslash, which browsers read as a slash and others do not.
    #[error("{0:?} is refused: the URL must not contain a backslash; use / instead")]
    Backslash(String),
    /// A leading dash, which a program could take for an option.
    #[error(
        "{0:?} is refused: a URL does not begin with a dash; it should look like https://login.example.com"
    )]
    LeadingDash(String),
    /// White space or a control character.
    #[error("{0:?} is refused: the URL must not contain spaces, line breaks or control characters")]
    Control(String),
}

impl Endpoint {
    /// Parses a URL.
    ///
    /// # Errors
    /// It is not absolute, neither https nor http on loopback, or it carries user information, a fragment, a
    /// backslash, white space or a control character.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let shown = || shown(text);
        if text.starts_with('-') {
            return Err(EndpointError::LeadingDash(shown()));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(EndpointError::Control(shown()));
        }
        if text.contains('\\') {
            return Err(EndpointError::Backslash(shown()));
        }
        let url = Url::parse(text).map_err(|_| EndpointError::Invalid(shown()))?;
        if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
            return Err(EndpointError::Scheme(shown()));
        }
        // The URL standard repairs `https:host` and `https:///host`; other parsers see another host or none.
        let authority = authority(text).ok_or_else(|| EndpointError::Invalid(shown()))?;
        if authority.contains('@') {
            return Err(EndpointError::UserInformation(shown()));
        }
        if url.fragment().is_some() {
            return Err(EndpointError::Fragment(shown()));
        }
        // What cannot be requested later is better refused now.
        if http::Uri::try_from(url.as_str()).is_err() {
            return Err(EndpointError::Invalid(shown()));
        }
        Ok(Self(url))
    }

    /// The URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Its origin.
    pub fn origin(&self) -> Origin {
        Origin(self.0.origin().ascii_serialization())
    }

    /// The same origin with another path and no query.
    fn with_path(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(path);
        url.set_query(None);
        Self(url)
    }
}

impl Issuer {
    /// Parses an issuer identifier.
    ///
    /// # Errors
    /// As for [`Endpoint::parse`]; a query is refused too (RFC 8414, section 2).
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let endpoint = Endpoint::parse(text)?;
        if endpoint.0.query().is_some() {
            return Err(EndpointError::Query(shown(text)));
        }
        Ok(Self {
            text: text.to_owned(),
            endpoint,
        })
    }

    /// The identifier exactly as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same as an endpoint.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Well-known metadata URLs in the order to try.
    ///
    /// OpenID Discovery, section 4 (`{issuer}/.well-known/openid-configuration`), then RFC 8414, section 3.1 and,
    /// where the issuer has a path, its section 5: the well-known part between host and path.
    pub fn metadata_urls(&self) -> Vec<Endpoint> {
        let path = self.endpoint.0.path().trim_end_matches('/');
        let mut paths = vec![
            format!("{path}/.well-known/openid-configuration"),
            format!("/.well-known/oauth-authorization-server{path}"),
        ];
        if !path.is_empty() {
            paths.push(format!("/.well-known/openid-configuration{path}"));
        }
        paths
            .iter()
            .map(|path| self.endpoint.with_path(path))
            .collect()
    }
}

impl Origin {
    /// The origin of a URL; `None` for opaque ones.
    pub fn of(url: &Url) -> Option<Self> {
        let origin = url.origin();
        origin
            .is_tuple()
            .then(|| Self(origin.ascii_serialization()))
    }

    /// Parses `https://host[:port]`.
    ///
    /// # Errors
    /// As for [`Endpoint::parse`]; a path or a query is refused too.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let endpoint = Endpoint::parse(text)?;
        if endpoint.0.query().is_some() {
            return Err(EndpointError::Query(shown(text)));
        }
        if endpoint.0.path() != "/" {
            return Err(EndpointError::Path(shown(text)));
        }
        Ok(endpoint.origin())
    }

    /// As written in an `Origin` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// True for `localhost`, `127.0.0.0/8` and `[::1]`.
///
/// Not for names under `.localhost`, nor for mapped addresses: resolvers disagree about them.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What stands between `//` and the path, as written; `None` where the slashes are not exactly two.
fn authority(text: &str) -> Option<&str> {
    // Straight after the scheme: a `//` further on belongs to a path, and would hide what stands before it.
    let rest = text.split_once(':')?.1.strip_prefix("//")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    (!authority.is_empty()).then_some(authority)
}

/// The text for a message: no query, no fragment, no user information, 100 characters.
fn shown(text: &str) -> String {
    let bare = text.split(['?', '#']).next().unwrap_or_default();
    let bare = match bare.rsplit_once('@') {
        Some((before, host)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://…@{host}"),
            None => format!("…@{host}"),
        },
        None => bare.to_owned(),
    };
    let cut: String = bare.chars().take(100).collect();
    if cut.len() < bare.len() || bare.len() < text.len() && !bare.contains('@') {
        cut + "…"
    } else {
        cut
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = if self.0.query().is_some() { "?…" } else { "" };
        write!(
            f,
            "{}{}{hidden}",
            self.0.origin().ascii_serialization(),
            self.0.path()
        )
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

impl PartialEq for Issuer {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Issuer {}

impl std::hash::Hash for Issuer {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({self})")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}

macro_rules! plain_string {
    ($($name:ident, $text:expr;)*) => {$(
        impl std::str::FromStr for $name {
            type Err = EndpointError;

            fn from_str(text: &str) -> Result<Self, EndpointError> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let text: fn(&Self) -> &str = $text;
                serializer.serialize_str(text(self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

plain_string! {
    Endpoint, |endpoint| endpoint.0.as_str();
    Issuer, Issuer::as_str;
    Origin, Origin::as_str;
}

#[cfg(test)]
mod tests;
