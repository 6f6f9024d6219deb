//! ID token checks (OpenID Connect Core, section 3.1.3.7).
use crate::{Timestamp, jwks::KeySet, profile::ProviderProfile, secret::*};
/// Claims of a checked ID token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claims {
    /// `sub`.
    pub subject: String,
    /// All claims.
    pub all: serde_json::Map<String, serde_json::Value>,
}
/// Checks signature, `iss`, `aud`, `azp`, `exp`, `nbf`, `iat`, `nonce`; 60 s of skew.
/// # Errors
pub fn check(
    token: &IdToken,
    profile: &ProviderProfile,
    keys: &KeySet,
    nonce: Option<&Nonce>,
    now: Timestamp,
) -> Result<Claims, IdTokenError> {
    let _ = (token, profile, keys, nonce, now);
    todo!()
}
/// Which check failed.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum IdTokenError {
    #[error("the ID token is malformed")]
    Malformed,
    #[error("the ID token is signed with {0}, which is refused")]
    Algorithm(crate::text::Untrusted),
    #[error("no key for the ID token's signature")]
    UnknownKey,
    #[error("the ID token's signature is wrong")]
    Signature,
    #[error("the ID token was issued by somebody else")]
    Issuer,
    #[error("the ID token is for another client")]
    Audience,
    #[error("the ID token's azp is another client")]
    AuthorizedParty,
    #[error("the ID token expired")]
    Expired,
    #[error("the ID token is not valid yet")]
    NotYet,
    #[error("the ID token's nonce is not this login's")]
    Nonce,
}
