//! Whether it lives, and whether it may be sent work.

use axum::{Router, body::Body, extract::State, response::Response, routing::any};
use http::{HeaderValue, Method, StatusCode, header::ALLOW};

use super::{is_read_only, json};
use crate::{broker::Broker, relay::Relay};

/// Asked by machines that know this one by its address alone, so no `Host` is checked here.
pub(super) const PATHS: [&str; 3] = ["/healthz", "/health", "/readyz"];

/// What work is done by.
#[derive(Clone)]
struct Parts {
    relay: Option<Relay>,
    broker: Option<Broker>,
}

pub(super) fn router(relay: Option<Relay>, broker: Option<Broker>) -> Router {
    let [healthz, health, readyz] = PATHS;
    Router::new()
        .route(healthz, any(alive))
        .route(health, any(alive))
        .route(readyz, any(ready))
        .with_state(Parts { relay, broker })
}

async fn alive(method: Method) -> Response {
    read_only(&method, StatusCode::OK, r#"{"status":"ok"}"#)
}

/// Names each part that work is done by, ready or not.
async fn ready(method: Method, State(parts): State<Parts>) -> Response {
    let relay = parts
        .relay
        .map(|relay| ("relay", relay.is_ready(), "stopping"));
    let broker = match parts.broker {
        Some(broker) => Some(("broker", broker.is_ready().await, "store")),
        None => None,
    };
    let found: Vec<_> = relay.into_iter().chain(broker).collect();
    let is_ready = found.iter().all(|(_, is_ready, _)| *is_ready);
    let mut body = String::from(if is_ready {
        r#"{"status":"ok""#
    } else {
        r#"{"status":"unavailable""#
    });
    for (name, is_ready, otherwise) in found {
        let word = if is_ready { "ready" } else { otherwise };
        body.push_str(&format!(r#","{name}":"{word}""#));
    }
    body.push('}');
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    read_only(&method, status, body)
}

fn read_only(method: &Method, status: StatusCode, body: impl Into<Body>) -> Response {
    if is_read_only(method) {
        return json(status, body);
    }
    let body = r#"{"status":"method not allowed"}"#;
    let mut response = json(StatusCode::METHOD_NOT_ALLOWED, body);
    let allow = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allow);
    response
}
