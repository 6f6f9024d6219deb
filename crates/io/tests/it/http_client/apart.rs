//! A client for one server of several.

use std::{sync::mpsc, time::Duration};

use super::{client, get, post, run};
use crate::peer::{Conversation as _, Peer, read_request};
use oarlock_io::HttpError;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const PATIENCE: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(5);

/// Answers so many requests on one connection, then closes it.
fn peer_that_answers(times: usize) -> Peer {
    Peer::raw(move |mut stream| {
        for _ in 0..times {
            if read_request(&mut stream).is_empty() {
                return;
            }
            stream.say(OK);
        }
    })
}

#[test]
fn hostile_16_what_is_trusted_apart_is_trusted_nowhere_else() {
    let peer = Peer::answering(OK);
    let url = peer.url("/");
    let whole = client();
    whole.trust(&url);
    let apart = whole.apart(PATIENCE, Duration::ZERO);
    let other = apart.apart(PATIENCE, Duration::ZERO);
    other.trust(&url);
    let refused = run(apart.send(get(&url)));
    assert!(matches!(refused, Err(HttpError::ForbiddenAddress { .. })));
    assert!(run(other.send(get(&url))).is_ok());
    assert!(run(whole.send(get(&url))).is_ok());
    assert_eq!(peer.connections(), 2);
}

#[test]
fn it_has_a_deadline_of_its_own() {
    let peer = Peer::raw(|mut stream| {
        read_request(&mut stream);
        // Until the other side gives up.
        read_request(&mut stream);
    });
    let url = peer.url("/");
    let hasty = client().apart(Duration::from_millis(200), Duration::ZERO);
    hasty.trust(&url);
    let late = run(hasty.send(get(&url)));
    assert!(matches!(late, Err(HttpError::TimedOut { .. })), "{late:?}");
}

#[test]
fn connections_are_kept_only_where_that_is_wanted() {
    for (idle, connections) in [(IDLE, 1), (Duration::ZERO, 3)] {
        let peer = peer_that_answers(3);
        let url = peer.url("/");
        let client = client().apart(PATIENCE, idle);
        client.trust(&url);
        run(async {
            for _ in 0..3 {
                assert_eq!(client.send(post(&url, "a=b")).await.unwrap().body(), b"ok");
            }
        });
        assert_eq!(peer.connections(), connections, "{idle:?}");
    }
}

#[test]
fn a_kept_connection_that_was_closed_meanwhile_is_replaced() {
    let (closed, closes) = mpsc::sync_channel(1);
    let peer = Peer::raw(move |mut stream| {
        read_request(&mut stream);
        stream.say(OK);
        drop(stream);
        closed.send(()).unwrap();
    });
    let url = peer.url("/");
    let client = client().apart(PATIENCE, IDLE);
    client.trust(&url);
    run(async {
        for _ in 0..5 {
            assert!(client.send(post(&url, "a=b")).await.is_ok());
            closes.recv().unwrap();
            // The end is in the socket: whoever looks sees it.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
        }
    });
    assert_eq!(peer.connections(), 5);
}
