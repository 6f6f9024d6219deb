//! Metadata and keys: documents that anybody may read and keep for a while.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use oarlock_oauth::authorization_server::metadata::Offer;

use super::Endpoints;
use crate::{
    broker::{Parts, clients::BUILT_IN},
    config::broker::RegistrationPolicy,
};

/// Key rings publish a key longer than this before it signs.
const CACHEABLE: HeaderValue = HeaderValue::from_static("public, max-age=300");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A document and its tag.
#[derive(Clone, Debug)]
pub(super) struct Document {
    body: Bytes,
    tag: Option<HeaderValue>,
}

impl Document {
    fn new(body: Vec<u8>) -> Self {
        let digest = digest(&SHA256, &body);
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest));
        Self {
            body: body.into(),
            tag: HeaderValue::from_str(&tag).ok(),
        }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let mut response = if self.is_known(headers) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(CONTENT_TYPE, JSON)], self.body.clone()).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, CACHEABLE);
        headers.extend(self.tag.clone().map(|tag| (ETAG, tag)));
        response
    }

    /// Whether who asks has it already (RFC 9110, section 13.1.2).
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let tag = self.tag.as_ref().and_then(|tag| tag.to_str().ok());
        headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|known| known == "*" || Some(known.trim_start_matches("W/")) == tag)
    }
}

/// The same at both well-known addresses; built once.
pub(super) fn metadata(parts: &Parts) -> Document {
    // Every client that uses refresh tokens gets them. Who asks for this scope has to ask for consent as well (OpenID Connect Core,
    // section 11), each time; so it may be asked for, and is not offered.
    let offered = |scope: &&str| *scope != "offline_access";
    let offer = Offer {
        issuer: parts.issuer.clone(),
        scopes: parts.known_scopes.iter().filter(offered).collect(),
        algorithms: algorithms(parts),
        registration: parts.config.registration != RegistrationPolicy::Off,
        metadata_documents: parts.config.metadata_documents,
        client_id: BUILT_IN.to_owned(),
    };
    Document::new(offer.document().to_string().into_bytes())
}

/// Of all keys, not of the one that signs now alone: the next one may be of another kind, and this document is not made anew for it.
fn algorithms(parts: &Parts) -> Vec<&'static str> {
    let mut algorithms = Vec::new();
    for key in parts.keyring.list() {
        if !algorithms.contains(&key.algorithm) {
            algorithms.push(key.algorithm);
        }
    }
    algorithms
}

pub(super) async fn answer(
    State(endpoints): State<Arc<Endpoints>>,
    headers: HeaderMap,
) -> Response {
    endpoints.metadata.answer(&headers)
}

/// Keys change while the server runs.
pub(super) async fn keys(State(endpoints): State<Arc<Endpoints>>, headers: HeaderMap) -> Response {
    Document::new(endpoints.parts().keyring.jwks()).answer(&headers)
}
