//! ID token checks (OpenID Connect Core, section 3.1.3.7).

use crate::{
    Timestamp,
    jwks::{KeySet, asymmetric},
    jws::{Jws, JwsError, Times, TimesError},
    profile::ProviderProfile,
    secret::{IdToken, Nonce},
    text::Untrusted,
};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

/// Claims of a checked ID token. There is no way to the claims of one that is not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claims {
    /// `sub`.
    pub subject: String,
    /// All claims.
    pub all: Map<String, Value>,
}

/// Which check failed.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdTokenError {
    /// No signed JWT of three parts, or a claim that must be there is missing or of another type.
    #[error("the ID token is malformed")]
    Malformed,
    /// A header that would choose the key, or that is critical and not understood (RFC 7515, section 4.1).
    #[error("the ID token's header has {0:?}, which is refused")]
    Header(&'static str),
    /// Another kind of token (RFC 8725, section 3.11).
    #[error("this is a token of type {0}, not an ID token")]
    Type(Untrusted),
    /// `none`, an HMAC, or an algorithm that is not known here or not this provider's.
    #[error("the ID token is signed with {0}, which is refused")]
    Algorithm(Untrusted),
    /// No key of this id and kind: fetch the key set again, but not for every such token.
    #[error("no key for the ID token's signature")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// `iss` is not the profile's issuer, or the profile has none.
    #[error("the ID token was issued by somebody else")]
    Issuer,
    /// `aud` lacks the client.
    #[error("the ID token is for another client")]
    Audience,
    /// `azp` is another client, or missing beside several audiences.
    #[error("the ID token's azp is another client")]
    AuthorizedParty,
    /// `exp` passed.
    #[error("the ID token expired")]
    Expired,
    /// `nbf` or `iat` lies ahead.
    #[error("the ID token is not valid yet")]
    NotYet,
    /// The nonce is missing or another's: a token of another login.
    #[error("the ID token's nonce is not this login's")]
    Nonce,
}

/// Checks signature, `iss`, `aud`, `azp`, `exp`, `nbf`, `iat`, `nonce`; 60 s of skew.
///
/// The key is chosen by `kid` and algorithm out of the provider's set alone. `nonce` is the one sent; with `None`
/// (after a refresh) the claim is ignored. HMAC-signed tokens are refused: their key would be the client secret,
/// which for a program on somebody's machine is none.
///
/// # Errors
/// The first check that fails; nothing of the token is given out then.
pub fn check(
    token: &IdToken,
    profile: &ProviderProfile,
    keys: &KeySet,
    nonce: Option<&Nonce>,
    now: Timestamp,
) -> Result<Claims, IdTokenError> {
    let token = Jws::read(token.expose())?;
    check_type(token.kind()?)?;
    let listed = &profile.id_token_signing_alg_values_supported;
    let supported = |algorithm| {
        listed.is_empty()
            || listed
                .iter()
                .any(|known| asymmetric(known) == Some(algorithm))
    };
    let claims = token.verify(keys, supported)?;
    check_parties(&claims, profile)?;
    Times::check(&claims, now.as_second())?;
    check_nonce(&claims, nonce)?;
    let subject = claims
        .get("sub")
        .and_then(Value::as_str)
        .filter(|subject| !subject.is_empty());
    Ok(Claims {
        subject: subject.ok_or(IdTokenError::Malformed)?.to_owned(),
        all: claims,
    })
}

impl From<JwsError> for IdTokenError {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::Malformed => Self::Malformed,
            JwsError::Header(name) => Self::Header(name),
            JwsError::Algorithm(name) => Self::Algorithm(name),
            JwsError::UnknownKey => Self::UnknownKey,
            JwsError::Signature => Self::Signature,
        }
    }
}

impl From<TimesError> for IdTokenError {
    fn from(error: TimesError) -> Self {
        match error {
            TimesError::Malformed => Self::Malformed,
            TimesError::Expired => Self::Expired,
            TimesError::NotYet => Self::NotYet,
        }
    }
}

fn check_type(kind: Option<&str>) -> Result<(), IdTokenError> {
    match kind {
        Some(kind) if !kind.eq_ignore_ascii_case("JWT") => {
            Err(IdTokenError::Type(Untrusted::new(kind)))
        }
        _ => Ok(()),
    }
}

/// `iss`, `aud` and `azp`, exactly.
fn check_parties(
    claims: &Map<String, Value>,
    profile: &ProviderProfile,
) -> Result<(), IdTokenError> {
    let issuer = profile.issuer.as_ref().ok_or(IdTokenError::Issuer)?;
    if claims.get("iss").and_then(Value::as_str) != Some(issuer.as_str()) {
        return Err(IdTokenError::Issuer);
    }
    let client = profile.client_id().map_err(|_| IdTokenError::Audience)?;
    let several = match claims.get("aud") {
        Some(Value::String(audience)) if audience == client => false,
        Some(Value::Array(list)) if list.iter().any(|audience| audience == client) => {
            list.len() > 1
        }
        _ => return Err(IdTokenError::Audience),
    };
    match claims.get("azp") {
        Some(party) if party == client => Ok(()),
        None if !several => Ok(()),
        _ => Err(IdTokenError::AuthorizedParty),
    }
}

fn check_nonce(claims: &Map<String, Value>, sent: Option<&Nonce>) -> Result<(), IdTokenError> {
    let Some(sent) = sent else { return Ok(()) };
    let found = claims
        .get("nonce")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if bool::from(found.as_bytes().ct_eq(sent.expose().as_bytes())) {
        Ok(())
    } else {
        Err(IdTokenError::Nonce)
    }
}

#[cfg(test)]
mod tests;
