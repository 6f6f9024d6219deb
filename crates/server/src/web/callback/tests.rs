use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
};

use axum::body::Bytes;
use futures_util::stream;
use http::{HeaderValue, Request};
use tokio::time::Instant;

use super::{
    super::tests::{Answer, CALLBACK, House, request},
    *,
};

/// In every test that asks whether anything comes back: neither code nor state of anybody.
const SECRET: &str = "CANARY-4_0AQSTgQ";

fn post(content_type: Option<&'static str>, body: impl Into<Body>) -> Request<Body> {
    post_to(CALLBACK, content_type, body)
}

fn post_to(
    address: &str,
    content_type: Option<&'static str>,
    body: impl Into<Body>,
) -> Request<Body> {
    let mut request = request(Method::POST, address).map(|_| body.into());
    if let Some(kind) = content_type {
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    request
}

const JSON: Option<&str> = Some("application/json");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn insist_on_nobody_waiting(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.heading(), "Authorization Failed");
    assert!(answer.body.contains("No program is waiting"));
}

fn insist_on_unreadable(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.heading(), "Authorization Failed");
    assert!(answer.body.contains("in two ways"));
}

/// How many callbacks reached the relay.
fn reached(house: &House) -> usize {
    let numbers = house.metrics.to_text().unwrap();
    let counted = |line: &&str| line.contains("outcome=\"") && line.contains("_total{");
    let lines = numbers.lines().filter(counted);
    lines
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<usize>().unwrap())
        .sum()
}

