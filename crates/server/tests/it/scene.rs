//! A running relay, and the simplest programs and browsers there are.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use oarlock_oauth::{
    relay::{CodeKeys, StateDigest},
    secret::State,
};
use oarlock_server::{
    config::{
        HttpLimits, ListenAddress, LocalAddress, RelayConfig, RelayLimits, ServerConfig, Times,
        TokenConfig,
    },
    relay::Relay,
    service::Server,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpStream, UnixStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// Longer than anything here takes; a test that hangs says where.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

/// A relay that serves until it is dropped.
pub(crate) struct Scene {
    pub(crate) http: SocketAddr,
    pub(crate) socket: PathBuf,
    /// Of TCP, where it was asked for.
    pub(crate) tcp: Option<SocketAddr>,
    pub(crate) relay: Relay,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

/// The token of the configuration.
pub(crate) const TOKEN: &str = "token-for-tests";
/// Another.
pub(crate) const OTHER_TOKEN: &str = "other-token-for-tests";

fn token(name: &str, token: &str) -> TokenConfig {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    TokenConfig {
        name: name.to_owned(),
        sha256: digest.as_ref().try_into().unwrap(),
        registrations: 3,
    }
}

/// Times that let a test end soon and still are long for a busy machine.
pub(crate) fn times() -> Times {
    Times {
        grace: Duration::from_secs(2),
        acknowledgement: Duration::from_secs(3),
        registration: Duration::from_secs(60),
        longest: Duration::from_secs(600),
        heartbeat: Duration::from_secs(30),
    }
}

/// A server of this machine alone.
pub(crate) fn config(local: LocalAddress) -> ServerConfig {
    ServerConfig {
        listen: ListenAddress::Bind(SocketAddr::from(([127, 0, 0, 1], 0))),
        public_url: None,
        allowed_hosts: Vec::new(),
        trusted_proxies: Vec::new(),
        metrics_listen: None,
        http: HttpLimits {
            unmatched_per_minute: 0,
            ..HttpLimits::default()
        },
        relay: Some(RelayConfig {
            callback_path: "/oauth/callback".to_owned(),
            code_keys: CodeKeys::default(),
            local,
            tokens: vec![token("first", TOKEN), token("second", OTHER_TOKEN)],
            times: times(),
            limits: RelayLimits::default(),
            log_unmatched: true,
        }),
        broker: None,
        tls: None,
    }
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A relay whose configuration was changed.
    pub(crate) async fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("run").join("relay.sock");
        let mut config = config(LocalAddress::Unix {
            path: socket.clone(),
            shared_directory: false,
        });
        change(&mut config);
        let server = Server::bind(config, Vec::new()).await.unwrap();
        let places = server.places().clone();
        let relay = server.relay().unwrap().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(server.serve(async move {
            stopped.await.ok();
        }));
        Self {
            http: places.http,
            socket,
            tcp: places.relay.unwrap().local.parse().ok(),
            relay,
            stop: Some(stop),
            served: Some(served),
            _folder: folder,
        }
    }

    /// A program at the Unix socket.
    pub(crate) async fn program(&self) -> Program<UnixStream> {
        Program::new(UnixStream::connect(&self.socket).await.unwrap())
    }

    /// A program at the TCP port.
    pub(crate) async fn tcp_program(&self) -> Program<TcpStream> {
        Program::new(TcpStream::connect(self.tcp.unwrap()).await.unwrap())
    }

    /// A program of protocol 1 that waits for `state`. Its protocol has no answer, so the relay is looked at.
    pub(crate) async fn first(&self, state: &str) -> Program<UnixStream> {
        let before = self.relay.registered();
        let mut program = self.program().await;
        program
            .say(&format!(r#"{{"type":"REGISTER","state":"{state}"}}"#))
            .await;
        until(|| self.relay.registered() > before).await;
        program
    }

    /// A program of protocol 2 that waits for `state`, and the answer it got.
    pub(crate) async fn second(&self, state: &str, secret: &str) -> (Program<UnixStream>, Value) {
        let mut program = self.program().await;
        program.say(&register(state, secret)).await;
        let answer = program.hear().await.unwrap();
        (program, answer)
    }

    /// A browser that comes with a callback's query.
    pub(crate) async fn browse(&self, query: &str) -> Answer {
        self.send(&format!(
            "GET /oauth/callback?{query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        ))
        .await
    }

    /// A browser that has come, and does not wait in the test.
    pub(crate) fn browsing(&self, query: &str) -> JoinHandle<Answer> {
        self.sending(format!(
            "GET /oauth/callback?{query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        ))
    }

    /// A request that is on its way, and is not waited for in the test.
    pub(crate) fn sending(&self, request: String) -> JoinHandle<Answer> {
        let http = self.http;
        tokio::spawn(async move { exchange(http, &request).await })
    }

    /// Sends what may be no HTTP at all.
    pub(crate) async fn send(&self, request: &str) -> Answer {
        exchange(self.http, request).await
    }

    /// A request of the HTTPS face, with the token and the secret.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        self.send(&request(method, path, headers, body)).await
    }

    /// A connection on which a request is sent bit by bit.
    pub(crate) async fn web(&self) -> TcpStream {
        TcpStream::connect(self.http).await.unwrap()
    }

    /// Asks the relay to stop.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(&mut self) {
        let served = self.served.take().unwrap();
        timeout(PATIENCE, served).await.unwrap().unwrap();
    }
}

/// Waits until something is so.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .expect("it never came to be so");
}

/// A request with a body's length.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// The acknowledgement of a DELIVER.
pub(crate) fn ack(deliver: &Value) -> String {
    format!(r#"{{"type":"ACK","delivery":{}}}"#, deliver["delivery"])
}

/// The text of the address that a state has over HTTPS.
pub(crate) fn digest(state: &str) -> String {
    StateDigest::of(&State::new(state)).to_string()
}

/// REGISTER of protocol 2.
pub(crate) fn register(state: &str, secret: &str) -> String {
    format!(r#"{{"type":"REGISTER","protocol":2,"state":"{state}","secret":"{secret}"}}"#)
}

/// A secret of the right form.
pub(crate) const SECRET: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// Another.
pub(crate) const OTHER_SECRET: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// What a browser got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn is_complete(&self) -> bool {
        self.status == 200 && self.body.contains("Authorization Complete")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

async fn exchange(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // What is refused early is answered before all of it is sent.
    stream.write_all(request.as_bytes()).await.ok();
    answer(stream).await
}

/// Reads an answer to its end.
pub(crate) async fn answer(mut stream: TcpStream) -> Answer {
    let mut answer = Vec::new();
    let work = stream.read_to_end(&mut answer);
    timeout(PATIENCE, work).await.unwrap().unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or_default(),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}

/// A program that speaks lines.
pub(crate) struct Program<S> {
    stream: BufReader<S>,
}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Program<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// The bare connection; what was read of it and not heard is gone.
    pub(crate) fn into_inner(self) -> S {
        self.stream.into_inner()
    }

    /// Says a line; that the relay is gone already shows at the next `hear`.
    pub(crate) async fn say(&mut self, line: &str) {
        self.send(format!("{line}\n").as_bytes()).await;
    }

    /// Says what may be no line.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.ok();
    }

    /// One ERROR, and then the end.
    pub(crate) async fn hear_error(&mut self) -> Value {
        let error = self.hear().await.expect("no ERROR");
        assert_eq!(error["type"], "ERROR", "{error}");
        assert_eq!(self.hear().await, None);
        error
    }

    /// The next line; `None`: the relay closed.
    pub(crate) async fn hear(&mut self) -> Option<Value> {
        let mut line = String::new();
        match timeout(PATIENCE, self.stream.read_line(&mut line))
            .await
            .unwrap()
        {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap()),
        }
    }

    /// Ends our direction only.
    pub(crate) async fn end_writing(&mut self) {
        self.stream.get_mut().shutdown().await.unwrap();
    }
}
