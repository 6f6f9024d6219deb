//! A frame's members, each read as what it must be.

use std::time::Duration;

use serde_json::{Map, Number, Value};

use super::{Delivery, FrameError, Protocol, is_base64url};
use crate::{
    relay::{MAX_LINE, MAX_STATE, json::Object},
    secret::{OwnerSecret, RelayToken, State},
};

/// The longest time that is believed; whoever says more means it.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Most members and elements, at every depth.
const MAX_VALUES: usize = 512;
/// The longest bearer token, in bytes.
const MAX_TOKEN: usize = 4096;

const NO_STRING: &str = "must be a string";
const NO_OBJECT: &str = "must be an object";
const MISSING: &str = "is missing";

/// A frame that was read, and is wiped on drop.
pub(super) struct Members(Object);

impl Members {
    /// Reads a line without its end.
    pub(super) fn of_line(line: &[u8]) -> Result<Self, FrameError> {
        if line.len() >= MAX_LINE {
            return Err(FrameError::TooLong);
        }
        Self::of_body(line)
    }

    /// Reads a body, which has no end of its own.
    pub(super) fn of_body(body: &[u8]) -> Result<Self, FrameError> {
        if body.len() > MAX_LINE {
            return Err(FrameError::TooLong);
        }
        Object::parse(body, MAX_VALUES)
            .map(Self)
            .map_err(|_| FrameError::NotAnObject)
    }

    /// The frame's type.
    pub(super) fn kind(&self) -> Result<&str, FrameError> {
        self.optional("type")
            .and_then(Value::as_str)
            .ok_or(FrameError::UnknownType)
    }

    /// A member that is there and is not `null`.
    pub(super) fn optional(&self, name: &str) -> Option<&Value> {
        self.0.0.get(name).filter(|value| !value.is_null())
    }

    /// A string that may be left out.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, FrameError> {
        self.optional(name)
            .map(|value| value.as_str().ok_or(wrong(name, NO_STRING)))
            .transpose()
    }

    /// A string that must be there.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, FrameError> {
        self.text(name)?.ok_or(wrong(name, MISSING))
    }

    /// A truth value that must be there.
    pub(super) fn truth(&self, name: &'static str) -> Result<bool, FrameError> {
        let value = self.optional(name).ok_or(wrong(name, MISSING))?;
        value.as_bool().ok_or(wrong(name, "must be true or false"))
    }

    /// Seconds that may be left out: a number from 0, to the millisecond, because a floating-point year knows no more.
    pub(super) fn seconds(&self, name: &'static str) -> Result<Option<Duration>, FrameError> {
        let Some(value) = self.optional(name) else {
            return Ok(None);
        };
        let seconds = value
            .as_f64()
            .filter(|seconds| *seconds >= 0.0)
            .ok_or(wrong(name, "must be a number of seconds"))?;
        // Saturates.
        let time = Duration::from_millis((seconds * 1000.0).round() as u64);
        Ok(Some(time.min(LONGEST)))
    }

    /// An object that may be left out; it is taken out of the frame.
    pub(super) fn object(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Map<String, Value>>, FrameError> {
        match self.0.0.get_mut(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(std::mem::take(members))),
            Some(_) => Err(wrong(name, NO_OBJECT)),
        }
    }

    /// `protocol`; without it: 1.
    pub(super) fn protocol(&self) -> Result<Protocol, FrameError> {
        // 2.0 is the same number as 2 (RFC 8259, section 6, has one kind of number).
        match self.optional("protocol").map(Value::as_f64) {
            None => Ok(Protocol::One),
            Some(Some(1.0)) => Ok(Protocol::One),
            Some(Some(2.0)) => Ok(Protocol::Two),
            Some(_) => Err(FrameError::UnsupportedProtocol),
        }
    }

    /// `state`, as a program may name it.
    pub(super) fn state(&self) -> Result<Option<State>, FrameError> {
        let state = self.single_line(
            "state",
            MAX_STATE,
            "must not be empty; leave it out for the single slot",
        )?;
        Ok(state.map(State::new))
    }

    /// `token`.
    pub(super) fn token(&self) -> Result<Option<RelayToken>, FrameError> {
        let token = self.single_line("token", MAX_TOKEN, "must not be empty; leave it out")?;
        Ok(token.map(RelayToken::new))
    }

    /// `secret`, which must be there.
    pub(super) fn secret(&self) -> Result<OwnerSecret, FrameError> {
        let secret = self.required("secret")?;
        if !is_base64url(secret, 22, 256) {
            let problem = "must be 22 to 256 characters out of A-Z a-z 0-9 - _";
            return Err(wrong("secret", problem));
        }
        Ok(OwnerSecret::new(secret))
    }

    /// `timeout`, above 0 to the millisecond.
    pub(super) fn timeout(&self) -> Result<Option<Duration>, FrameError> {
        let timeout = self.seconds("timeout")?;
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(wrong("timeout", "must be at least 0.001"));
        }
        Ok(timeout)
    }

    /// `delivery`, which must be there.
    pub(super) fn delivery(&self) -> Result<Delivery, FrameError> {
        let problem = "must be 1 to 64 characters out of A-Z a-z 0-9 - _";
        Delivery::parse(self.required("delivery")?).ok_or(wrong("delivery", problem))
    }

    fn single_line(
        &self,
        name: &'static str,
        longest: usize,
        empty: &'static str,
    ) -> Result<Option<&str>, FrameError> {
        let problem = match self.text(name)? {
            None => return Ok(None),
            Some("") => empty,
            Some(text) if text.len() > longest => "must be at most 4096 bytes long",
            Some(text) if text.contains(char::is_control) => "must not contain control characters",
            Some(text) => return Ok(Some(text)),
        };
        Err(wrong(name, problem))
    }
}

/// The error for one member.
pub(super) fn wrong(name: &'static str, problem: &'static str) -> FrameError {
    FrameError::Member { name, problem }
}

/// Seconds as a number, to the millisecond, without a fraction where there is none.
pub(super) fn as_seconds(time: Duration) -> Number {
    let whole = Number::from(time.as_secs());
    if time.subsec_millis() == 0 {
        return whole;
    }
    Number::from_f64(time.as_millis() as f64 / 1000.0).unwrap_or(whole)
}

/// A frame as JSON.
pub(super) fn written(frame: &impl serde::Serialize) -> String {
    // It cannot fail: frames have texts, finite numbers, and objects whose names are texts.
    serde_json::to_string(frame).unwrap_or_default()
}
