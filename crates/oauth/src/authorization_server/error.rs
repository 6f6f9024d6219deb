//! Error answers of the endpoints that programs call (RFC 6749, section 5.2).

use http::{HeaderValue, StatusCode};

use crate::authorization::ErrorCode;

/// Why a request is refused: what the program is told. The description is ours and quotes nothing of the request.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{code}: {description}")]
pub struct EndpointRefusal {
    /// `error`.
    pub code: ErrorCode,
    /// `error_description`.
    pub description: &'static str,
    /// 400, or 401 for a client that did not authenticate.
    pub status: StatusCode,
    /// `WWW-Authenticate`, where the client tried Basic (section 5.2), or a bearer token is refused (RFC 6750, section 3).
    pub challenge: Option<HeaderValue>,
}

impl EndpointRefusal {
    /// A refusal with the status that goes with its code: 401 for `invalid_client`, 503 for `temporarily_unavailable`, 500 for `server_error`, else 400.
    pub fn new(code: ErrorCode, description: &'static str) -> Self {
        let status = match code {
            ErrorCode::InvalidClient => StatusCode::UNAUTHORIZED,
            ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self {
            code,
            description,
            status,
            challenge: None,
        }
    }

    /// The JSON body.
    pub fn body(&self) -> Vec<u8> {
        serde_json::json!({"error": self.code.as_str(), "error_description": self.description})
            .to_string()
            .into_bytes()
    }
}
