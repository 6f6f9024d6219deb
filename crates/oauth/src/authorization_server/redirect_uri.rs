//! Redirect URIs: registered, and compared exactly but for the port of loopback (RFC 8252, section 7.3; RFC 9700, section 2.1).

use std::fmt;

/// A redirect URI as a client registered it.
///
/// Accepted are `https`; `http` on `127.0.0.1`, `[::1]` and `localhost`; and private-use schemes with a dot in their name (RFC 8252, section 7.1).
/// No fragment, no user information, no backslash, no control character, no wildcard; 2,000 bytes at most.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

/// Why it is none. The text quotes nothing.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error(
    "a redirect URI must be https, http on loopback, or a scheme of the program's own such as com.example.tool:/callback, without fragment or user name"
)]
pub struct BadRedirectUri;

impl RedirectUri {
    /// Checks and wraps.
    ///
    /// # Errors
    /// It is none of those above.
    pub fn parse(text: &str) -> Result<Self, BadRedirectUri> {
        let _ = text;
        todo!("helper: rules")
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request's redirect URI is this one: the same text; for `http` on a loopback address (and `localhost`) the port may be any.
    pub fn matches(&self, asked: &str) -> bool {
        let _ = asked;
        todo!("helper: rules")
    }

    /// Whether it leads to the machine of whoever has the browser.
    pub fn is_loopback(&self) -> bool {
        todo!("helper: rules")
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for RedirectUri {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
