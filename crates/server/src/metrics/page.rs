//! `GET /metrics`, on an address of its own.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

use super::Metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The one route, never on the public listener.
///
/// A `Host` that a stranger's name server could answer for is refused (hostile.md, 17): it must be an address, a name without
/// a dot (`localhost`, a container's), or one of `allowed_hosts`.
pub fn router(metrics: &Metrics, allowed_hosts: &[String]) -> Router {
    let served = Arc::new(Served {
        metrics: metrics.clone(),
        allowed_hosts: allowed_hosts.to_vec(),
    });
    Router::new()
        .route("/metrics", get(answer))
        .with_state(served)
}

struct Served {
    metrics: Metrics,
    allowed_hosts: Vec<String>,
}

async fn answer(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    if !served.is_ours(&headers) {
        let advice = "This name is not among allowed_hosts.\n";
        return (StatusCode::MISDIRECTED_REQUEST, advice).into_response();
    }
    match served.metrics.to_text() {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, OPEN_METRICS),
                (header::CACHE_CONTROL, "no-store"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Served {
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        let Ok(authority) = host.to_str() else {
            return false;
        };
        let Some(name) = name(authority) else {
            return false;
        };
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
            || !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            || self.allowed_hosts.iter().any(|allowed| {
                allowed.eq_ignore_ascii_case(name) || allowed.eq_ignore_ascii_case(authority)
            })
    }
}

/// The host without its port; `None` where it is no authority.
fn name(authority: &str) -> Option<&str> {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => port
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(host),
        _ => Some(authority),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ours(host: &str) -> bool {
        let served = Served {
            metrics: Metrics::default(),
            allowed_hosts: vec!["relay.internal".into(), "relay.example:9464".into()],
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        served.is_ours(&headers)
    }

    #[test]
    fn hostile_17_metrics_are_not_for_a_name_that_was_rebound() {
        for ours in [
            "127.0.0.1:9464",
            "[::1]:9464",
            "10.0.0.7",
            "localhost:9464",
            "relay:9464",
            "relay.internal:9464",
            "Relay.Internal",
            "relay.example:9464",
        ] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "evil.example:9464",
            "relay.example:80",
            "127.0.0.1.evil.example",
            "a@localhost",
            "localhost:x",
            "",
            ":9464",
        ] {
            assert!(!is_ours(other), "{other}");
        }
        let served = Served {
            metrics: Metrics::default(),
            allowed_hosts: Vec::new(),
        };
        let mut twice = HeaderMap::new();
        assert!(!served.is_ours(&twice));
        twice.append(header::HOST, "localhost".parse().unwrap());
        twice.append(header::HOST, "localhost".parse().unwrap());
        assert!(!served.is_ours(&twice));
    }
}
