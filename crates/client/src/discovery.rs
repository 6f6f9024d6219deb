//! Completing a profile: metadata (RFC 8414, OpenID Discovery) and dynamic registration (RFC 7591).

use oarlock_io::{
    HttpClient,
    provider::{self, ProviderError},
};
use oarlock_oauth::{
    metadata::MetadataError, profile::ProviderProfile, registration, scope::Scopes,
};
use url::Url;

use crate::{built_in::BuiltIn, config, error::Error};

/// Fills what is missing from the issuer's metadata, and says what a broker has built in; without an issuer there is nothing to do.
///
/// What is in the profile before is the user's word: none of it may come from metadata.
///
/// # Errors
/// No metadata, another issuer's, no PKCE; the network.
pub(crate) async fn complete(
    http: &HttpClient,
    profile: &mut ProviderProfile,
) -> Result<Option<BuiltIn>, Error> {
    provider::trust(http, profile);
    let Some(issuer) = profile.issuer.clone() else {
        return Ok(None);
    };
    let metadata = match provider::metadata(http, &issuer).await {
        Ok(metadata) => metadata,
        // A profile that names what a login needs does not depend on metadata.
        Err(ProviderError::Discovery {
            source: MetadataError::NotFound(_),
            ..
        }) if profile.token_endpoint.is_some() => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    profile
        .complete(&metadata)
        .map_err(|source| Error::Discovery {
            issuer: issuer.to_string(),
            source,
        })?;
    // It is for the browser, which can reach what is in private networks and on this machine.
    if let Some(endpoint) = &profile.authorization_endpoint {
        http.check_address(endpoint.url())?;
    }
    Ok(BuiltIn::of(&metadata))
}

/// Gives the profile a client id by registering this program, where it has none and the server offers it. Its redirect URI is
/// `callback`, else one of this machine.
///
/// # Errors
/// The server refuses, or there is no way to get a client id.
pub(crate) async fn register(
    http: &HttpClient,
    profile: &mut ProviderProfile,
    name: &str,
    scopes: &Scopes,
    callback: Option<&Url>,
) -> Result<bool, Error> {
    if profile.client_id.is_some() {
        return Ok(false);
    }
    let Some(request) = registration::request(profile, name, scopes, callback) else {
        return Err(no_client_id(profile, callback));
    };
    let response = http.send(request).await?;
    let registered = registration::response(&response).map_err(|source| Error::Registration {
        issuer: profile.display_name().to_owned(),
        source,
    })?;
    profile.client_id = Some(registered.client_id);
    profile.client_secret = registered.client_secret;
    if registered.client_authentication.is_some() {
        profile.client_authentication = registered.client_authentication;
    }
    Ok(true)
}

fn no_client_id(profile: &ProviderProfile, callback: Option<&Url>) -> Error {
    let redirect = &profile.redirect;
    // A name that was made of the issuer's address is known to nobody yet; the address is.
    let unnamed = profile
        .issuer
        .as_ref()
        .filter(|issuer| config::issuer_name(issuer) == profile.name);
    Error::NoClientId {
        provider: profile.display_name().into(),
        login: unnamed.map_or_else(|| profile.name.clone(), ToString::to_string),
        page: profile.registration_page.clone(),
        redirect_uri: match (callback, &redirect.hosted) {
            (Some(callback), _) => callback.to_string(),
            (None, Some(page)) => page.to_string(),
            (None, None) => redirect
                .registered_uris()
                .into_iter()
                .next()
                .unwrap_or_default(),
        },
    }
}

impl From<ProviderError> for Error {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Http(error) => error.into(),
            ProviderError::Discovery { issuer, source } => Self::Discovery { issuer, source },
            ProviderError::Profile(error) => error.into(),
            ProviderError::Token(error) => error.into(),
        }
    }
}
