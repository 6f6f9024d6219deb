//! Seals: what is put into pages, addresses and the store so that nobody else reads, changes or makes it.
//!
//! AES-256-GCM with a key of its own for each use (HKDF-SHA-256 of the key ring's), a random nonce of 96 bits before it, base64url without padding.

use oarlock_oauth::secret::{CookieSecret, FormToken};

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
    // helper: keys
}

impl Seal {
    /// From the key ring's key. `upstream_tokens`: a key of the operator's for [`Use::UpstreamToken`].
    pub fn new(key: &[u8; 32], upstream_tokens: Option<&[u8; 32]>) -> Self {
        let _ = (key, upstream_tokens);
        todo!("helper: keys")
    }

    /// Seals the JSON of a value, as text for pages and addresses.
    ///
    /// # Errors
    /// No randomness.
    pub fn seal<T: serde::Serialize>(&self, used: Use, value: &T) -> std::io::Result<String> {
        let _ = (used, value);
        todo!("helper: keys")
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
        let _ = (used, sealed);
        todo!("helper: keys")
    }

    /// The token of every form that is sent to a browser: HMAC-SHA-256 of its cookie (OWASP's double submit, signed).
    pub fn form_token(&self, browser: &CookieSecret) -> FormToken {
        let _ = browser;
        todo!("helper: keys")
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(redacted)")
    }
}
