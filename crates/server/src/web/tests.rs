use std::time::Duration;

use http::{HeaderName, Request};
use http_body_util::BodyExt as _;
use oarlock_oauth::relay::CodeKeys;
use tower_service::Service as _;
use url::Url;

use super::*;
use crate::config::{HttpLimits, ListenAddress, LocalAddress, RelayConfig, RelayLimits, Times};

pub(super) const CALLBACK: &str = "/oauth/callback";

/// A relay to which nobody can come and at which no callback waits.
pub(super) struct House {
    pub(super) relay: Relay,
    pub(super) metrics: Metrics,
    router: Router,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

impl House {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = config();
        change(&mut config);
        let metrics = Metrics::default();
        let callback_url = Url::parse("https://relay.example/oauth/callback").unwrap();
        let relay =
            Relay::new(config.relay.clone().unwrap(), callback_url, metrics.clone()).unwrap();
        Self {
            router: router(
                Arc::new(config),
                &Url::parse("https://relay.example/").unwrap(),
                Some(relay.clone()),
                None,
                metrics.clone(),
            ),
            relay,
            metrics,
        }
    }

    pub(super) async fn ask(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self
            .router
            .clone()
            .call(request)
            .await
            .unwrap()
            .into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body).unwrap(),
        }
    }

    pub(super) async fn get(&self, address: &str) -> Answer {
        self.ask(request(Method::GET, address)).await
    }
}

impl Answer {
    /// The heading of a page.
    pub(super) fn heading(&self) -> &str {
        let (_, rest) = self.body.split_once("<h1>").unwrap();
        rest.split_once("</h1>").unwrap().0
    }
}

pub(super) fn request(method: Method, address: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(address)
        .header("host", "relay.example")
        .body(Body::empty())
        .unwrap()
}

fn config() -> ServerConfig {
    ServerConfig {
        listen: ListenAddress::Passed,
        public_url: Some(Url::parse("https://relay.example").unwrap()),
        allowed_hosts: Vec::new(),
        trusted_proxies: Vec::new(),
        metrics_listen: None,
        http: HttpLimits::default(),
        tls: None,
        broker: None,
        relay: Some(RelayConfig {
            callback_path: CALLBACK.into(),
            code_keys: CodeKeys::default(),
            local: LocalAddress::Passed { open: false },
            tokens: Vec::new(),
            times: Times {
                grace: Duration::ZERO,
                ..Times::default()
            },
            limits: RelayLimits {
                held: 0,
                ..RelayLimits::default()
            },
            log_unmatched: true,
        }),
    }
}

#[tokio::test]
async fn the_front_page_and_everything_that_is_not_there() {
    let house = House::new();
    let front = house.get("/").await;
    assert_eq!(
        (front.status, front.heading()),
        (StatusCode::OK, "Oarlock relay")
    );
    assert_eq!(house.get("/?code=x").await, front);
    let posted = house.ask(request(Method::POST, "/")).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(posted.headers["allow"], "GET, HEAD");
    for path in [
        "/oauth/callback/",
        "/oauth/callbac",
        "/oauth//callback",
        "/OAUTH/CALLBACK",
        "/oauth/%63allback",
        "/oauth/callback%00",
        "/oauth/./callback",
        "/healthz/",
        "/relay",
        "/favicon.ico",
    ] {
        let answer = house.get(&format!("{path}?code=c&state=s")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.heading(), "There is nothing here", "{path}");
    }
}

#[tokio::test]
async fn programs_are_answered_as_programs() {
    let house = House::new();
    let answer = house.get("/relay/nothing").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.headers["content-type"], "application/json");
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["type"], "ERROR");
    assert_eq!(body["error"], "invalid_request");
}

#[tokio::test]
async fn every_path_can_be_the_callbacks() {
    for path in ["/", "/c", "/{code}", "/:a/*b", "/x%20y", "/relay/callback"] {
        let house =
            House::with(|config| config.relay.as_mut().unwrap().callback_path = path.into());
        let mut address = request(Method::GET, "/");
        // Not every path can be written in a URI; the others are simply never asked for.
        let Ok(uri) = format!("{path}?code=c&state=s").parse() else {
            continue;
        };
        *address.uri_mut() = uri;
        assert_eq!(house.ask(address).await.heading(), "Authorization Failed");
    }
}

