//! URLs of servers: https, or http on loopback; no user information, no fragment.
use url::Url;

/// The URL of an endpoint. `Display` leaves the query out, because it can carry a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(Url);

/// An issuer identifier (RFC 8414, section 2), kept as written: comparison is exact, never normalised (RFC 9207, section 2.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Issuer(String);

/// Scheme, host and port: where a credential may be sent (RFC 6454).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

/// Why a URL is refused; each message says what would be right.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// Not a URL.
    #[error("{0:?} is not a URL; it should look like https://login.example.com")]
    Invalid(String),
    // … Scheme (http off loopback, javascript:, file:), UserInformation, Fragment, Backslash, LeadingDash, Control
}

impl Endpoint {
    /// # Errors
    pub fn parse(text: &str) -> Result<Self, EndpointError> { let _ = text; todo!() }
    /// The URL.
    pub fn url(&self) -> &Url { &self.0 }
    /// Its origin.
    pub fn origin(&self) -> Origin { todo!() }
}
impl Issuer {
    /// # Errors
    pub fn parse(text: &str) -> Result<Self, EndpointError> { let _ = text; todo!() }
    /// The identifier exactly as written.
    pub fn as_str(&self) -> &str { &self.0 }
    /// The same as an endpoint.
    pub fn endpoint(&self) -> Endpoint { todo!() }
    /// Well-known metadata URLs in the order to try: OpenID (`{issuer}/.well-known/openid-configuration`), then RFC 8414, section 3.1.
    pub fn metadata_urls(&self) -> Vec<Endpoint> { todo!() }
}
impl Origin {
    /// The origin of a URL; `None` for opaque ones.
    pub fn of(url: &Url) -> Option<Self> { let _ = url; todo!() }
    /// Parses `https://host[:port]`. 
    /// # Errors
    pub fn parse(text: &str) -> Result<Self, EndpointError> { let _ = text; todo!() }
    /// As written in an `Origin` header.
    pub fn as_str(&self) -> &str { &self.0 }
}
/// True for `localhost`, `127.0.0.0/8` and `[::1]`.
pub fn is_loopback(url: &Url) -> bool { let _ = url; todo!() }
impl std::fmt::Display for Endpoint { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() } }
impl std::fmt::Debug for Endpoint { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() } }
impl std::fmt::Display for Issuer { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() } }
impl std::fmt::Display for Origin { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() } }
impl std::fmt::Debug for Origin { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() } }
impl serde::Serialize for Endpoint { fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> { todo!() } }
impl<'de> serde::Deserialize<'de> for Endpoint { fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> { todo!() } }
impl serde::Serialize for Issuer { fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> { todo!() } }
impl<'de> serde::Deserialize<'de> for Issuer { fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> { todo!() } }
impl serde::Serialize for Origin { fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> { todo!() } }
impl<'de> serde::Deserialize<'de> for Origin { fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> { todo!() } }
