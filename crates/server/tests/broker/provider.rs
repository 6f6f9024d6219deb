//! A provider of plain OAuth 2 beside the broker: as slow as a test wants, and it counts what it is asked.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use oarlock_oauth::{
    endpoint::{Endpoint, Issuer},
    profile::ProviderProfile,
    secret::ClientSecret,
};
use oarlock_server::config::broker::{UpstreamConfig, UpstreamKind};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use url::Url;

use super::{
    person::Person,
    scene::{Reply, Scene},
};

/// What the broker shows it.
pub(crate) const SECRET: &str = "canary-of-the-upstream-client-secret";
/// What its access tokens begin with.
pub(crate) const TOKEN: &str = "canary-token-of-the-upstream";

/// It serves as long as the test's runtime.
pub(crate) struct Provider {
    address: SocketAddr,
    asked: watch::Receiver<usize>,
    pause: watch::Sender<Duration>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (count, asked) = watch::channel(0);
        let (pause, pauses) = watch::channel(Duration::ZERO);
        let count = Arc::new(count);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answers(stream, Arc::clone(&count), pauses.clone()));
            }
        });
        Self {
            address,
            asked,
            pause,
        }
    }

    /// From now on an exchange takes so long.
    pub(crate) fn is_slow(&self, pause: Duration) {
        self.pause.send_replace(pause);
    }

    /// How many codes it was asked to exchange.
    pub(crate) fn exchanges(&self) -> usize {
        *self.asked.borrow()
    }

    /// Until it is asked to exchange one more.
    pub(crate) async fn is_asked(&mut self) {
        self.asked.changed().await.unwrap();
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// As the configuration names it. `promises_iss`: it has an issuer, and its answers name it.
    pub(crate) fn upstream(&self, name: &str, promises_iss: bool) -> UpstreamConfig {
        let at = |path: &str| Some(Endpoint::parse(&format!("{}{path}", self.issuer())).unwrap());
        let mut profile = ProviderProfile::named(name);
        profile.authorization_endpoint = at("/authorize");
        profile.token_endpoint = at("/token");
        profile.userinfo_endpoint = at("/userinfo");
        profile.client_id = Some("broker".into());
        profile.client_secret = Some(ClientSecret::new(SECRET));
        profile.subject_claims = vec!["sub".into()];
        profile.issuer = promises_iss.then(|| Issuer::parse(&self.issuer()).unwrap());
        profile.authorization_response_iss_parameter_supported = promises_iss;
        UpstreamConfig {
            name: name.into(),
            kind: UpstreamKind::Provider(Box::new(profile)),
            allow: Vec::new(),
            deadline: Duration::from_secs(20),
            hand_out_tokens: false,
        }
    }
}

impl Person {
    /// Presses the button of a provider, signs in there, and has the way back: a path of ours.
    pub(crate) async fn is_at(&mut self, scene: &Scene, page: &Reply, upstream: &str) -> String {
        let leaving = self.press(scene, page, "upstream", upstream).await;
        way_back(&leaving, "ada")
    }
}

/// The way back from a provider, for somebody who signed in there.
pub(crate) fn way_back(leaving: &Reply, who: &str) -> String {
    let asked = leaving.location().unwrap_or_else(|| panic!("{leaving:?}"));
    let asked = Url::parse(&asked).unwrap();
    let (_, state) = asked
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap();
    format!("/redirect?code=upstream-code-of-{who}&state={state}")
}

async fn answers(
    stream: TcpStream,
    count: Arc<watch::Sender<usize>>,
    pauses: watch::Receiver<Duration>,
) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let length = head.to_ascii_lowercase();
    let length = length.split_once("content-length: ").map(|(_, rest)| rest);
    let length = length.map_or(0, |rest| {
        rest.split("\r\n").next().unwrap().parse().unwrap()
    });
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let (status, answer) = if head.starts_with("POST /token ") {
        count.send_modify(|count| *count += 1);
        let pause = *pauses.borrow();
        tokio::time::sleep(pause).await;
        let fields: HashMap<_, _> = url::form_urlencoded::parse(&body).collect();
        let who = fields["code"].strip_prefix("upstream-code-of-").unwrap();
        let token = format!(r#"{{"access_token":"{TOKEN}-{who}","token_type":"Bearer"}}"#);
        ("200 OK", token)
    } else if head.starts_with("GET /userinfo ") {
        let who = head.split(TOKEN).nth(1).unwrap()[1..]
            .split("\r\n")
            .next()
            .unwrap();
        let person = format!(r#"{{"sub":"{who}","name":"{who}","email":"{who}@example.com"}}"#);
        ("200 OK", person)
    } else {
        ("404 Not Found", "{}".to_owned())
    };
    let head = "connection: close\r\ncontent-type: application/json";
    let length = answer.len();
    let answer = format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{answer}");
    // Whoever asked may be gone.
    stream.write_all(answer.as_bytes()).await.ok();
}
