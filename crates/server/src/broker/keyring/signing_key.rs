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

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// The Ed25519 key of RFC 8037, appendix A.1, as PKCS #8 (RFC 8410, section 7).
    fn published_key() -> Vec<u8> {
        let seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
        let mut pkcs8 = STANDARD.decode("MC4CAQAwBQYDK2VwBCIEIA==").unwrap();
        pkcs8.extend(URL_SAFE_NO_PAD.decode(seed).unwrap());
        pkcs8
    }

    #[test]
    fn a_key_of_the_standard_has_the_thumbprint_of_the_standard() {
        let key = SigningKey::read(Algorithm::EdDsa, &published_key()).unwrap();
        // Appendix A.2 and A.3.
        assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "use": "sig", "alg": "EdDSA", "kid": key.id(),
        });
        assert_eq!(*key.jwk(), jwk);
    }

    #[test]
    fn signatures_are_those_of_the_algorithm() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = SigningKey::read(algorithm, &SigningKey::generate(algorithm).unwrap());
            let key = key.unwrap();
            let token = key.sign("at+jwt", &json!({"sub": "ada"})).unwrap();
            let parts: Vec<_> = token.split('.').collect();
            let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
            let header: Value = serde_json::from_slice(&decoded(parts[0])).unwrap();
            let expected = json!({"alg": algorithm.name(), "kid": key.id(), "typ": "at+jwt"});
            assert_eq!(header, expected);
            assert_eq!(decoded(parts[1]), br#"{"sub":"ada"}"#);
            let signature = decoded(parts[2]);
            assert_eq!(signature.len(), 64);
            let coordinate = |name: &str| decoded(key.jwk()[name].as_str().unwrap());
            let message = format!("{}.{}", parts[0], parts[1]);
            let checked = match algorithm {
                Algorithm::Es256 => {
                    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
                    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                    public.verify(message.as_bytes(), &signature)
                }
                Algorithm::EdDsa => UnparsedPublicKey::new(&ED25519, coordinate("x"))
                    .verify(message.as_bytes(), &signature),
            };
            assert!(checked.is_ok(), "{algorithm:?}");
            assert!(key.jwk().get("d").is_none());
        }
    }

    #[test]
    fn a_key_is_not_taken_for_one_of_another_kind() {
        let [curve, edwards] = [Algorithm::Es256, Algorithm::EdDsa]
            .map(|algorithm| SigningKey::generate(algorithm).unwrap());
        assert!(SigningKey::read(Algorithm::EdDsa, &curve).is_none());
        assert!(SigningKey::read(Algorithm::Es256, &edwards).is_none());
        assert!(SigningKey::read(Algorithm::Es256, &curve[..curve.len() - 1]).is_none());
        assert!(SigningKey::read(Algorithm::EdDsa, &[]).is_none());
    }
}
