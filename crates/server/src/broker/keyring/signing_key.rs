//! One signing key: made, read, shown, used.

use aws_lc_rs::{
    digest::{self, SHA256},
    error::Unspecified,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::KeyringError;
use crate::config::broker::Algorithm;

/// A key pair that can sign.
pub(in crate::broker) struct SigningKey {
    pair: Pair,
    /// `kid`.
    id: String,
    jwk: Value,
}

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl SigningKey {
    /// A new key as PKCS #8 (RFC 5208), which every tool can read. The library makes it from its own source of randomness.
    pub(super) fn generate(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let document = match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|pair| pair.to_pkcs8v1()),
            Algorithm::EdDsa => Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8v1()),
        };
        let document = document
            .map_err(|Unspecified| KeyringError::Cryptography("a signing key cannot be made"))?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Reads one. `None`: it is no key of this kind.
    pub(super) fn read(algorithm: Algorithm, pkcs8: &[u8]) -> Option<Self> {
        let pair = match algorithm {
            Algorithm::Es256 => {
                Pair::Es256(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?)
            }
            Algorithm::EdDsa => Pair::EdDsa(Ed25519KeyPair::from_pkcs8(pkcs8).ok()?),
        };
        // Members and their order are those of RFC 7638, section 3.2, and RFC 8037, section 2.
        let (thumbed, mut jwk) = match &pair {
            Pair::Es256(pair) => {
                // 0x04, then both coordinates of 32 bytes (SEC 1, section 2.3.3).
                let (x, y) = pair.public_key().as_ref().get(1..)?.split_at_checked(32)?;
                let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
                (
                    format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
                    json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}),
                )
            }
            Pair::EdDsa(pair) => {
                let x = URL_SAFE_NO_PAD.encode(pair.public_key());
                (
                    format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
                    json!({"kty": "OKP", "crv": "Ed25519", "x": x}),
                )
            }
        };
        let id = URL_SAFE_NO_PAD.encode(digest::digest(&SHA256, thumbed.as_bytes()));
        let members = jwk.as_object_mut()?;
        members.insert("use".to_owned(), "sig".into());
        members.insert("alg".to_owned(), algorithm.name().into());
        members.insert("kid".to_owned(), id.clone().into());
        Some(Self { pair, id, jwk })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(in crate::broker) fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Es256(_) => Algorithm::Es256,
            Pair::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// The public key (RFC 7517), with the algorithm that it is for.
    pub(super) fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// A compact JWS (RFC 7515, section 7.1).
    pub(in crate::broker) fn sign(
        &self,
        typ: &str,
        claims: &Value,
    ) -> Result<String, KeyringError> {
        let header = json!({"alg": self.algorithm().name(), "kid": self.id, "typ": typ});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = match &self.pair {
            Pair::Es256(pair) => pair.sign(&SystemRandom::new(), message.as_bytes()),
            Pair::EdDsa(pair) => pair.try_sign(message.as_bytes()),
        };
        let signature =
            signature.map_err(|Unspecified| KeyringError::Cryptography("signing failed"))?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
