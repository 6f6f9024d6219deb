//! What is too long, too slow, too much, or can be read in two ways.

use super::{Served, answer, status};
use crate::{
    child, home,
    peer::{Conversation as _, header},
};
use oarlock_io::http_server::LoopbackListener;
use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

#[test]
fn hostile_02_long_targets_heads_and_bodies() {
    let served = Served::echoing();
    // A code of 16 KiB is taken.
    assert_eq!(
        status(&served.get(&format!("/?code={}", "x".repeat(16 * 1024)))),
        "200"
    );
    assert_eq!(
        status(&served.get(&format!("/{}", "x".repeat(33 * 1024)))),
        "414"
    );
    assert!(["414", "431"].contains(&status(&served.get(&format!("/{}", "x".repeat(1 << 20))))));
    let padded = |size| {
        let padding = format!("x-padding: {}\r\n", "y".repeat(size));
        served.send(&format!("{}{padding}\r\n", served.head("GET")))
    };
    assert_eq!(status(&padded(30 * 1024)), "200");
    assert_eq!(status(&padded(50 * 1024)), "431");
    assert_eq!(status(&padded(1 << 20)), "431");
    let many = "a: b\r\n".repeat(101);
    assert_eq!(
        status(&served.send(&format!("{}{many}\r\n", served.head("GET")))),
        "431"
    );

    let body = |size| {
        let head = format!("{}content-length: {size}\r\n\r\n", served.head("POST"));
        served.send(&(head + &"z".repeat(size)))
    };
    assert_eq!(status(&body(64 * 1024)), "200");
    assert_eq!(status(&body(64 * 1024 + 1)), "413");
    assert_eq!(status(&body(1 << 20)), "413");
    let chunk = format!("{:x}\r\n{}\r\n", 32 * 1024, "z".repeat(32 * 1024));
    let chunked = format!(
        "{}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        served.head("POST"),
        chunk.repeat(3)
    );
    assert_eq!(status(&served.send(&chunked)), "413");
}

#[test]
fn hostile_02_a_refusal_arrives_and_is_not_overtaken_by_a_reset() {
    let served = Served::echoing();
    let big = "z".repeat(1 << 20);
    for request in [
        format!(
            "{}content-length: {}\r\n\r\n{big}",
            served.head("POST"),
            big.len()
        ),
        format!("{}x-padding: {big}\r\n\r\n", served.head("GET")),
    ] {
        let mut stream = served.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(["413", "431"].contains(&status(&answer)), "{answer}");
    }
}

