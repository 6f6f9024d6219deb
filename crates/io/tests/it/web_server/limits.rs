//! What is too long, too slow, or too much.

use super::{CAP, Served, Site, limits, one_answer, status, to_the_end};
use crate::{
    child, home,
    peer::{Conversation as _, header},
};
use oarlock_io::web_server::{WebLimits, serve};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;

const HEAD: &str = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";

#[test]
fn hostile_02_long_targets_heads_and_bodies() {
    let served = Served::new(limits());
    let code = format!("/?code={}", "x".repeat(16 * 1024));
    assert_eq!(status(&served.get(&code)), "200");
    assert_eq!(
        status(&served.get(&format!("/{}", "x".repeat(33 * 1024)))),
        "414"
    );
    let huge = served.get(&format!("/{}", "x".repeat(1 << 20)));
    assert!(["414", "431"].contains(&status(&huge)), "{huge}");
    let padded = |size| {
        let answer = served.send(&format!("GET /{HEAD}x: {}\r\n\r\n", "y".repeat(size)));
        status(&answer).to_owned()
    };
    assert_eq!(padded(30 * 1024), "200");
    assert_eq!(padded(50 * 1024), "431");
    assert_eq!(padded(1 << 20), "431");
    let many = served.send(&format!("GET /{HEAD}{}\r\n", "a: b\r\n".repeat(101)));
    assert_eq!(status(&many), "431");

    let body = |size| {
        let head = format!("POST /{HEAD}content-length: {size}\r\n\r\n");
        status(&served.send(&(head + &"z".repeat(size)))).to_owned()
    };
    assert_eq!(body(CAP), "200");
    assert_eq!(body(CAP + 1), "413");
    assert_eq!(body(1 << 20), "413");
    let chunk = format!("{:x}\r\n{}\r\n", CAP / 2, "z".repeat(CAP / 2));
    let chunks = format!(
        "POST /{HEAD}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(3)
    );
    assert_eq!(status(&served.send(&chunks)), "413");
    let small = |count| {
        let head = format!("POST /{HEAD}transfer-encoding: chunked\r\n\r\n");
        let answer = served.send(&format!("{head}{}0\r\n\r\n", "1\r\nz\r\n".repeat(count)));
        status(&answer).to_owned()
    };
    assert_eq!(small(CAP), "200");
    assert_eq!(small(CAP + 1), "413");
}

#[test]
fn hostile_02_a_refusal_arrives_and_is_not_overtaken_by_a_reset() {
    let served = Served::new(limits());
    let big = "z".repeat(1 << 20);
    let length = big.len();
    for (request, expected) in [
        (
            format!("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: {length}\r\n\r\n{big}"),
            "413",
        ),
        (
            format!("POST /early HTTP/1.1\r\nHost: a\r\ncontent-length: {length}\r\n\r\n{big}"),
            "403",
        ),
        (format!("GET / HTTP/1.1\r\nx: {big}\r\n\r\n"), "431"),
    ] {
        let mut stream = served.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(status(&answer), expected, "{answer}");
    }
}

