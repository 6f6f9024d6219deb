//! Compact JWS (RFC 7515) that carry JWT claims (RFC 7519): the one reading for ID tokens and access tokens.

use crate::{
    jwks::{KeySet, Unverified, asymmetric},
    text::Untrusted,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

/// Clock skew borne, in seconds.
pub(crate) const SKEW: i64 = 60;
/// Longest token, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// A token that was taken apart. There is no way to the claims but through [`Jws::verify`].
pub(crate) struct Jws<'a> {
    header: Map<String, Value>,
    /// What is signed: header, dot, payload.
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
}

/// Which check of the signature failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JwsError {
    /// Not three parts of base64url with JSON objects in the first two, or a header member of another type.
    Malformed,
    /// A header that would choose the key, or that is critical and not understood (RFC 7515, section 4.1).
    Header(&'static str),
    /// `none`, an HMAC, unknown, or not wanted.
    Algorithm(Untrusted),
    /// No key of this id and kind.
    UnknownKey,
    /// A key, and the signature does not fit.
    Signature,
}

/// When a token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// `exp`, in seconds.
    pub(crate) expires: i64,
    /// `iat`, in seconds.
    pub(crate) issued: i64,
}

/// Which check of the times failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimesError {
    /// `exp` or `iat` is missing, or no number.
    Malformed,
    /// `exp` passed.
    Expired,
    /// `nbf` or `iat` lies ahead.
    NotYet,
}

impl<'a> Jws<'a> {
    /// Takes a token apart, and refuses headers that could choose the key.
    pub(crate) fn read(token: &'a str) -> Result<Self, JwsError> {
        let (message, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(JwsError::Malformed)?;
        if token.len() > MAX_LENGTH || payload.contains('.') {
            return Err(JwsError::Malformed);
        }
        let header = object(header)?;
        // Critical extensions are not known here (RFC 7515, section 4.1.11); the others point to keys of the token's
        // own choosing. `x5c` and the thumbprints, which honest servers send, are ignored.
        if let Some(name) = ["crit", "jku", "jwk", "x5u"]
            .into_iter()
            .find(|name| header.contains_key(*name))
        {
            return Err(JwsError::Header(name));
        }
        Ok(Self {
            header,
            message,
            payload,
            signature,
        })
    }

    /// `typ`: a media type, whose `application/` may be left out (RFC 7515, section 4.1.9). Given back without it.
    pub(crate) fn kind(&self) -> Result<Option<&str>, JwsError> {
        const PREFIX: &str = "application/";
        Ok(self
            .header_text("typ")?
            .map(|kind| match kind.split_at_checked(PREFIX.len()) {
                Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
                _ => kind,
            }))
    }

    /// The claims, if the signature is right: by an asymmetric algorithm that is wanted, and a key of the set, chosen by `kid` and algorithm.
    pub(crate) fn verify(
        &self,
        keys: &KeySet,
        wanted: impl Fn(Algorithm) -> bool,
    ) -> Result<Map<String, Value>, JwsError> {
        let name = self.header_text("alg")?.ok_or(JwsError::Malformed)?;
        let algorithm = asymmetric(name)
            .filter(|algorithm| wanted(*algorithm))
            .ok_or_else(|| JwsError::Algorithm(Untrusted::new(name)))?;
        let kid = self.header_text("kid")?;
        let signature = URL_SAFE_NO_PAD
            .decode(self.signature)
            .map_err(|_| JwsError::Malformed)?;
        keys.verify(algorithm, kid, self.message.as_bytes(), &signature)
            .map_err(|failure| match failure {
                Unverified::UnknownKey => JwsError::UnknownKey,
                Unverified::Wrong => JwsError::Signature,
            })?;
        object(self.payload)
    }

    fn header_text(&self, name: &str) -> Result<Option<&str>, JwsError> {
        match self.header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(JwsError::Malformed),
        }
    }
}

impl Times {
    /// Checks `exp`, `iat` and, where it is there, `nbf`; 60 s of skew.
    pub(crate) fn check(claims: &Map<String, Value>, now: i64) -> Result<Self, TimesError> {
        let expires = time(claims, "exp")?.ok_or(TimesError::Malformed)?;
        let issued = time(claims, "iat")?.ok_or(TimesError::Malformed)?;
        let not_before = time(claims, "nbf")?.unwrap_or(issued);
        if now.saturating_sub(SKEW) >= expires {
            return Err(TimesError::Expired);
        }
        if now.saturating_add(SKEW) < issued.max(not_before) {
            return Err(TimesError::NotYet);
        }
        Ok(Self { expires, issued })
    }
}

fn object(part: &str) -> Result<Map<String, Value>, JwsError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| JwsError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| JwsError::Malformed)
}

/// A NumericDate (RFC 7519, section 2): seconds, perhaps with a fraction.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, TimesError> {
    match claims.get(name) {
        None => Ok(None),
        // Saturates at both ends.
        Some(Value::Number(number)) => Ok(number
            .as_i64()
            .or(number.as_f64().map(|seconds| seconds as i64))),
        Some(_) => Err(TimesError::Malformed),
    }
}
