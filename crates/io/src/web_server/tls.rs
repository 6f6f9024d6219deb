//! TLS of our own: certificate and key from files, read again when asked.

use std::path::Path;

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Tls {}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {}

impl Tls {
    /// Reads PEM files; the key must be readable by its owner alone.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let _ = (certificate, key);
        todo!("helper: login")
    }
}
