//! A relay on another machine: requests and answers that follow a script.

use std::time::Duration;

use oarlock::{
    Error, ErrorKind,
    oauth::secret::{RelayToken, State},
    relay::{RelayError, RelayFault, RelaySettings, Told, Waiter, farewells},
};
use oarlock_oauth::relay::StateDigest;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::scripted::{CALLBACK, PATIENCE, STATE, clock, close, deliver, registered};

struct Web(TcpListener);

/// A request that waits for its answer.
struct Request {
    stream: TcpStream,
    line: String,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Web {
    async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn settings(&self) -> RelaySettings {
        let place = self.0.local_addr().unwrap();
        let address = format!("http://{place}/below/").parse().unwrap();
        let mut settings = RelaySettings::new(address);
        settings.token = Some(RelayToken::new("canary-token"));
        settings
    }

    fn register(&self) -> JoinHandle<Result<Waiter, RelayError>> {
        let settings = self.settings();
        tokio::spawn(async move {
            let state = State::new(STATE);
            Waiter::register(&settings, &clock(), Some(&state), Duration::from_secs(300)).await
        })
    }

    /// A waiter, and the PUT that registered it.
    async fn waiter(&self) -> (Waiter, Request) {
        let waiting = self.register();
        let mut put = self.request("PUT ").await;
        put.answer("201 Created", &registered(CALLBACK, false))
            .await;
        (waiting.await.unwrap().unwrap(), put)
    }

    async fn request(&self, start: &str) -> Request {
        let reading = async {
            let (stream, _) = self.0.accept().await.unwrap();
            Request::read(stream).await
        };
        let request = tokio::time::timeout(PATIENCE, reading).await;
        let request = request.expect("nothing is asked");
        assert!(request.line.starts_with(start), "{}", request.line);
        request
    }
}

impl Request {
    async fn read(stream: TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await.unwrap();
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let line = lines.remove(0);
        let headers: Vec<(String, String)> = lines
            .iter()
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, length)| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await.unwrap();
        Self {
            stream: reader.into_inner(),
            line,
            headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    async fn answer(&mut self, status: &str, frame: &Value) {
        let body = if status.starts_with("204") {
            String::new()
        } else {
            frame.to_string()
        };
        self.answer_raw(&format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ))
        .await;
    }

