//! Redirect URIs: registered, and compared exactly but for the port of loopback (RFC 8252, section 7.3; RFC 9700, section 2.1).

use std::fmt;

use url::Url;

/// Longest, in bytes.
const MAX_LENGTH: usize = 2000;

/// Where `http` may lead: the browser's own machine.
const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];

/// A redirect URI as a client registered it.
///
/// Accepted are `https`; `http` on `127.0.0.1`, `[::1]` and `localhost`; and private-use schemes with a dot in their name (RFC 8252, section 7.1),
/// followed by a slash. No fragment, no user information, no backslash, no control character, no wildcard; 2,000 bytes at most.
///
/// It is written as a browser would write it (host in lower case, no dot segments, no port that goes without saying), so that nobody
/// reads another address out of it than we do.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

/// Why it is none. The text quotes nothing.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error(
    "a redirect URI must be https, http on loopback, or a scheme of the program's own such as com.example.tool:/callback, without fragment, user name or wildcard, and written plainly (lower-case host, no . or .. in the path, no default port)"
)]
pub struct BadRedirectUri;

impl RedirectUri {
    /// Checks and wraps.
    ///
    /// # Errors
    /// It is none of those above.
    pub fn parse(text: &str) -> Result<Self, BadRedirectUri> {
        let encoded = text.split('%').skip(1);
        let is_encoded =
            |after: &str| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
        if text.len() > MAX_LENGTH
            || !text.bytes().all(is_uri_byte)
            || !encoded.into_iter().all(is_encoded)
        {
            return Err(BadRedirectUri);
        }
        let url = Url::parse(text).map_err(|_| BadRedirectUri)?;
        let (scheme, rest) = text.split_once(':').ok_or(BadRedirectUri)?;
        let is_accepted = match scheme {
            "https" => true,
            "http" => loopback(text).is_some(),
            private => private.contains('.') && rest.starts_with('/'),
        };
        // What the URL standard would repair, another parser reads otherwise. Only the slash after a bare host may be missing.
        let bare = url.as_str().strip_suffix('/');
        let is_plain = url.as_str() == text || url.path() == "/" && bare == Some(text);
        let authority = rest.strip_prefix("//").unwrap_or_default();
        let has_user = authority
            .split(['/', '?'])
            .next()
            .is_some_and(|authority| authority.contains('@'));
        if is_accepted && is_plain && !has_user {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadRedirectUri)
        }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request's redirect URI is this one: the same text; for `http` on a loopback address (and `localhost`) the port may be any.
    pub fn matches(&self, asked: &str) -> bool {
        self.0 == asked || loopback(&self.0).is_some_and(|known| loopback(asked) == Some(known))
    }

    /// Whether it leads to the machine of whoever has the browser.
    pub fn is_loopback(&self) -> bool {
        loopback(&self.0).is_some()
    }
}

/// Scheme and host, and what follows the port, of a text that is `http` on loopback.
fn loopback(text: &str) -> Option<(&str, &str)> {
    let (origin, rest) = LOOPBACK
        .into_iter()
        .find_map(|origin| Some((origin, text.strip_prefix(origin)?)))?;
    let Some(port) = rest.strip_prefix(':') else {
        return is_after_authority(rest).then_some((origin, rest));
    };
    let end = port.find(|c: char| !c.is_ascii_digit());
    let (port, rest) = port.split_at(end.unwrap_or(port.len()));
    // One way to write a port: no sign, no leading zero, and none that nobody can listen on.
    let is_port = !port.starts_with('0') && port.parse::<u16>().is_ok();
    (is_port && is_after_authority(rest)).then_some((origin, rest))
}

/// What may follow a host or a port: `http://127.0.0.1.evil.example` and `http://127.0.0.1:80@evil.example` lead elsewhere.
fn is_after_authority(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['/', '?'])
}

/// Characters of RFC 3986, section 2, but `#` (a fragment) and `*` (which somebody might take for a wildcard).
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()+,;=%".contains(&byte)
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

#[cfg(test)]
mod tests;
