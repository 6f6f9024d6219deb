//! One request, and whether its answer came; what no answer may be.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::chance::Luck;

/// Nobody hangs so long, whatever the server does.
const PATIENCE: Duration = Duration::from_secs(60);
/// Before the same is asked again.
const PAUSE: Duration = Duration::from_millis(30);

/// A request that can be sent again.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// What came back, whole.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// There was no answer, or not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// Nobody was there: it has done nothing.
    Unsent,
    /// It may have been done.
    Unanswered,
}

/// Somebody who asks, from an address of their own.
#[derive(Clone, Debug)]
pub(super) struct Party {
    pub(super) server: SocketAddr,
    pub(super) from: Ipv4Addr,
    pub(super) luck: Luck,
}

impl Asking {
    pub(super) fn get(target: impl Into<String>) -> Self {
        Self {
            method: "GET",
            target: target.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(super) fn form(target: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        Self {
            method: "POST",
            target: target.into(),
            headers: vec![("content-type", "application/x-www-form-urlencoded".into())],
            body,
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A text of its JSON.
    #[track_caller]
    pub(super) fn text(&self, name: &str) -> String {
        let text = self.json()[name].as_str().map(str::to_owned);
        text.unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    /// Where it leads: by its status, or by the page that leaves.
    pub(super) fn location(&self) -> Option<String> {
        if let Some(location) = self.header("location") {
            return Some(location.to_owned());
        }
        let rest = self.body.split_once("http-equiv=\"refresh\"")?.1;
        let url = rest.split_once("url=")?.1.split('"').next()?;
        Some(unescaped(url))
    }

    /// The value of a field of the page.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let named = format!("name=\"{name}\"");
        let tag = self.body.split('<').find(|tag| tag.contains(&named))?;
        let value = tag.split_once("value=\"")?.1.split('"').next()?;
        Some(unescaped(value))
    }

    /// The page's heading, without marks.
    pub(super) fn heading(&self) -> Option<String> {
        let heading = self.body.split_once("<h1>")?.1.split_once("</h1>")?.0;
        let mut text = String::new();
        let mut is_mark = false;
        for character in heading.chars() {
            match character {
                '<' => is_mark = true,
                '>' => is_mark = false,
                _ if is_mark => {}
                character => text.push(character),
            }
        }
        Some(unescaped(&text))
    }

    /// A server that cannot is to say so, and when to come back.
    fn is_permitted(&self) -> bool {
        match self.status {
            0..=199 => false,
            503 => self.header("retry-after").is_some() && !self.body.is_empty(),
            // The page about a provider that does not answer, which here is one that was asked by a dead process.
            502 => self.heading().is_some(),
            500.. => false,
            _ => true,
        }
    }
}

fn unescaped(text: &str) -> String {
    [
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
    ]
    .into_iter()
    .chain([("&#38;", "&"), ("&amp;", "&")])
    .fold(text.to_owned(), |text, (mark, sign)| {
        text.replace(mark, sign)
    })
}

impl Party {
    /// Sends it once.
    pub(super) fn send(&self, asking: &Asking) -> Result<Reply, Lost> {
        let mut stream = TcpStream::connect(self.server).map_err(|_| Lost::Unsent)?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let Asking {
            method,
            target,
            headers,
            body,
        } = asking;
        let mut text = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nx-forwarded-for: {}\r\n",
            self.server, self.from
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if *method == "POST" {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(body);
        let began = Instant::now();
        let mut answer = Vec::new();
        // What was read before the connection broke is looked at as well: an answer is whole or it is none.
        let broke = stream
            .write_all(text.as_bytes())
            .and_then(|()| stream.read_to_end(&mut answer))
            .is_err();
        assert!(began.elapsed() < PATIENCE, "it hangs: {asking:?}");
        let reply = read(&answer).ok_or(Lost::Unanswered)?;
        assert!(
            !broke || reply.header("content-length").is_some(),
            "{reply:?}"
        );
        assert!(reply.is_permitted(), "{asking:?}: {reply:?}");
        if self.luck.is_bad() {
            return Err(Lost::Unanswered);
        }
        Ok(reply)
    }

    /// Sends it until it is answered, as programs do that must know: the answer, and how many there may have been before that were lost.
    pub(super) fn insist(&self, asking: &Asking) -> (Reply, usize) {
        let began = Instant::now();
        let mut unanswered = 0;
        loop {
            match self.send(asking) {
                Ok(reply) if reply.status != 503 => return (reply, unanswered),
                Ok(_) | Err(Lost::Unsent) => {}
                Err(Lost::Unanswered) => unanswered += 1,
            }
            assert!(began.elapsed() < PATIENCE, "never answered: {asking:?}");
            thread::sleep(PAUSE);
        }
    }
}

/// An answer, if it is whole.
fn read(answer: &[u8]) -> Option<Reply> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Some(0), |(_, length)| length.parse::<usize>().ok())?;
    (body.len() == length).then(|| Reply {
        status,
        headers,
        body: body.to_owned(),
    })
}