#[test]
fn hostile_25_one_reading_only() {
    let served = Served::echoing();
    let head = served.head("POST");
    for (what, rest) in [
        (
            "two lengths",
            "content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        ),
        ("a list of lengths", "content-length: 3, 4\r\n\r\nabcd"),
        ("a signed length", "content-length: +3\r\n\r\nabc"),
        ("a folded header", "x: a\r\n b\r\n\r\n"),
        ("a blank before the colon", "content-length : 3\r\n\r\nabc"),
        (
            "chunked twice",
            "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        ),
        ("a bad chunk", "transfer-encoding: chunked\r\n\r\nzz\r\n"),
        ("a NUL", "x: a\0b\r\n\r\n"),
        ("a lone CR", "x: a\rb\r\n\r\n"),
    ] {
        let answer = served.send(&format!("{head}{rest}"));
        assert_eq!(status(&answer), "400", "{what}: {answer}");
    }
    // Of a length and chunks, the chunks count (RFC 9112, section 6.3), and the connection is closed.
    for both in [
        "content-length: 30\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 1",
    ] {
        let answer = served.send(&format!("{head}{both}\r\n\r\n3\r\na=b\r\n0\r\n\r\n"));
        assert!(answer.ends_with("\r\n\r\nPOST /  a=b"), "{answer}");
        assert_eq!(header(&answer, "connection").unwrap(), "close");
    }
    // What comes behind the request is not a second one.
    let smuggled = format!(
        "{head}content-length: 0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost:{}\r\n\r\n",
        served.port
    );
    let answer = served.send(&smuggled);
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    assert!(answer.ends_with("POST /  "), "{answer}");
}

#[test]
fn hostile_05_line_breaks_do_not_get_through() {
    let served = Served::echoing();
    let answer = served.get("/?a=%0d%0aset-cookie:%20x=1%00");
    assert_eq!(header(&answer, "set-cookie"), None);
    assert!(
        answer.ends_with("a=%0d%0aset-cookie:%20x=1%00 "),
        "left undecoded: {answer}"
    );
    for raw in ["/\u{0}", "/a b", "/\u{7f}"] {
        assert_eq!(status(&served.get(raw)), "400", "{raw:?}");
    }
}

#[test]
fn hostile_01_slow_heads_and_bodies_end_within_ten_seconds() {
    let served = Served::echoing();
    let mut silent = served.connect();
    let mut head = served.connect();
    head.say("GET / HTTP/1.1\r\nHost:");
    let mut body = served.connect();
    body.say(&format!(
        "{}content-length: 10\r\n\r\nabc",
        served.head("POST")
    ));
    let start = Instant::now();
    // Others are unaffected.
    assert_eq!(status(&served.get("/")), "200");
    std::thread::scope(|scope| {
        // A byte a second does not buy more time.
        let drip = head.try_clone().unwrap();
        scope.spawn(move || {
            while (&drip).write_all(b"x").is_ok() && start.elapsed() < Duration::from_secs(12) {
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        for (what, stream) in [
            ("silent", &mut silent),
            ("head", &mut head),
            ("body", &mut body),
        ] {
            let answer = answer(stream);
            assert_eq!(status(&answer), "408", "{what}: {answer}");
            assert!(
                start.elapsed() < Duration::from_secs(12),
                "{what}: {:?}",
                start.elapsed()
            );
        }
        head.shutdown(Shutdown::Both).ok();
    });
}

#[test]
fn hostile_01_idle_connections_do_not_keep_others_out() {
    let served = Served::echoing();
    let mut idle: Vec<TcpStream> = (0..200).map(|_| served.connect()).collect();
    let half = format!("{}content-length: 10\r\n\r\nabc", served.head("POST"));
    let slow: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = served.connect();
            stream.say(&half);
            stream
        })
        .collect();
    let start = Instant::now();
    for _ in 0..5 {
        assert_eq!(status(&served.get("/")), "200");
    }
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "waited for the idle: {:?}",
        start.elapsed()
    );
    // The oldest had to make room, without a word; its time was not up.
    assert_eq!(answer(&mut idle[0]), "");
    drop((idle, slow));
}

/// The child of [`hostile_37_out_of_descriptors`]: has few of them.
pub(crate) fn serve_with_few_descriptors(port_file: &str) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = LoopbackListener::bind(&[]).await.unwrap();
        let temporary = format!("{port_file}.new");
        std::fs::write(&temporary, listener.port().to_string()).unwrap();
        let few = Rlimit {
            current: Some(30),
            maximum: Some(30),
        };
        setrlimit(Resource::Nofile, few).unwrap();
        std::fs::rename(&temporary, port_file).unwrap();
        let end = async { drop(tokio::signal::ctrl_c().await) };
        listener
            .serve(async |_| http::Response::new("ok".to_owned()), end)
            .await;
    });
}

/// Processor time a process has used, in clock ticks.
pub(crate) fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn hostile_37_out_of_descriptors() {
    let home = home();
    let port_file = home.path().join("port");
    let mut child = child::command(
        "serve with few descriptors",
        &[("TARGET", port_file.as_os_str())],
    )
    .spawn()
    .unwrap();
    while !port_file.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the child died");
        std::thread::sleep(Duration::from_millis(5));
    }
    let port: u16 = std::fs::read_to_string(&port_file)
        .unwrap()
        .parse()
        .unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let hoard: Vec<TcpStream> = (0..40)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let before = ticks(child.id());
    std::thread::sleep(Duration::from_secs(2));
    // 200 ticks would be one processor, spinning.
    let spent = ticks(child.id()) - before;
    assert!(spent < 50, "it spins: {spent} ticks in 2 s");
    drop(hoard);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.say(&format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"));
    assert_eq!(status(&answer(&mut stream)), "200", "it recovers");
    child.kill().unwrap();
    child.wait().unwrap();
}
