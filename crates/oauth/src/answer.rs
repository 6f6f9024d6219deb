//! What every endpoint's answer has in common: status, body, error, `Retry-After`.

use crate::{
    authorization::{ErrorCode, ErrorResponse},
    parameters::Parameters,
    scrub::excerpt,
    text::Untrusted,
    token_error::TokenError,
};
use http::{
    HeaderMap, Response, StatusCode,
    header::{DATE, RETRY_AFTER},
};
use serde_json::{Map, Value};

/// Fields of a successful answer.
pub(crate) type Body = Map<String, Value>;

/// Reads an answer that ought to be an object: fields of a success, or the error.
///
/// An OAuth error is one with status 200 too (GitHub, Slack).
pub(crate) fn read(response: &Response<Vec<u8>>) -> Result<Body, TokenError> {
    let body = fields(response.body());
    if let Some(error) = body.as_ref().and_then(ErrorResponse::from_json) {
        return Err(refusal(response, error));
    }
    body.filter(|_| response.status().is_success())
        .ok_or_else(|| no_success(response))
}

/// An answer without a usable body: success, or why not.
pub(crate) fn no_success(response: &Response<Vec<u8>>) -> TokenError {
    let status = response.status();
    if is_passing(status) {
        return unavailable(response);
    }
    // Never of a 2xx body, which may be a token in a shape we do not know.
    let excerpt = (status.is_client_error() || status.is_redirection())
        .then(|| excerpt(response.body()))
        .flatten();
    TokenError::Malformed {
        status: status.as_u16(),
        excerpt: excerpt.map(Untrusted::new),
    }
}

/// The error for an OAuth error body.
pub(crate) fn refusal(response: &Response<Vec<u8>>, error: ErrorResponse) -> TokenError {
    // Polling answers are exact under whatever status a rate limiter gives them (RFC 8628, section 3.5).
    let polling = matches!(
        error.code,
        ErrorCode::SlowDown | ErrorCode::AuthorizationPending
    );
    let passing = matches!(
        error.code,
        ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable
    );
    let status = response.status();
    if status.is_server_error() || passing || is_passing(status) && !polling {
        return unavailable(response);
    }
    TokenError::Refused(error)
}

/// A success whose fields are not what they must be.
pub(crate) fn malformed(response: &Response<Vec<u8>>) -> TokenError {
    TokenError::Malformed {
        status: response.status().as_u16(),
        excerpt: None,
    }
}

fn unavailable(response: &Response<Vec<u8>>) -> TokenError {
    TokenError::Unavailable {
        status: response.status().as_u16(),
        retry_after: retry_after(response.headers()),
    }
}

fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
        )
}

/// JSON, or a form that carries a token or an error (GitHub and older servers); told apart by content, because the
/// content type is often wrong.
pub(crate) fn fields(body: &[u8]) -> Option<Body> {
    let text = std::str::from_utf8(body)
        .ok()?
        .trim_start_matches('\u{feff}')
        .trim();
    match text.bytes().next()? {
        b'{' => serde_json::from_str(text).ok(),
        b'<' | b'[' | b'"' => None,
        _ => {
            let form = Parameters::parse(text).ok()?;
            form.get("access_token")
                .or(form.get("error"))
                .or(form.get("device_code"))?;
            Some(
                form.iter()
                    .map(|(name, value)| (name.to_owned(), Value::String(value.to_owned())))
                    .collect(),
            )
        }
    }
}

/// `Retry-After` in seconds; a date counts from the answer's own `Date`, so no clock is needed (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    let after = text(RETRY_AFTER)?;
    if !after.is_empty() && after.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(after.parse().unwrap_or(u64::MAX));
    }
    let until = httpdate::parse_http_date(after).ok()?;
    let sent = httpdate::parse_http_date(text(DATE)?).ok()?;
    Some(until.duration_since(sent).map_or(0, |wait| wait.as_secs()))
}

/// A non-empty string field.
pub(crate) fn string<'a>(body: &'a Body, name: &str) -> Option<&'a str> {
    body.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A JSON pointer (RFC 6901) into an object.
pub(crate) fn pointed<'a>(body: &'a Body, pointer: &str) -> Option<&'a Value> {
    let rest = pointer.strip_prefix('/')?;
    let (first, rest) = rest
        .find('/')
        .map_or((rest, ""), |slash| rest.split_at(slash));
    body.get(&first.replace("~1", "/").replace("~0", "~"))?
        .pointer(rest)
}

/// A positive number of seconds, as an integer, a fraction or a string; huge ones saturate. Missing, zero, negative
/// and senseless ones are `None`.
pub(crate) fn seconds(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    // Saturates; NaN and what is below one second come out as zero.
    Some(number as u64).filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests;
