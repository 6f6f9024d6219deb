//! HTTP from a test's own hand, beside the program under test.

use http::{Request, Response};
use oarlock_testkit::plain;
use serde_json::Value;

/// Sends a request and waits for the whole answer.
pub(crate) fn send(request: Request<Vec<u8>>) -> Response<Vec<u8>> {
    let uri = request.uri().clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(plain::send(request))
        .unwrap_or_else(|error| panic!("{uri} does not answer: {error}"))
}

/// The body as JSON.
pub(crate) fn json(response: &Response<Vec<u8>>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(response.body());
        panic!("HTTP {}: no JSON ({error}): {text}", response.status())
    })
}
