//! Programs on other machines wait through nginx (docs/relay-protocol.md, "Over HTTPS").

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use http::{Method, Request, Response, header};
use oarlock_oauth::{relay::StateDigest, secret::State};
use serde_json::{Value, json};

use super::{Outside, QUERY, STATE, relay_behind_nginx, site::NAME};
use crate::{http_client, relay::Relay, sandbox::Sandbox};

const SECRET: &str = "mPbL1Y6yNtGmKXEwZvV4Lg";

/// A registration of [`STATE`].
struct Registration<'a> {
    outside: Outside,
    token: &'a str,
    path: String,
}

impl<'a> Registration<'a> {
    fn new(outside: Outside, relay: &'a Relay) -> Self {
        let digest = StateDigest::of(&State::new(STATE));
        let registration = Self {
            outside,
            token: relay.token(),
            path: format!("/relay/registrations/{digest}"),
        };
        let answer = registration.ask(Method::PUT, "", &json!({ "secret": SECRET }));
        assert_eq!(answer.status(), 201);
        let registered = http_client::json(&answer);
        let callback = format!("https://{NAME}/oauth/callback");
        assert_eq!(registered["callback_url"], callback);
        registration
    }

    fn ask(&self, method: Method, rest: &str, body: &Value) -> Response<Vec<u8>> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut request = Request::builder()
            .uri(format!("http://{}{}{rest}", self.outside.0, self.path))
            .header(header::HOST, NAME)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        if method != Method::PUT {
            request = request.header("Relay-Secret", SECRET);
        }
        http_client::send(request.method(method).body(body.into_bytes()).unwrap())
    }

    fn acknowledge(&self, deliver: &Value) -> Value {
        assert_eq!(deliver["type"], "DELIVER");
        assert_eq!(deliver["code"], "canary-code");
        let delivery = json!({ "delivery": deliver["delivery"] });
        let answer = self.ask(Method::POST, "/acknowledgement", &delivery);
        assert_eq!(answer.status(), 200);
        http_client::json(&answer)
    }
}

#[test]
fn a_long_poll_waits_and_answers_at_once_when_there_is_something() {
    let (relay, nginx) = relay_behind_nginx("");
    let outside = nginx.outside();
    let registration = Registration::new(outside, &relay);
    let begun = Instant::now();
    let answer = registration.ask(Method::GET, "?wait=1", &Value::Null);
    assert_eq!(answer.status(), 204);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| registration.ask(Method::GET, "?wait=60", &Value::Null));
        let browser = scope.spawn(|| outside.visit(QUERY));
        let deliver = http_client::json(&waiting.join().unwrap());
        assert!(!browser.is_finished(), "nobody has confirmed it");
        let close = registration.acknowledge(&deliver);
        assert_eq!(close, json!({ "type": "CLOSE", "reason": "delivered" }));
        let (code, page) = browser.join().unwrap();
        assert_eq!(code, 200, "{page}");
    });
    let logs = nginx.logs_of(5);
    for secret in ["canary", SECRET, relay.token()] {
        assert!(!logs.contains(secret), "{logs}");
    }
}

#[test]
fn events_come_when_they_happen_and_the_stream_ends() {
    let (relay, nginx) = relay_behind_nginx("");
    let outside = nginx.outside();
    let registration = Registration::new(outside, &relay);
    let mut stream = outside.connect("127.0.0.1");
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: {NAME}\r\nAccept: text/event-stream\r\nAuthorization: Bearer {}\r\nRelay-Secret: {SECRET}\r\nConnection: close\r\n\r\n",
        registration.path, registration.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut events = BufReader::new(stream);
    thread::scope(|scope| {
        let browser = scope.spawn(|| outside.visit(QUERY));
        // Collected by nginx it would come too late to be confirmed.
        let deliver = event(&mut events);
        let close = registration.acknowledge(&deliver);
        assert_eq!(event(&mut events), close);
        assert_eq!(browser.join().unwrap().0, 200);
    });
    let rest: Vec<String> = events.lines().map_while(Result::ok).collect();
    assert!(
        !rest.iter().any(|line| line.starts_with("data:")),
        "{rest:?}"
    );
}

#[test]
fn a_program_elsewhere_waits_by_https() {
    let (relay, nginx) = relay_behind_nginx("");
    let outside = nginx.outside();
    let elsewhere = Sandbox::new();
    let authority = nginx.authority();
    let network = format!("[network]\nca_file = \"{}\"\n", authority.display());
    elsewhere.secret_file("home/config.toml", &network);
    let place = format!("https://localhost:{}", nginx.tls().port());
    let mut call = elsewhere.oarlock(["wait", "--state", STATE, "--relay", &place]);
    let program = call
        .environment("OARLOCK_RELAY_TOKEN", relay.token())
        .spawn();
    program.told(|line| line.starts_with("Waiting for").then_some(()));
    let (code, page) = outside.visit(QUERY);
    assert_eq!(code, 200, "{page}");
    assert_eq!(program.finish().ended_with(0).stdout, "canary-code\n");
}

/// The next event's data.
fn event(events: &mut BufReader<TcpStream>) -> Value {
    loop {
        let mut line = String::new();
        assert_ne!(events.read_line(&mut line).unwrap(), 0, "the stream ended");
        if let Some(data) = line.strip_prefix("data:") {
            return serde_json::from_str(data.trim()).unwrap();
        }
    }
}
