//! A broker that serves on loopback, with the `dev` upstream unless a test wants another.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oarlock_io::HttpConfig;
use oarlock_oauth::{scope::Scopes, text::Untrusted};
use oarlock_server::{
    broker::user::{Person, Profile},
    config::{
        HttpLimits, ListenAddress, ServerConfig,
        broker::{
            Algorithm, AuditConfig, BrokerConfig, BrokerLimits, KeysConfig, KeysHome, Lifetimes,
            PairingConfig, PairingReturns, RegistrationPolicy, StoreConfig, UpstreamConfig,
            UpstreamKind,
        },
    },
    service::Server,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// Longer than anything here takes; a test that hangs says where.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A broker that serves until it is dropped.
pub(crate) struct Scene {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case, in order.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    /// The first header of a name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Where it leads: by status, or by the page that leaves.
    pub(crate) fn location(&self) -> Option<String> {
        if let Some(location) = self.header("location") {
            return Some(location.to_owned());
        }
        let rest = self.body.split_once("http-equiv=\"refresh\"")?.1;
        let url = rest.split_once("url=")?.1.split('"').next()?;
        Some(unescape(url))
    }

    /// The value of a hidden or other field of the page.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let tag = self
            .body
            .split('<')
            .find(|tag| tag.contains(&format!("name=\"{name}\"")))?;
        let value = tag.split_once("value=\"")?.1.split('"').next()?;
        Some(unescape(value))
    }
}

/// What askama escapes.
pub(crate) fn unescape(text: &str) -> String {
    text.replace("&#38;", "&")
        .replace("&amp;", "&")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
}

/// Ada, whom everybody may be.
pub(crate) fn ada() -> Person {
    person("ada", "Ada Example", "ada@example.com")
}

/// And Bob.
pub(crate) fn bob() -> Person {
    person("bob", "Bob Example", "bob@example.com")
}

fn person(subject: &str, name: &str, email: &str) -> Person {
    Person {
        provider: "dev".into(),
        subject: subject.into(),
        profile: Profile {
            name: Some(Untrusted::new(name)),
            username: None,
            email: Some(Untrusted::new(email)),
            email_verified: true,
        },
    }
}

/// A broker of this machine alone, in a folder.
pub(crate) fn broker_config(folder: &std::path::Path) -> BrokerConfig {
    BrokerConfig {
        upstreams: vec![UpstreamConfig {
            name: "dev".into(),
            kind: UpstreamKind::Dev(vec![ada(), bob()]),
            allow: Vec::new(),
            deadline: Duration::from_secs(5),
            hand_out_tokens: false,
        }],
        store: StoreConfig::Sqlite(folder.join("state").join("server.db")),
        keys: KeysConfig {
            home: KeysHome::File(folder.join("state").join("server.keys")),
            algorithm: Algorithm::Es256,
            rotate_every: 90 * DAY,
            publish_before: DAY,
            publish_after: DAY,
            upstream_tokens: None,
        },
        clients: Vec::new(),
        registration: RegistrationPolicy::Off,
        metadata_documents: false,
        pairing: Some(PairingConfig {
            returns: PairingReturns::Identity,
        }),
        scopes: Scopes::parse("deploy read"),
        resources: Vec::new(),
        lifetimes: Lifetimes::default(),
        limits: BrokerLimits::default(),
        audit: AuditConfig::File(folder.join("audit.jsonl")),
        network: HttpConfig::default(),
    }
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A broker whose configuration was changed.
    pub(crate) async fn with(change: impl FnOnce(&mut BrokerConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::within(folder, change).await
    }

    /// The same, with what another one has left.
    pub(crate) async fn within(folder: TempDir, change: impl FnOnce(&mut BrokerConfig)) -> Self {
        Self::serving(folder, |config| change(config.broker.as_mut().unwrap())).await
    }

    /// The same, and any other part of the configuration.
    pub(crate) async fn serving(folder: TempDir, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig {
            listen: ListenAddress::Bind(SocketAddr::from(([127, 0, 0, 1], 0))),
            public_url: None,
            allowed_hosts: Vec::new(),
            trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
            metrics_listen: None,
            http: HttpLimits::default(),
            tls: None,
            relay: None,
            broker: Some(broker_config(folder.path())),
        };
        change(&mut config);
        let server = Server::bind(config, Vec::new()).await.unwrap();
        let address = server.places().http;
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(server.serve(async move {
            stopped.await.ok();
        }));
        Self {
            address,
            folder,
            stop: Some(stop),
            served: Some(served),
        }
    }

    /// One that somebody else serves.
    pub(crate) fn at(address: SocketAddr, folder: TempDir) -> Self {
        Self {
            address,
            folder,
            stop: None,
            served: None,
        }
    }

    /// What browsers call it, without a slash at its end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Tells it to stop, as a signal does, and does not wait.
    pub(crate) fn begin_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
    }

    /// Stops it and leaves what it has kept.
    pub(crate) async fn stop(mut self) -> TempDir {
        self.begin_to_stop();
        let served = self.served.take().unwrap();
        timeout(PATIENCE, served).await.unwrap().unwrap();
        self.folder
    }

    /// The audit log's lines.
    pub(crate) fn audit(&self) -> Vec<Value> {
        let path: PathBuf = self.folder.path().join("audit.jsonl");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// A request as it is.
    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        exchange(self.address, method, target, headers, body).await
    }

    /// A program's GET.
    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.send("GET", target, &[], "").await
    }

    /// A program's form.
    pub(crate) async fn form(&self, target: &str, fields: &[(&str, &str)]) -> Reply {
        self.form_with(target, &[], fields).await
    }

    /// A program's form, with headers.
    pub(crate) async fn form_with(
        &self,
        target: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Reply {
        let body = encode(fields);
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send("POST", target, &all, &body).await
    }
}

/// Fields as a form or query.
pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// The S256 challenge of a verifier.
pub(crate) fn challenge(verifier: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

/// The claims of a JWT, unchecked.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

pub(crate) async fn exchange(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let mut text = format!("{method} {target} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        text.push_str(&format!("host: {address}\r\n"));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    let work = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let answer = timeout(PATIENCE, work).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    Reply {
        status: status.and_then(|status| status.parse().ok()).unwrap_or(0),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}
