//! The key ring as it is kept: one JSON document.
//!
//! ```json
//! {
//!   "version": 1,
//!   "seal_key": "(256 bits, base64)",
//!   "signing_keys": [
//!     {"kid": "…", "algorithm": "ES256", "created_at": "…", "signs_from": "…", "published_until": "…", "pkcs8": "(base64)"}
//!   ]
//! }
//! ```
//! Keys stand in the order in which they were made. `published_until` is there once a key has stopped signing.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oarlock_oauth::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

use super::{KeyInfo, KeyringError, signing_key::SigningKey};
use crate::config::broker::Algorithm;

/// The version of the document that is read and written here.
const VERSION: u32 = 1;

/// All keys of a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    version: u32,
    pub(super) seal_key: SealKey,
    pub(super) signing_keys: Vec<Record>,
}

/// One signing key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    kid: String,
    #[serde(with = "name")]
    pub(super) algorithm: Algorithm,
    pub(super) created_at: Timestamp,
    pub(super) signs_from: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) published_until: Option<Timestamp>,
    pkcs8: Secret,
}

/// The key that everything sealed is sealed with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct SealKey(Secret);

#[derive(Clone, PartialEq)]
struct Secret(Zeroizing<Vec<u8>>);

/// Why a document is refused. It quotes nothing: what stands there is secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DocumentError {
    #[error("they are damaged (line {line}, column {column})")]
    Damaged { line: usize, column: usize },
    #[error("they are damaged ({0})")]
    Inconsistent(&'static str),
    #[error("they were written by a newer version of Oarlock (format {0}); use that version")]
    Newer(u64),
}

impl Document {
    /// A new ring without signing keys.
    pub(super) fn new() -> Result<Self, KeyringError> {
        let random = Zeroizing::new(oarlock_io::entropy::random().map_err(KeyringError::Random)?);
        Ok(Self {
            version: VERSION,
            seal_key: SealKey(Secret(Zeroizing::new(random.to_vec()))),
            signing_keys: Vec::new(),
        })
    }

    /// Reads one, and checks that every key is what it says.
    pub(super) fn parse(text: &[u8]) -> Result<Self, DocumentError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        if let Ok(Versioned { version }) = serde_json::from_slice(text)
            && version > u64::from(VERSION)
        {
            return Err(DocumentError::Newer(version));
        }
        let document: Self =
            serde_json::from_slice(text).map_err(|error| DocumentError::Damaged {
                line: error.line(),
                column: error.column(),
            })?;
        document.check().map_err(DocumentError::Inconsistent)?;
        Ok(document)
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.version != VERSION {
            return Err("there is no such format");
        }
        if self.seal_key.bytes().is_none() {
            return Err("the seal key has not 32 bytes");
        }
        if self.signing_keys.is_empty() {
            return Err("there is no signing key");
        }
        for (place, record) in self.signing_keys.iter().enumerate() {
            record.signing_key()?;
            let before = self.signing_keys.iter().take(place);
            if before.into_iter().any(|other| other.kid == record.kid) {
                return Err("a signing key is there twice");
            }
        }
        Ok(())
    }

    /// As it is kept.
    pub(super) fn text(&self) -> Result<Zeroizing<String>, KeyringError> {
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|_| KeyringError::Cryptography("the keys are no JSON"))?;
        Ok(Zeroizing::new(text + "\n"))
    }
}

impl Record {
    /// A new key that signs from then on.
    pub(super) fn new(
        algorithm: Algorithm,
        now: Timestamp,
        signs_from: Timestamp,
    ) -> Result<Self, KeyringError> {
        let pkcs8 = SigningKey::generate(algorithm)?;
        let key = SigningKey::read(algorithm, &pkcs8)
            .ok_or(KeyringError::Cryptography("a new key cannot be read"))?;
        Ok(Self {
            kid: key.id().to_owned(),
            algorithm,
            created_at: now,
            signs_from,
            published_until: None,
            pkcs8: Secret(pkcs8),
        })
    }

    pub(super) fn signing_key(&self) -> Result<SigningKey, &'static str> {
        SigningKey::read(self.algorithm, &self.pkcs8.0)
            .filter(|key| key.id() == self.kid)
            .ok_or("a signing key is not what it says")
    }

    pub(super) fn info(&self) -> KeyInfo {
        KeyInfo {
            id: self.kid.clone(),
            algorithm: self.algorithm.name(),
            created_at: self.created_at,
            signs_from: self.signs_from,
            published_until: self.published_until,
        }
    }
}

impl SealKey {
    pub(super) fn bytes(&self) -> Option<Zeroizing<[u8; 32]>> {
        let bytes: &[u8; 32] = self.0.0.as_slice().try_into().ok()?;
        Some(Zeroizing::new(*bytes))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("redacted")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(&*self.0)))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = STANDARD.decode(&*text);
        let bytes = bytes.map_err(|_| D::Error::custom("it is not base64"))?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

/// An algorithm by its name in a header.
mod name {
    use super::{Algorithm, Deserialize, Deserializer, Serializer};
    use serde::de::Error as _;

    pub(super) fn serialize<S: Serializer>(
        algorithm: &Algorithm,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(algorithm.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Algorithm, D::Error> {
        let name = String::deserialize(deserializer)?;
        [Algorithm::Es256, Algorithm::EdDsa]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| D::Error::custom("no such algorithm"))
    }
}
