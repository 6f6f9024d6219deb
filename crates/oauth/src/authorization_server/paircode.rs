//! Paircodes: the secret by which a program of the older face fetches its login.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Before a digest, in place of a paircode.
const DIGEST: &str = "S256.";

/// A digest of a paircode: the S256 of RFC 7636, section 4.2. The paircode itself is never kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct PaircodeDigest(pub [u8; 32]);

/// Why it is none.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum BadPaircode {
    /// Too short, too long or with characters that a URL does not carry as they are.
    #[error(
        "a paircode has 22 to 256 characters of A-Z, a-z, 0-9, -._~; make it of 128 random bits or more"
    )]
    Paircode,
    /// `S256.` and no digest after it.
    #[error("after S256. there are the 43 characters of a base64url digest")]
    Digest,
}

impl PaircodeDigest {
    /// What `/cli_login` is given: a paircode, or `S256.` and its digest.
    ///
    /// # Errors
    /// It is neither.
    pub fn announced(text: &str) -> Result<Self, BadPaircode> {
        let Some(digest) = text.strip_prefix(DIGEST) else {
            return Self::of(text);
        };
        let digest = URL_SAFE_NO_PAD.decode(digest).ok();
        digest
            .and_then(|digest| digest.try_into().ok())
            .map(Self)
            .ok_or(BadPaircode::Digest)
    }

    /// What `/token` is given: the paircode. A digest redeems nothing, so `S256.…` is no paircode here.
    ///
    /// # Errors
    /// It is none.
    pub fn of(paircode: &str) -> Result<Self, BadPaircode> {
        let is_paircode = (22..=256).contains(&paircode.len())
            && paircode
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
            && !paircode.starts_with(DIGEST);
        if !is_paircode {
            return Err(BadPaircode::Paircode);
        }
        let digest = digest(&SHA256, paircode.as_bytes());
        digest
            .as_ref()
            .try_into()
            .map(Self)
            .map_err(|_| BadPaircode::Paircode)
    }

    /// As text, 43 characters of base64url: what stands after `S256.`.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}
