//! Requests and answers, redirects, streams.

use super::{client, client_of, get, post, run, send};
use crate::peer::{Peer, header};
use http::StatusCode;
use oarlock_io::{HttpError, http_client::server_date};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello";

#[test]
fn a_request_and_its_answer() {
    let peer = Peer::answering(OK);
    let url = peer.url("/path?query=1");
    let mut request = post(&url, "a=b&c=d");
    request.headers_mut().insert(
        "content-type",
        "application/x-www-form-urlencoded".parse().unwrap(),
    );
    let answer = send(&client_of(&url), request).unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["x-a"], "b");
    assert_eq!(answer.body(), b"hello");
    let [seen] = &peer.requests()[..] else {
        panic!("one request")
    };
    assert!(
        seen.starts_with("POST /path?query=1 HTTP/1.1\r\n"),
        "{seen}"
    );
    assert!(seen.ends_with("\r\n\r\na=b&c=d"), "{seen}");
    assert_eq!(header(seen, "host").unwrap(), peer.address.to_string());
    assert_eq!(header(seen, "content-length").unwrap(), "7");
    assert_eq!(header(seen, "accept-encoding").unwrap(), "identity");
    let version = concat!("oarlock/", env!("CARGO_PKG_VERSION"));
    assert_eq!(header(seen, "user-agent").unwrap(), version);
    for absent in ["cookie", "referer", "authorization", "transfer-encoding"] {
        assert_eq!(header(seen, absent), None, "{absent}");
    }
}

