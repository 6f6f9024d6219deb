//! A program that is not ours: it listens on loopback for its answer, and knows nothing but OAuth.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use oarlock_oauth::{pkce, secret::CodeVerifier};
use serde_json::Value;
use url::Url;

use super::server::Broker;
use crate::http_client::json;

const VERIFIER: &str = "a-verifier-of-a-test-that-is-long-enough-for-rfc-7636";
/// What the browser shows when it has come back.
pub(super) const BACK: &str = "Back at the program";
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that waits for its answer.
pub(super) struct Program {
    client: &'static str,
    redirect_uri: String,
    answers: mpsc::Receiver<Url>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer(Url);

impl Program {
    /// One that listens on a free port.
    pub(super) fn listen(client: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (sender, answers) = mpsc::channel();
        let base = Url::parse(&origin).unwrap();
        thread::spawn(move || {
            for visitor in listener.incoming() {
                let (base, sender) = (base.clone(), sender.clone());
                // Browsers open connections that they do not use.
                thread::spawn(move || serve(visitor.ok()?, &base, &sender));
            }
        });
        Self {
            client,
            redirect_uri: format!("{origin}/callback"),
            answers,
        }
    }

    /// Where it sends the browser.
    pub(super) fn asks(&self, broker: &Broker, scope: &str) -> String {
        request(broker, self.client, &self.redirect_uri, scope)
    }

    /// Waits for the answer.
    #[track_caller]
    pub(super) fn answer(&self) -> Answer {
        let answer = self.answers.recv_timeout(PATIENCE);
        Answer(answer.expect("the browser came back"))
    }

    /// Insists that the browser came no more often than was asked.
    #[track_caller]
    pub(super) fn hears_no_more(&self) {
        assert!(self.answers.try_recv().is_err(), "a second answer came");
    }

    /// Redeems the code of an answer: what the broker says.
    pub(super) fn redeem(&self, broker: &Broker, answer: &Answer) -> (u16, Value) {
        let code = answer.get("code").expect("a code");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("client_id", self.client),
            ("code_verifier", VERIFIER),
        ];
        let response = broker.post("/token", &form);
        (response.status().as_u16(), json(&response))
    }

    /// Insists on a code that is worth tokens: they are returned.
    #[track_caller]
    pub(super) fn is_logged_in(&self, broker: &Broker) -> Value {
        let answer = self.answer();
        answer.insist_on(broker);
        let (status, tokens) = self.redeem(broker, &answer);
        assert_eq!(status, 200, "{tokens}");
        assert!(tokens["access_token"].is_string(), "{tokens}");
        self.hears_no_more();
        tokens
    }

    /// Insists on being told that the person said no.
    #[track_caller]
    pub(super) fn is_denied(&self, broker: &Broker) {
        let answer = self.answer();
        answer.insist_on(broker);
        assert_eq!(answer.get("error").as_deref(), Some("access_denied"));
        assert_eq!(answer.get("code"), None);
        self.hears_no_more();
    }
}

impl Answer {
    /// A parameter.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let mut pairs = self.0.query_pairs();
        let (_, value) = pairs.find(|(known, _)| known == name)?;
        Some(value.into_owned())
    }

    /// Insists that it belongs to the request, and comes from this broker (RFC 9207).
    #[track_caller]
    fn insist_on(&self, broker: &Broker) {
        assert_eq!(self.get("state").as_deref(), Some("state-4711"));
        assert_eq!(self.get("iss").as_deref(), Some(broker.url()));
    }
}

/// The address of an authorization request.
pub(super) fn request(broker: &Broker, client: &str, redirect_uri: &str, scope: &str) -> String {
    let challenge = pkce::challenge(&CodeVerifier::new(VERIFIER));
    let mut url = Url::parse(&broker.at("/authorize")).unwrap();
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", redirect_uri),
        ("scope", scope),
        ("state", "state-4711"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    url.into()
}

fn serve(mut visitor: TcpStream, base: &Url, answers: &mpsc::Sender<Url>) -> Option<()> {
    let mut lines = BufReader::new(visitor.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    let target = first.strip_prefix("GET ")?.split(' ').next()?.to_owned();
    while lines.next()?.ok().filter(|line| !line.is_empty()).is_some() {}
    let page = format!(
        "<!doctype html><html lang=en><title>{BACK}</title><link rel=icon href=\"data:,\"><h1>{BACK}</h1>"
    );
    let length = page.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    visitor.write_all((head + &page).as_bytes()).ok()?;
    let url = base.join(&target).ok()?;
    (url.path() == "/callback").then(|| answers.send(url).ok())?
}
