//! The loopback server against raw sockets.

mod limits;

pub(crate) use limits::{serve_with_few_descriptors, ticks};

use crate::peer::{Conversation as _, header};
use oarlock_io::http_server::{BindError, LoopbackListener, LoopbackRequest};
use std::{
    io::{self, Read as _},
    net::{Ipv6Addr, Shutdown, TcpListener, TcpStream},
    path::Path,
    sync::mpsc,
    time::Duration,
};
use tokio::sync::oneshot;

/// A served listener in a thread; ended and waited for on drop.
struct Served {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn with(
        handler: impl Fn(LoopbackRequest) -> http::Response<String> + Send + Sync + 'static,
    ) -> Self {
        let (port_sender, port) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async move {
                let listener = LoopbackListener::bind(&[]).await.unwrap();
                port_sender.send(listener.port()).unwrap();
                let until = async { drop(stopped.await) };
                let handler = move |request| std::future::ready(handler(request));
                listener.serve(handler, until).await;
            });
        });
        Self {
            port: port.recv().unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Answers with what it saw.
    fn echoing() -> Self {
        Self::with(|request| {
            let query = request.query.unwrap_or_default();
            let body = String::from_utf8_lossy(&request.body).into_owned();
            http::Response::new(format!(
                "{} {} {query} {body}",
                request.method, request.path
            ))
        })
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    }

    /// Sends bytes, and returns all that comes back.
    fn send(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.say(request);
        answer(&mut stream)
    }

    fn get(&self, target: &str) -> String {
        self.send(&format!(
            "GET {target} HTTP/1.1\r\nhost: localhost:{}\r\n\r\n",
            self.port
        ))
    }

    fn head(&self, method: &str) -> String {
        format!("{method} / HTTP/1.1\r\nHost: localhost:{}\r\n", self.port)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Reads to the end, or to a reset; a timeout is a failure.
fn answer(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("no end: {error}"),
        _ => String::from_utf8_lossy(&all).into_owned(),
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[test]
fn a_request_is_answered_on_both_families() {
    let served = Served::echoing();
    let answer = served.get("/callback?code=a%20b&x");
    assert_eq!(status(&answer), "200");
    assert!(
        answer.ends_with("\r\n\r\nGET /callback code=a%20b&x "),
        "{answer}"
    );
    let has_v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if has_v6 {
        let mut stream = TcpStream::connect((Ipv6Addr::LOCALHOST, served.port)).unwrap();
        stream.say(&format!(
            "GET / HTTP/1.1\r\nHost: [::1]:{}\r\n\r\n",
            served.port
        ));
        assert_eq!(status(&self::answer(&mut stream)), "200");
    }
    let post = format!("{}content-length: 5\r\n\r\na=b+c", served.head("POST"));
    assert!(served.send(&post).ends_with("POST /  a=b+c"));
    let chunked = format!(
        "{}transfer-encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
        served.head("POST")
    );
    assert!(served.send(&chunked).ends_with("POST /  a=b"));
}

#[test]
fn every_answer_keeps_to_itself() {
    let served = Served::with(|request| {
        let mut answer = http::Response::new("<p>page".to_owned());
        if request.path == "/own" {
            let headers = answer.headers_mut();
            headers.insert(
                "content-security-policy",
                "default-src 'self'".parse().unwrap(),
            );
            headers.insert("content-type", "text/html; charset=utf-8".parse().unwrap());
            headers.insert("cache-control", "public".parse().unwrap());
            headers.insert("content-length", "1".parse().unwrap());
        }
        answer
    });
    for answer in [
        served.get("/"),
        served.get("/own"),
        served.send("GET / HTTP/1.1\r\n\r\n"),
    ] {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("connection", "close"),
        ] {
            assert_eq!(
                header(&answer, name).as_deref(),
                Some(value),
                "{name} in {answer}"
            );
        }
    }
    let (plain, own) = (served.get("/"), served.get("/own"));
    assert!(
        header(&plain, "content-security-policy")
            .unwrap()
            .contains("default-src 'none'")
    );
    assert_eq!(
        header(&plain, "content-type").unwrap(),
        "text/plain; charset=utf-8"
    );
    assert_eq!(
        header(&own, "content-security-policy").unwrap(),
        "default-src 'self'"
    );
    assert_eq!(
        header(&own, "content-type").unwrap(),
        "text/html; charset=utf-8"
    );
    assert!(own.ends_with("\r\n\r\n<p>page"), "{own}");
    let head = served.send(&format!("{}\r\n", served.head("HEAD")));
    assert!(
        status(&head) == "200" && head.ends_with("\r\n\r\n"),
        "{head}"
    );
}

#[test]
fn hostile_17_other_hosts_are_misdirected() {
    let served = Served::echoing();
    let port = served.port;
    let with = |hosts: &str| {
        served
            .send(&format!("GET /?code=x HTTP/1.1\r\n{hosts}\r\n"))
            .clone()
    };
    for hosts in [
        String::new(),
        "Host: evil.example\r\n".to_owned(),
        format!("Host: evil.example:{port}\r\n"),
        format!("Host: localhost.evil.example:{port}\r\n"),
        "Host: localhost\r\n".to_owned(),
        "Host: 127.0.0.1:1\r\n".to_owned(),
        "Host:\r\n".to_owned(),
        format!("Host: localhost:{port}\r\nHost: localhost:{port}\r\n"),
        format!("Host: localhost:{port}\r\nHost: evil.example\r\n"),
    ] {
        let answer = with(&hosts);
        assert_eq!(status(&answer), "421", "{hosts:?}: {answer}");
        assert!(!answer.contains("evil"), "{answer}");
    }
    for hosts in [
        format!("Host: 127.0.0.1:{port}\r\n"),
        format!("Host: LOCALHOST:{port}\r\n"),
    ] {
        assert_eq!(status(&with(&hosts)), "200");
    }
    let absolute = format!("GET http://evil.example/ HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    assert_eq!(status(&served.send(&absolute)), "421");
    let connect = format!("CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    assert_eq!(status(&served.send(&connect)), "421");
}

#[test]
fn a_half_closed_connection_gets_its_answer() {
    let served = Served::echoing();
    let mut stream = served.connect();
    stream.say(&format!("{}\r\n", served.head("GET")));
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(status(&answer(&mut stream)), "200");
}

#[test]
fn a_handler_that_panics_harms_nobody_else() {
    let served = Served::with(|request| {
        assert!(request.path != "/panic", "as asked");
        http::Response::new("fine".to_owned())
    });
    assert_eq!(status(&served.get("/panic")), "none");
    assert_eq!(status(&served.get("/")), "200");
}

#[test]
fn answers_are_finished_at_the_end_and_the_port_is_free_again() {
    let (sender, stop) = oneshot::channel::<()>();
    let sender = std::sync::Mutex::new(Some(sender));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = LoopbackListener::bind(&[]).await.unwrap();
        let port = listener.port();
        // The handler itself ends the server, as a login does once it has its code.
        let handler = move |_| {
            drop(sender.lock().unwrap().take());
            async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                http::Response::new("x".repeat(100_000))
            }
        };
        let asking = std::thread::spawn(move || {
            let mut idle = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.say(&format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"));
            (answer(&mut stream), answer(&mut idle))
        });
        listener.serve(handler, async { drop(stop.await) }).await;
        let (answered, idle) = asking.join().unwrap();
        assert!(answered.ends_with("xxx") && answered.len() > 100_000);
        assert_eq!(idle, "");
        assert_eq!(LoopbackListener::bind(&[port]).await.unwrap().port(), port);
    });
}

#[test]
fn a_taken_port_is_passed_over_and_named() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = LoopbackListener::bind(&[port]).await.unwrap_err();
        assert!(
            matches!(&error, BindError::Taken(ports) if *ports == port.to_string()),
            "{error}"
        );
        let free = LoopbackListener::bind(&[]).await.unwrap().port();
        let bound = LoopbackListener::bind(&[port, free]).await.unwrap();
        assert_eq!(bound.port(), free);
        let error = LoopbackListener::bind(&[port, free]).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("port {port}, {free} is taken by another program")
        );
    });
}

#[test]
fn hostile_19_a_port_that_another_program_has_on_one_family_is_taken() {
    let Ok(taken) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        // Without IPv6 there is no other family; the family must then be missing altogether.
        assert!(
            !Path::new("/proc/net/if_inet6").exists(),
            "IPv6 is there, but not on loopback"
        );
        return;
    };
    let port = taken.local_addr().unwrap().port();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let error = runtime
        .block_on(LoopbackListener::bind(&[port]))
        .unwrap_err();
    assert!(matches!(error, BindError::Taken(_)), "{error}");
}
