//! Exchanges that go wrong, told apart.

use super::{brief, client_of, client_with, get, post, run, send};
use crate::peer::{Peer, read_request};
use oarlock_io::{HttpConfig, HttpError};
use std::{net::TcpListener, time::Duration};
use url::Url;

#[test]
fn bodies_over_the_cap_are_refused_however_they_come() {
    let capped = || {
        client_with(HttpConfig {
            max_body: 1000,
            ..HttpConfig::default()
        })
    };
    let announced = Peer::answering("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n");
    let chunked = Peer::http(|_, stream| {
        stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        while stream.write_all(b"64\r\n").is_ok() {
            stream.say(&format!("{}\r\n", "x".repeat(100)));
        }
    });
    let unframed = Peer::http(|_, stream| {
        stream.say("HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 100]).is_ok() {}
    });
    for peer in [announced, chunked, unframed] {
        let url = peer.url("/");
        let client = capped();
        client.trust(&url);
        let error = send(&client, get(&url)).unwrap_err();
        assert!(
            matches!(error, HttpError::TooLarge { limit: 1000, .. }),
            "{error}"
        );
        assert!(error.may_have_been_processed());
    }
    let exact = Peer::answering(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1000)));
    let url = exact.url("/");
    let client = capped();
    client.trust(&url);
    assert_eq!(send(&client, get(&url)).unwrap().body().len(), 1000);
}

#[test]
fn an_answer_shorter_than_announced_is_lost() {
    let peer = Peer::answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello");
    let url = peer.url("/");
    let error = send(&client_of(&url), post(&url, "x")).unwrap_err();
    assert!(matches!(error, HttpError::Lost { .. }), "{error}");
    assert!(error.may_have_been_processed());
}

#[test]
fn hostile_31_a_lost_reply_is_told_and_nothing_is_sent_twice() {
    let peer = Peer::http(|_, _| {});
    let url = peer.url("/token?secret=1");
    let client = client_of(&url);
    for round in 1..=3 {
        let error = send(&client, post(&url, "grant_type=refresh_token")).unwrap_err();
        assert!(matches!(error, HttpError::Lost { .. }), "{error}");
        assert!(error.may_have_been_processed());
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(peer.connections(), round);
    }
}

#[test]
fn a_connection_the_server_keeps_is_not_used_again() {
    // Keeps the connection after the first answer and then closes it: whoever writes to it again
    // cannot know whether the request was seen.
    let peer = Peer::http(|_, stream| {
        stream.say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let second = read_request(stream);
        assert_eq!(second, "", "a second request on the same connection");
    });
    let url = peer.url("/");
    let client = client_of(&url);
    run(async {
        for _ in 0..5 {
            client.send(post(&url, "x")).await.unwrap();
        }
    });
    assert_eq!(peer.requests().len(), 5);
    assert_eq!(peer.connections(), 5);
}

#[test]
fn no_answer_within_the_deadline() {
    let peer = Peer::http(|_, stream| {
        read_request(stream);
    });
    let url = peer.url("/");
    let client = client_with(brief(Duration::from_millis(300)));
    client.trust(&url);
    let error = send(&client, post(&url, "x")).unwrap_err();
    assert!(
        matches!(error, HttpError::TimedOut { sent: true, .. }),
        "{error}"
    );
    assert!(error.may_have_been_processed());
    let slow_body = Peer::http(|_, stream| {
        stream.say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhel");
        read_request(stream);
    });
    let url = slow_body.url("/");
    client.trust(&url);
    let error = send(&client, post(&url, "x")).unwrap_err();
    assert!(
        matches!(error, HttpError::TimedOut { sent: true, .. }),
        "{error}"
    );
}

#[test]
fn a_connection_that_does_not_come_up_in_time_was_not_sent_to() {
    // Accepts, and never begins with TLS.
    let peer = Peer::raw(|mut stream| {
        read_request(&mut stream);
    });
    let url = Url::parse(&format!("https://{}/", peer.address)).unwrap();
    let config = HttpConfig {
        connect_timeout: Duration::from_millis(300),
        ..HttpConfig::default()
    };
    let client = client_with(config);
    client.trust(&url);
    let error = send(&client, post(&url, "x")).unwrap_err();
    assert!(
        matches!(error, HttpError::TimedOut { sent: false, .. }),
        "{error}"
    );
    assert!(!error.may_have_been_processed());
    // The deadline of the whole exchange passes first: the same.
    let client = client_with(brief(Duration::from_millis(300)));
    client.trust(&url);
    let error = send(&client, post(&url, "x")).unwrap_err();
    assert!(
        matches!(error, HttpError::TimedOut { sent: false, .. }),
        "{error}"
    );
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = Url::parse(&format!("http://127.0.0.1:{port}/?secret")).unwrap();
    let error = send(&client_of(&url), post(&url, "x")).unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(!error.may_have_been_processed());
}

#[test]
fn a_name_without_an_address() {
    let url = Url::parse("https://no-such-name.invalid/?secret").unwrap();
    for client in [client_of(&url), super::client()] {
        let error = send(&client, get(&url)).unwrap_err();
        assert!(
            matches!(&error, HttpError::Dns { host } if host == "no-such-name.invalid"),
            "{error}"
        );
        assert!(!error.may_have_been_processed());
    }
}

#[test]
fn what_is_not_http() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 two hundred\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        "HTTP/1.1 200 OK\r\nx: a\r\n folded\r\n\r\n",
    ] {
        let peer = Peer::answering(garbage);
        let url = peer.url("/");
        let error = send(&client_of(&url), post(&url, "x")).unwrap_err();
        assert!(
            matches!(error, HttpError::Malformed { .. }),
            "{garbage:?}: {error}"
        );
        assert!(error.may_have_been_processed());
    }
}

#[test]
fn endless_headers_are_cut_off() {
    let peer = Peer::http(|_, stream| {
        stream.say("HTTP/1.1 200 OK\r\n");
        let line = format!("x: {}\r\n", "y".repeat(8000));
        while stream.write_all(line.as_bytes()).is_ok() {}
    });
    let url = peer.url("/");
    let error = send(&client_of(&url), get(&url)).unwrap_err();
    assert!(matches!(error, HttpError::Malformed { .. }), "{error}");
}
