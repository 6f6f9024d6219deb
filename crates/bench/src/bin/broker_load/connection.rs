//! One kept connection, one request at a time, and what of an answer counts here.

use std::{fmt::Write as _, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::Fault;

/// To the server under measurement.
pub(crate) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    request: String,
    answer: Vec<u8>,
}

/// An answer, as long as nothing else is asked.
#[derive(Clone, Copy)]
pub(crate) struct Reply<'a> {
    status: u16,
    head: &'a str,
    pub(crate) body: &'a str,
}

impl Connection {
    pub(crate) async fn new(address: SocketAddr) -> Result<Self, Fault> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            address,
            request: String::with_capacity(4 * 1024),
            answer: Vec::with_capacity(32 * 1024),
        })
    }

    /// Who it speaks to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A GET; with the browser's cookie, if it is a browser that has one.
    pub(crate) async fn get(&mut self, target: &str, cookie: &str) -> Result<Reply<'_>, Fault> {
        self.head("GET", target, cookie)?;
        self.request.push_str("\r\n");
        self.exchange().await
    }

    /// A form, as a page of the server sends it.
    pub(crate) async fn post(
        &mut self,
        target: &str,
        cookie: &str,
        form: &str,
    ) -> Result<Reply<'_>, Fault> {
        self.head("POST", target, cookie)?;
        let Self {
            request, address, ..
        } = self;
        write!(
            request,
            "origin: http://{address}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        )?;
        self.exchange().await
    }

    fn head(&mut self, method: &str, target: &str, cookie: &str) -> Result<(), Fault> {
        let Self {
            request, address, ..
        } = self;
        request.clear();
        write!(
            request,
            "{method} {target} HTTP/1.1\r\nhost: {address}\r\naccept: */*\r\n"
        )?;
        if !cookie.is_empty() {
            write!(request, "cookie: {cookie}\r\n")?;
        }
        Ok(())
    }

    async fn exchange(&mut self) -> Result<Reply<'_>, Fault> {
        self.stream.write_all(self.request.as_bytes()).await?;
        self.answer.clear();
        let (head, whole) = loop {
            if let Some((head, whole)) = lengths(&self.answer)
                && self.answer.len() >= whole
            {
                break (head, whole);
            }
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the server closed".into());
            }
        };
        let text = std::str::from_utf8(&self.answer)?;
        let (head, body) = (text.get(..head), text.get(head..whole));
        let (head, body) = head.zip(body).ok_or("the answer is cut")?;
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        Ok(Reply { status, head, body })
    }
}

/// How long the head is, and the whole, once the head is there.
fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let length: usize = header(head, "content-length")?.parse().ok()?;
    Some((end, end + length))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

impl<'a> Reply<'a> {
    /// The answer, if it is the one that is wanted.
    pub(crate) fn expect(self, status: u16) -> Result<Self, Fault> {
        if self.status == status {
            return Ok(self);
        }
        let told: String = self.body.chars().take(200).collect();
        Err(format!("the answer is {}, not {status}: {told}", self.status).into())
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// `name=value` of a cookie that is set.
    pub(crate) fn cookie(&self, name: &str) -> Result<&'a str, Fault> {
        let found = self.head.lines().find_map(|line| {
            let (header, value) = line.split_once(':')?;
            let pair = value.trim().split(';').next()?;
            let is_it = header.eq_ignore_ascii_case("set-cookie")
                && pair.split_once('=').is_some_and(|(known, _)| known == name);
            is_it.then_some(pair)
        });
        found.ok_or_else(|| format!("no cookie {name} was set").into())
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> Result<&'a str, Fault> {
        let rest = self.body.split_once(&format!("name=\"{name}\" value=\""));
        let value = rest.and_then(|(_, rest)| rest.split('"').next());
        value.ok_or_else(|| format!("the page has no field {name}").into())
    }

    /// Where the page sends the browser.
    pub(crate) fn leaves_to(&self) -> Result<String, Fault> {
        let rest = self
            .body
            .split_once("http-equiv=\"refresh\" content=\"0;url=");
        let url = rest.and_then(|(_, rest)| rest.split('"').next());
        let url = url.ok_or("the page leads nowhere")?;
        Ok(url.replace("&#38;", "&").replace("&amp;", "&"))
    }
}

/// A parameter of an address; nothing here needs to be decoded.
pub(crate) fn parameter<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = address.split_once('?')?;
    query.split('&').find_map(|pair| {
        let (known, value) = pair.split_once('=')?;
        (known == name).then_some(value)
    })
}
