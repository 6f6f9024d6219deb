//! The credential store: one private file and one lock per account.
//!
//! Reading needs no lock, because files are replaced whole. Writing needs an [`AccountLock`]: who holds it is
//! alone with the account, and every method that changes something takes it as proof.

use std::{
    path::{Component, Path, PathBuf},
    time::Duration,
};

use oarlock_io::{
    lock::{FileLock, LockError},
    private::{self, CommitError, PrivateError, Reservation},
};

use crate::{account::AccountKey, credential::Credential};

/// The largest credential file that is read. Nothing is ever written that is larger: a few answers of at most 1 MiB
/// each, escaped. A smaller limit would lock a person out of a login that was saved.
const LARGEST: u64 = 16 * 1024 * 1024;
/// Room taken on the disk before a refresh spends the refresh token.
const ROOM: u64 = 96 * 1024;
/// How long another process may hold an account; a refresh with its retry ends sooner.
const LOCK_DEADLINE: Duration = Duration::from_secs(60);

/// Why the store failed. No message shows a credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or directory is refused or failed.
    #[error(transparent)]
    File(#[from] PrivateError),
    /// The lock cannot be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file that is no credential.
    #[error("{path} is not a credential file ({reason}); log in again to replace it, or remove it")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Why, without its content.
        reason: String,
    },
    /// A new credential could not be written. The old file is as it was.
    #[error("the new credential could not be saved: {source}{}", recovery_text(recovery.as_deref()))]
    NotSaved {
        /// Where a complete copy is, if one could be made.
        recovery: Option<PathBuf>,
        /// Why.
        #[source]
        source: PrivateError,
    },
}

fn recovery_text(recovery: Option<&Path>) -> String {
    match recovery {
        Some(path) => format!(
            "\nA complete copy is kept at {}; it is taken up again once there is room.",
            path.display()
        ),
        None => "\nNo copy could be made either: log in again once there is room.".into(),
    }
}

/// Where the credentials of one user are.
#[derive(Clone, Debug)]
pub struct CredentialStore {
    directory: PathBuf,
    fallback: PathBuf,
}

/// Exclusive access to one account, among all processes. Dropping it lets the next one in.
#[derive(Debug)]
pub struct AccountLock {
    key: AccountKey,
    _lock: FileLock,
}

/// Room on the disk for one credential, taken before its tokens are bought.
#[derive(Debug)]
pub struct Room(Reservation);

impl AccountLock {
    /// The account that is locked.
    pub fn key(&self) -> &AccountKey {
        &self.key
    }
}

impl CredentialStore {
    /// A store in `directory`; copies that find no room there go below `runtime`. Nothing is touched yet.
    pub fn new(directory: PathBuf, runtime: &Path) -> Self {
        // Several stores can share it, and none may take up another's copy.
        let own = directory.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        let fallback = runtime.join("recovery").join(own.collect::<PathBuf>());
        Self {
            directory,
            fallback,
        }
    }

    /// Where the files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where copies go that find no room in the store's own directory.
    pub fn recovery_directory(&self) -> &Path {
        &self.fallback
    }

    /// The credential of an account, also where only a recovery copy is left of it (a first login that found no
    /// room); `None` where there is none. Blocks as [`lock`](Self::lock) does then.
    ///
    /// # Errors
    /// As of [`load`](Self::load) and [`lock`](Self::lock).
    pub fn load_or_recover(&self, key: &AccountKey) -> Result<Option<Credential>, StoreError> {
        if let Some(credential) = self.load(key)? {
            return Ok(Some(credential));
        }
        for path in self.recovery_files(key) {
            if private::read(&path, LARGEST)?.is_some() {
                drop(self.lock(key)?);
                return self.load(key);
            }
        }
        Ok(None)
    }

