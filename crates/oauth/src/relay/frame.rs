//! Frames of protocols 1 and 2.

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::Callback;
use crate::{
    secret::{AuthorizationCode, OwnerSecret, RelayToken, State},
    text::Untrusted,
};

/// Which protocol a program speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// poast-relay's: one line there, one line back.
    One,
    /// With an owner, an acknowledgement and reconnection.
    Two,
}

/// What a program says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramFrame {
    /// I wait.
    Register(Register),
    /// I do not wait any more.
    Unregister,
    /// I have it.
    Acknowledge(Delivery),
    /// I refuse it.
    Reject(Delivery),
    /// Are you there?
    Ping,
    /// I am here.
    Pong,
}

/// `REGISTER`; also the body of a PUT over HTTPS, which has no state, token or protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Which protocol.
    pub protocol: Protocol,
    /// For which state; `None`: the single slot.
    pub state: Option<State>,
    /// The owner's secret; always there in protocol 2, never in protocol 1.
    pub secret: Option<OwnerSecret>,
    /// How long the program wants to wait; protocol 2.
    pub timeout: Option<Duration>,
    /// The bearer token, where one is needed.
    pub token: Option<RelayToken>,
}

/// The name of one delivery: 1 to 64 characters out of `A-Z a-z 0-9 - _`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery(String);

impl Delivery {
    /// Out of 128 random bits, as 22 characters of base64url.
    pub fn from_random(_random: [u8; 16]) -> Self {
        todo!()
    }

    /// Reads one; `None` where it is none.
    pub fn parse(_text: &str) -> Option<Self> {
        todo!()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the relay says.
#[derive(Clone, Debug, PartialEq)]
pub enum RelayFrame {
    /// You wait. Protocol 2.
    Registered(Registered),
    /// Here it is.
    Deliver(Deliver),
    /// Are you there? Protocol 2.
    Ping,
    /// I am here. Protocol 2.
    Pong,
    /// The last word. Protocol 2.
    Close {
        /// Why.
        reason: CloseReason,
        /// When coming back makes sense.
        retry_after: Option<Duration>,
    },
    /// It went wrong, and this is the last word.
    Error {
        /// The word; protocol 1 has none.
        word: Option<ErrorWord>,
        /// For people.
        description: Untrusted,
        /// When coming back makes sense.
        retry_after: Option<Duration>,
    },
}

/// `REGISTERED`.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// The redirect URI the provider must have.
    pub callback_url: Url,
    /// How long the registration lasts.
    pub expires_in: Duration,
    /// Silence after which the relay asks.
    pub heartbeat: Duration,
    /// How long the registration outlives a lost connection.
    pub grace: Duration,
    /// Whether this is a reconnection.
    pub resumed: bool,
}

/// `DELIVER`, of either protocol. `Debug` shows names only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliver {
    /// The name of the delivery; protocol 1 has none.
    pub delivery: Option<Delivery>,
    /// The callback's state.
    pub state: Option<State>,
    /// The code, where there is one.
    pub code: Option<AuthorizationCode>,
    /// Protocol 2: everything the callback had. Protocol 1: `raw`, `None` where there is a code.
    pub parameters: Option<CallbackParameters>,
}

/// A callback's parameters. `Debug` shows names only; values are wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackParameters(pub Map<String, Value>);

impl std::fmt::Debug for CallbackParameters {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}

/// Why the relay closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Acknowledged, and the browser was told so.
    Delivered,
    /// The program refused it.
    Rejected,
    /// The program does not wait any more.
    Unregistered,
    /// No acknowledgement in time.
    Unconfirmed,
    /// The registration's time is over.
    Expired,
    /// The owner came back on another connection.
    Replaced,
    /// Nothing was heard for two heartbeats.
    Silent,
    /// The relay stops.
    Shutdown,
}

/// The words of an ERROR in protocol 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorWord {
    /// The frame is not what the protocol says.
    InvalidRequest,
    /// Neither 1 nor 2.
    UnsupportedProtocol,
    /// A token is needed, or this one is unknown.
    InvalidToken,
    /// Somebody else waits for this state.
    StateInUse,
    /// Full.
    TooManyRegistrations,
    /// About to stop.
    TemporarilyUnavailable,
}

/// Why a line is not a frame. No value is quoted.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// Over [`MAX_LINE`](super::MAX_LINE).
    #[error("the line is longer than 65536 bytes")]
    TooLong,
    /// Not a JSON object in UTF-8 with each name once, at most 16 deep.
    #[error("the line is not a JSON object")]
    NotAnObject,
    /// A `type` that is missing or unknown.
    #[error("the frame's type is unknown")]
    UnknownType,
    /// `protocol` is neither 1 nor 2.
    #[error("this protocol is not spoken here; there are 1 and 2")]
    UnsupportedProtocol,
    /// A member is missing or not what it should be.
    #[error("the member {name} {problem}")]
    Member {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl ProgramFrame {
    /// Reads a line, without its end. Unknown members are ignored.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn parse(_line: &[u8]) -> Result<Self, FrameError> {
        todo!()
    }

    /// The line, LF included; for programs.
    pub fn to_line(&self) -> Vec<u8> {
        todo!()
    }
}

impl Register {
    /// Reads the body of a PUT: `secret` and `timeout`.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn from_body(_body: &[u8]) -> Result<Self, FrameError> {
        todo!()
    }
}

impl Delivery {
    /// Reads the body of an acknowledgement or rejection: `delivery`.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn from_body(_body: &[u8]) -> Result<Self, FrameError> {
        todo!()
    }
}

impl RelayFrame {
    /// Reads a line, without its end; for programs.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn parse(_line: &[u8]) -> Result<Self, FrameError> {
        todo!()
    }

    /// The JSON object as text, without a line's end; also the body over HTTPS.
    pub fn to_json(&self) -> String {
        todo!()
    }

    /// The line, LF included.
    pub fn to_line(&self) -> Vec<u8> {
        todo!()
    }
}

impl Deliver {
    /// A callback for a program of protocol 1.
    pub fn first(_callback: &Callback) -> Self {
        todo!()
    }

    /// A callback for a program of protocol 2.
    pub fn second(_callback: &Callback, _delivery: Delivery) -> Self {
        todo!()
    }
}
