//! Keys: made at the first start, kept 0600 in a file or in the store, changed on a schedule or by command.
//!
//! A signing key is published before it signs, so that whoever keeps the key set for a while knows it; and stays published until what it
//! signed has expired.

use std::{path::PathBuf, sync::Arc};

use oarlock_io::Clock;
use oarlock_oauth::{Timestamp, jwks::KeySet};

use super::store::{Store, StoreError};
use crate::config::broker::{Algorithm, KeysConfig};

/// The keys of a server.
#[derive(Debug)]
pub struct Keyring {
    // helper: keys
}

/// One signing key, for lists.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct KeyInfo {
    /// `kid`: its RFC 7638 thumbprint.
    pub id: String,
    /// `ES256` or `EdDSA`.
    pub algorithm: &'static str,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it signs.
    pub signs_from: Timestamp,
    /// Until when it is published; `None`: it is the present or next one.
    pub published_until: Option<Timestamp>,
}

/// Why keys cannot be read or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The file.
    #[error("the keys in {path} cannot be used: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error("no randomness: {0}")]
    Random(std::io::Error),
}

impl Keyring {
    /// Reads the keys, or makes them. Two processes that start at once end with the same ones.
    ///
    /// # Errors
    /// See [`KeyringError`].
    pub async fn open(
        config: KeysConfig,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyringError> {
        let _ = (config, store, clock);
        todo!("helper: keys")
    }

    /// Reads them again if somebody else changed them, makes the next key when its time has come, and lets go of what is no longer published.
    ///
    /// # Errors
    /// See [`KeyringError`]; the keys stay as they were.
    pub async fn keep(&self) -> Result<(), KeyringError> {
        todo!("helper: keys")
    }

    /// Makes a new signing key now; it signs after the time it has to be known before. `immediately`: it signs at once, and every other key is withdrawn
    /// (what was signed before is refused from now on): for a key that leaked.
    ///
    /// # Errors
    /// See [`KeyringError`].
    pub async fn rotate(&self, immediately: bool) -> Result<KeyInfo, KeyringError> {
        let _ = immediately;
        todo!("helper: keys")
    }

    /// All signing keys.
    pub fn list(&self) -> Vec<KeyInfo> {
        todo!("helper: keys")
    }

    /// The JWKS (RFC 7517) of those that are published: body of `/jwks.json`.
    pub fn jwks(&self) -> Vec<u8> {
        todo!("helper: keys")
    }

    /// The same, to check signatures with.
    pub fn key_set(&self) -> KeySet {
        todo!("helper: keys")
    }

    /// Signs header and claims as a compact JWS with the present key; `alg`, `kid` and `typ` are put into the header here.
    ///
    /// # Errors
    /// The cryptography failed; never seen.
    pub fn sign(&self, typ: &str, claims: &serde_json::Value) -> Result<String, KeyringError> {
        let _ = (typ, claims);
        todo!("helper: keys")
    }

    /// What signs now.
    pub fn algorithm(&self) -> Algorithm {
        todo!("helper: keys")
    }

    /// The key that everything sealed is sealed with: 256 bits, for [`Seal`](super::seal::Seal) alone.
    pub(crate) fn seal_key(&self) -> zeroize::Zeroizing<[u8; 32]> {
        todo!("helper: keys")
    }
}
