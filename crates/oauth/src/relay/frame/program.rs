//! What a program says, read and written.

use serde::Serialize;
use serde_json::Number;

use super::{
    Delivery, FrameError, ProgramFrame, Protocol, Register,
    members::{Members, as_seconds, written},
};
use crate::secret::{OwnerSecret, RelayToken, State};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
enum Written<'a> {
    Register {
        #[serde(skip_serializing_if = "Option::is_none")]
        protocol: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<&'a State>,
        #[serde(skip_serializing_if = "Option::is_none")]
        secret: Option<&'a OwnerSecret>,
        #[serde(skip_serializing_if = "Option::is_none")]
        timeout: Option<Number>,
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<&'a RelayToken>,
    },
    Unregister,
    Ack {
        delivery: &'a str,
    },
    Reject {
        delivery: &'a str,
    },
    Ping,
    Pong,
}

impl ProgramFrame {
    /// Reads a line, without its end. Unknown members are ignored.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn parse(line: &[u8]) -> Result<Self, FrameError> {
        let members = Members::of_line(line)?;
        Ok(match members.kind()? {
            "REGISTER" => Self::Register(Register::of_frame(&members)?),
            "UNREGISTER" => Self::Unregister,
            "ACK" => Self::Acknowledge(members.delivery()?),
            "REJECT" => Self::Reject(members.delivery()?),
            "PING" => Self::Ping,
            "PONG" => Self::Pong,
            _ => return Err(FrameError::UnknownType),
        })
    }

    /// The line, LF included; for programs.
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = written(&self.as_written());
        line.push('\n');
        line.into_bytes()
    }

    fn as_written(&self) -> Written<'_> {
        match self {
            // poast-relay's server refuses members that it does not know.
            Self::Register(register) if register.protocol == Protocol::One => Written::Register {
                protocol: None,
                state: register.state.as_ref(),
                secret: None,
                timeout: None,
                token: register.token.as_ref(),
            },
            Self::Register(register) => Written::Register {
                protocol: Some(2),
                state: register.state.as_ref(),
                secret: register.secret.as_ref(),
                timeout: register.timeout.map(as_seconds),
                token: register.token.as_ref(),
            },
            Self::Unregister => Written::Unregister,
            Self::Acknowledge(delivery) => Written::Ack {
                delivery: delivery.as_str(),
            },
            Self::Reject(delivery) => Written::Reject {
                delivery: delivery.as_str(),
            },
            Self::Ping => Written::Ping,
            Self::Pong => Written::Pong,
        }
    }
}

impl Register {
    fn of_frame(members: &Members) -> Result<Self, FrameError> {
        let protocol = members.protocol()?;
        let (secret, timeout) = match protocol {
            Protocol::One => (None, None),
            Protocol::Two => (Some(members.secret()?), members.timeout()?),
        };
        Ok(Self {
            protocol,
            state: members.state()?,
            secret,
            timeout,
            token: members.token()?,
        })
    }

    /// Reads the body of a PUT: `secret` and `timeout`.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn from_body(body: &[u8]) -> Result<Self, FrameError> {
        let members = Members::of_body(body)?;
        Ok(Self {
            protocol: Protocol::Two,
            state: None,
            secret: Some(members.secret()?),
            timeout: members.timeout()?,
            token: None,
        })
    }
}

impl Delivery {
    /// Reads the body of an acknowledgement or rejection: `delivery`.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn from_body(body: &[u8]) -> Result<Self, FrameError> {
        Members::of_body(body)?.delivery()
    }
}

impl Protocol {
    /// In which protocol an ERROR for a first line is understood that was no good: 2 where the line is a JSON object
    /// with a `protocol` that is not 1, else 1.
    pub fn meant_by(line: &[u8]) -> Self {
        match Members::of_line(line).map(|members| members.protocol()) {
            Err(_) | Ok(Ok(Self::One)) => Self::One,
            Ok(Ok(Self::Two) | Err(_)) => Self::Two,
        }
    }
}