#[tokio::test]
async fn a_callback_comes_by_query_form_and_json() {
    let house = House::new();
    insist_on_nobody_waiting(&house.get("/oauth/callback?code=c&state=s").await);
    for (kind, body) in [
        (FORM, "code=c&state=s"),
        (
            Some("application/x-www-form-urlencoded; charset=utf-8"),
            "CODE=c&state=s",
        ),
        (JSON, r#"{"code":"c","state":"s"}"#),
        (None, r#"{"code":["c","d"]}"#),
        (None, "authorization_code=c"),
        (Some("text/plain"), "error=access_denied&state=s"),
    ] {
        insist_on_nobody_waiting(&house.ask(post(kind, body)).await);
    }
    // A POST's query may say what concerns nobody.
    let tenant = "/oauth/callback?tenant=1&state=";
    insist_on_nobody_waiting(&house.ask(post_to(tenant, FORM, "code=c")).await);
    assert_eq!(reached(&house), 8);
}

#[tokio::test]
async fn hostile_04_what_can_be_read_in_two_ways_is_refused() {
    let house = House::new();
    for query in [
        "",
        "?",
        "?code=a&code=b",
        "?code=a&CODE=b",
        "?code=a&error=access_denied",
        "?state=a&state=b&code=c",
        "?code=a%0d%0aSet-Cookie:b",
        "?code=a%00",
        "?code=%ff",
    ] {
        insist_on_unreadable(&house.get(&format!("/oauth/callback{query}")).await);
    }
    for (kind, body) in [
        (JSON, r#"{"state":["a"],"code":"c"}"#),
        (JSON, r#"{"state":1,"code":"c"}"#),
        (JSON, r#"{"code":"a","code":"b"}"#),
        (JSON, "code=a"),
        (JSON, "[]"),
        (FORM, ""),
        (FORM, "code=a&code=b"),
        (None, ""),
        (None, r#"{"code":"#),
    ] {
        insist_on_unreadable(&house.ask(post(kind, body)).await);
    }
    assert_eq!(reached(&house), 0);
}

#[tokio::test]
async fn hostile_25_one_reading_of_query_body_and_headers() {
    let house = House::new();
    for query in [
        "state=s",
        "STATE=s",
        "code=c",
        "authorization_code=c",
        "error=access_denied",
        "code=c&code=d",
        "x=%ff",
    ] {
        let address = format!("/oauth/callback?{query}");
        insist_on_unreadable(&house.ask(post_to(&address, FORM, "code=c&state=s")).await);
    }
    let mut twice = post(JSON, r#"{"code":"c"}"#);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    twice.headers_mut().append(CONTENT_TYPE, form);
    insist_on_unreadable(&house.ask(twice).await);
    let mut packed = post(FORM, "code=c");
    let gzip = HeaderValue::from_static("gzip");
    packed.headers_mut().insert(CONTENT_ENCODING, gzip);
    insist_on_unreadable(&house.ask(packed).await);
    let mut foreign = post(FORM, "code=c");
    let bytes = HeaderValue::from_bytes(b"application/json\xff").unwrap();
    foreign.headers_mut().insert(CONTENT_TYPE, bytes);
    insist_on_unreadable(&house.ask(foreign).await);
    assert_eq!(reached(&house), 0);
}

#[tokio::test]
async fn hostile_08_only_a_request_that_somebody_meant_uses_a_callback_up() {
    let house = House::new();
    let address = "/oauth/callback?code=c&state=s";
    for method in [
        "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND",
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = house.ask(request(method.clone(), address)).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers["allow"], "GET, POST", "{method}");
    }
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("sec-purpose", "prefetch; anonymous-client-ip"),
        ("purpose", "Prefetch"),
        ("x-purpose", "preview"),
        ("x-moz", "prefetch"),
    ] {
        for mut early in [request(Method::GET, address), post(FORM, "code=c&state=s")] {
            let value = HeaderValue::from_static(value);
            early.headers_mut().insert(name, value.clone());
            let answer = house.ask(early).await;
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{value:?}");
            assert!(answer.body.contains("Reload this page"), "{value:?}");
        }
    }
    assert_eq!(reached(&house), 0);
    insist_on_nobody_waiting(&house.get(address).await);
    assert_eq!(reached(&house), 1);
}

#[tokio::test]
async fn hostile_02_what_is_too_large_is_refused_before_it_is_read() {
    let house = House::with(|config| config.http.body = 64);
    let whole = format!("code={}", "c".repeat(59));
    insist_on_nobody_waiting(&house.ask(post(FORM, whole.clone())).await);
    let announced = house.ask(post(FORM, format!("{whole}c"))).await;
    // Without a length, as chunks are.
    let chunks = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(b"code=cccc&")));
    let endless = house.ask(post(FORM, Body::from_stream(chunks))).await;
    for answer in [announced, endless] {
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.headers["connection"], "close");
        assert_eq!(answer.heading(), "Authorization Failed");
    }
    // So many parameters are nobody's callback.
    let many = format!("/oauth/callback?{}", "a=b&".repeat(200));
    assert!(house.get(&many).await.status.is_client_error());
    assert_eq!(reached(&house), 1);
}

#[tokio::test(start_paused = true)]
async fn hostile_01_a_slow_body_is_given_up_and_others_do_not_wait_for_it() {
    let house = House::new();
    let begun = Instant::now();
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"code="))]);
    let never = Body::from_stream(stream::StreamExt::chain(first, stream::pending()));
    let (slow, quick) = tokio::join!(house.ask(post(FORM, never)), async {
        let answer = house.get("/oauth/callback?code=c").await;
        (answer, begun.elapsed())
    });
    assert_eq!(slow.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(slow.headers["connection"], "close");
    assert_eq!(begun.elapsed().as_secs(), 10);
    insist_on_nobody_waiting(&quick.0);
    assert!(quick.1.as_secs() < 10);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_read() {
    let house = House::new();
    let chunks = [
        Ok(Bytes::from_static(b"code=c")),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ];
    let broken = Body::from_stream(stream::iter(chunks));
    insist_on_unreadable(&house.ask(post(FORM, broken)).await);
    assert_eq!(reached(&house), 0);
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn hostile_23_nothing_of_a_callback_is_echoed_or_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _listening = tracing::subscriber::set_default(subscriber);

    let house = House::new();
    let mut prefetch = request(
        Method::GET,
        &format!("/oauth/callback?code={SECRET}&state={SECRET}"),
    );
    let purpose = HeaderValue::from_static("prefetch");
    prefetch.headers_mut().insert("sec-purpose", purpose);
    let mut answers = vec![house.ask(prefetch).await];
    for address in [
        format!("/oauth/callback?code={SECRET}&state={SECRET}"),
        format!("/oauth/callback?code={SECRET}&code=x{SECRET}"),
        format!("/oauth/callback?code={SECRET}&error={SECRET}&error_description={SECRET}"),
        format!("/oauth/callback?error={SECRET}&state={SECRET}&error_description=%3Cb%3E{SECRET}"),
        format!("/{SECRET}?{SECRET}"),
        format!("/relay/{SECRET}"),
    ] {
        let mut asked = request(Method::GET, "/");
        *asked.uri_mut() = address.parse().unwrap();
        answers.push(house.ask(asked).await);
    }
    for body in [
        format!(r#"{{"code":"{SECRET}","state":"{SECRET}"}}"#),
        format!(r#"{{"code":"{SECRET}","state":["{SECRET}"]}}"#),
        format!(r#"{{"code":"{SECRET}"#),
    ] {
        answers.push(house.ask(post(JSON, body)).await);
    }
    for answer in answers {
        assert!(!format!("{answer:?}").contains("CANARY"), "{answer:?}");
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("callback cannot be read"), "{log}");
    assert!(log.contains("no client waiting"), "{log}");
    assert!(!log.contains("CANARY"), "{log}");
}

#[tokio::test]
async fn hostile_10_the_answer_does_not_tell_which_state_is_known() {
    let house = House::new();
    let one = house.get("/oauth/callback?code=c&state=one").await;
    assert_eq!(house.get("/oauth/callback?code=d&state=other").await, one);
    assert_eq!(house.get("/oauth/callback?code=d").await, one);
}

/// A callback from this address, and what a proxy says of it.
fn from(peer: &str, forwarded: &'static str, query: &str) -> Request<Body> {
    let mut request = request(Method::GET, &format!("/oauth/callback?{query}"));
    let peer = PeerAddress((peer.parse::<IpAddr>().unwrap(), 40_000).into());
    request.extensions_mut().insert(peer);
    let headers = request.headers_mut();
    headers.insert("x-forwarded-for", HeaderValue::from_static(forwarded));
    request
}

#[tokio::test]
async fn hostile_10_an_address_that_guesses_has_to_wait_and_others_do_not() {
    let house = House::with(|config| config.http.unmatched_per_minute = 3);
    for query in ["code=c&state=one", "code=c&code=d", "code=c"] {
        let answer = house.ask(from("192.0.2.1", "", query)).await;
        assert!(answer.status.is_client_error());
        assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    }
    // hostile 18: whom it says it forwards for makes no difference.
    for forwarded in ["", "192.0.2.2", "127.0.0.1"] {
        let answer = house.ask(from("192.0.2.1", forwarded, "code=c")).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers["retry-after"], "60");
        assert_eq!(answer.heading(), "Authorization Failed");
    }
    insist_on_nobody_waiting(&house.ask(from("192.0.2.2", "", "code=c")).await);
    assert_eq!(reached(&house), 3);
}

#[tokio::test]
async fn hostile_18_a_trusted_proxy_says_who_asks() {
    let house = House::with(|config| {
        config.http.unmatched_per_minute = 1;
        config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    });
    for forwarded in ["192.0.2.1", "evil, 192.0.2.2"] {
        insist_on_nobody_waiting(&house.ask(from("10.0.0.1", forwarded, "code=c")).await);
        let again = house.ask(from("10.0.0.2", forwarded, "code=c")).await;
        assert_eq!(again.status, StatusCode::TOO_MANY_REQUESTS);
    }
}
