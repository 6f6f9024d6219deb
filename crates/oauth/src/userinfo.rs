//! Who logged in: userinfo and other "me" endpoints, and ID token claims.
use crate::{profile::ProviderProfile, secret::AccessToken, text::Untrusted, token::TokenError};
/// The HTTP request; `None` without an endpoint.
pub fn request(profile: &ProviderProfile, token: &AccessToken) -> Option<http::Request<Vec<u8>>> {
    let _ = (profile, token);
    todo!()
}
/// The claims.
/// # Errors
pub fn response(
    response: &http::Response<Vec<u8>>,
) -> Result<serde_json::Map<String, serde_json::Value>, TokenError> {
    let _ = response;
    todo!()
}
/// The name for people out of claims: the first of the profile's `identity_claims` (default email, preferred_username, login, name, sub).
pub fn identity(
    profile: &ProviderProfile,
    claims: &serde_json::Map<String, serde_json::Value>,
) -> Option<Untrusted> {
    let _ = (profile, claims);
    todo!()
}
