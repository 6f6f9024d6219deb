//! A provider, spoken to: its metadata, its keys, one token request.
//!
//! What is said is `oarlock_oauth`'s; here it is sent, and an answer is dated by the server's clock.

use http::header::ACCEPT;
use jiff::{SignedDuration, Timestamp};
use oarlock_oauth::{
    endpoint::{Endpoint, Issuer},
    jwks::KeySet,
    metadata::{self, MetadataError, ServerMetadata},
    profile::{ProfileError, ProviderProfile},
    token::{self, Grant, TokenError, TokenResponse},
};

use crate::{Clock, HttpClient, HttpError, http_client::server_date};

/// Differences below this are the `Date` header's resolution and the way of the answer, not a wrong clock.
const TOLERANCE: i64 = 30;

/// Why a provider is of no help.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The metadata or the keys are missing, malformed or another's.
    #[error("discovery of {issuer} failed: {source}")]
    Discovery {
        /// Whose.
        issuer: String,
        /// Why.
        #[source]
        source: MetadataError,
    },
    /// The profile lacks what the request needs.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The token endpoint refused.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Says that the user named every address in a profile. Not for one that metadata has completed.
pub fn trust(http: &HttpClient, profile: &ProviderProfile) {
    if let Some(issuer) = &profile.issuer {
        http.trust(issuer.endpoint().url());
    }
    for (_, endpoint) in profile.clone().endpoints_mut() {
        if let Some(endpoint) = endpoint {
            http.trust(endpoint.url());
        }
    }
}

/// The issuer's metadata, from the first well-known address that has it.
///
/// # Errors
/// No metadata, another issuer's; the network. Where one of the addresses has a passing fault, the error is that one: metadata may be there
/// later.
pub async fn metadata(http: &HttpClient, issuer: &Issuer) -> Result<ServerMetadata, ProviderError> {
    let failed = |source| ProviderError::Discovery {
        issuer: issuer.to_string(),
        source,
    };
    let mut last = MetadataError::NotFound(404);
    for url in issuer.metadata_urls() {
        let response = http.send(json_request(&url)?).await?;
        match metadata::response(issuer, &response) {
            Ok(metadata) => return Ok(metadata),
            Err(error @ MetadataError::NotFound(_)) if !last.is_passing() => last = error,
            Err(MetadataError::NotFound(_)) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(failed(last))
}

/// The issuer's keys.
///
/// # Errors
/// The network; an answer that is no key set.
pub async fn keys(http: &HttpClient, uri: &Endpoint) -> Result<KeySet, ProviderError> {
    let response = http.send(json_request(uri)?).await?;
    let failed = |source| ProviderError::Discovery {
        issuer: uri.origin().to_string(),
        source,
    };
    if !response.status().is_success() {
        let status = response.status().as_u16();
        return Err(failed(MetadataError::NoKeys(status)));
    }
    KeySet::parse(response.body()).map_err(|why| failed(MetadataError::Malformed(why)))
}

/// Exchanges a grant for tokens; beside them, the server's clock minus ours in seconds (0 where they agree).
///
/// # Errors
/// The network, a refusal, or the profile lacks what the request needs.
pub async fn tokens(
    http: &HttpClient,
    clock: &dyn Clock,
    profile: &ProviderProfile,
    grant: &Grant<'_>,
) -> Result<(TokenResponse, i64), ProviderError> {
    let response = http.send(token::request(profile, grant)?).await?;
    let offset = clock_offset(&response, clock);
    let now = server_time(clock.now(), offset);
    Ok((token::response(profile, &response, now)?, offset))
}

/// Server's clock minus ours, in seconds, by the `Date` header (RFC 9110, section 6.6.1).
pub fn clock_offset<B>(response: &http::Response<B>, clock: &dyn Clock) -> i64 {
    server_date(response)
        .map(|date| date.duration_since(clock.now()).as_secs())
        .filter(|offset| offset.abs() > TOLERANCE)
        .unwrap_or(0)
}

/// Our time by a server's clock.
pub fn server_time(now: Timestamp, offset: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(offset))
        .unwrap_or(now)
}

fn json_request(url: &Endpoint) -> Result<http::Request<Vec<u8>>, HttpError> {
    http::Request::get(url.url().as_str())
        .header(ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|error| HttpError::Configuration(error.to_string()))
}
