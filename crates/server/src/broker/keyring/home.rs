//! Where the key ring is kept: a file, or the store. Both are changed so that of two who come at once each sees what the other did.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use oarlock_io::{lock::FileLock, private};
use oarlock_oauth::Timestamp;
use zeroize::Zeroizing;

use super::{
    KeyringError,
    document::{Document, DocumentError, SealKey},
    schedule::Schedule,
};
use crate::broker::store::{Store, StoreError};

/// Largest file that is read.
const MOST_BYTES: u64 = 256 * 1024;
/// How long another process may be busy with the file.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often others may be faster in the store.
const TRIES: u32 = 16;

/// Where the key ring is kept.
#[derive(Clone, Debug)]
pub(super) enum Home {
    File(PathBuf),
    Store(Arc<dyn Store>),
}

/// What is to be done with the ring.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) what: What,
    pub(super) schedule: Schedule,
    pub(super) now: Timestamp,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// Make it, if there is none; then as for [`What::Keep`].
    Open,
    /// What the time asks for. With the seal key that is in use.
    Keep(SealKey),
    /// A new key.
    Rotate {
        /// The seal key that is in use.
        known: SealKey,
        /// Every other key is withdrawn.
        immediately: bool,
    },
}

/// Why nothing is done.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("they are gone; put them back from a backup, or restart, and new ones are made")]
    Gone,
    #[error(
        "they have another seal key than the ones this process started with; restart it, or put those back"
    )]
    OtherSeal,
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Keyring(KeyringError),
}

/// A ring, and whether this call changed it.
type Settled = (Document, bool);

impl Change {
    /// `None`: nothing changes.
    fn apply(&self, present: Option<&Document>) -> Result<Option<Document>, Refused> {
        let Some(present) = present else {
            return match self.what {
                What::Open => self.schedule.first(self.now).map(Some),
                _ => return Err(Refused::Gone),
            }
            .map_err(Refused::Keyring);
        };
        match &self.what {
            What::Keep(known) | What::Rotate { known, .. } if *known != present.seal_key => {
                Err(Refused::OtherSeal)
            }
            What::Open | What::Keep(_) => self
                .schedule
                .keep(present, self.now)
                .map_err(Refused::Keyring),
            What::Rotate { immediately, .. } => self
                .schedule
                .rotate(present, *immediately, self.now)
                .map(Some)
                .map_err(Refused::Keyring),
        }
    }
}

impl Home {
    /// Reads the ring, changes it, and answers how it is then.
    pub(super) async fn settle(&self, change: Change) -> Result<Settled, KeyringError> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                let work = {
                    let path = path.clone();
                    // It waits for the disk and for other processes.
                    tokio::task::spawn_blocking(move || settle_file(&path, &change))
                };
                work.await
                    .unwrap_or_else(|error| Err(refused_file(&path)(error)))
            }
            Self::Store(store) => settle_store(store.as_ref(), &change).await,
        }
    }
}

fn settle_file(path: &Path, change: &Change) -> Result<Settled, KeyringError> {
    let refused = |error: Refused| match error {
        Refused::Keyring(error) => error,
        error => refused_file(path)(error),
    };
    if matches!(change.what, What::Open) {
        // A folder that is refused is said now, and not when the next key has to be written.
        private::ensure_directory(folder(path)).map_err(refused_file(path))?;
        sweep(path);
    }
    // Mostly nothing changes: then no lock is needed, and a folder that cannot be written to is fine.
    if !matches!(change.what, What::Rotate { .. })
        && let Some(document) = read_file(path)?
        && change.apply(Some(&document)).map_err(refused)?.is_none()
    {
        return Ok((document, false));
    }
    let _lock = FileLock::acquire(&lock_path(path), PATIENCE).map_err(refused_file(path))?;
    let present = read_file(path)?;
    let changed = change.apply(present.as_ref()).map_err(refused)?;
    match (changed, present) {
        (Some(document), _) => {
            write_file(path, &document)?;
            Ok((document, true))
        }
        (None, Some(document)) => Ok((document, false)),
        (None, None) => Err(refused_file(path)(Refused::Gone)),
    }
}

fn read_file(path: &Path) -> Result<Option<Document>, KeyringError> {
    let text = private::read(path, MOST_BYTES).map_err(refused_file(path))?;
    let document = text.map(|text| Document::parse(&Zeroizing::new(text)));
    document.transpose().map_err(|error| match error {
        error @ DocumentError::Newer(_) => refused_file(path)(error),
        error => refused_file(path)(format!(
            "{error}; put a backup in their place, or move the file away and restart: new keys are made, programs get new tokens with their next refresh, logins under way and providers' tokens are lost"
        )),
    })
}

fn write_file(path: &Path, document: &Document) -> Result<(), KeyringError> {
    sweep(path);
    private::write(path, document.text()?.as_bytes()).map_err(|error| {
        // Keys that nobody came to use: a copy has no worth, and would lie about.
        if let Some(copy) = error.recovery.filter(|copy| copy != path)
            && let Err(error) = private::remove(&copy)
        {
            tracing::warn!(%error, "a copy of keys that are not used stays");
        }
        refused_file(path)(error.source)
    })
}

/// What a process that was killed left behind has keys in it.
fn sweep(path: &Path) {
    match private::sweep(folder(path)) {
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "temporary files are not swept"),
    }
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Beside the file.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn refused_file<E: ToString>(path: &Path) -> impl Fn(E) -> KeyringError {
    move |reason| KeyringError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

async fn settle_store(store: &dyn Store, change: &Change) -> Result<Settled, KeyringError> {
    let broken = |error: Refused| match error {
        Refused::Keyring(error) => error,
        error => StoreError::Broken(format!("the keys in it cannot be used: {error}")).into(),
    };
    for _ in 0..TRIES {
        let (version, present) = match store.keyring().await? {
            None => (0, None),
            Some((version, text)) => {
                let document = Document::parse(Zeroizing::new(text).as_bytes());
                (
                    version,
                    Some(document.map_err(|error| broken(error.into()))?),
                )
            }
        };
        match (change.apply(present.as_ref()).map_err(broken)?, present) {
            (Some(document), _) => {
                let text = document.text()?.to_string();
                if store.replace_keyring(version, text).await? {
                    return Ok((document, true));
                }
            }
            (None, Some(document)) => return Ok((document, false)),
            (None, None) => return Err(broken(Refused::Gone)),
        }
    }
    Err(StoreError::Unavailable("others change the keys all the time".to_owned()).into())
}
