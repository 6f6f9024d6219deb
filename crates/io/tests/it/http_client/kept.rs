//! Connections that are kept: fewer of them, and no request twice.

use super::{client_with, get, post, run};
use crate::peer::{Conversation as _, Peer, read_request};
use oarlock_io::{HttpClient, HttpConfig, HttpError};
use std::{
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use url::Url;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn keeping(url: &Url) -> HttpClient {
    let client = client_with(HttpConfig {
        idle: Duration::from_secs(4),
        ..HttpConfig::default()
    });
    client.trust(url);
    client
}

/// Counts requests, and lets the script answer each by its number on its connection; `false` ends it.
fn peer(
    script: impl Fn(usize, &mut TcpStream) -> bool + Send + Sync + 'static,
) -> (Peer, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    let peer = Peer::raw(move |mut stream| {
        for number in 1.. {
            if read_request(&mut stream).is_empty() {
                return;
            }
            seen.fetch_add(1, Ordering::SeqCst);
            if !script(number, &mut stream) {
                return;
            }
        }
    });
    (peer, requests)
}

fn answers(_: usize, stream: &mut TcpStream) -> bool {
    stream.say(OK);
    true
}

#[test]
fn a_connection_serves_again_and_not_for_long() {
    let (peer, requests) = peer(answers);
    let url = peer.url("/");
    let client = keeping(&url);
    run(async {
        for _ in 0..10 {
            assert_eq!(client.send(get(&url)).await.unwrap().body(), b"hello");
            client.send(post(&url, "a=b")).await.unwrap();
        }
        assert_eq!(peer.connections(), 1);
        tokio::time::sleep(Duration::from_secs(5)).await;
        client.send(get(&url)).await.unwrap();
        assert_eq!(peer.connections(), 2, "idle for too long");
    });
    assert_eq!(requests.load(Ordering::SeqCst), 21);
}

#[test]
fn hostile_31_a_request_on_a_connection_that_dies_is_not_sent_again() {
    let (peer, requests) = peer(|number, stream| number == 1 && answers(number, stream));
    let url = peer.url("/");
    let client = keeping(&url);
    run(async {
        for body in ["", "grant_type=refresh_token"] {
            client.send(post(&url, body)).await.unwrap();
            let before = requests.load(Ordering::SeqCst);
            let error = client.send(post(&url, body)).await.unwrap_err();
            assert!(matches!(error, HttpError::Lost { .. }), "{error:?}");
            assert!(error.may_have_been_processed());
            assert_eq!(requests.load(Ordering::SeqCst), before + 1);
        }
    });
    assert_eq!(requests.load(Ordering::SeqCst), 4);
    assert_eq!(peer.connections(), 2);
}
