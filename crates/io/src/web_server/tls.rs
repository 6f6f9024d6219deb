//! A certificate and its key, read anew when they change.

use crate::private::{self, PrivateError};
use rustls::{
    InconsistentKeys, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, TryLockError},
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// The largest file; chains have some kB.
const LARGEST: u64 = 256 * 1024;

/// How often it is looked whether the files are others.
const LOOK: Duration = Duration::from_secs(5);

/// TLS 1.2 and 1.3 with a certificate chain and its key, HTTP/1.1 alone. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Tls {
    shared: Arc<Shared>,
}

struct Shared {
    certificate: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
    /// How the files were when they were last read. Whoever reads them holds it, so that none puts an older pair over a newer.
    read: Mutex<[Option<Stamp>; 2]>,
}

/// Why a certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file is refused or cannot be read.
    #[error(transparent)]
    File(#[from] PrivateError),
    /// A file is not there.
    #[error("there is no {what} at {path}")]
    Missing {
        /// `certificate` or `key`.
        what: &'static str,
        /// Where it should be.
        path: PathBuf,
    },
    /// A file holds something else.
    #[error("{path}: there is no {what} in it (-----BEGIN {label}-----): {reason}")]
    Content {
        /// `certificate`, or `private key without a password`.
        what: &'static str,
        /// How it begins.
        label: &'static str,
        /// The file.
        path: PathBuf,
        /// What the reader says.
        reason: String,
    },
    /// The key is another certificate's.
    #[error(
        "the key {key} does not belong to the certificate {certificate}, the first in its file"
    )]
    OtherKey {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
    },
    /// They cannot be used.
    #[error("{certificate} and {key} cannot be used: {reason}")]
    Unusable {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Tls {
    /// Reads a certificate chain (PEM, the server's own first) and its key (PEM, without a password). The files must be ours or
    /// root's, and only their owner may read the key (root may give it to a group of ours).
    ///
    /// # Errors
    /// A file is missing, refused, or holds something else; the key is another certificate's.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        // Before they are read: what changes meanwhile is read once more.
        let stamps = [certificate, key].map(stamp);
        let config = read(certificate, key)?;
        Ok(Self {
            shared: Arc::new(Shared {
                certificate: certificate.to_owned(),
                key: key.to_owned(),
                config: RwLock::new(config),
                read: Mutex::new(stamps),
            }),
        })
    }

    /// Reads the files anew, for connections to come. It blocks, for a moment. While they are served they are also
    /// read by themselves, some seconds after they have changed.
    ///
    /// # Errors
    /// As of [`load`](Self::load); then the pair that was stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        let shared = &*self.shared;
        let mut last = shared.read.lock().unwrap_or_else(PoisonError::into_inner);
        *last = shared.stamps();
        let config = read(&shared.certificate, &shared.key)?;
        let current = shared.config.write();
        *current.unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        let config = self.shared.config.read();
        Arc::clone(&config.unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files anew whenever they have changed and come to rest. Never ends.
    ///
    /// Two files are not replaced at once; in between they do not fit.
    pub(super) async fn follow(self) {
        let mut before = self.shared.stamps();
        let mut looks = interval_at(Instant::now() + LOOK, LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let now = self.shared.stamps();
            if now == before && self.shared.differ_from(&now) {
                let tls = self.clone();
                match tokio::task::spawn_blocking(move || tls.reload()).await {
                    Ok(Ok(())) => tracing::info!("the TLS certificate was read anew"),
                    Ok(Err(error)) => {
                        tracing::error!(%error, "the new TLS certificate is not used; the old one stays");
                    }
                    Err(error) => tracing::error!(%error, "reading the TLS certificate failed"),
                }
            }
            before = now;
        }
    }
}

impl Shared {
    fn stamps(&self) -> [Option<Stamp>; 2] {
        [&*self.certificate, &*self.key].map(stamp)
    }

    /// Whether other files were read last; while somebody reads, that is soon known.
    fn differ_from(&self, now: &[Option<Stamp>; 2]) -> bool {
        match self.read.try_lock() {
            Ok(last) => *last != *now,
            Err(TryLockError::Poisoned(last)) => **last.get_ref() != *now,
            Err(TryLockError::WouldBlock) => false,
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("certificate", &self.shared.certificate)
            .field("key", &self.shared.key)
            .finish_non_exhaustive()
    }
}

/// What differs when a file was written or exchanged.
type Stamp = (Option<SystemTime>, u64, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let found = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&found);
    #[cfg(not(unix))]
    let inode = 0;
    Some((found.modified().ok(), found.len(), inode))
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = private::read_trusted(certificate, LARGEST)?;
    let chain = chain.ok_or_else(|| missing("certificate", certificate))?;
    let chain = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| no_certificate(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(no_certificate(
            certificate,
            "it holds others, or none".to_owned(),
        ));
    }
    let secret = private::read_trusted_secret(key, LARGEST)?;
    let secret = secret.ok_or_else(|| missing("key", key))?;
    let secret = PrivateKeyDer::from_pem_slice(&secret).map_err(|error| TlsError::Content {
        what: "private key without a password",
        label: "PRIVATE KEY",
        path: key.to_owned(),
        reason: error.to_string(),
    })?;
    let unusable = |error: rustls::Error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::OtherKey {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        },
        error => TlsError::Unusable {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            reason: error.to_string(),
        },
    };
    // The provider is named instead of installed for the process: an embedder may have installed another.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Who comes back is known by what its own ticket says; nothing is kept here. No early data: it can be replayed.
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(unusable)?;
    Ok(Arc::new(config))
}

fn missing(what: &'static str, path: &Path) -> TlsError {
    TlsError::Missing {
        what,
        path: path.to_owned(),
    }
}

fn no_certificate(path: &Path, reason: String) -> TlsError {
    TlsError::Content {
        what: "certificate",
        label: "CERTIFICATE",
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
