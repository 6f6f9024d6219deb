//! The signing key (ES256) and compact JWS, written by hand so that it can also be wrong.
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use std::io;

/// A key pair for ES256 (RFC 7518, section 3.4) and its name.
///
/// The library makes the pair from its own source of randomness and accepts no other.
pub(crate) struct SigningKey {
    pair: EcdsaKeyPair,
    pub(crate) kid: String,
}

/// SubjectPublicKeyInfo of a P-256 key up to the point itself (RFC 5480).
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

impl SigningKey {
    pub(crate) fn generate(kid: impl Into<String>) -> io::Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| io::Error::other("the signing key cannot be made"))?;
        Ok(Self {
            pair,
            kid: kid.into(),
        })
    }

    /// The public key as a JWK (RFC 7517).
    pub(crate) fn jwk(&self) -> Value {
        // The point is 0x04, then both coordinates of 32 bytes (SEC 1, section 2.3.3).
        let point = self.pair.public_key().as_ref();
        let coordinate = |range: std::ops::Range<usize>| {
            URL_SAFE_NO_PAD.encode(point.get(range).unwrap_or_default())
        };
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": coordinate(1..33), "y": coordinate(33..65),
        })
    }

    /// Signs with ES256, whatever the header says.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> io::Result<String> {
        let message = signing_input(header, claims);
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message.as_bytes())
            .map_err(|_| io::Error::other("the ID token cannot be signed"))?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// HMAC with the PEM of the public key as the secret: the confusion attack of RFC 8725, section 2.1.
    pub(crate) fn sign_with_public_key(&self, header: &Value, claims: &Value) -> String {
        let message = signing_input(header, claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.public_pem().as_bytes());
        let tag = hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    fn public_pem(&self) -> String {
        let mut der = SPKI_PREFIX.to_vec();
        der.extend_from_slice(self.pair.public_key().as_ref());
        let text = STANDARD.encode(der);
        let (first, second) = text.split_at_checked(64).unwrap_or((&text, ""));
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
    }
}

/// An unsigned token (RFC 7519, section 6).
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.", signing_input(header, claims))
}

fn signing_input(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{Algorithm, DecodingKey, crypto::verify, jwk::Jwk};

    fn holds(token: &str, key: &DecodingKey, algorithm: Algorithm) -> bool {
        let (message, signature) = token.rsplit_once('.').unwrap();
        verify(signature, message.as_bytes(), key, algorithm).unwrap()
    }

    #[test]
    fn both_forms_of_the_public_key_verify_what_is_signed() {
        let key = SigningKey::generate("k").unwrap();
        let token = key
            .sign(&json!({ "alg": "ES256" }), &json!({ "sub": "x" }))
            .unwrap();
        let jwk: Jwk = serde_json::from_value(key.jwk()).unwrap();
        assert!(holds(
            &token,
            &DecodingKey::from_jwk(&jwk).unwrap(),
            Algorithm::ES256
        ));
        let pem = DecodingKey::from_ec_pem(key.public_pem().as_bytes()).unwrap();
        assert!(holds(&token, &pem, Algorithm::ES256));
        let other = SigningKey::generate("k")
            .unwrap()
            .sign(&json!({}), &json!({}))
            .unwrap();
        assert!(!holds(&other, &pem, Algorithm::ES256));
    }

    #[test]
    fn the_confused_token_would_fool_a_verifier_that_takes_the_public_key_as_a_secret() {
        let key = SigningKey::generate("k").unwrap();
        let token = key.sign_with_public_key(&json!({ "alg": "HS256" }), &json!({ "sub": "x" }));
        let fooled = DecodingKey::from_secret(key.public_pem().as_bytes());
        assert!(holds(&token, &fooled, Algorithm::HS256));
    }
}
