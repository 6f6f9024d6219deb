//! Frames as answers, and why there is none.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use oarlock_oauth::{
    relay::{CloseReason, ErrorWord, FrameError, RelayFrame},
    text::Untrusted,
};

use crate::relay::{RETRY_AFTER, entry::Refused, quota::Full};

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum Answer {
    /// No bearer token.
    NoToken,
    /// Not one of ours.
    WrongToken,
    /// The request is not what the protocol says.
    Invalid(String),
    /// No such registration of this owner: a wrong secret and none at all look the same (hostile 10).
    Unknown,
    /// There is nothing to acknowledge by this name.
    NoDelivery,
    /// Too many requests wait.
    Crowded,
    /// The registry says no.
    Refused(Refused),
    /// HTTP says it all.
    Status(StatusCode),
}

impl Answer {
    pub(super) fn invalid(error: &FrameError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (status, word, description) = match self {
            Self::NoToken => {
                return challenge(
                    "a bearer token of the relay's configuration is needed",
                    None,
                );
            }
            Self::WrongToken => {
                return challenge("the bearer token is unknown here", Some("invalid_token"));
            }
            Self::Invalid(description) => (
                StatusCode::BAD_REQUEST,
                ErrorWord::InvalidRequest,
                description,
            ),
            Self::Unknown => (
                StatusCode::NOT_FOUND,
                ErrorWord::InvalidRequest,
                "there is no such registration of this token and secret".to_owned(),
            ),
            Self::NoDelivery => (
                StatusCode::CONFLICT,
                ErrorWord::InvalidRequest,
                "there is no such delivery to acknowledge".to_owned(),
            ),
            Self::Crowded => (
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorWord::TooManyRegistrations,
                "too many requests wait; try again later".to_owned(),
            ),
            Self::Refused(Refused::InUse) => (
                StatusCode::CONFLICT,
                ErrorWord::StateInUse,
                "somebody else waits for this state".to_owned(),
            ),
            Self::Refused(Refused::Full(Full::Own)) => (
                StatusCode::TOO_MANY_REQUESTS,
                ErrorWord::TooManyRegistrations,
                "too many programs with this token wait; try again later".to_owned(),
            ),
            Self::Refused(Refused::Full(Full::All)) => (
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorWord::TooManyRegistrations,
                "too many programs wait; try again later".to_owned(),
            ),
            Self::Refused(Refused::Stopping) => return over(CloseReason::Shutdown),
            Self::Refused(Refused::Over(reason)) => return over(reason),
            Self::Status(status) => (
                status,
                ErrorWord::InvalidRequest,
                status
                    .canonical_reason()
                    .unwrap_or("refused")
                    .to_ascii_lowercase(),
            ),
        };
        error(status, word, &description)
    }
}

/// A frame as the body.
pub(super) fn frame(status: StatusCode, frame: &RelayFrame) -> Response {
    let mut response = (status, frame.to_json()).into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    if asks_to_wait(status) {
        let seconds = HeaderValue::from(RETRY_AFTER.as_secs());
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn asks_to_wait(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

/// CLOSE.
pub(super) fn close(status: StatusCode, reason: CloseReason) -> Response {
    let retry_after = (reason == CloseReason::Shutdown).then_some(RETRY_AFTER);
    frame(
        status,
        &RelayFrame::Close {
            reason,
            retry_after,
        },
    )
}

/// CLOSE of a registration that ended before.
pub(super) fn over(reason: CloseReason) -> Response {
    let status = match reason {
        CloseReason::Shutdown => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::GONE,
    };
    close(status, reason)
}

fn error(status: StatusCode, word: ErrorWord, description: &str) -> Response {
    let retry_after = asks_to_wait(status).then_some(RETRY_AFTER);
    frame(
        status,
        &RelayFrame::Error {
            word: Some(word),
            description: Untrusted::new(description),
            retry_after,
        },
    )
}

/// 401 (RFC 6750, section 3): without a token nothing is said of an error.
fn challenge(description: &str, word: Option<&'static str>) -> Response {
    let mut response = error(
        StatusCode::UNAUTHORIZED,
        ErrorWord::InvalidToken,
        description,
    );
    let value = match word {
        Some(_) => HeaderValue::from_static("Bearer realm=\"relay\", error=\"invalid_token\""),
        None => HeaderValue::from_static("Bearer realm=\"relay\""),
    };
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, value);
    response
}
