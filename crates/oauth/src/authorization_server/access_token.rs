//! Access tokens as signed JWTs (RFC 9068).

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    Timestamp,
    endpoint::Issuer,
    jwks::KeySet,
    jws::{self, Jws, JwsError, Times, TimesError},
    scope::Scopes,
    secret::AccessToken,
};

/// `typ` of the header (RFC 9068, section 2.1).
pub const TYPE: &str = "at+jwt";

/// How long after its `exp` a token is borne, for clocks that differ.
pub const SKEW: Duration = Duration::from_secs(jws::SKEW.unsigned_abs());

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
    let token = Jws::read(token.expose())?;
    // Unlike an ID token it has to say what it is (section 4), or one would pass for the other.
    if !token
        .kind()?
        .is_some_and(|kind| kind.eq_ignore_ascii_case(TYPE))
    {
        return Err(AccessTokenError::Header);
    }
    // The key set holds each key to its own algorithm.
    let claims = token.verify(keys, |_| true)?;
    if text(&claims, "iss")? != Some(issuer.as_str()) {
        return Err(AccessTokenError::Issuer);
    }
    let found = audiences(&claims)?;
    let is_ours = |found: &String| audience.contains(&found.as_str());
    if !audience.is_empty() && !found.iter().any(is_ours) {
        return Err(AccessTokenError::Audience);
    }
    let times = Times::check(&claims, now.as_second())?;
    let required = |name| {
        text(&claims, name)?
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .ok_or(AccessTokenError::Malformed)
    };
    let second = |seconds| Timestamp::from_second(seconds).map_err(|_| AccessTokenError::Malformed);
    Ok(AccessTokenClaims {
        issuer: issuer.as_str().to_owned(),
        subject: required("sub")?,
        audience: found,
        client_id: required("client_id")?,
        scopes: Scopes::parse(text(&claims, "scope")?.unwrap_or_default()),
        id: required("jti")?,
        session: text(&claims, "sid")?.map(str::to_owned),
        expires_at: second(times.expires)?,
        issued_at: second(times.issued)?,
        all: claims,
    })
}

impl From<JwsError> for AccessTokenError {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::Malformed => Self::Malformed,
            JwsError::Header(_) => Self::Header,
            JwsError::Algorithm(_) => Self::Algorithm,
            JwsError::UnknownKey => Self::UnknownKey,
            JwsError::Signature => Self::Signature,
        }
    }
}

impl From<TimesError> for AccessTokenError {
    fn from(error: TimesError) -> Self {
        match error {
            TimesError::Malformed => Self::Malformed,
            TimesError::Expired => Self::Expired,
            TimesError::NotYet => Self::NotYet,
        }
    }
}

/// A claim that is text or missing.
fn text<'a>(
    claims: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, AccessTokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(AccessTokenError::Malformed),
    }
}

/// `aud`: text, or a list of it (RFC 7519, section 4.1.3); never none.
fn audiences(claims: &Map<String, Value>) -> Result<Vec<String>, AccessTokenError> {
    let list = match claims.get("aud") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let audiences: Option<Vec<String>> = list
        .iter()
        .map(|audience| audience.as_str().map(str::to_owned))
        .collect();
    audiences
        .filter(|audiences| !audiences.is_empty())
        .ok_or(AccessTokenError::Malformed)
}

#[cfg(test)]
mod tests;
