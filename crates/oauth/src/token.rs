//! Token request and response (RFC 6749, sections 4.1.3, 4.4, 5 and 6).
use crate::{Timestamp, authorization::{CodeGrant, ErrorResponse}, profile::{ProfileError, ProviderProfile}, scope::Scopes, secret::*, text::Untrusted};

/// What is exchanged for tokens.
pub enum Grant<'a> { /// RFC 6749, section 4.1.3.
    Code(&'a CodeGrant), /// Section 6.
    Refresh { /// The refresh token.
        token: &'a RefreshToken, /// Asked for only when narrower.
        scopes: Option<&'a Scopes> }, /// RFC 8628, section 3.4.
    Device(&'a DeviceCode), /// Section 4.4.
    ClientCredentials { /// Scopes.
        scopes: &'a Scopes } }

/// The HTTP request of a token request, with every deviation the profile names.
/// # Errors
pub fn request(profile: &ProviderProfile, grant: &Grant<'_>) -> Result<http::Request<Vec<u8>>, ProfileError> { let _ = (profile, grant); todo!() }

/// A successful token response.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenResponse { /// The token.
    pub access_token: AccessToken, /// As sent; `Bearer` when missing.
    pub token_type: String, /// Absolute, by the local clock; `None`: the server did not say.
    pub expires_at: Option<Timestamp>, /// When it was issued, by the local clock.
    pub issued_at: Timestamp, /// Missing in an answer: keep the old one.
    pub refresh_token: Option<RefreshToken>, /// As granted; `None` means as asked.
    pub scope: Option<Scopes>, /// OpenID Connect.
    pub id_token: Option<IdToken> }

/// Reads the answer: JSON, or a form where the provider sends one; errors with 200 too. `now` is the local
/// clock at receipt; `expires_in` is relative, so the server's clock does not matter. A string, a missing or a zero `expires_in` are understood.
/// # Errors
pub fn response(profile: &ProviderProfile, response: &http::Response<Vec<u8>>, now: Timestamp) -> Result<TokenResponse, TokenError> { let _ = (profile, response, now); todo!() }

/// Why there is no token.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// An OAuth error answer.
    #[error("{0}")]
    Refused(ErrorResponse),
    /// 5xx, 429, 408: a passing fault.
    #[error("the token endpoint is unavailable (HTTP {status})")]
    Unavailable { /// HTTP status.
        status: u16, /// `Retry-After`, in seconds.
        retry_after: Option<u64> },
    /// Neither a token nor an OAuth error; an excerpt of prose, inert and never of a 2xx body.
    #[error("the token endpoint's answer (HTTP {status}) is no token response")]
    Malformed { /// HTTP status.
        status: u16, /// First words of a text body.
        excerpt: Option<Untrusted> },
    /// A type that is not Bearer (DPoP, MAC).
    #[error("token type {0} is not supported")]
    UnsupportedType(Untrusted),
}
