//! Whether it lives, and whether it may be sent work.

use axum::{Router, extract::State, response::Response, routing::any};
use http::{HeaderValue, Method, StatusCode, header::ALLOW};

use super::{is_read_only, json};
use crate::relay::Relay;

/// Asked by machines that know this one by its address alone, so no `Host` is checked here.
pub(super) const PATHS: [&str; 3] = ["/healthz", "/health", "/readyz"];

pub(super) fn router(relay: Relay) -> Router {
    let [healthz, health, readyz] = PATHS;
    Router::new()
        .route(healthz, any(alive))
        .route(health, any(alive))
        .route(readyz, any(ready))
        .with_state(relay)
}

async fn alive(method: Method) -> Response {
    read_only(&method, StatusCode::OK, r#"{"status":"ok"}"#)
}

/// Names each part that work is done by, ready or not.
async fn ready(method: Method, State(relay): State<Relay>) -> Response {
    if relay.is_ready() {
        let body = r#"{"status":"ok","relay":"ready"}"#;
        read_only(&method, StatusCode::OK, body)
    } else {
        let body = r#"{"status":"unavailable","relay":"stopping"}"#;
        read_only(&method, StatusCode::SERVICE_UNAVAILABLE, body)
    }
}

fn read_only(method: &Method, status: StatusCode, body: &'static str) -> Response {
    if is_read_only(method) {
        return json(status, body);
    }
    let body = r#"{"status":"method not allowed"}"#;
    let mut response = json(StatusCode::METHOD_NOT_ALLOWED, body);
    let allow = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allow);
    response
}
