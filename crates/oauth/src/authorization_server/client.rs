//! Clients: their metadata, from the configuration, a registration (RFC 7591) or a client ID metadata document.

mod claimed;

use serde::{Deserialize as _, Deserializer};
use url::Url;

use self::claimed::{Claimed, invalid};
use super::{error::EndpointRefusal, redirect_uri::RedirectUri};
use crate::{client_auth::ClientAuthentication, scope::Scopes, text::Untrusted};

/// Longest address and longest list of scopes, in bytes.
const MAX_TEXT: usize = 2000;

/// What a server knows of a client (RFC 7591, section 2).
///
/// `serde` reads it as it was written, for stores and configurations: a missing `token_endpoint_auth_method` is `none` there, because neither a
/// program on somebody's machine nor a document on the web has a secret (who configures a client with a secret and names no method wants
/// `client_secret_basic`; that is for whoever reads the configuration). A missing `grant_types` is code and refresh token. Strangers' metadata
/// is read by [`ClientMetadata::from_registration`] and [`ClientMetadata::from_document`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ClientMetadata {
    /// For people; a stranger's word.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_name: Option<Untrusted>,
    /// Its page, http or https; shown as text.
    #[serde(
        skip_serializing_if = "Option::is_none",
        default,
        deserialize_with = "page"
    )]
    pub client_uri: Option<Url>,
    /// Where codes may go.
    #[serde(default)]
    pub redirect_uris: Vec<RedirectUri>,
    /// Which grants it uses.
    #[serde(default = "default_grants")]
    pub grant_types: Vec<GrantType>,
    /// How it authenticates.
    #[serde(default = "public")]
    pub token_endpoint_auth_method: ClientAuthentication,
    /// The most it may ask for; `None`: whatever the server has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<Scopes>,
}

/// A grant, under its registered name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum GrantType {
    /// RFC 6749, section 4.1.
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    /// RFC 6749, section 6.
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// RFC 8628.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
}

impl GrantType {
    /// The registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    /// The grant of a registered name, if it is one of these.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::AuthorizationCode,
            Self::RefreshToken,
            Self::DeviceCode,
        ]
        .into_iter()
        .find(|grant| grant.as_str() == name)
    }
}

/// A client id that is the address of its own metadata (draft-ietf-oauth-client-id-metadata-document): `https`, with a path, without
/// user information, fragment or dot segments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientIdUrl(Url);

impl ClientIdUrl {
    /// The address, if the client id is one; as written, or it is none.
    pub fn parse(client_id: &str) -> Option<Self> {
        if client_id.len() > MAX_TEXT || !client_id.bytes().all(|byte| matches!(byte, b'!'..=b'~'))
        {
            return None;
        }
        let url = Url::parse(client_id).ok()?;
        // Written otherwise than a browser writes it (dot segments, user names, no path at all …), it would be two addresses.
        let is_one = url.scheme() == "https"
            && url.as_str() == client_id
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        is_one.then_some(Self(url))
    }

    /// To be fetched, as a stranger's address.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl ClientMetadata {
    /// Reads a registration request (RFC 7591, section 3.1). Unknown members are ignored, as section 2 says; what cannot be had is
    /// refused or replaced as section 3.2.1 allows: of the grants those that are not known here are left out, and refresh tokens come with codes. A client of this
    /// kind gets `none`, `client_secret_basic` (the default of section 2) or `client_secret_post`.
    ///
    /// # Errors
    /// `invalid_client_metadata` or `invalid_redirect_uri` (section 3.2.2).
    pub fn from_registration(body: &[u8]) -> Result<Self, EndpointRefusal> {
        Claimed::parse(body)?.accept(ClientAuthentication::Basic)
    }

    /// Reads a client ID metadata document: its `client_id` is exactly the address it came from, it holds no secret and no method that needs one.
    ///
    /// # Errors
    /// It is none; the text is for the page and quotes nothing.
    pub fn from_document(address: &ClientIdUrl, body: &[u8]) -> Result<Self, EndpointRefusal> {
        let claimed = Claimed::parse(body)?;
        if claimed.client_id.as_deref() != Some(address.url().as_str()) {
            return Err(invalid(
                "the metadata's client_id is not the address that it came from",
            ));
        }
        if claimed.client_secret.is_some() || claimed.client_secret_expires_at.is_some() {
            return Err(invalid(
                "the metadata holds a client_secret, which everybody could read",
            ));
        }
        // Not the default of RFC 7591, which needs a secret.
        let metadata = claimed.accept(ClientAuthentication::None)?;
        if metadata.token_endpoint_auth_method != ClientAuthentication::None {
            return Err(invalid(
                "the metadata's token_endpoint_auth_method needs a secret; here it can be none alone",
            ));
        }
        Ok(metadata)
    }

    /// Whether a code may go there.
    pub fn allows_redirect(&self, asked: &str) -> bool {
        self.redirect_uris.iter().any(|known| known.matches(asked))
    }

    /// Whether it uses this grant.
    pub fn uses(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }
}

fn default_grants() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode, GrantType::RefreshToken]
}

fn public() -> ClientAuthentication {
    ClientAuthentication::None
}

fn page<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let page = parse_page(&text);
    page.map(Some)
        .ok_or_else(|| serde::de::Error::custom("client_uri must begin with https:// or http://"))
}

/// A page for people: nothing that runs (`javascript:`), and no user name that looks like a host.
fn parse_page(text: &str) -> Option<Url> {
    let is_plain = text.len() <= MAX_TEXT
        && text
            .bytes()
            .all(|byte| matches!(byte, b'!'..=b'~') && byte != b'\\');
    let url = Url::parse(text).ok().filter(|_| is_plain)?;
    let is_page = matches!(url.scheme(), "https" | "http")
        && url.username().is_empty()
        && url.password().is_none();
    is_page.then_some(url)
}

#[cfg(test)]
mod tests;
