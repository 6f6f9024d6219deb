//! Frames of protocols 1 and 2.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use url::Url;

use super::{callback::Callback, callback_parameters::CallbackParameters};
use crate::{
    secret::{AuthorizationCode, OwnerSecret, RelayToken, State},
    text::Untrusted,
};

mod error;
mod members;
mod program;
mod relay;
mod words;

pub use error::FrameError;
pub use words::{CloseReason, ErrorWord};

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
    /// How long the program wants to wait, at most a year; protocol 2.
    pub timeout: Option<Duration>,
    /// The bearer token, where one is needed.
    pub token: Option<RelayToken>,
}

/// The name of one delivery: 1 to 64 characters out of `A-Z a-z 0-9 - _`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery(String);

impl Delivery {
    /// Out of 128 random bits, as 22 characters of base64url.
    pub fn from_random(random: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    /// Reads one; `None` where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        is_base64url(text, 1, 64).then(|| Self(text.to_owned()))
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
        /// The word; protocol 1 has none. Of what was read, `None` also stands for a word that is not known here.
        word: Option<ErrorWord>,
        /// For people. Written as it is shown: at most 300 characters, and inert.
        description: Untrusted,
        /// When coming back makes sense; protocol 2.
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
///
/// One that is made of a [`Callback`] fits into a line.
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

impl Deliver {
    /// A callback for a program of protocol 1.
    pub fn first(callback: &Callback) -> Self {
        let parameters = || CallbackParameters(callback.parameters().clone());
        Self {
            delivery: None,
            state: callback.state().cloned(),
            code: callback.code().cloned(),
            parameters: callback.code().is_none().then(parameters),
        }
    }

    /// A callback for a program of protocol 2.
    pub fn second(callback: &Callback, delivery: Delivery) -> Self {
        Self {
            delivery: Some(delivery),
            state: callback.state().cloned(),
            code: callback.code().cloned(),
            parameters: Some(CallbackParameters(callback.parameters().clone())),
        }
    }
}

/// So many characters out of `A-Z a-z 0-9 - _`.
fn is_base64url(text: &str, shortest: usize, longest: usize) -> bool {
    (shortest..=longest).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
mod tests;
