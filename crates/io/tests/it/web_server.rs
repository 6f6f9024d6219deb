//! The web server against raw sockets.

mod limits;
mod readings;
mod secured;
mod stop;

pub(crate) use limits::serve_web_with_few_descriptors;

use crate::peer::Conversation as _;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use oarlock_io::web_server::{PeerAddress, Tls, WebLimits, read_body, serve};
use std::{
    convert::Infallible,
    io::{self, Read},
    net::{SocketAddr, TcpStream},
    pin::Pin,
    sync::mpsc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot};

const CAP: usize = 64 * 1024;

fn limits() -> WebLimits {
    WebLimits {
        connections: 256,
        connections_per_peer: 16,
        uncounted: Vec::new(),
        drain: Duration::from_secs(2),
    }
}

/// A service with a path for every way to behave.
#[derive(Clone)]
struct Site {
    /// Told when a request came that takes long, and when it was dropped.
    events: mpsc::Sender<&'static str>,
}

/// Says so when it is dropped.
struct Told(mpsc::Sender<&'static str>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.send("dropped").ok();
    }
}

impl tower_service::Service<Request<Incoming>> for Site {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let site = self.clone();
        Box::pin(async move { Ok(site.answer(request).await) })
    }
}

impl Site {
    async fn answer(self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let mut status = StatusCode::OK;
        let answer = match parts.uri.path() {
            "/panic" => panic!("as asked"),
            "/early" => {
                status = StatusCode::FORBIDDEN;
                "not read".to_owned()
            }
            "/wait" => {
                self.events.send("came").unwrap();
                let _told = Told(self.events);
                std::future::pending().await
            }
            "/slow" => {
                self.events.send("came").unwrap();
                tokio::time::sleep(Duration::from_millis(500)).await;
                "slow".to_owned()
            }
            "/big" => {
                self.events.send("came").unwrap();
                "x".repeat(32 << 20)
            }
            "/peer" => format!("{}", parts.extensions.get::<PeerAddress>().unwrap().0),
            path => match read_body(&parts.headers, body, CAP).await {
                Ok(body) => {
                    let body = String::from_utf8_lossy(&body);
                    format!("{} {path} {body}", parts.method)
                }
                Err(refused) => {
                    status = refused;
                    String::new()
                }
            },
        };
        let mut answer = Response::new(Full::new(Bytes::from(answer)));
        *answer.status_mut() = status;
        answer
    }
}

/// A server in a thread; ended and waited for on drop.
struct Served {
    address: SocketAddr,
    events: mpsc::Receiver<&'static str>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn new(limits: WebLimits) -> Self {
        Self::with(limits, None)
    }

    fn with(limits: WebLimits, tls: Option<Tls>) -> Self {
        let (sender, address) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let (site, events) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build();
            runtime.unwrap().block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                sender.send(listener.local_addr().unwrap()).unwrap();
                let stopped = async { drop(stopped.await) };
                serve(listener, tls, limits, Site { events: site }, stopped).await;
            });
        });
        Self {
            address: address.recv().unwrap(),
            events,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        let patience = Duration::from_secs(60);
        stream.set_read_timeout(Some(patience)).unwrap();
        stream
    }

    /// Sends bytes, and returns all that comes back until the server closes.
    fn send(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.say(request);
        to_the_end(&mut stream)
    }

    /// A request after which the server closes.
    fn get(&self, target: &str) -> String {
        self.send(&format!(
            "GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        ))
    }

    fn event(&self) -> &'static str {
        self.events.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    fn stop(&mut self) {
        drop(self.stop.take());
    }

    fn join(&mut self) {
        self.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.join();
        }
    }
}

/// Reads to the end, or to a reset; a timeout is a failure.
fn to_the_end(stream: &mut impl Read) -> String {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("no end: {error}"),
        _ => String::from_utf8_lossy(&all).into_owned(),
    }
}

/// Reads one answer with a length from a connection that stays open.
fn one_answer(stream: &mut impl Read) -> String {
    let mut answer = String::new();
    let mut byte = [0];
    while !answer.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(char::from(byte[0]));
    }
    let length = crate::peer::header(&answer, "content-length").unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    answer + &String::from_utf8(body).unwrap()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[test]
fn a_connection_serves_many_requests() {
    let served = Served::new(limits());
    let mut stream = served.connect();
    for number in 0..100 {
        stream.say(&format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let answer = one_answer(&mut stream);
        assert!(answer.ends_with(&format!("GET /{number} ")), "{answer}");
    }
    stream.say("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\na");
    stream.say("=b+c");
    assert!(one_answer(&mut stream).ends_with("POST /post a=b+c"));
    // In a row, without waiting.
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    stream.say(&format!("{}\r\n{post}", post.repeat(50)));
    for _ in 0..51 {
        assert!(one_answer(&mut stream).ends_with("POST / abc"));
    }
    let own = stream.local_addr().unwrap().to_string();
    stream.say("GET /peer HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(one_answer(&mut stream).ends_with(&own));
    // Idle for so long that hyper lets go of it, and back.
    std::thread::sleep(Duration::from_secs(5));
    stream.say("GET /again HTTP/1.1\r\nHost: a\r\n\r\nGET /twice");
    assert!(one_answer(&mut stream).ends_with("GET /again "));
    stream.say(" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(to_the_end(&mut stream).ends_with("GET /twice "));
}

#[test]
fn a_panic_ends_its_own_connection_alone() {
    let served = Served::new(limits());
    let mut other = served.connect();
    other.say("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    one_answer(&mut other);
    assert_eq!(status(&served.get("/panic")), "none");
    other.say("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(one_answer(&mut other).ends_with("GET /2 "));
    assert_eq!(status(&served.get("/")), "200");
}

#[test]
fn who_goes_away_ends_its_request() {
    let served = Served::new(limits());
    let mut stream = served.connect();
    stream.say("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(served.event(), "came");
    drop(stream);
    assert_eq!(served.event(), "dropped");
}
