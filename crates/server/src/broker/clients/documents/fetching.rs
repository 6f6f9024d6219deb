//! One document, fetched.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use oarlock_io::HttpClient;
use oarlock_oauth::authorization_server::client::{ClientIdUrl, ClientMetadata};

use super::DocumentError;

/// How long a document is believed that says nothing of it.
const UNSAID: Duration = Duration::from_secs(5 * 60);

/// However short it says, and however long.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What was fetched.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) metadata: ClientMetadata,
    /// How long it is believed.
    pub(super) lasts: Duration,
}

/// Fetches and reads the document at a client's own address.
pub(super) async fn fetch(
    http: &HttpClient,
    address: &ClientIdUrl,
) -> Result<Fetched, DocumentError> {
    let (headers, body) = answer(http, address.url().as_str()).await?;
    let metadata = ClientMetadata::from_document(address, &body).map_err(|refusal| {
        tracing::info!(address = %address.url(), %refusal, "a client's metadata document is refused");
        DocumentError::Refused(refusal.description)
    })?;
    Ok(Fetched {
        metadata,
        lasts: lasts(&headers),
    })
}

/// A JSON answer and its headers.
pub(super) async fn answer(
    http: &HttpClient,
    address: &str,
) -> Result<(HeaderMap, Vec<u8>), DocumentError> {
    let request = Request::get(address)
        .header(header::ACCEPT, HeaderValue::from_static("application/json"))
        .body(Vec::new())
        .map_err(|_| DocumentError::Unreachable)?;
    let response = http.send(request).await.map_err(|error| {
        tracing::info!(%error, "a client's metadata document cannot be fetched");
        DocumentError::Unreachable
    })?;
    let (parts, body) = response.into_parts();
    if parts.status != StatusCode::OK {
        tracing::info!(status = %parts.status, "there is no client's metadata document");
        return Err(DocumentError::Unreachable);
    }
    if !is_json(&parts.headers) {
        return Err(DocumentError::Refused(
            "what its address answers is not JSON (Content-Type: application/json)",
        ));
    }
    Ok((parts.headers, body))
}

/// `application/json` or `application/SOMETHING+json`: a page or a file that somebody could upload there is no client.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence
        .strip_prefix("application/")
        .is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// `max-age` of `Cache-Control` (RFC 9111, section 5.2.2.1), between bounds.
pub(super) fn lasts(headers: &HeaderMap) -> Duration {
    let directives: Vec<String> = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
        .collect();
    let is_fleeting = |directive: &String| matches!(directive.as_str(), "no-store" | "no-cache");
    if directives.iter().any(is_fleeting) {
        return SHORTEST;
    }
    directives
        .iter()
        .find_map(|directive| directive.strip_prefix("max-age="))
        .and_then(|seconds| seconds.trim_matches('"').parse().ok())
        .map_or(UNSAID, Duration::from_secs)
        .clamp(SHORTEST, LONGEST)
}
