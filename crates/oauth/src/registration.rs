//! Dynamic client registration (RFC 7591) of a native public client.
use crate::{profile::ProviderProfile, scope::Scopes, secret::*, token::TokenError};
/// The HTTP request; `None` when the provider offers none. Redirect URIs: loopback on 127.0.0.1, [::1] and localhost with the profile's path.
pub fn request(
    profile: &ProviderProfile,
    client_name: &str,
    scopes: &Scopes,
) -> Option<http::Request<Vec<u8>>> {
    let _ = (profile, client_name, scopes);
    todo!()
}
/// What the server gave.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Registration {
    pub client_id: String,
    pub client_secret: Option<ClientSecret>,
    pub client_authentication: Option<crate::client_auth::ClientAuthentication>,
}
/// Reads the answer.
/// # Errors
pub fn response(response: &http::Response<Vec<u8>>) -> Result<Registration, TokenError> {
    let _ = response;
    todo!()
}
