//! JSON Web Key Sets (RFC 7517): public keys only, algorithms pinned per key.

use crate::text::Untrusted;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, DecodingKey, crypto::aws_lc::DEFAULT_PROVIDER};
use serde_json::{Map, Value};
use std::fmt;

/// Most keys kept of a set.
const MAX_KEYS: usize = 100;
/// Most keys tried for one signature, so that a set cannot make a check expensive.
const MAX_TRIED: usize = 8;
/// Longest RSA modulus, in bytes.
const MAX_MODULUS: usize = 1024;
/// Shortest RSA modulus, in bytes (RFC 7518, section 3.3).
const MIN_MODULUS: usize = 256;

/// A set of keys.
///
/// Each key checks signatures of its own kind only: RSA keys RS and PS 256 to 512, P-256 keys ES256, P-384 keys ES384,
/// Ed25519 keys EdDSA; and of its own `alg` only, where it names one. ES512 and Ed448 are not supported.
#[derive(Clone)]
pub struct KeySet(Vec<Key>);

#[derive(Clone)]
struct Key {
    id: Option<String>,
    kind: Kind,
    /// What the key itself says.
    pinned: Option<Algorithm>,
    key: DecodingKey,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// How a signature fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unverified {
    /// No key fits.
    UnknownKey,
    /// A key fits, the signature does not.
    Wrong,
}

impl KeySet {
    /// Reads a JWKS answer; keys that are not for signatures, or of unknown kind, are left out. At most 100.
    ///
    /// Left out are also symmetric keys, keys whose private part is published, RSA keys under 2048 bits, and keys
    /// that are broken: one bad key does not spoil the others.
    ///
    /// # Errors
    /// It is no JSON object with a list of `keys`. The text says so and quotes nothing.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let set: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| "it is not a JSON object".to_owned())?;
        let keys = set
            .get("keys")
            .and_then(Value::as_array)
            .ok_or("it has no list of keys")?;
        Ok(Self(
            keys.iter()
                .filter_map(Value::as_object)
                .filter_map(Key::read)
                .take(MAX_KEYS)
                .collect(),
        ))
    }

    /// Whether there is no usable key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many usable keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Checks a signature. With a `kid`, by the keys of that id; without, by every key of the right kind, at most
    /// eight of them.
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Unverified> {
        let fits = |key: &&Key| {
            kid.is_none_or(|kid| key.id.as_deref() == Some(kid)) && key.allows(algorithm)
        };
        let mut failure = Unverified::UnknownKey;
        for key in self.0.iter().filter(fits).take(MAX_TRIED) {
            if key.verifies(algorithm, message, signature) {
                return Ok(());
            }
            failure = Unverified::Wrong;
        }
        Err(failure)
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySet")?;
        f.debug_list()
            .entries(
                self.0
                    .iter()
                    .map(|key| key.id.as_deref().map(Untrusted::from)),
            )
            .finish()
    }
}

impl Key {
    fn read(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| decode(text(name)?);
        let exactly = |name: &str, length: usize| bytes(name).filter(|bytes| bytes.len() == length);
        // A published private key signs for everybody.
        if !is_for_signatures(jwk) || jwk.contains_key("d") {
            return None;
        }
        let point = |length| Some([vec![4], exactly("x", length)?, exactly("y", length)?].concat());
        let (kind, key) = match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let (modulus, exponent) = (bytes("n")?, bytes("e")?);
                let modulus = modulus.strip_prefix(&[0]).unwrap_or(&modulus);
                if !(MIN_MODULUS..=MAX_MODULUS).contains(&modulus.len()) || exponent.len() > 8 {
                    return None;
                }
                (
                    Kind::Rsa,
                    DecodingKey::from_rsa_raw_components(modulus, &exponent),
                )
            }
            ("EC", Some("P-256")) => (Kind::P256, DecodingKey::from_ec_der(&point(32)?)),
            ("EC", Some("P-384")) => (Kind::P384, DecodingKey::from_ec_der(&point(48)?)),
            ("OKP", Some("Ed25519")) => {
                (Kind::Ed25519, DecodingKey::from_ed_der(&exactly("x", 32)?))
            }
            _ => return None,
        };
        let pinned = match jwk.get("alg") {
            None | Some(Value::Null) => None,
            // One of its own kind, or the key is not for us.
            Some(name) => {
                Some(asymmetric(name.as_str()?).filter(|algorithm| kind.allows(*algorithm))?)
            }
        };
        Some(Self {
            id: text("kid").map(str::to_owned),
            kind,
            pinned,
            key,
        })
    }

    fn allows(&self, algorithm: Algorithm) -> bool {
        self.kind.allows(algorithm) && self.pinned.is_none_or(|pinned| pinned == algorithm)
    }

    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        // The provider by name: the process-wide one could be another crate's, or none.
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &self.key);
        verifier.is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }
}

impl Kind {
    fn allows(self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa => matches!(
                algorithm,
                Algorithm::RS256
                    | Algorithm::RS384
                    | Algorithm::RS512
                    | Algorithm::PS256
                    | Algorithm::PS384
                    | Algorithm::PS512
            ),
            Self::P256 => algorithm == Algorithm::ES256,
            Self::P384 => algorithm == Algorithm::ES384,
            Self::Ed25519 => algorithm == Algorithm::EdDSA,
        }
    }
}

/// The asymmetric algorithm of a name; never `none` or an HMAC, for which a public key would be the secret.
pub(crate) fn asymmetric(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        // The newer name of the same (RFC 9864, section 2.2).
        "EdDSA" | "Ed25519" => Algorithm::EdDSA,
        _ => return None,
    })
}

fn is_for_signatures(jwk: &Map<String, Value>) -> bool {
    let used = jwk.get("use").is_none_or(|usage| usage == "sig");
    let operations = jwk.get("key_ops").is_none_or(|list| {
        list.as_array()
            .is_some_and(|list| list.iter().any(|operation| operation == "verify"))
    });
    used && operations
}

/// base64url; padding and the other alphabet are forgiven, because old key servers write them.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    URL_SAFE_NO_PAD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text))
        .ok()
}

#[cfg(test)]
pub(crate) mod signing;
#[cfg(test)]
mod tests;
