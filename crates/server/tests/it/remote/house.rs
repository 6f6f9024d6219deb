//! The web face alone, and a program that uses it.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use oarlock_server::{
    config::{LocalAddress, ServerConfig},
    metrics::Metrics,
    relay::Relay,
    web,
};
use serde_json::Value;
use tokio::{task::JoinHandle, time::timeout};
use tower_service::Service as _;

use crate::scene::{PATIENCE, SECRET, TOKEN, config, digest};

/// A relay that is reached without a socket.
#[derive(Clone)]
pub(super) struct House {
    router: Router,
    pub(super) relay: Relay,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.status == 200 && self.body.contains("Authorization Complete")
    }

    /// CLOSE, with this status.
    pub(super) fn is_close(&self, status: StatusCode, reason: &str) -> bool {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        self.status == status && body["type"] == "CLOSE" && body["reason"] == reason
    }
}

impl House {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = config(LocalAddress::Passed { open: false });
        change(&mut config);
        let metrics = Metrics::default();
        let url = "https://relay.example/oauth/callback".parse().unwrap();
        let relay = Relay::new(config.relay.clone().unwrap(), url, metrics.clone()).unwrap();
        Self {
            router: web::router(
                Arc::new(config),
                &"https://relay.example/".parse().unwrap(),
                Some(relay.clone()),
                None,
                metrics,
            ),
            relay,
        }
    }

    /// The answer as it begins.
    pub(super) async fn open(&self, request: Request<Body>) -> http::Response<Body> {
        self.router.clone().call(request).await.unwrap()
    }

    pub(super) async fn ask(&self, request: Request<Body>) -> Reply {
        let work = async {
            let (parts, body) = self.open(request).await.into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            Reply {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body: String::from_utf8(body).unwrap(),
            }
        };
        timeout(PATIENCE, work).await.unwrap()
    }

    pub(super) fn asking(&self, request: Request<Body>) -> JoinHandle<Reply> {
        let house = self.clone();
        tokio::spawn(async move { house.ask(request).await })
    }

    /// A browser that comes with a callback's query.
    pub(super) async fn browse(&self, query: &str) -> Reply {
        self.ask(callback(query)).await
    }

    pub(super) fn browsing(&self, query: &str) -> JoinHandle<Reply> {
        self.asking(callback(query))
    }

    /// A program that has the usual token and secret.
    pub(super) fn program(&self, state: &str) -> Program {
        Program {
            house: self.clone(),
            token: TOKEN,
            secret: SECRET,
            path: format!("/relay/registrations/{}", digest(state)),
        }
    }
}

fn callback(query: &str) -> Request<Body> {
    let address = format!("/oauth/callback?{query}");
    request("GET", &address, &[], "")
}

pub(super) fn request(
    method: &str,
    address: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(address)
        .header("host", "relay.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

/// A program on another machine.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) house: House,
    pub(super) token: &'static str,
    pub(super) secret: &'static str,
    pub(super) path: String,
}

impl Program {
    pub(super) fn request(&self, method: &str, below: &str, body: &str) -> Request<Body> {
        let address = format!("{}{below}", self.path);
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("relay-secret", self.secret),
        ];
        request(method, &address, &headers, body)
    }

    pub(super) async fn put(&self) -> Reply {
        self.put_for("").await
    }

    /// With further members.
    pub(super) async fn put_for(&self, members: &str) -> Reply {
        let body = format!(r#"{{"secret":"{}"{members}}}"#, self.secret);
        self.house.ask(self.request("PUT", "", &body)).await
    }

    /// Registers, and is let in.
    pub(super) async fn registered(self) -> Self {
        assert_eq!(self.put().await.status, 201);
        self
    }

    pub(super) async fn get(&self, wait: u64) -> Reply {
        self.getting(wait).await.unwrap()
    }

    pub(super) fn getting(&self, wait: u64) -> JoinHandle<Reply> {
        let below = format!("?wait={wait}");
        self.house.asking(self.request("GET", &below, ""))
    }

    pub(super) async fn acknowledge(&self, delivery: &str) -> Reply {
        self.settle("/acknowledgement", delivery).await
    }

    pub(super) async fn reject(&self, delivery: &str) -> Reply {
        self.settle("/rejection", delivery).await
    }

    async fn settle(&self, below: &str, delivery: &str) -> Reply {
        let body = format!(r#"{{"delivery":"{delivery}"}}"#);
        self.house.ask(self.request("POST", below, &body)).await
    }

    pub(super) async fn delete(&self) -> Reply {
        self.house.ask(self.request("DELETE", "", "")).await
    }

    /// Waits for its callback; answers the delivery's name.
    pub(super) async fn delivered(&self) -> String {
        let reply = self.get(20).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json()["type"], "DELIVER");
        reply.json()["delivery"].as_str().unwrap().to_owned()
    }
}

/// Lets everything happen that can happen now.
pub(super) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
