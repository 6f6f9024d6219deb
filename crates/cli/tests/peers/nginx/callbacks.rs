//! A browser's way through nginx to the program.

use std::io::Write as _;

use super::{
    QUERY, STATE, relay_behind_nginx,
    site::{NAME, status, to_the_end},
};

#[test]
fn a_callback_is_delivered_and_nothing_else_uses_it_up() {
    let (relay, nginx) = relay_behind_nginx("");
    let outside = nginx.outside();
    let program = relay.waiting(STATE);
    let target = format!("/oauth/callback?{QUERY}");
    let head = format!("HEAD {target} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
    assert_eq!(status(&outside.exchange("127.0.0.1", &head)), 405);
    let (code, _) = outside.get("127.0.0.1", &target, "Sec-Purpose: prefetch\r\n");
    assert_eq!(code, 503, "nginx passes the purpose on");
    let (code, page) = outside.visit(QUERY);
    assert_eq!(code, 200, "{page}");
    assert!(page.contains("<h1>Authorization Complete</h1>"), "{page}");
    let headers = page.to_ascii_lowercase();
    for header in [
        "content-security-policy: default-src 'none'",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
    ] {
        assert_eq!(headers.matches(header).count(), 1, "{header}: {page}");
    }
    assert_eq!(program.finish().ended_with(0).stdout, "canary-code\n");
    assert_eq!(outside.visit(QUERY).0, 404, "once");
}

#[test]
fn the_longest_code_and_a_form_come_through() {
    let (relay, nginx) = relay_behind_nginx("");
    let outside = nginx.outside();
    let code = "c".repeat(16_384);
    let program = relay.waiting("long");
    let (answer, page) = outside.visit(&format!("code={code}&state=long"));
    assert_eq!(answer, 200, "{page}");
    assert_eq!(program.finish().ended_with(0).stdout.trim(), code);

    let program = relay.waiting("form");
    let body = format!("code=canary-form&state=form&more={}", "m".repeat(60_000));
    let length = body.len();
    let post = format!(
        "POST /oauth/callback HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let answer = outside.exchange("127.0.0.1", &post);
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(program.finish().ended_with(0).stdout, "canary-form\n");
}

#[test]
fn hostile_02_what_is_too_large_is_refused_before_the_relay() {
    let (relay, nginx) = relay_behind_nginx("");
    let outside = nginx.outside();
    assert_eq!(outside.status(&huge()), 414);
    let post = format!(
        "POST /oauth/callback HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 65537\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(outside.status(&post), 413);
    assert_eq!(relay.count("oarlock_http_requests_total{"), 0);
}

/// A callback of a megabyte.
fn huge() -> String {
    let code = "c".repeat(1 << 20);
    format!("GET /oauth/callback?code=canary-{code} HTTP/1.1\r\nHost: {NAME}\r\n\r\n")
}

/// However it ends: nginx itself answers, the relay does, the browser leaves, the relay is not there.
#[test]
fn no_code_is_in_any_log_of_nginx() {
    let (relay, nginx) = relay_behind_nginx("grace = 0.05");
    let outside = nginx.outside();
    let target = format!("/oauth/callback?{QUERY}");
    let with = |headers: &str| outside.get("127.0.0.1", &target, headers).0;
    let program = relay.waiting(STATE);
    let mut told = vec![outside.visit(QUERY).0, outside.visit(QUERY).0];
    program.finish().ended_with(0);
    told.extend([
        outside.visit("code=canary-1&code=canary-2").0,
        outside.visit("code=canary-%zz&state=canary").0,
        outside.get("127.0.0.1", "/elsewhere?code=canary", "").0,
        with("Referer: https://op.example/?code=canary\r\nUser-Agent: canary\r\n"),
        with("Cookie: canary\r\nAuthorization: Bearer canary\r\n"),
        // nginx refuses the one and passes over the other.
        with("Content-Length: 1\r\nContent-Length: 2\r\n"),
        with("can@ry: canary\r\n"),
        outside.status(&huge()),
    ]);
    let mut leaving = outside.connect("127.0.0.1");
    let request = format!("GET {target} HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
    leaving.write_all(request.as_bytes()).unwrap();
    drop(leaving);
    let said = relay.stop();
    told.push(outside.visit(QUERY).0);
    assert_eq!(
        told,
        [200, 404, 400, 400, 404, 404, 404, 400, 404, 414, 502]
    );
    // And the one that left: a line is written when all is over.
    let logs = nginx.logs_of(told.len() + 1);
    assert!(logs.contains("GET /oauth/callback 200"), "{logs}");
    assert!(!logs.contains("canary"), "{logs}");
    said.keeps_secret("canary");
}

#[test]
fn hostile_01_a_slow_browser_is_nginxs_and_does_not_reach_the_relay() {
    let (relay, nginx) = relay_behind_nginx("");
    let outside = nginx.outside();
    let program = relay.waiting("slow");
    let mut slow = outside.connect("127.0.0.1");
    let (body, rest) = ("code=canary-slow&", "state=slow");
    let length = body.len() + rest.len();
    let head = format!(
        "POST /oauth/callback HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    slow.write_all((head + body).as_bytes()).unwrap();
    // Meanwhile another is served.
    let other = relay.waiting(STATE);
    assert_eq!(outside.visit(QUERY).0, 200);
    assert_eq!(other.finish().ended_with(0).stdout, "canary-code\n");
    assert_eq!(relay.count("oarlock_http_requests_total{"), 1);
    slow.write_all(rest.as_bytes()).unwrap();
    assert_eq!(status(&to_the_end(&mut slow)), 200);
    assert_eq!(program.finish().ended_with(0).stdout, "canary-slow\n");
}

/// The patience of `to_the_end` is shorter than nginx's, if nobody tells it otherwise.
#[test]
fn hostile_01_headers_and_bodies_that_do_not_come_end_the_connection() {
    let (relay, nginx) = relay_behind_nginx("");
    let outside = nginx.outside();
    let head = format!("GET /oauth/callback?{QUERY} HTTP/1.1\r\nHost: {NAME}\r\n");
    let body =
        format!("POST /oauth/callback HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 9\r\n\r\ncode");
    let mut slow = [head, body].map(|text| {
        let mut stream = outside.connect("127.0.0.1");
        stream.write_all(text.as_bytes()).unwrap();
        stream
    });
    for stream in &mut slow {
        let answer = to_the_end(stream);
        assert!(answer.is_empty() || status(&answer) == 408, "{answer}");
    }
    assert_eq!(relay.count("oarlock_http_requests_total{"), 0);
}
