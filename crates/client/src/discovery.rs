//! Completing a profile: metadata (RFC 8414, OpenID Discovery) and dynamic registration (RFC 7591).

use http::header::ACCEPT;
use oarlock_io::{HttpClient, HttpError};
use oarlock_oauth::{
    endpoint::{Endpoint, Issuer},
    jwks::KeySet,
    metadata::{self, MetadataError, ServerMetadata},
    profile::ProviderProfile,
    registration,
    scope::Scopes,
};
use url::Url;

use crate::{built_in::BuiltIn, config, error::Error, named::trust};

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
    trust(http, profile);
    let Some(issuer) = profile.issuer.clone() else {
        return Ok(None);
    };
    let metadata = match fetch(http, &issuer).await {
        Ok(metadata) => metadata,
        // A profile that names what a login needs does not depend on metadata.
        Err(Error::Discovery {
            source: MetadataError::NotFound(_),
            ..
        }) if profile.token_endpoint.is_some() => {
            return Ok(None);
        }
        Err(error) => return Err(error),
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

/// The issuer's metadata, from the first well-known address that has it.
///
/// # Errors
/// As [`complete`].
pub(crate) async fn fetch(http: &HttpClient, issuer: &Issuer) -> Result<ServerMetadata, Error> {
    let failed = |source| Error::Discovery {
        issuer: issuer.to_string(),
        source,
    };
    let mut last = MetadataError::NotFound(404);
    for url in issuer.metadata_urls() {
        let response = http.send(json_request(&url)?).await?;
        match metadata::response(issuer, &response) {
            Ok(metadata) => return Ok(metadata),
            Err(error @ MetadataError::NotFound(_)) => last = error,
            Err(error) => return Err(failed(error)),
        }
    }
    Err(failed(last))
}

/// The issuer's keys.
///
/// # Errors
/// The network; an answer that is no key set.
pub(crate) async fn keys(http: &HttpClient, uri: &Endpoint) -> Result<KeySet, Error> {
    let response = http.send(json_request(uri)?).await?;
    let malformed = |reason: String| Error::Discovery {
        issuer: uri.origin().to_string(),
        source: MetadataError::Malformed(reason),
    };
    if !response.status().is_success() {
        return Err(malformed(format!(
            "the keys answer with HTTP {}",
            response.status().as_u16()
        )));
    }
    KeySet::parse(response.body()).map_err(malformed)
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

fn json_request(url: &Endpoint) -> Result<http::Request<Vec<u8>>, HttpError> {
    http::Request::get(url.url().as_str())
        .header(ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|error| HttpError::Configuration(error.to_string()))
}
