//! What a person pastes: a full redirect URL, `code#state`, a query string, or a bare code.
use crate::authorization::{AuthorizationError, AuthorizationRequest, CodeGrant};
/// Reads pasted text (bracketed-paste marks, white space and quotes around it are dropped; up to 64 KiB).
/// # Errors
pub fn read(request: &AuthorizationRequest, text: &str) -> Result<CodeGrant, PastedError> {
    let _ = (request, text);
    todo!()
}
/// Why it does not serve.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PastedError {
    /// Empty.
    #[error("nothing was pasted")]
    Empty,
    /// It is the URL that was to be opened.
    #[error("this is the address to open, not the one the browser ended at")]
    RequestUrl,
    /// Too long, or control characters inside.
    #[error("this is not a code or a redirect URL")]
    Malformed,
    /// Parsed, but refused.
    #[error(transparent)]
    Refused(#[from] AuthorizationError),
}
