//! Answers: JSON, forms, and refusals in OAuth's words.
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

/// A refusal in the form of RFC 6749, section 5.2, or of RFC 6750, section 3.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) description: String,
    /// Of `slow_down`, as GitHub has it.
    pub(crate) interval: Option<u64>,
    /// The scheme of a `WWW-Authenticate` header, if there is to be one.
    pub(crate) challenge: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            description: description.into(),
            interval: None,
            challenge: None,
        }
    }

    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn challenge(mut self, scheme: &'static str) -> Self {
        self.challenge = Some(scheme);
        self
    }

    /// A request that lacks something or says it twice.
    pub(crate) fn invalid(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    /// A code, refresh token or device code that is not good (RFC 6749, section 5.2).
    pub(crate) fn grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }

    /// Our own failure.
    pub(crate) fn server(description: impl Into<String>) -> Self {
        Self::new("server_error", description).status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("error".into(), self.code.into());
        members.insert("error_description".into(), self.description.clone().into());
        if let Some(interval) = self.interval {
            members.insert("interval".into(), interval.into());
        }
        members
    }

    /// The `WWW-Authenticate` value (RFC 6750, section 3). Quotes, backslashes and everything but
    /// visible ASCII are left out, because they cannot be in it.
    pub(crate) fn challenge_value(&self) -> Option<HeaderValue> {
        let scheme = self.challenge?;
        let text: String = self
            .description
            .chars()
            .filter(|c| (' '..='~').contains(c) && !['"', '\\'].contains(c))
            .collect();
        let value = if self.code.is_empty() {
            format!("{scheme} realm=\"oarlock\"")
        } else {
            format!(
                "{scheme} realm=\"oarlock\", error=\"{}\", error_description=\"{text}\"",
                self.code
            )
        };
        HeaderValue::from_str(&value).ok()
    }
}

/// How members of an object are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Form,
}

/// An object that must not be cached (RFC 6749, section 5.1).
pub(crate) fn object(
    status: StatusCode,
    members: Map<String, Value>,
    encoding: Encoding,
) -> Response {
    let (media_type, body) = match encoding {
        Encoding::Json => ("application/json", Value::Object(members).to_string()),
        Encoding::Form => ("application/x-www-form-urlencoded", form(&members)),
    };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    (status, headers, body).into_response()
}

/// JSON with status 200.
pub(crate) fn json(value: Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, value.to_string()).into_response()
}

fn form(members: &Map<String, Value>) -> String {
    let pairs = members.iter().map(|(name, value)| match value {
        Value::String(text) => (name.clone(), text.clone()),
        other => (name.clone(), other.to_string()),
    });
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// A redirect by which a POST becomes a GET.
pub(crate) fn see_other(location: &str) -> Response {
    redirect(StatusCode::SEE_OTHER, location)
}

/// A redirect with a status; a location that fits in no header is our fault.
pub(crate) fn redirect(status: StatusCode, location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => {
            let headers = [
                (header::LOCATION, location),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (status, headers).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A body with a media type.
pub(crate) fn text(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<Body>,
) -> Response {
    (status, [(header::CONTENT_TYPE, media_type)], body.into()).into_response()
}

/// Adds a header.
pub(crate) fn with_header(
    mut response: Response,
    name: HeaderName,
    value: HeaderValue,
) -> Response {
    response.headers_mut().append(name, value);
    response
}
