//! What the server says of itself (RFC 8414, section 2; OpenID Connect Discovery, section 3).

use serde_json::Value;

use crate::{endpoint::Issuer, scope::Scopes};

/// Member with the client id that needs no registration: the built-in client for programs, such as Oarlock's own.
pub const CLIENT_ID: &str = "oarlock_client_id";
/// Member with the address of the page that shows a code to be pasted; a redirect URI of that client.
pub const CODE_PAGE: &str = "oarlock_code_page";

/// What differs from server to server.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Whose.
    pub issuer: Issuer,
    /// Scopes that can be had.
    pub scopes: Scopes,
    /// `ES256` or `EdDSA`.
    pub algorithm: &'static str,
    /// Whether clients may register.
    pub registration: bool,
    /// Whether a client id may be the address of its metadata.
    pub metadata_documents: bool,
    /// The built-in client.
    pub client_id: String,
}

impl Offer {
    /// The document, the same for both well-known addresses.
    pub fn document(&self) -> Value {
        todo!("helper: rules")
    }
}
