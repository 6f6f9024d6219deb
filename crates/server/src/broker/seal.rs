//! Seals: what is put into pages, addresses and the store so that nobody else reads, changes or makes it.
//!
//! AES-256-GCM-SIV (RFC 8452) with a key of its own for each use (HKDF-SHA-256 of the key ring's), a random nonce of 96 bits before it, base64url without padding.
//! Strangers can make this server seal as often as they like, and with plain GCM two equal nonces would give the key away.

use std::io;

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oarlock_oauth::secret::{AuthorizationCode, CookieSecret, FormToken};
use zeroize::Zeroizing;

use super::id::LoginId;

/// What is sealed. Part of the key, so that one is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A [`LoginRequest`](super::request::LoginRequest) in a page or in the address of a pairing.
    Request,
    /// What the exchange with a provider needs, in the store.
    Upstream,
    /// A provider's token, in the store.
    UpstreamToken,
}

/// It was not sealed here for this use.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("this was not sealed here")]
pub struct Unsealed;

/// Seals and opens.
pub struct Seal {
    request: Option<LessSafeKey>,
    upstream: Option<LessSafeKey>,
    upstream_token: Option<LessSafeKey>,
    forms: hmac::Key,
    codes: hmac::Key,
}

impl Seal {
    /// From the key ring's key. `upstream_tokens`: a key of the operator's for [`Use::UpstreamToken`].
    pub fn new(key: &[u8; 32], upstream_tokens: Option<&[u8; 32]>) -> Self {
        let hmac_key = |label| hmac::Key::new(hmac::HMAC_SHA256, &*derived(key, label));
        Self {
            request: aead_key(key, "oarlock seal: request"),
            upstream: aead_key(key, "oarlock seal: upstream"),
            upstream_token: aead_key(
                upstream_tokens.unwrap_or(key),
                "oarlock seal: upstream token",
            ),
            forms: hmac_key("oarlock seal: form token"),
            codes: hmac_key("oarlock seal: authorization code"),
        }
    }

    /// Seals the JSON of a value, as text for pages and addresses.
    ///
    /// # Errors
    /// No randomness.
    pub fn seal<T: serde::Serialize>(&self, used: Use, value: &T) -> io::Result<String> {
        let broken = || io::Error::other("sealing failed");
        let key = self.key(used).ok_or_else(broken)?;
        let plain = Zeroizing::new(serde_json::to_vec(value)?);
        let nonce: [u8; NONCE_LEN] = *oarlock_io::entropy::random()?
            .first_chunk()
            .ok_or_else(broken)?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM_SIV.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&plain);
        let text = sealed.get_mut(NONCE_LEN..).ok_or_else(broken)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::empty(), text)
            .map_err(|_| broken())?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`seal`](Self::seal) made.
    ///
    /// # Errors
    /// It was not sealed here for this use, or is no such value.
    pub fn open<T: serde::de::DeserializeOwned>(
        &self,
        used: Use,
        sealed: &str,
    ) -> Result<T, Unsealed> {
        let key = self.key(used).ok_or(Unsealed)?;
        let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Unsealed)?);
        let (nonce, text) = bytes.split_first_chunk_mut().ok_or(Unsealed)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = key
            .open_in_place(nonce, Aad::empty(), text)
            .map_err(|_| Unsealed)?;
        serde_json::from_slice(plain).map_err(|_| Unsealed)
    }

    /// The token of every form that is sent to a browser: HMAC-SHA-256 of its cookie (OWASP's double submit, signed).
    pub fn form_token(&self, browser: &CookieSecret) -> FormToken {
        let tag = hmac::sign(&self.forms, browser.expose().as_bytes());
        FormToken::new(URL_SAFE_NO_PAD.encode(tag))
    }

    /// The authorization code of a login: always the same, so that a browser that asks twice is answered twice (hostile.md, 9),
    /// though nothing but the code's digest is kept.
    pub fn code(&self, login: &LoginId) -> AuthorizationCode {
        let tag = hmac::sign(&self.codes, login.as_str().as_bytes());
        AuthorizationCode::new(URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether a form that came back was sent to this browser; in constant time.
    pub fn check_form_token(&self, browser: &CookieSecret, shown: &FormToken) -> bool {
        URL_SAFE_NO_PAD
            .decode(shown.expose())
            .is_ok_and(|tag| hmac::verify(&self.forms, browser.expose().as_bytes(), &tag).is_ok())
    }

    fn key(&self, used: Use) -> Option<&LessSafeKey> {
        match used {
            Use::Request => &self.request,
            Use::Upstream => &self.upstream,
            Use::UpstreamToken => &self.upstream_token,
        }
        .as_ref()
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(redacted)")
    }
}

/// `None` only where a key of 256 bits is none for AES-256: never.
fn aead_key(key: &[u8; 32], label: &str) -> Option<LessSafeKey> {
    let unbound = UnboundKey::new(&AES_256_GCM_SIV, &*derived(key, label)).ok()?;
    Some(LessSafeKey::new(unbound))
}

/// HKDF-SHA-256 (RFC 5869) without a salt; its first and only block is the key.
fn derived(key: &[u8; 32], label: &str) -> Zeroizing<[u8; 32]> {
    let extract = hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]);
    let expand = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&extract, key).as_ref());
    let block = hmac::sign(&expand, &[label.as_bytes(), &[1]].concat());
    let mut derived = Zeroizing::new([0; 32]);
    derived
        .iter_mut()
        .zip(block.as_ref())
        .for_each(|(byte, made)| *byte = *made);
    derived
}

#[cfg(test)]
mod tests;
