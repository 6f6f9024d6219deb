//! The routes of the server, as a test names them.
use std::{fmt, str::FromStr};

/// Something the server answers at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Endpoint {
    /// Both well-known metadata documents (RFC 8414; OpenID Connect Discovery).
    Metadata,
    /// `/authorize` (RFC 6749, section 3.1).
    Authorize,
    /// `/token` (RFC 6749, section 3.2).
    Token,
    /// `/device_authorization` (RFC 8628, section 3.1).
    DeviceAuthorization,
    /// `/device`, where a person types the user code (RFC 8628, section 3.3).
    DevicePage,
    /// `/revoke` (RFC 7009).
    Revoke,
    /// `/introspect` (RFC 7662).
    Introspect,
    /// `/userinfo` (OpenID Connect Core, section 5.3).
    Userinfo,
    /// `/jwks.json` (RFC 7517).
    Jwks,
    /// `/register` (RFC 7591).
    Register,
    /// `/api/whoami` and `/api/echo`, which want a bearer token (RFC 6750).
    Resource,
    /// The other origin, to which the redirecting faults point. What arrives here has leaked.
    Elsewhere,
    /// Any other path.
    Other,
}

const NAMES: &[(Endpoint, &str)] = &[
    (Endpoint::Metadata, "metadata"),
    (Endpoint::Authorize, "authorize"),
    (Endpoint::Token, "token"),
    (Endpoint::DeviceAuthorization, "device-authorization"),
    (Endpoint::DevicePage, "device-page"),
    (Endpoint::Revoke, "revoke"),
    (Endpoint::Introspect, "introspect"),
    (Endpoint::Userinfo, "userinfo"),
    (Endpoint::Jwks, "jwks"),
    (Endpoint::Register, "register"),
    (Endpoint::Resource, "resource"),
    (Endpoint::Elsewhere, "elsewhere"),
    (Endpoint::Other, "other"),
];

impl Endpoint {
    /// Every endpoint.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(endpoint, _)| *endpoint)
    }

    pub(crate) fn of_path(path: &str) -> Self {
        match path {
            "/.well-known/oauth-authorization-server" | "/.well-known/openid-configuration" => {
                Self::Metadata
            }
            "/authorize" => Self::Authorize,
            "/token" => Self::Token,
            "/device_authorization" => Self::DeviceAuthorization,
            "/device" => Self::DevicePage,
            "/revoke" => Self::Revoke,
            "/introspect" => Self::Introspect,
            "/userinfo" => Self::Userinfo,
            "/jwks.json" => Self::Jwks,
            "/register" => Self::Register,
            "/api/whoami" | "/api/echo" => Self::Resource,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(endpoint, _)| endpoint == self);
        f.write_str(name.map_or("other", |(_, name)| name))
    }
}

/// No endpoint has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no endpoint is called {0:?}; one of: metadata, authorize, token, device-authorization, device-page, revoke, introspect, userinfo, jwks, register, resource"
)]
pub struct UnknownEndpoint(String);

impl FromStr for Endpoint {
    type Err = UnknownEndpoint;

    fn from_str(text: &str) -> Result<Self, UnknownEndpoint> {
        NAMES
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(endpoint, _)| *endpoint)
            .ok_or_else(|| UnknownEndpoint(text.to_owned()))
    }
}
