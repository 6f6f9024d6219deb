//! Browsers that come: one kept connection, one request at a time.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::Fault;

pub(crate) struct Browser {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Browser {
    pub(crate) async fn new(http: SocketAddr) -> Result<Self, Fault> {
        let stream = TcpStream::connect(http).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(8 * 1024),
        })
    }

    /// Sends a callback.
    pub(crate) async fn send(&mut self, code: &str, state: &str) -> Result<(), Fault> {
        let request = format!(
            "GET /oauth/callback?code={code}&state={state} HTTP/1.1\r\nhost: localhost\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        Ok(())
    }

    /// The status of the answer, which is read whole.
    pub(crate) async fn status(&mut self) -> Result<u16, Fault> {
        self.buffer.clear();
        loop {
            if let Some((status, length)) = whole(&self.buffer)
                && self.buffer.len() >= length
            {
                return Ok(status);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed".into());
            }
        }
    }
}

/// The status and how long head and body are, once the head is there.
fn whole(bytes: &[u8]) -> Option<(u16, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length: usize = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    })?;
    Some((status, end + 4 + length))
}
