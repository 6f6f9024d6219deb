//! Token request and response (RFC 6749, sections 4.1.3, 4.4, 5 and 6).

mod request;
mod response;

pub use self::{request::request, response::response};
pub use crate::token_error::TokenError;

use crate::{
    Timestamp,
    authorization::CodeGrant,
    scope::Scopes,
    secret::{AccessToken, DeviceCode, IdToken, RefreshToken},
};

/// What is exchanged for tokens.
pub enum Grant<'a> {
    /// An authorization code (RFC 6749, section 4.1.3).
    Code(&'a CodeGrant),
    /// A refresh token (RFC 6749, section 6).
    Refresh {
        /// The refresh token.
        token: &'a RefreshToken,
        /// Sent only where the profile says `refresh_without_scope = false`.
        scopes: Option<&'a Scopes>,
    },
    /// A device code (RFC 8628, section 3.4).
    Device(&'a DeviceCode),
    /// The client itself (RFC 6749, section 4.4).
    ClientCredentials {
        /// Scopes.
        scopes: &'a Scopes,
    },
}

/// A successful token response.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The token.
    pub access_token: AccessToken,
    /// As sent; `Bearer` when missing, and for the profile's `token_type_aliases`.
    pub token_type: String,
    /// Absolute, by the local clock; `None`: the server did not say, or said zero.
    pub expires_at: Option<Timestamp>,
    /// When it was issued, by the local clock.
    pub issued_at: Timestamp,
    /// Missing in an answer: keep the old one.
    pub refresh_token: Option<RefreshToken>,
    /// As granted; `None` means as asked.
    pub scope: Option<Scopes>,
    /// OpenID Connect.
    pub id_token: Option<IdToken>,
}

#[cfg(test)]
mod tests;