    /// The credential of an account; `None` where there is none.
    ///
    /// # Errors
    /// The file is not ours alone, unreadable, or no credential.
    pub fn load(&self, key: &AccountKey) -> Result<Option<Credential>, StoreError> {
        let path = self.file(key);
        match private::read(&path, LARGEST)? {
            Some(bytes) => parse(&path, key, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// The accounts that have a file, sorted; files that are not credentials are passed over.
    ///
    /// # Errors
    /// The directory is not ours alone, or unreadable.
    pub fn accounts(&self) -> Result<Vec<AccountKey>, StoreError> {
        let mut keys: Vec<AccountKey> = private::list(&self.directory)?
            .iter()
            .filter_map(|name| name.strip_suffix(".json")?.parse().ok())
            .collect();
        keys.sort();
        Ok(keys)
    }

    /// Waits until this process alone may change the account. Blocks the thread.
    ///
    /// # Errors
    /// Somebody held it for a minute; the file system has no locks; the directory is not ours.
    pub fn lock(&self, key: &AccountKey) -> Result<AccountLock, StoreError> {
        private::ensure_directory(&self.directory)?;
        private::sweep(&self.directory)?;
        let lock = FileLock::acquire(
            &self.directory.join(format!("{}.lock", key.stem())),
            LOCK_DEADLINE,
        )?;
        let lock = AccountLock {
            key: key.clone(),
            _lock: lock,
        };
        self.adopt_recovery(&lock)?;
        Ok(lock)
    }

    /// Takes the room a new credential needs, so that a full disk is found before a token is spent.
    ///
    /// # Errors
    /// There is no room.
    pub fn reserve(&self, lock: &AccountLock) -> Result<Room, StoreError> {
        let reservation = Reservation::new(&self.file(&lock.key), ROOM)?;
        Ok(Room(reservation.fallback_directory(self.fallback.clone())))
    }

    /// Replaces the account's credential, whole and durably.
    ///
    /// # Errors
    /// It could not be written: the old one is as it was, and the error says where a copy is.
    pub fn save(
        &self,
        _lock: &AccountLock,
        room: Room,
        credential: &Credential,
    ) -> Result<(), StoreError> {
        let path = self.directory.clone();
        let mut bytes =
            serde_json::to_vec_pretty(credential).map_err(|error| StoreError::Malformed {
                path,
                reason: error.to_string(),
            })?;
        bytes.push(b'\n');
        room.0
            .commit(&bytes)
            .map_err(|CommitError { source, recovery }| StoreError::NotSaved { recovery, source })
    }

    /// Removes the account's credential and any recovery copy; `false` where there was none.
    ///
    /// # Errors
    /// It could not be removed.
    pub fn remove(&self, lock: &AccountLock) -> Result<bool, StoreError> {
        for path in self.recovery_files(&lock.key) {
            private::remove(&path)?;
        }
        Ok(private::remove(&self.file(&lock.key))?)
    }

    fn file(&self, key: &AccountKey) -> PathBuf {
        self.directory.join(format!("{}.json", key.stem()))
    }

    fn recovery_files(&self, key: &AccountKey) -> [PathBuf; 2] {
        let name = format!("{}.json.recovery", key.stem());
        [self.directory.join(&name), self.fallback.join(name)]
    }

    /// A copy that an earlier full disk left behind is the newer truth: its tokens were bought last. Which is newer is
    /// counted, not timed: clocks are set back.
    fn adopt_recovery(&self, lock: &AccountLock) -> Result<(), StoreError> {
        for path in self.recovery_files(&lock.key) {
            let Some(bytes) = private::read(&path, LARGEST)? else {
                continue;
            };
            let Ok(copy) = parse(&path, &lock.key, &bytes) else {
                // An incomplete copy is no credential: the file it was to replace stays.
                tracing::warn!(path = %path.display(), "an incomplete recovery copy was removed");
                private::remove(&path)?;
                continue;
            };
            let newer = match self.load(&lock.key) {
                Ok(Some(current)) => {
                    (copy.revision, copy.issued_at) > (current.revision, current.issued_at)
                }
                Ok(None) | Err(StoreError::Malformed { .. }) => true,
                Err(error) => return Err(error),
            };
            if newer {
                let room = self.reserve(lock)?;
                self.save(lock, room, &copy)?;
            }
            private::remove(&path)?;
        }
        Ok(())
    }
}

fn parse(path: &Path, key: &AccountKey, bytes: &[u8]) -> Result<Credential, StoreError> {
    let malformed = |reason: String| StoreError::Malformed {
        path: path.into(),
        reason,
    };
    let credential: Credential = serde_json::from_slice(bytes).map_err(|error| {
        // serde's message can quote the value it met; the place is enough.
        malformed(format!("line {}, column {}", error.line(), error.column()))
    })?;
    if credential.provider != key.provider() || credential.account != key.account() {
        return Err(malformed(
            "it names another account than its file name does".into(),
        ));
    }
    Ok(credential)
}

#[cfg(test)]
mod tests;
