//! Proof Key for Code Exchange, S256 only (RFC 7636).
use crate::secret::CodeVerifier;

/// The S256 challenge of a verifier: base64url of its SHA-256 (RFC 7636, section 4.2).
pub fn challenge(verifier: &CodeVerifier) -> String { let _ = verifier; todo!() }
