//! Answers to programs, and why there is none.

use std::time::Duration;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE},
};
use oarlock_oauth::{authorization::ErrorCode, authorization_server::error::EndpointRefusal};

use crate::broker::{clients::store_refusal, keyring::KeyringError, store::StoreError};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// When a program may come back to a server that cannot serve it.
const LATER: Duration = Duration::from_secs(5);

/// Why a program gets no answer.
#[derive(Debug)]
pub(super) enum Refused {
    /// As RFC 6749, section 5.2 says it.
    Endpoint(EndpointRefusal),
    /// Its address was wrong too often; how long it has to wait.
    TooOften(Duration),
    /// Its body cannot be read.
    Body(StatusCode),
}

impl Refused {
    pub(super) fn new(code: ErrorCode, description: &'static str) -> Self {
        Self::Endpoint(EndpointRefusal::new(code, description))
    }

    /// Its code, if it has one.
    pub(super) fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Endpoint(refusal) => Some(&refusal.code),
            Self::TooOften(_) | Self::Body(_) => None,
        }
    }
}

impl From<EndpointRefusal> for Refused {
    fn from(refusal: EndpointRefusal) -> Self {
        Self::Endpoint(refusal)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Endpoint(store_refusal(&error))
    }
}

impl From<KeyringError> for Refused {
    fn from(error: KeyringError) -> Self {
        tracing::error!(%error, "a token cannot be made");
        fault()
    }
}

/// No randomness.
impl From<std::io::Error> for Refused {
    fn from(error: std::io::Error) -> Self {
        tracing::error!(%error, "no randomness");
        fault()
    }
}

fn fault() -> Refused {
    Refused::new(
        ErrorCode::ServerError,
        "something is wrong with this server; its operator finds the reason in its log",
    )
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Endpoint(refusal) => refused(&refusal, LATER),
            Self::TooOften(wait) => {
                let mut refusal = EndpointRefusal::new(
                    ErrorCode::TemporarilyUnavailable,
                    "too many requests of this address; try again later",
                );
                refusal.status = StatusCode::TOO_MANY_REQUESTS;
                refused(&refusal, wait)
            }
            Self::Body(status) => {
                let mut refusal =
                    EndpointRefusal::new(ErrorCode::InvalidRequest, "the body cannot be read");
                refusal.status = status;
                refused(&refusal, LATER)
            }
        }
    }
}

fn refused(refusal: &EndpointRefusal, wait: Duration) -> Response {
    let mut response = json(refusal.status, refusal.body());
    let headers = response.headers_mut();
    if let Some(challenge) = &refusal.challenge {
        headers.insert(WWW_AUTHENTICATE, challenge.clone());
    }
    if asks_to_wait(refusal.status) {
        headers.insert(RETRY_AFTER, seconds(wait));
    }
    response
}

fn asks_to_wait(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

/// Never too few: who comes back after them is let in.
fn seconds(wait: Duration) -> HeaderValue {
    let begun = u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(wait.as_secs().saturating_add(begun))
}

/// JSON that nobody keeps (RFC 6749, section 5.1).
pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let headers = [
        (CONTENT_TYPE, JSON),
        (CACHE_CONTROL, NO_STORE),
        (PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    (status, headers, body.into()).into_response()
}

/// Text for a program that shows or reads it as it is.
pub(super) fn text(status: StatusCode, body: impl Into<Body>) -> Response {
    let headers = [(CONTENT_TYPE, TEXT), (CACHE_CONTROL, NO_STORE)];
    (status, headers, body.into()).into_response()
}

/// The same as text, for whoever reads no JSON.
pub(super) fn text_refusal(refused: Refused) -> Response {
    let (status, description, wait) = match refused {
        Refused::Endpoint(refusal) => (refusal.status, refusal.description, LATER),
        Refused::TooOften(wait) => (
            StatusCode::TOO_MANY_REQUESTS,
            "too many requests of this address; try again later",
            wait,
        ),
        Refused::Body(status) => (status, "the body cannot be read", LATER),
    };
    let mut response = text(status, format!("{description}\n"));
    if asks_to_wait(status) {
        response.headers_mut().insert(RETRY_AFTER, seconds(wait));
    }
    response
}

/// The path is known, the method is not.
pub(super) async fn no_method() -> Response {
    let mut refusal = EndpointRefusal::new(
        ErrorCode::InvalidRequest,
        "this endpoint knows other methods (Allow)",
    );
    refusal.status = StatusCode::METHOD_NOT_ALLOWED;
    refused(&refusal, LATER)
}