#[test]
fn hostile_25_headers_that_frame_a_request_are_ours() {
    let peer = Peer::answering(OK);
    let url = peer.url("/");
    let mut request = post(&url, "12345");
    for (name, value) in [
        ("host", "evil.example"),
        ("content-length", "3"),
        ("transfer-encoding", "chunked"),
        ("connection", "x-a"),
        ("user-agent", "mine/1"),
        ("accept-encoding", "br"),
        ("x-a", "kept"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    send(&client_of(&url), request).unwrap();
    let [seen] = &peer.requests()[..] else {
        panic!("one request")
    };
    assert_eq!(header(seen, "host").unwrap(), peer.address.to_string());
    assert_eq!(header(seen, "content-length").unwrap(), "5");
    assert_eq!(header(seen, "transfer-encoding"), None);
    assert_eq!(header(seen, "x-a").unwrap(), "kept");
    assert_eq!(header(seen, "user-agent").unwrap(), "mine/1");
    assert_eq!(header(seen, "accept-encoding").unwrap(), "br");
}

#[test]
fn cookies_are_not_kept() {
    let peer = Peer::answering("HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n");
    let url = peer.url("/");
    let client = client_of(&url);
    send(&client, get(&url)).unwrap();
    send(&client, get(&url)).unwrap();
    assert_eq!(header(&peer.requests()[1], "cookie"), None);
}

#[test]
fn errors_of_the_server_are_answers() {
    let peer = Peer::answering("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}");
    let url = peer.url("/");
    let answer = send(&client_of(&url), post(&url, "x")).unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.body(), b"{}");
}

#[test]
fn a_head_request_has_no_body_whatever_length_it_announces() {
    let peer = Peer::answering("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n");
    let url = peer.url("/");
    let request = http::Request::head(url.as_str()).body(Vec::new()).unwrap();
    assert!(send(&client_of(&url), request).unwrap().body().is_empty());
}

fn redirecting(status: &str, to: impl Fn(usize) -> String + Send + Sync + 'static) -> Peer {
    let status = status.to_owned();
    Peer::http(move |request, stream| {
        let path = request.split(' ').nth(1).unwrap();
        let step: usize = path.trim_start_matches('/').parse().unwrap_or(0);
        match to(step) {
            end if end.is_empty() => stream.say(OK),
            location => stream.say(&format!(
                "HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
            )),
        }
    })
}

#[test]
fn redirects_within_the_origin_are_followed() {
    for status in ["301 A", "302 B", "303 C", "307 D", "308 E"] {
        let five = |step| {
            if step < 5 {
                format!("/{}", step + 1)
            } else {
                String::new()
            }
        };
        let peer = redirecting(status, five);
        let url = peer.url("/0");
        let answer = send(&client_of(&url), get(&url)).unwrap();
        assert_eq!(answer.body(), b"hello", "{status}");
        assert_eq!(peer.connections(), 6);
    }
}

#[test]
fn six_redirects_are_too_many() {
    let peer = redirecting("302 Found", |step| format!("/{}", step + 1));
    let url = peer.url("/0");
    let error = send(&client_of(&url), get(&url)).unwrap_err();
    assert!(matches!(error, HttpError::Redirected { .. }), "{error}");
    assert_eq!(peer.connections(), 6);
}

#[test]
fn hostile_16_redirects_to_other_origins_are_refused() {
    let other = Peer::answering(OK);
    let elsewhere = [
        other.url("/secret?token=1").to_string(),
        format!("//{}/", other.address),
        format!("\\\\{}/", other.address),
        "https://evil.example/".to_owned(),
        "http://user@evil.example/".to_owned(),
        "javascript:alert(1)".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for location in elsewhere {
        let target = location.clone();
        let peer = redirecting("302 Found", move |_| target.clone());
        let url = peer.url("/0?code=secret");
        let client = client_of(&url);
        client.trust(&other.url("/"));
        let error = send(&client, get(&url)).unwrap_err();
        assert!(
            matches!(error, HttpError::Redirected { .. }),
            "{location}: {error}"
        );
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(peer.connections(), 1);
    }
    assert_eq!(other.connections(), 0);
}

#[test]
fn user_information_in_a_redirect_is_refused() {
    let peer = Peer::http(|request, stream| {
        let host = header(request, "host").unwrap();
        stream.say(&format!(
            "HTTP/1.1 302 F\r\nlocation: http://a:b@{host}/\r\ncontent-length: 0\r\n\r\n"
        ));
    });
    let url = peer.url("/");
    assert!(matches!(
        send(&client_of(&url), get(&url)),
        Err(HttpError::Redirected { .. })
    ));
}

#[test]
fn a_redirect_of_a_post_is_the_answer() {
    let peer = redirecting("307 Temporary Redirect", |_| "/1".to_owned());
    let url = peer.url("/0");
    let answer = send(&client_of(&url), post(&url, "code=1")).unwrap();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(answer.headers()["location"], "/1");
    assert_eq!(peer.connections(), 1);
}

#[test]
fn a_stream_comes_in_chunks_and_has_no_cap() {
    let peer = Peer::http(|_, stream| {
        stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = "x".repeat(64 * 1024);
        for _ in 0..32 {
            stream.say(&format!("{:x}\r\n{chunk}\r\n", chunk.len()));
        }
        stream.say("0\r\n\r\n");
    });
    let url = peer.url("/?secret=1");
    let total = run(async {
        let mut answer = client_of(&url).stream(get(&url)).await.unwrap();
        assert!(!format!("{answer:?}").contains("secret"));
        let mut total = 0;
        while let Some(chunk) = answer.body_mut().next().await.unwrap() {
            assert!(!chunk.is_empty());
            total += chunk.len();
        }
        total
    });
    assert_eq!(total, 2 << 20);
}

#[test]
fn a_stream_that_breaks_is_an_error() {
    let peer = Peer::http(|_, stream| {
        stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
    });
    let url = peer.url("/");
    run(async {
        let mut answer = client_of(&url).stream(get(&url)).await.unwrap();
        assert_eq!(answer.body_mut().next().await.unwrap().unwrap(), "hello");
        let error = answer.body_mut().next().await.unwrap_err();
        assert!(matches!(error, HttpError::Lost { .. }), "{error}");
    });
}

#[test]
fn a_stream_follows_no_redirect() {
    let peer = redirecting("302 Found", |_| "/1".to_owned());
    let url = peer.url("/0");
    let status = run(async { client_of(&url).stream(get(&url)).await.unwrap().status() });
    assert_eq!(status, StatusCode::FOUND);
}

#[test]
fn the_servers_clock_is_read_from_its_answer() {
    let peer = Peer::answering(
        "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n\r\n",
    );
    let url = peer.url("/");
    let answer = send(&client_of(&url), get(&url)).unwrap();
    assert_eq!(server_date(&answer).unwrap().as_second(), 784_111_777);
    let mut answer = http::Response::new(());
    assert_eq!(server_date(&answer), None);
    answer
        .headers_mut()
        .insert("date", "yesterday".parse().unwrap());
    assert_eq!(server_date(&answer), None);
}

#[test]
fn urls_that_are_not_for_us_are_refused() {
    let refused = [
        "http://example.com/",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "https://a:b@example.com/",
        "/x",
    ];
    for url in refused {
        let request = http::Request::get(url).body(Vec::new()).unwrap();
        let error = send(&client(), request).unwrap_err();
        assert!(
            matches!(error, HttpError::Configuration(_)),
            "{url}: {error}"
        );
        assert!(!error.may_have_been_processed());
    }
}
