//! Programs that wait.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

use crate::Fault;

/// What is spoken at the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The relay's protocol 1.
    One,
    /// The relay's protocol 2.
    Two,
    /// The floor's lines.
    Floor,
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        match text {
            "1" => Ok(Self::One),
            "2" => Ok(Self::Two),
            "floor" => Ok(Self::Floor),
            _ => Err("KIND is 1, 2 or floor".into()),
        }
    }
}

/// Whom it goes against.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) kind: Kind,
    pub(crate) http: SocketAddr,
    pub(crate) socket: String,
}

/// One program that waits.
pub(crate) struct Program {
    kind: Kind,
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Program {
    pub(crate) async fn register(target: &Target, state: &str) -> Result<Self, Fault> {
        let mut program = Self {
            kind: target.kind,
            stream: connect(&target.socket).await?,
            buffer: Vec::new(),
        };
        let line = match target.kind {
            Kind::One => format!("{{\"type\":\"REGISTER\",\"state\":\"{state}\"}}\n"),
            Kind::Two => format!(
                "{{\"type\":\"REGISTER\",\"protocol\":2,\"state\":\"{state}\",\"secret\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}\n"
            ),
            Kind::Floor => format!("{state}\n"),
        };
        program.stream.write_all(line.as_bytes()).await?;
        // Protocol 1 has no answer; the relay holds a callback that overtakes its REGISTER.
        if target.kind != Kind::One {
            let answer = program.line().await?;
            if !answer.contains("REGISTERED") {
                return Err(format!("refused: {answer}").into());
            }
        }
        Ok(program)
    }

    /// Waits for the code. Over protocol 2 it is not acknowledged yet; see [`end`](Self::end).
    pub(crate) async fn code(&mut self) -> Result<String, Fault> {
        let line = self.line().await?;
        if self.kind == Kind::Floor {
            return Ok(line.trim_end().to_owned());
        }
        let frame: serde_json::Value = serde_json::from_str(&line)?;
        if self.kind == Kind::Two {
            let name = frame.get("delivery").and_then(|name| name.as_str());
            let name = name.ok_or("no delivery in DELIVER")?;
            let ack = format!("{{\"type\":\"ACK\",\"delivery\":\"{name}\"}}\n");
            self.stream.write_all(ack.as_bytes()).await?;
        }
        let code = frame.get("code").and_then(|code| code.as_str());
        Ok(code.ok_or("no code in DELIVER")?.to_owned())
    }

    /// Lets go, which is protocol 1's acknowledgement.
    pub(crate) fn end(self) {
        drop(self);
    }

    async fn line(&mut self) -> Result<String, Fault> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(end + 1);
                let line = std::mem::replace(&mut self.buffer, rest);
                return Ok(String::from_utf8(line)?);
            }
            let mut chunk = [0; 1024];
            let count = self.stream.read(&mut chunk).await?;
            if count == 0 {
                return Err("closed without a line".into());
            }
            self.buffer
                .extend_from_slice(chunk.get(..count).unwrap_or_default());
        }
    }
}

/// A full backlog is no refusal: whoever registers without an answer is faster than any server accepts.
async fn connect(socket: &str) -> Result<UnixStream, Fault> {
    loop {
        match UnixStream::connect(socket).await {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            connected => return Ok(connected?),
        }
    }
}
