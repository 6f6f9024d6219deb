//! Access tokens as signed JWTs (RFC 9068).

use serde_json::{Map, Value};

use crate::{Timestamp, endpoint::Issuer, jwks::KeySet, scope::Scopes, secret::AccessToken};

/// `typ` of the header (RFC 9068, section 2.1).
pub const TYPE: &str = "at+jwt";

/// Claims of an access token (RFC 9068, section 2.2).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct AccessTokenClaims {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `aud`; one or several.
    pub audience: Vec<String>,
    /// `client_id`.
    pub client_id: String,
    /// `scope`.
    pub scopes: Scopes,
    /// `jti`.
    pub id: String,
    /// `sid`: the session it belongs to; none where the issuer has no such thing.
    pub session: Option<String>,
    /// `exp`.
    pub expires_at: Timestamp,
    /// `iat`.
    pub issued_at: Timestamp,
    /// All claims.
    #[serde(skip)]
    pub all: Map<String, Value>,
}

/// Which check failed.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessTokenError {
    /// No signed JWT of this kind, or a claim that must be there is missing or of another type.
    #[error("the access token is malformed")]
    Malformed,
    /// `typ` is another, or a header member that would choose the key, or that is critical.
    #[error("the access token's header is refused")]
    Header,
    /// `none`, an HMAC, or unknown.
    #[error("the access token's algorithm is refused")]
    Algorithm,
    /// No key of this id and kind.
    #[error("no key for the access token's signature")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the access token's signature is wrong")]
    Signature,
    /// `iss`.
    #[error("the access token was issued by somebody else")]
    Issuer,
    /// `aud`.
    #[error("the access token is for another resource")]
    Audience,
    /// `exp` passed.
    #[error("the access token expired")]
    Expired,
    /// `nbf` or `iat` lies ahead.
    #[error("the access token is not valid yet")]
    NotYet,
}

/// Checks signature, `typ`, `iss`, `aud`, `exp`, `nbf`, `iat` (RFC 9068, section 4), with 60 s of skew. `audience`: one of these must be among the token's; empty: any.
///
/// # Errors
/// The first check that fails; nothing of the token is given out then.
pub fn check(
    token: &AccessToken,
    issuer: &Issuer,
    audience: &[&str],
    keys: &KeySet,
    now: Timestamp,
) -> Result<AccessTokenClaims, AccessTokenError> {
    let _ = (token, issuer, audience, keys, now);
    todo!("helper: rules; share what id_token.rs has (one JWS reading in one place, crate::jws)")
}
