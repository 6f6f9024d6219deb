//! HTTP: the relay's callback and its waiters on other machines, the broker's pages and endpoints, health.
//!
//! | Path | Answer |
//! |---|---|
//! | the callback's | a page: how the callback ended |
//! | the broker's ([`broker::web`]) | pages for browsers, JSON for programs |
//! | `/` | a page: what this address is |
//! | `/healthz`, `/health`, `/readyz` | JSON, whatever the `Host` is |
//! | below `/relay/` | JSON of the relay's protocol |
//! | every other | a page: nothing is here |

mod callback;
mod health;
mod host;
mod remote;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use url::Url;

use crate::{
    broker::{self, Broker},
    config::{RelayConfig, ServerConfig},
    hardening::harden,
    metrics::{Metrics, Route},
    page::Page,
    relay::Relay,
    throttle::Throttle,
};
use host::Hosts;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An ERROR of `docs/relay-protocol.md`.
const NOTHING_HERE: &str =
    r#"{"type":"ERROR","error":"invalid_request","error_description":"nothing has this address"}"#;
const OTHER_HOST: &str = r#"{"type":"ERROR","error":"invalid_request","error_description":"this host is not served here"}"#;

/// What answers are made of.
#[derive(Debug)]
struct Site {
    config: Arc<ServerConfig>,
    relay: Option<Relay>,
    broker: Option<Broker>,
    metrics: Metrics,
    hosts: Hosts,
    misses: Throttle,
}

/// All routes. `public_url` is what browsers call this server.
pub fn router(
    config: Arc<ServerConfig>,
    public_url: &Url,
    relay: Option<Relay>,
    broker: Option<Broker>,
    metrics: Metrics,
) -> Router {
    let site = Arc::new(Site {
        hosts: Hosts::new(public_url, &config.allowed_hosts),
        misses: Throttle::new(config.http.unmatched_per_minute),
        config,
        relay,
        broker,
        metrics,
    });
    let mut router = Router::new()
        .fallback(answer)
        .with_state(Arc::clone(&site))
        .merge(health::router(site.relay.clone(), site.broker.clone()));
    if let Some(relay) = &site.relay {
        router = router.merge(remote::router(relay.clone(), site.config.http.connections));
    }
    if let Some(broker) = &site.broker {
        router = router.merge(broker::web::router(broker));
    }
    router.layer(from_fn_with_state(site, threshold))
}

impl Site {
    /// The relay and its configuration, if the path is its callback's.
    fn callback(&self, path: &str) -> Option<(&Relay, &RelayConfig)> {
        let config = self.config.relay.as_ref()?;
        let relay = self.relay.as_ref()?;
        (path == config.callback_path).then_some((relay, config))
    }

    fn route(&self, path: &str) -> Route {
        if self.callback(path).is_some() {
            return Route::Callback;
        }
        match path {
            _ if health::PATHS.contains(&path) => Route::Health,
            _ if path.starts_with("/relay/") => Route::Registration,
            _ if self.broker.is_some() && broker::web::PATHS.contains(&path) => Route::Broker,
            _ => Route::Other,
        }
    }
}

/// The callback's path is the operator's to choose, so it is compared and not made into a pattern.
async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let path = request.uri().path();
    if let Some((relay, config)) = site.callback(path) {
        return callback::answer(&site, relay, config, request)
            .await
            .into_response();
    }
    match path {
        "/" if is_read_only(request.method()) => match &site.broker {
            Some(broker) => broker::web::front(broker),
            None => Page::Front.into_response(),
        },
        "/" => Page::Method { allow: "GET, HEAD" }.into_response(),
        _ if path.starts_with("/relay/") => json(StatusCode::NOT_FOUND, NOTHING_HERE),
        _ => Page::NotFound.into_response(),
    }
}

/// Every request comes in here, and every answer leaves here, whoever made it.
async fn threshold(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let route = site.route(request.uri().path());
    let mut response = match site.hosts.check(request.version(), request.headers()) {
        Err(status) if route != Route::Health => of_another_host(route, status),
        _ => next.run(request).await,
    };
    harden(response.headers_mut());
    site.metrics.request(route, response.status());
    response
}

fn of_another_host(route: Route, status: StatusCode) -> Response {
    tracing::debug!(%status, "request for another host");
    if route == Route::Registration {
        return json(status, OTHER_HOST);
    }
    let mut response = Page::Misdirected.into_response();
    *response.status_mut() = status;
    response
}

fn is_read_only(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        self.response().map(Body::from)
    }
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

#[cfg(test)]
mod tests;
