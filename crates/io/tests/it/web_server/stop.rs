//! How it stops (hostile.md, 36).

use super::{Served, limits, one_answer, status, to_the_end};
use crate::peer::{Conversation as _, header};
use oarlock_io::web_server::WebLimits;
use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

fn draining_for(drain: Duration) -> Served {
    Served::new(WebLimits { drain, ..limits() })
}

#[test]
fn hostile_36_idle_connections_are_closed_at_once_and_open_requests_answered() {
    let mut served = draining_for(Duration::from_secs(20));
    let mut fresh = served.connect();
    let mut kept = served.connect();
    let mut long_kept = served.connect();
    for stream in [&mut kept, &mut long_kept] {
        stream.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        one_answer(stream);
    }
    // Long enough for hyper to let go of it.
    std::thread::sleep(Duration::from_secs(5));
    kept.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    one_answer(&mut kept);
    let mut busy = served.connect();
    busy.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(served.event(), "came");
    let start = Instant::now();
    served.stop();
    for idle in [&mut fresh, &mut kept, &mut long_kept] {
        assert_eq!(to_the_end(idle), "");
    }
    let answer = to_the_end(&mut busy);
    assert!(answer.ends_with("slow"), "{answer}");
    assert_eq!(header(&answer, "connection").unwrap(), "close");
    served.join();
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "waited for nothing"
    );
    assert!(
        TcpStream::connect(served.address).is_err(),
        "still accepting"
    );
}

#[test]
fn hostile_36_what_takes_longer_than_the_drain_is_closed() {
    let mut served = draining_for(Duration::from_secs(1));
    let mut endless = served.connect();
    endless.say("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(served.event(), "came");
    let mut half = served.connect();
    half.say("GET / HTT");
    let start = Instant::now();
    served.join();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(served.event(), "dropped");
    assert_eq!(status(&to_the_end(&mut endless)), "none");
    assert_eq!(status(&to_the_end(&mut half)), "none");
}

#[test]
fn hostile_36_a_request_that_is_coming_is_still_answered() {
    let mut served = draining_for(Duration::from_secs(20));
    let mut half = served.connect();
    half.say("GET /half HTTP/1.1\r\nHos");
    // Another one, accepted later, shows that the first was taken in.
    served.get("/");
    served.stop();
    let start = Instant::now();
    while TcpStream::connect(served.address).is_ok() {
        assert!(start.elapsed() < Duration::from_secs(10), "still accepting");
    }
    half.say("t: a\r\n\r\n");
    let answer = to_the_end(&mut half);
    assert!(answer.ends_with("GET /half "), "{answer}");
    assert_eq!(header(&answer, "connection").unwrap(), "close");
}
