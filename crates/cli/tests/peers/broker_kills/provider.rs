//! A provider of plain OAuth 2, in the test: it counts how often each of its codes is exchanged.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use url::Url;

use super::{chance::Chance, process::with_provider};

/// It takes so long to exchange a code, in milliseconds: long enough to be killed meanwhile.
const SLOW: u64 = 60;

pub(super) struct Provider {
    address: SocketAddr,
    seen: Mutex<Seen>,
}

struct Seen {
    chance: Chance,
    /// How often each code was exchanged.
    exchanged: HashMap<String, usize>,
    made: usize,
}

impl Provider {
    /// Serves as long as the test runs.
    pub(super) fn start(seed: u64) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let provider = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            seen: Mutex::new(Seen {
                chance: Chance::new(seed, 1_000),
                exchanged: HashMap::new(),
                made: 0,
            }),
        });
        let serving = Arc::clone(&provider);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let provider = Arc::clone(&serving);
                thread::spawn(move || provider.answers(stream.unwrap()));
            }
        });
        provider
    }

    /// The broker's configuration.
    pub(super) fn lines(&self) -> String {
        let url = format!("http://{}", self.address);
        with_provider(
            "counting",
            &format!(
                "authorization_endpoint = \"{url}/authorize\"\ntoken_endpoint = \"{url}/token\"\n\
                 userinfo_endpoint = \"{url}/userinfo\"\nclient_id = \"broker\"\nclient_secret = \"a-secret\"\n\
                 scopes = [\"profile\"]\nsubject_claims = [\"sub\"]\nhand_out_tokens = true"
            ),
        )
    }

    pub(super) fn is_at(&self, url: &Url) -> bool {
        url.as_str()
            .starts_with(&format!("http://{}/", self.address))
    }

    /// A person signs in and agrees: the way back.
    pub(super) fn signs_in(&self, asked: &Url, subject: &str) -> String {
        let asked: HashMap<_, _> = asked.query_pairs().collect();
        let mut seen = self.seen.lock().unwrap();
        seen.made += 1;
        let code = format!("code-{}-{subject}", seen.made);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", &asked["state"])
            .finish();
        format!("{}?{query}", asked["redirect_uri"])
    }

    /// Whose token this is.
    pub(super) fn subject_of(token: &str) -> Option<&str> {
        token
            .strip_prefix("token-code-")?
            .split_once('-')
            .map(|(_, subject)| subject)
    }

    #[track_caller]
    pub(super) fn exchanged_no_code_twice(&self) {
        let seen = self.seen.lock().unwrap();
        let codes = seen.exchanged.len();
        println!(
            "{codes} codes of the provider were exchanged, of {}",
            seen.made
        );
        assert!(codes > 20, "{codes}");
        let twice = seen.exchanged.iter().find(|(_, times)| **times > 1);
        assert_eq!(twice, None);
    }

    /// One request; a connection that is cut off is the dead broker's.
    fn answers(&self, stream: TcpStream) {
        let Some((line, headers, body)) = read(&stream) else {
            return;
        };
        let answer = if line.starts_with("POST /token ") {
            let fields: HashMap<_, _> = url::form_urlencoded::parse(body.as_bytes()).collect();
            let code = fields["code"].to_string();
            let pause = {
                let mut seen = self.seen.lock().unwrap();
                *seen.exchanged.entry(code.clone()).or_default() += 1;
                seen.chance.below(SLOW)
            };
            thread::sleep(Duration::from_millis(pause));
            format!(r#"{{"access_token":"token-{code}","token_type":"Bearer","expires_in":3600}}"#)
        } else {
            let token = headers.split("Bearer ").nth(1).unwrap();
            let subject = Self::subject_of(token.split("\r\n").next().unwrap()).unwrap();
            format!(r#"{{"sub":"{subject}","name":"Person {subject}"}}"#)
        };
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json";
        let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        (&stream).write_all(answer.as_bytes()).ok();
    }
}

/// Request line, headers, body.
fn read(stream: &TcpStream) -> Option<(String, String, String)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).ok()? == 0 {
            return None;
        }
        if header == "\r\n" {
            break;
        }
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        headers.push_str(&header);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((line, headers, String::from_utf8(body).ok()?))
}
