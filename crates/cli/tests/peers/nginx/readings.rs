//! What could be read in two ways is read in one, with nginx before the relay or without (hostile.md, 25).

use super::{
    QUERY, STATE, relay_behind_nginx,
    site::{NAME, Outside},
};
use crate::relay::Relay;

/// What one side might take for the body of the request before it, and the other for a request of its own.
const INNER: &str = "GET /oauth/callback?code=smuggled&state=canary-smuggled HTTP/1.1\r\nHost: login.example.com\r\n\r\n";

/// What became of [`INNER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Nobody read it: all of it was refused.
    Refused,
    /// It was a body.
    Body,
    /// It was a request.
    Request,
    /// The connection was closed before it came to that.
    Closed,
}

/// What is tried: the fields behind `Host`, each line with its end; a body, behind which [`INNER`] stands; and the right reading.
fn attempts() -> Vec<(&'static str, String, &'static str, Reading)> {
    use Reading::{Body, Refused, Request};
    const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";
    const NO_CHUNKS: &str = "0\r\n\r\n";
    let chunked_and = |fields: &str| format!("{CHUNKED}{fields}");
    let fields = |fields: &str| fields.replace("LENGTH", &INNER.len().to_string());
    let same = "Content-Length: LENGTH\r\nContent-Length: LENGTH\r\n";
    let two = "Content-Length: 0\r\nContent-Length: LENGTH\r\n";
    let before = format!("Content-Length: LENGTH\r\n{CHUNKED}");
    let behind = chunked_and("Content-Length: LENGTH\r\n");
    let all = [
        ("length and chunks", before, NO_CHUNKS, Refused),
        ("chunks and length", behind, NO_CHUNKS, Refused),
        (
            "chunks and no length",
            chunked_and("Content-Length: 0\r\n"),
            NO_CHUNKS,
            Refused,
        ),
        ("the same length twice", same.into(), "", Refused),
        ("two lengths", two.into(), "", Refused),
        (
            "a list of lengths",
            "Content-Length: 0, LENGTH\r\n".into(),
            "",
            Refused,
        ),
        (
            "a signed length",
            "Content-Length: +LENGTH\r\n".into(),
            "",
            Refused,
        ),
        ("chunks twice", chunked_and(CHUNKED), NO_CHUNKS, Refused),
        (
            "a folded coding",
            "Transfer-Encoding:\r\n chunked\r\n".into(),
            NO_CHUNKS,
            Refused,
        ),
        (
            "a folded length",
            "X: a\r\n Content-Length: LENGTH\r\n".into(),
            "",
            Refused,
        ),
        (
            "one folded by a tab",
            "X: a\r\n\tContent-Length: LENGTH\r\n".into(),
            "",
            Refused,
        ),
        (
            "a blank before the colon",
            "Content-Length : LENGTH\r\n".into(),
            "",
            Refused,
        ),
        (
            "the same of a coding",
            "Transfer-Encoding : chunked\r\n".into(),
            NO_CHUNKS,
            Refused,
        ),
        (
            "a vertical tab",
            "Transfer-Encoding: \u{b}chunked\r\n".into(),
            NO_CHUNKS,
            Refused,
        ),
        (
            "another coding",
            "Transfer-Encoding: identity\r\n".into(),
            "",
            Refused,
        ),
        (
            "two codings",
            "Transfer-Encoding: gzip, chunked\r\n".into(),
            NO_CHUNKS,
            Refused,
        ),
        (
            "a lone CR",
            "X: a\rContent-Length: LENGTH\r\n".into(),
            "",
            Refused,
        ),
        // nginx takes it for the end of a line, and passes a better one on.
        (
            "a length behind a lone LF",
            "X: a\nContent-Length: LENGTH\r\n".into(),
            "",
            Body,
        ),
        (
            "a coding behind a lone LF",
            format!("X: a\n{CHUNKED}"),
            NO_CHUNKS,
            Request,
        ),
        (
            "chunks that end in a lone LF",
            CHUNKED.into(),
            "0\n\n",
            Request,
        ),
        (
            "an extension with a lone LF",
            CHUNKED.into(),
            "0;x=\"\n\"\r\n\r\n",
            Request,
        ),
        (
            "a length among the trailers",
            chunked_and(""),
            "0\r\nContent-Length: 999\r\n\r\n",
            Request,
        ),
        (
            "a header like a length",
            "Content_Length: LENGTH\r\n".into(),
            "",
            Request,
        ),
        ("a length", "Content-Length: LENGTH\r\n".into(), "", Body),
    ];
    let all = all.map(|(what, text, body, reading)| (what, fields(&text), body, reading));
    all.into()
}

