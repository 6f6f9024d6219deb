//! Keys: made at the first start, kept 0600 in a file or in the store, changed on a schedule or by command.
//!
//! A signing key is published before it signs, so that whoever keeps the key set for a while knows it; and stays published until what it
//! signed has expired.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use oarlock_io::Clock;
use oarlock_oauth::{Timestamp, jwks::KeySet};
use serde_json::json;
use tokio::sync::Mutex;

use super::store::{Store, StoreError};
use crate::config::broker::{Algorithm, KeysConfig, KeysHome};
use document::Document;
use home::{Change, Home, What};
use schedule::Schedule;

mod document;
mod home;
mod schedule;
mod signing_key;

pub(super) use signing_key::SigningKey;

/// The keys of a server.
pub struct Keyring {
    home: Home,
    schedule: Schedule,
    clock: Arc<dyn Clock>,
    ring: RwLock<Arc<Ring>>,
    /// One change at a time, from reading to use: or an older ring could come after a newer one.
    changing: Mutex<()>,
}

/// The keys as they are for a while, ready to be used.
pub(super) struct Ring {
    document: Document,
    seal_key: zeroize::Zeroizing<[u8; 32]>,
    /// As in the document.
    keys: Vec<Arc<SigningKey>>,
    jwks: Vec<u8>,
    key_set: KeySet,
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
    /// There is no room for another key.
    #[error(
        "there are {0} signing keys already; wait until old ones are gone, or withdraw them all with --now"
    )]
    Full(usize),
    /// The cryptography failed; never seen.
    #[error("the cryptography failed: {0}")]
    Cryptography(&'static str),
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
        let schedule = Schedule::of(&config);
        let home = match config.home {
            KeysHome::File(path) => Home::File(path),
            KeysHome::Store => Home::Store(store),
        };
        Self::at(home, schedule, clock).await
    }

    async fn at(
        home: Home,
        schedule: Schedule,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyringError> {
        let change = Change {
            what: What::Open,
            schedule,
            now: clock.now(),
        };
        let (document, changed) = home.settle(change).await?;
        let ring = Ring::of(document)?;
        if changed {
            tracing::info!(keys = ring.keys.len(), "signing keys were made or let go");
        }
        Ok(Self {
            home,
            schedule,
            clock,
            ring: RwLock::new(Arc::new(ring)),
            changing: Mutex::new(()),
        })
    }

    /// Reads them again if somebody else changed them, makes the next key when its time has come, and lets go of what is no longer published.
    ///
    /// # Errors
    /// See [`KeyringError`]; the keys stay as they were.
    pub async fn keep(&self) -> Result<(), KeyringError> {
        let known = self.ring().document.seal_key.clone();
        self.change(What::Keep(known)).await.map(drop)
    }

    /// Makes a new signing key now; it signs after the time it has to be known before. `immediately`: it signs at once, and every other key is withdrawn
    /// (what was signed before is refused from now on): for a key that leaked.
    ///
    /// # Errors
    /// See [`KeyringError`].
    pub async fn rotate(&self, immediately: bool) -> Result<KeyInfo, KeyringError> {
        let known = self.ring().document.seal_key.clone();
        let ring = self.change(What::Rotate { known, immediately }).await?;
        let made = ring.document.signing_keys.last();
        made.map(document::Record::info).ok_or(NO_KEY)
    }

    /// All signing keys.
    pub fn list(&self) -> Vec<KeyInfo> {
        let ring = self.ring();
        let records = ring.document.signing_keys.iter();
        records.map(document::Record::info).collect()
    }

    /// The JWKS (RFC 7517) of those that are published: body of `/jwks.json`.
    pub fn jwks(&self) -> Vec<u8> {
        self.ring().jwks.clone()
    }

    /// The same, to check signatures with.
    pub fn key_set(&self) -> KeySet {
        self.ring().key_set.clone()
    }

    /// Signs header and claims as a compact JWS with the present key; `alg`, `kid` and `typ` are put into the header here.
    ///
    /// # Errors
    /// The cryptography failed; never seen.
    pub fn sign(&self, typ: &str, claims: &serde_json::Value) -> Result<String, KeyringError> {
        self.signer()?.sign(typ, claims)
    }

    /// What signs now.
    pub fn algorithm(&self) -> Algorithm {
        self.signer()
            .map_or_else(|_| Algorithm::default(), |key| key.algorithm())
    }

    /// The key that signs now: for what has to know its algorithm before it is signed.
    ///
    /// # Errors
    /// There is none; never seen.
    pub(super) fn signer(&self) -> Result<Arc<SigningKey>, KeyringError> {
        let ring = self.ring();
        let place = schedule::signer(&ring.document.signing_keys, self.clock.now());
        let key = place.and_then(|place| ring.keys.get(place));
        key.cloned().ok_or(NO_KEY)
    }

    /// The key that everything sealed is sealed with: 256 bits, for [`Seal`](super::seal::Seal) alone.
    pub(crate) fn seal_key(&self) -> zeroize::Zeroizing<[u8; 32]> {
        self.ring().seal_key.clone()
    }

    /// The keys as they are now.
    pub(super) fn ring(&self) -> Arc<Ring> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ring)
    }

    async fn change(&self, what: What) -> Result<Arc<Ring>, KeyringError> {
        let _one = self.changing.lock().await;
        let change = Change {
            what,
            schedule: self.schedule,
            now: self.clock.now(),
        };
        let (document, changed) = self.home.settle(change).await?;
        let present = self.ring();
        if document == present.document {
            return Ok(present);
        }
        let ring = Arc::new(Ring::of(document)?);
        tracing::info!(
            keys = ring.keys.len(),
            by_others = !changed,
            "signing keys changed"
        );
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring)
    }
}

/// A ring has a key, or it is not read.
const NO_KEY: KeyringError = KeyringError::Cryptography("there is no signing key");

impl Ring {
    fn of(document: Document) -> Result<Self, KeyringError> {
        let keys = document.signing_keys.iter().map(|record| {
            let key = record.signing_key().map_err(KeyringError::Cryptography)?;
            Ok(Arc::new(key))
        });
        let keys = keys.collect::<Result<Vec<_>, KeyringError>>()?;
        let published: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        let jwks = json!({"keys": published}).to_string().into_bytes();
        let key_set = KeySet::parse(&jwks)
            .map_err(|_| KeyringError::Cryptography("the key set cannot be read"))?;
        let seal_key = document.seal_key.bytes();
        Ok(Self {
            seal_key: seal_key.ok_or(KeyringError::Cryptography("the seal key is too short"))?,
            document,
            keys,
            jwks,
            key_set,
        })
    }

    /// What is published, to check signatures with.
    pub(super) fn key_set(&self) -> &KeySet {
        &self.key_set
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("home", &self.home)
            .field("keys", &self.ring().key_set)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests;
