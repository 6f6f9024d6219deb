//! A provider profile: what is to be known of an authorization server, and where it deviates. Data, not code.
use crate::{client_auth::ClientAuthentication, endpoint::{Endpoint, Issuer, Origin}, metadata::ServerMetadata, scope::Scopes, secret::ClientSecret};
use std::collections::BTreeMap;

/// Everything a login, refresh or request needs to know of one provider.
/// Serialised whole into the credential, so that a refresh works without any configuration.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ProviderProfile {
    /// Name in the catalogue: `[a-z0-9][a-z0-9._-]*`.
    pub name: String,
    /// Name for people.
    pub title: Option<String>,
    /// Issuer identifier; where set, missing endpoints come from its metadata.
    pub issuer: Option<Issuer>,
    /// RFC 6749, section 3.1.
    pub authorization_endpoint: Option<Endpoint>,
    /// RFC 6749, section 3.2.
    pub token_endpoint: Option<Endpoint>,
    /// RFC 8628, section 3.1.
    pub device_authorization_endpoint: Option<Endpoint>,
    /// RFC 7009.
    pub revocation_endpoint: Option<Endpoint>,
    /// OpenID Connect Core, section 5.3.
    pub userinfo_endpoint: Option<Endpoint>,
    /// RFC 7591.
    pub registration_endpoint: Option<Endpoint>,
    /// OpenID Connect Discovery.
    pub jwks_uri: Option<Endpoint>,
    /// The client id the user brought, or a registration gave.
    pub client_id: Option<String>,
    /// The client secret, where the provider wants one.
    pub client_secret: Option<ClientSecret>,
    /// How the client authenticates at the token endpoint; `None`: by what there is (a secret: what metadata says, else basic; no secret: none).
    pub client_authentication: Option<ClientAuthentication>,
    /// Asked for when the caller names none.
    pub scopes: Scopes,
    /// Between scopes in a request; default a space.
    pub scope_separator: char,
    /// Encoding of token requests.
    pub token_request_format: BodyFormat,
    /// Extra parameters of the authorization request (`access_type=offline`, `audience`, `code=true`).
    pub authorization_parameters: BTreeMap<String, String>,
    /// Extra parameters of every token request.
    pub token_parameters: BTreeMap<String, String>,
    /// Resource indicators (RFC 8707).
    pub resources: Vec<String>,
    /// Whether PKCE is sent, and whether it may be left out.
    pub pkce: Pkce,
    /// Send `state` in the code exchange too (Anthropic).
    pub state_in_token_request: bool,
    /// Leave `scope` out of refresh requests. Default true: RFC 6749, section 6 takes a missing scope as "as before".
    pub refresh_without_scope: bool,
    /// Redirect URIs.
    pub redirect: Redirect,
    /// Other names of fields in device authorization responses, canonical → provider's (`verification_uri` → `verification_url`, which is known anyway).
    pub device_aliases: BTreeMap<String, String>,
    /// JSON pointer to the object that holds the token fields (Slack: `/authed_user`).
    pub token_pointer: Option<String>,
    /// JSON pointer to a boolean that says whether a 200 is a success (Slack: `/ok`).
    pub success_pointer: Option<String>,
    /// Environment variables holding an access token, most important first.
    pub token_variables: Vec<String>,
    /// Environment variables holding an API key, the last resort.
    pub api_key_variables: Vec<String>,
    /// Claims or userinfo fields (JSON pointers without the slash for top-level names) that name the person, first that is there.
    pub identity_claims: Vec<String>,
    /// Origins beyond the issuer's and the userinfo endpoint's that may receive the access token.
    pub origins: Vec<Origin>,
    /// Address of the page where a client id is registered.
    pub registration_page: Option<String>,
    /// The server promises `iss` in authorization responses (RFC 9207): its absence is then refused.
    pub authorization_response_iss_parameter_supported: bool,
    /// Algorithms an ID token may be signed with; empty: RS256, ES256, EdDSA, PS256, …: every asymmetric one.
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// `grant_types_supported` of metadata, for messages; empty where unknown.
    pub grant_types_supported: Vec<String>,
    /// Manual mode: this access token is used as it is (`OARLOCK_OAUTH_ACCESS_TOKEN`).
    #[serde(skip)]
    pub manual_token: Option<crate::secret::AccessToken>,
}

/// Encoding of a token request's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded` (RFC 6749).
    #[default]
    Form,
    /// `application/json` (Anthropic, Atlassian).
    Json,
}

/// What the profile says of PKCE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pkce {
    /// S256 always; metadata that lists methods without S256 is refused.
    #[default]
    Required,
    /// S256 is sent; metadata may be silent about it or deny it.
    Optional,
    /// The provider fails on PKCE parameters: none are sent.
    None,
}

/// Redirect URIs a provider accepts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redirect {
    /// Host in the URI: `127.0.0.1`, `localhost` or `[::1]`.
    pub host: String,
    /// Ports to try in order; empty: an ephemeral one (RFC 8252, section 7.3).
    pub ports: Vec<u16>,
    /// Path, with its slash.
    pub path: String,
    /// A page of the provider that shows the code to be pasted (Anthropic); used by the paste flow instead of loopback.
    pub hosted: Option<Endpoint>,
}
impl Default for Redirect { fn default() -> Self { Self { host: "127.0.0.1".into(), ports: Vec::new(), path: "/callback".into(), hosted: None } } }
impl Default for ProviderProfile { fn default() -> Self { todo!() } }
impl ProviderProfile {
    /// A profile with a name and the standard's defaults.
    pub fn named(name: impl Into<String>) -> Self { Self { name: name.into(), ..Self::default() } }
    /// Fills what is missing from metadata; what the profile itself says wins.
    /// # Errors
    /// The metadata is for another issuer (RFC 8414, section 3.3), or lists PKCE methods without S256 where PKCE is required.
    pub fn complete(&mut self, metadata: &ServerMetadata) -> Result<(), crate::metadata::MetadataError> { let _ = metadata; todo!() }
    /// The client id. # Errors with a message naming `registration_page`.
    pub fn client_id(&self) -> Result<&str, ProfileError> { todo!() }
    /// The endpoint or an error naming the key. 
    /// # Errors
    pub fn token_endpoint(&self) -> Result<&Endpoint, ProfileError> { todo!() }
    /// # Errors
    pub fn authorization_endpoint(&self) -> Result<&Endpoint, ProfileError> { todo!() }
    /// Every origin that may receive this provider's access token: `origins`, the issuer's, the userinfo endpoint's, resources'.
    pub fn allowed_origins(&self) -> Vec<Origin> { todo!() }
    /// Title, else name.
    pub fn display_name(&self) -> &str { self.title.as_deref().unwrap_or(&self.name) }
}
/// What a profile lacks.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileError {
    /// No client id.
    #[error("provider {name:?} has no client id")]
    NoClientId { /// Provider.
        name: String, /// Where one is registered.
        registration_page: Option<String> },
    /// An endpoint is missing.
    #[error("provider {name:?} has no {key}")]
    NoEndpoint { /// Provider.
        name: String, /// Key.
        key: &'static str },
    // … BadName, BadRedirect …: `validate()` 
}