fn seen(relay: &Relay, labels: &str) -> u64 {
    relay.count(&format!("oarlock_http_requests_total{{{labels}"))
}

/// What becomes of it; the relay's answers are as many as what it read, so that none is left over for somebody else.
fn tried(outside: Outside, relay: &Relay, method: &str, fields: &str, body: &str) -> Reading {
    let (all, callbacks) = (seen(relay, ""), seen(relay, "route=\"callback\""));
    let request = format!(
        "{method} /elsewhere HTTP/1.1\r\nHost: {NAME}\r\n{fields}\r\n{body}{INNER}GET /last HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n"
    );
    let answers = outside.exchange("127.0.0.1", &request);
    let (all, callbacks) = (
        seen(relay, "") - all,
        seen(relay, "route=\"callback\"") - callbacks,
    );
    // Refusals of what is no request do not have this header, nor has nginx.
    let routed = answers.to_ascii_lowercase();
    let routed = routed.matches("\ncross-origin-opener-policy:").count();
    assert_eq!(u64::try_from(routed).unwrap(), all, "{answers}");
    match (all, callbacks) {
        (0, 0) => {
            assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
            Reading::Refused
        }
        (1, 0) => Reading::Closed,
        (2, 0) => Reading::Body,
        (3, 1) => Reading::Request,
        _ => panic!("{all} requests, {callbacks} callbacks: {answers}"),
    }
}

/// Somebody else, on connections to the relay that may have been used before.
fn the_next_get_their_own(outside: Outside, what: &str) {
    for _ in 0..2 {
        let (code, page) = outside.get("127.0.0.2", "/healthz", "");
        assert_eq!(code, 200, "{what}: {page}");
        let (code, page) = outside.get("127.0.0.3", "/", "");
        let is_front = code == 200 && page.contains("<h1>Oarlock relay</h1>");
        assert!(is_front, "{what}: {page}");
    }
}

#[test]
fn hostile_25_through_nginx_there_is_one_reading() {
    let (relay, nginx) = relay_behind_nginx("grace = 0.05");
    let outside = nginx.outside();
    for (what, fields, body, right) in attempts() {
        for method in ["POST", "GET", "PUT"] {
            let reading = tried(outside, &relay, method, &fields, body);
            let is_right = reading == right || reading == Reading::Refused;
            assert!(is_right, "{what} of {method}: {reading:?}");
            the_next_get_their_own(outside, what);
        }
    }
    let program = relay.waiting(STATE);
    assert_eq!(outside.visit(QUERY).0, 200);
    assert_eq!(program.finish().ended_with(0).stdout, "canary-code\n");
}

#[test]
fn hostile_25_and_so_there_is_without_it() {
    let (relay, _) = relay_behind_nginx("grace = 0.05");
    for (what, fields, body, right) in attempts() {
        for method in ["POST", "GET", "PUT"] {
            let reading = tried(Outside::of(&relay), &relay, method, &fields, body);
            // It closes where it would have to follow chunks.
            let is_safe = matches!(reading, Reading::Refused | Reading::Closed);
            assert!(
                reading == right || is_safe,
                "{what} of {method}: {reading:?}"
            );
            let is_lone = fields.contains("a\n") || fields.contains("a\r");
            let must_refuse = right == Reading::Refused || is_lone;
            assert_eq!(
                reading == Reading::Refused,
                must_refuse,
                "{what} of {method}: {reading:?}"
            );
        }
    }
}
