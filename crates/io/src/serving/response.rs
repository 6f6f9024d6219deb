//! Answers, with the headers that keep a page to itself.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

/// Nothing but inline styles, images in the page, and forms to us.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A handler's answer, hardened.
pub(crate) fn finish(answer: Response<String>) -> Response<Full<Bytes>> {
    const ALWAYS: [(HeaderName, &str); 6] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (header::CONNECTION, "close"),
    ];
    const UNLESS_SET: [(HeaderName, &str); 2] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
    ];
    let mut answer = answer.map(|body| Full::new(Bytes::from(body)));
    let headers = answer.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in UNLESS_SET {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    // The length is what is sent.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    answer
}

/// A refusal. It says nothing about the request, so that nothing of it is echoed.
pub(crate) fn refusal(status: StatusCode) -> Response<Full<Bytes>> {
    let reason = status.canonical_reason().unwrap_or("Refused");
    let mut answer = Response::new(format!("{reason}\n"));
    *answer.status_mut() = status;
    finish(answer)
}

/// The answer to a head that did not arrive in time; hyper would close without a word.
pub(crate) const HEAD_TIMED_OUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
