//! Clients: their metadata, from the configuration, a registration (RFC 7591) or a client ID metadata document.

use url::Url;

use super::{error::EndpointRefusal, redirect_uri::RedirectUri};
use crate::{client_auth::ClientAuthentication, scope::Scopes, text::Untrusted};

/// What a server knows of a client (RFC 7591, section 2).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ClientMetadata {
    /// For people; a stranger's word.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_name: Option<Untrusted>,
    /// Its page; shown as text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_uri: Option<Url>,
    /// Where codes may go.
    pub redirect_uris: Vec<RedirectUri>,
    /// Which grants it uses.
    pub grant_types: Vec<GrantType>,
    /// How it authenticates.
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

/// A client id that is the address of its own metadata (draft-ietf-oauth-client-id-metadata-document): `https`, with a path, without
/// user information, fragment or dot segments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientIdUrl(Url);

impl ClientIdUrl {
    /// The address, if the client id is one; as written, or it is none.
    pub fn parse(client_id: &str) -> Option<Self> {
        let _ = client_id;
        todo!("helper: rules")
    }

    /// To be fetched, as a stranger's address.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl ClientMetadata {
    /// Reads a registration request (RFC 7591, section 3.1). Unknown members are ignored, as section 2 says; what cannot be had is
    /// refused or replaced as section 3.2.1 allows. A client of this kind gets `none`, `client_secret_basic` or `client_secret_post`.
    ///
    /// # Errors
    /// `invalid_client_metadata` or `invalid_redirect_uri` (section 3.2.2).
    pub fn from_registration(body: &[u8]) -> Result<Self, EndpointRefusal> {
        let _ = body;
        todo!("helper: rules")
    }

    /// Reads a client ID metadata document: its `client_id` is exactly the address it came from, it holds no secret and no method that needs one.
    ///
    /// # Errors
    /// It is none; the text is for the page and quotes nothing.
    pub fn from_document(address: &ClientIdUrl, body: &[u8]) -> Result<Self, EndpointRefusal> {
        let _ = (address, body);
        todo!("helper: rules")
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