#[tokio::test]
async fn health_is_what_poast_relay_says_too() {
    let house = House::new();
    for path in ["/healthz", "/health"] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.body, r#"{"status":"ok"}"#);
        let head = house.ask(request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
        let posted = house.ask(request(Method::POST, path)).await;
        assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(posted.headers["allow"], "GET, HEAD");
    }
}

#[tokio::test]
async fn hostile_36_who_stops_says_so_to_whoever_sends_work() {
    let house = House::new();
    let ready = house.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!(ready.body, r#"{"status":"ok","relay":"ready"}"#);
    house.relay.stop();
    let stopping = house.get("/readyz").await;
    assert_eq!(stopping.status, StatusCode::SERVICE_UNAVAILABLE);
    let body: serde_json::Value = serde_json::from_str(&stopping.body).unwrap();
    assert_eq!(body["relay"], "stopping");
    assert_eq!(house.get("/healthz").await.status, StatusCode::OK);
    let callback = house.get("/oauth/callback?code=c&state=s").await;
    assert_eq!(callback.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(callback.headers["retry-after"], "5");
    assert_eq!(callback.heading(), "Authorization Failed");
}

#[tokio::test]
async fn every_answer_is_hardened_and_none_is_for_other_origins() {
    let house = House::new();
    for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
        for path in [
            "/",
            "/oauth/callback?code=c&state=s",
            "/nothing",
            "/relay/nothing",
            "/relay/registrations/x",
            "/healthz",
            "/readyz",
        ] {
            let mut asked = request(method.clone(), path);
            asked
                .headers_mut()
                .insert("origin", HeaderValue::from_static("https://evil.example"));
            let answer = house.ask(asked).await;
            for (name, value) in [
                ("cache-control", "no-store"),
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(answer.headers[name], value, "{method} {path}");
            }
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            let shared = |name: &HeaderName| name.as_str().starts_with("access-control-");
            assert!(!answer.headers.keys().any(shared), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn answers_are_counted_by_route() {
    let house = House::new();
    for path in ["/", "/oauth/callback", "/relay/nothing", "/readyz"] {
        house.get(path).await;
    }
    let numbers = house.metrics.to_text().unwrap();
    for (route, status) in [
        ("other", 200),
        ("callback", 400),
        ("registration", 404),
        ("health", 200),
    ] {
        let line = numbers
            .lines()
            .find(|line| {
                line.contains(&format!("route=\"{route}\""))
                    && line.contains(&format!("\"{status}\""))
            })
            .unwrap_or_else(|| panic!("{route} {status} is not in {numbers}"));
        assert!(line.ends_with(" 1"), "{line}");
    }
}

#[tokio::test]
async fn hostile_17_another_host_is_served_nothing_but_health() {
    let house = House::with(|config| config.allowed_hosts = vec!["other.example".into()]);
    let from = async |path: &str, host: &'static str| {
        let mut asked = request(Method::GET, path);
        asked
            .headers_mut()
            .insert("host", HeaderValue::from_static(host));
        house.ask(asked).await
    };
    for host in [
        "relay.example",
        "RELAY.example:443",
        "other.example:1",
        "localhost:5001",
    ] {
        let answer = from("/oauth/callback?code=c", host).await;
        assert_eq!(answer.heading(), "Authorization Failed", "{host}");
        assert_eq!(from("/", host).await.status, StatusCode::OK, "{host}");
    }
    for host in [
        "evil.example",
        "relay.example.evil.example",
        "relay.example:444",
        "192.0.2.1",
    ] {
        for path in ["/oauth/callback?code=c", "/", "/nothing"] {
            let answer = from(path, host).await;
            assert_eq!(
                answer.status,
                StatusCode::MISDIRECTED_REQUEST,
                "{host}{path}"
            );
            assert_eq!(answer.heading(), "Wrong address");
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
        let program = from("/relay/registrations/x", host).await;
        assert_eq!(program.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        let body: serde_json::Value = serde_json::from_str(&program.body).unwrap();
        assert_eq!(body["type"], "ERROR");
        for path in health::PATHS {
            assert_eq!(
                from(path, host).await.status,
                StatusCode::OK,
                "{host}{path}"
            );
        }
    }
    let mut none = request(Method::GET, "/oauth/callback?code=c");
    none.headers_mut().remove("host");
    assert_eq!(house.ask(none).await.status, StatusCode::BAD_REQUEST);
}
