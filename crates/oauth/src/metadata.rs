//! Authorization server metadata (RFC 8414) and OpenID Discovery.
use crate::endpoint::{Endpoint, Issuer};
/// What clients need of it. Unknown members are ignored; endpoints with unusable URLs are errors.
#[derive(Clone, Debug, serde::Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct ServerMetadata {
    pub issuer: Issuer,
    pub authorization_endpoint: Option<Endpoint>,
    pub token_endpoint: Option<Endpoint>,
    pub device_authorization_endpoint: Option<Endpoint>,
    pub revocation_endpoint: Option<Endpoint>,
    pub introspection_endpoint: Option<Endpoint>,
    pub userinfo_endpoint: Option<Endpoint>,
    pub registration_endpoint: Option<Endpoint>,
    pub jwks_uri: Option<Endpoint>,
    #[serde(default)]
    pub scopes_supported: Vec<String>,
    #[serde(default)]
    pub grant_types_supported: Vec<String>,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    pub code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}
/// Reads a metadata answer and compares its issuer exactly (RFC 8414, section 3.3).
/// # Errors
pub fn response(
    expected: &Issuer,
    response: &http::Response<Vec<u8>>,
) -> Result<ServerMetadata, MetadataError> {
    let _ = (expected, response);
    todo!()
}
/// Why metadata is refused.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// 404 and the like: try the next well-known URL.
    #[error("there is no metadata (HTTP {0})")]
    NotFound(u16),
    /// Not JSON, or not metadata.
    #[error("the metadata is malformed: {0}")]
    Malformed(String),
    /// Another issuer.
    #[error("the metadata is for issuer {found}, not for {expected}")]
    WrongIssuer {
        /// Asked for.
        expected: Issuer,
        /// Found.
        found: crate::text::Untrusted,
    },
    /// PKCE methods are listed, S256 is not among them.
    #[error("the server does not support PKCE S256")]
    NoPkce,
}