#[test]
fn hostile_01_slow_heads_and_bodies_end_within_ten_seconds() {
    let served = Served::new(limits());
    let start = Instant::now();
    let mut silent = served.connect();
    let mut head = served.connect();
    head.say("GET / HTTP/1.1\r\nHost:");
    let mut blank = served.connect();
    blank.say("\r\n");
    let mut body = served.connect();
    body.say(&format!("POST /{HEAD}content-length: 10\r\n\r\nabc"));
    let mut second = served.connect();
    second.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    one_answer(&mut second);
    second.say("GET /");
    // Others are unaffected.
    assert_eq!(status(&served.get("/")), "200");
    std::thread::scope(|scope| {
        // A byte now and then does not buy more time.
        let drip = head.try_clone().unwrap();
        scope.spawn(move || {
            while (&drip).write_all(b"x").is_ok() && start.elapsed() < Duration::from_secs(12) {
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        for (what, stream, expected) in [
            ("silent", &mut silent, "none"),
            ("head", &mut head, "408"),
            ("blank", &mut blank, "408"),
            ("body", &mut body, "408"),
            ("second", &mut second, "408"),
        ] {
            let answer = to_the_end(stream);
            assert_eq!(status(&answer), expected, "{what}: {answer}");
            let elapsed = start.elapsed();
            assert!(elapsed < Duration::from_secs(12), "{what}: {elapsed:?}");
        }
    });
}

#[test]
fn hostile_01_who_does_not_read_its_answer_is_left_after_half_a_minute() {
    let served = Served::new(WebLimits {
        connections: 1,
        ..limits()
    });
    let mut unread = served.connect();
    unread.say("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(served.event(), "came");
    let start = Instant::now();
    while status(&served.get("/")) == "503" {
        assert!(start.elapsed() < Duration::from_secs(45), "still there");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(start.elapsed() > Duration::from_secs(20), "too soon");
    drop(unread);
}

#[test]
fn hostile_38_connections_beyond_the_cap_are_refused_and_the_others_stay() {
    let served = Served::new(WebLimits {
        connections: 4,
        ..limits()
    });
    let mut held: Vec<TcpStream> = (0..4).map(|_| served.connect()).collect();
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for stream in &mut held {
        stream.say(get);
        one_answer(stream);
    }
    for _ in 0..200 {
        let answer = served.get("/");
        assert_eq!(status(&answer), "503", "{answer}");
        assert_eq!(header(&answer, "retry-after").unwrap(), "5");
        assert_eq!(header(&answer, "connection").unwrap(), "close");
        assert!(
            answer.ends_with("\r\n\r\nToo many connections.\n"),
            "{answer}"
        );
    }
    for stream in &mut held {
        stream.say(get);
        assert_eq!(status(&one_answer(stream)), "200");
    }
    // Whoever goes makes room for one.
    drop(held.pop());
    let start = Instant::now();
    while status(&served.get("/")) != "200" {
        assert!(start.elapsed() < Duration::from_secs(10), "no room");
    }
}

#[test]
fn hostile_38_idle_connections_make_room_when_half_are_taken() {
    let served = Served::new(WebLimits {
        connections: 6,
        ..limits()
    });
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut idle: Vec<TcpStream> = (0..3).map(|_| served.connect()).collect();
    for stream in &mut idle {
        stream.say(get);
        one_answer(stream);
    }
    // With half of them taken nobody has to go.
    std::thread::sleep(Duration::from_secs(8));
    for stream in &mut idle {
        stream.say(get);
        assert_eq!(status(&one_answer(stream)), "200");
    }
    let mut asking = served.connect();
    asking.say("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(served.event(), "came");
    let start = Instant::now();
    // At least one goes, and when half of them are left the others may stay.
    idle.first_mut()
        .unwrap()
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut byte = [0];
    assert_eq!(std::io::Read::read(&mut idle[0], &mut byte).unwrap(), 0);
    assert!(start.elapsed() < Duration::from_secs(30), "it stayed");
    // Who asked is not cut.
    asking
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let read = std::io::Read::read(&mut asking, &mut byte);
    assert_eq!(read.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

/// The child of [`hostile_37_out_of_descriptors`]: has few of them.
pub(crate) fn serve_web_with_few_descriptors(port_file: &str) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let temporary = format!("{port_file}.new");
        let port = listener.local_addr().unwrap().port();
        std::fs::write(&temporary, port.to_string()).unwrap();
        let few = Rlimit {
            current: Some(30),
            maximum: Some(30),
        };
        setrlimit(Resource::Nofile, few).unwrap();
        std::fs::rename(&temporary, port_file).unwrap();
        let end = async { drop(tokio::signal::ctrl_c().await) };
        let (events, _) = mpsc::channel();
        serve(listener, None, limits(), Site { events }, end).await;
    });
}

#[test]
fn hostile_37_out_of_descriptors() {
    let home = home();
    let port_file = home.path().join("port");
    let argument = [("TARGET", port_file.as_os_str())];
    let mut child = child::command("serve the web with few descriptors", &argument)
        .spawn()
        .unwrap();
    let ready = Instant::now();
    while !port_file.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the child died");
        assert!(ready.elapsed() < Duration::from_secs(20), "the child hangs");
        std::thread::sleep(Duration::from_millis(5));
    }
    let port: u16 = std::fs::read_to_string(&port_file)
        .unwrap()
        .parse()
        .unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let mut hoard: Vec<TcpStream> = (0..40)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let before = crate::http_server::ticks(child.id());
    std::thread::sleep(Duration::from_secs(2));
    // 200 ticks would be one processor, spinning.
    let spent = crate::http_server::ticks(child.id()) - before;
    assert!(spent < 50, "it spins: {spent} ticks in 2 s");
    // Those that were let in are served meanwhile.
    hoard[0].say(get);
    assert_eq!(status(&to_the_end(&mut hoard[0])), "200");
    drop(hoard);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.say(get);
    assert_eq!(status(&to_the_end(&mut stream)), "200", "it recovers");
    child.kill().unwrap();
    child.wait().unwrap();
}