    async fn answer_raw(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.shutdown().await.unwrap();
    }
}

fn taken(mut waiter: Waiter) -> JoinHandle<Told> {
    tokio::spawn(async move {
        let delivered = waiter.wait().await.unwrap();
        assert_eq!(delivered.code.as_ref().unwrap().expose(), "canary-code");
        delivered.acknowledge().await
    })
}

async fn acknowledged(web: &Web) {
    let mut post = web.request("POST ").await;
    assert_eq!(post.body, json!({"delivery": "d-1"}));
    post.answer("200 OK", &close("delivered")).await;
}

#[tokio::test]
async fn a_code_comes_by_long_polls() {
    let web = Web::start().await;
    let (waiter, put) = web.waiter().await;
    let place = format!(
        "/below/relay/registrations/{}",
        StateDigest::of(&State::new(STATE))
    );
    assert_eq!(put.line, format!("PUT {place} HTTP/1.1"));
    assert_eq!(put.header("authorization"), Some("Bearer canary-token"));
    assert_eq!(put.header("relay-secret"), None, "it is in the body");
    assert_eq!(put.header("content-type"), Some("application/json"));
    assert_eq!(put.body["timeout"].as_f64(), Some(300.0));
    let told = taken(waiter);
    let mut first = web.request(&format!("GET {place}?wait=25 ")).await;
    assert_eq!(first.header("authorization"), Some("Bearer canary-token"));
    assert_eq!(first.header("relay-secret"), put.body["secret"].as_str());
    first.answer("204 No Content", &Value::Null).await;
    let before = clock().monotonic();
    let mut second = web.request("GET ").await;
    let pause = clock().monotonic() - before;
    assert!(
        pause > Duration::from_millis(500),
        "an empty answer at once is no reason to ask at once: {pause:?}"
    );
    second.answer("200 OK", &deliver(Some(STATE))).await;
    let mut post = web.request(&format!("POST {place}/acknowledgement ")).await;
    assert_eq!(post.header("relay-secret"), put.body["secret"].as_str());
    post.answer("200 OK", &close("delivered")).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
}

#[tokio::test]
async fn hostile_33_an_acknowledgement_whose_answer_is_lost_is_said_again() {
    let web = Web::start().await;
    let (waiter, put) = web.waiter().await;
    let told = taken(waiter);
    let mut poll = web.request("GET ").await;
    poll.answer("200 OK", &deliver(Some(STATE))).await;
    drop(web.request("POST ").await);
    let mut again = web.request("PUT ").await;
    assert_eq!(again.body["secret"], put.body["secret"]);
    again.answer("200 OK", &registered(CALLBACK, true)).await;
    let mut poll = web.request("GET ").await;
    poll.answer("200 OK", &deliver(Some(STATE))).await;
    acknowledged(&web).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
}

#[tokio::test]
async fn hostile_33_one_that_was_heard_is_known_to_be() {
    let web = Web::start().await;
    let (waiter, _) = web.waiter().await;
    let told = taken(waiter);
    let mut poll = web.request("GET ").await;
    poll.answer("200 OK", &deliver(Some(STATE))).await;
    drop(web.request("POST ").await);
    let mut again = web.request("PUT ").await;
    again.answer("410 Gone", &close("delivered")).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
}

#[tokio::test]
async fn a_late_acknowledgement_is_known_to_be_late() {
    let web = Web::start().await;
    let (waiter, _) = web.waiter().await;
    let told = taken(waiter);
    let mut poll = web.request("GET ").await;
    poll.answer("200 OK", &deliver(Some(STATE))).await;
    let mut post = web.request("POST ").await;
    post.answer("409 Conflict", &close("unconfirmed")).await;
    assert!(matches!(told.await.unwrap(), Told::Failed));
}

#[tokio::test]
async fn hostile_36_a_relay_that_restarts_is_registered_at_again() {
    let web = Web::start().await;
    let (waiter, put) = web.waiter().await;
    let told = taken(waiter);
    let mut poll = web.request("GET ").await;
    let stops = json!({"type": "CLOSE", "reason": "shutdown", "retry_after": 1});
    poll.answer("503 Service Unavailable", &stops).await;
    let mut again = web.request("PUT ").await;
    // A proxy, while the relay is away.
    again
        .answer_raw(
            "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>",
        )
        .await;
    let mut again = web.request("PUT ").await;
    assert_eq!(again.body["secret"], put.body["secret"]);
    again
        .answer("201 Created", &registered(CALLBACK, false))
        .await;
    // And once more, without a word.
    let mut poll = web.request("GET ").await;
    let unknown = json!({"type": "ERROR", "error": "invalid_request", "error_description": ""});
    poll.answer("404 Not Found", &unknown).await;
    let mut again = web.request("PUT ").await;
    again
        .answer("201 Created", &registered(CALLBACK, false))
        .await;
    let mut poll = web.request("GET ").await;
    poll.answer("200 OK", &deliver(Some(STATE))).await;
    acknowledged(&web).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
}

#[tokio::test]
async fn a_broken_poll_is_asked_again() {
    let web = Web::start().await;
    let (waiter, _) = web.waiter().await;
    let told = taken(waiter);
    drop(web.request("GET ").await);
    let mut again = web.request("PUT ").await;
    again.answer("200 OK", &registered(CALLBACK, true)).await;
    let mut poll = web.request("GET ").await;
    poll.answer("200 OK", &deliver(Some(STATE))).await;
    acknowledged(&web).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
}

/// What a registration ends with.
async fn refused(answer: &str) -> RelayError {
    let web = Web::start().await;
    let waiting = web.register();
    web.request("PUT ").await.answer_raw(answer).await;
    waiting.await.unwrap().unwrap_err()
}

fn with_body(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

#[tokio::test]
async fn an_unknown_token_is_told_with_what_to_do() {
    let frame = json!({"type": "ERROR", "error": "invalid_token", "error_description": "unknown"});
    let error = Error::from(refused(&with_body("401 Unauthorized", &frame.to_string())).await);
    assert!(error.to_string().contains("a token is needed"), "{error}");
    assert!(error.hint().unwrap().contains("OARLOCK_RELAY_TOKEN"));
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[tokio::test]
async fn what_is_no_relay_is_said_to_be_none() {
    for (head, body, words) in [
        ("404 Not Found", "<html>", "HTTP 404"),
        ("200 OK", "<html>", "no protocol"),
        ("200 OK", "{\"type\":\"PING\"}", "no protocol"),
        (
            "500 Internal Server Error",
            "{\"type\":\"REGISTERED\"}",
            "HTTP 500",
        ),
        (
            "302 Found\r\nlocation: https://evil.example/",
            "",
            "HTTP 302",
        ),
    ] {
        let web = Web::start().await;
        let waiting = web.register();
        let answering = async {
            loop {
                web.request("PUT ")
                    .await
                    .answer_raw(&with_body(head, body))
                    .await;
            }
        };
        let error = tokio::select! {
            ended = waiting => ended.unwrap().unwrap_err(),
            () = answering => unreachable!(),
        };
        assert!(error.to_string().contains(words), "{head}: {error}");
    }
}

#[tokio::test]
async fn hostile_23_a_redirect_does_not_take_the_token_along() {
    let (web, elsewhere) = (Web::start().await, Web::start().await);
    let (mut waiter, _) = web.waiter().await;
    let place = elsewhere.0.local_addr().unwrap();
    let answering = async {
        let mut poll = web.request("GET ").await;
        let redirect = format!("302 Found\r\nlocation: http://{place}/");
        poll.answer_raw(&with_body(&redirect, "")).await;
    };
    let (waited, ()) = tokio::join!(waiter.wait(), answering);
    let error = waited.unwrap_err();
    assert!(error.to_string().contains("redirects elsewhere"), "{error}");
    let visit = tokio::time::timeout(Duration::from_millis(200), elsewhere.0.accept()).await;
    assert!(visit.is_err(), "nobody went there");
}

#[tokio::test]
async fn there_is_no_single_slot() {
    let web = Web::start().await;
    let registered = Waiter::register(&web.settings(), &clock(), None, PATIENCE).await;
    let error = registered.unwrap_err();
    let is_known = matches!(
        &error,
        RelayError::Relay {
            fault: RelayFault::StateNeeded,
            ..
        }
    );
    assert!(is_known, "{error:?}");
}

#[tokio::test]
async fn nobody_is_there() {
    let web = Web::start().await;
    let settings = web.settings();
    drop(web);
    let state = State::new(STATE);
    let registered = Waiter::register(&settings, &clock(), Some(&state), PATIENCE).await;
    let error = Error::from(registered.unwrap_err());
    assert!(
        error
            .to_string()
            .starts_with("Cannot connect to OAuth relay at http://127.0.0.1"),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::Network);
}

#[tokio::test]
async fn who_is_dropped_says_so_in_the_background() {
    let web = Web::start().await;
    let (waiter, _) = web.waiter().await;
    drop(waiter);
    let hearing = async {
        let mut delete = web.request("DELETE ").await;
        delete.answer("200 OK", &close("unregistered")).await;
    };
    tokio::join!(farewells(), hearing);
}
