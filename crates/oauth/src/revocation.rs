//! Token revocation (RFC 7009).
use crate::{
    profile::{ProfileError, ProviderProfile},
    token::TokenError,
};
/// Which token.
#[derive(Clone, Copy, Debug)]
pub enum TokenHint {
    /// `access_token`.
    Access,
    /// `refresh_token`.
    Refresh,
}
/// The HTTP request; `None` when the provider has no revocation endpoint.
/// # Errors
pub fn request(
    profile: &ProviderProfile,
    token: &str,
    hint: TokenHint,
) -> Result<Option<http::Request<Vec<u8>>>, ProfileError> {
    let _ = (profile, token, hint);
    todo!()
}
/// 200 is success, also for unknown tokens (section 2.2).
/// # Errors
pub fn response(response: &http::Response<Vec<u8>>) -> Result<(), TokenError> {
    let _ = response;
    todo!()
}
