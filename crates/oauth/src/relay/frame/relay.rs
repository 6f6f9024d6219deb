//! What the relay says, read and written.

use serde::Serialize;
use serde_json::{Map, Number, Value};
use url::Url;

use super::{
    CloseReason, Deliver, ErrorWord, FrameError, Protocol, Registered, RelayFrame,
    members::{Members, as_seconds, written, wrong},
};
use crate::{
    relay::callback_parameters::CallbackParameters,
    secret::{AuthorizationCode, State},
    text::Untrusted,
};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
enum Written<'a> {
    Registered {
        protocol: u8,
        callback_url: &'a str,
        expires_in: Number,
        heartbeat: Number,
        grace: Number,
        resumed: bool,
    },
    Deliver {
        #[serde(skip_serializing_if = "Option::is_none")]
        delivery: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<&'a State>,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'a AuthorizationCode>,
        #[serde(skip_serializing_if = "Option::is_none")]
        parameters: Option<&'a Map<String, Value>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        raw: Option<&'a Map<String, Value>>,
    },
    Ping,
    Pong,
    Close {
        reason: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<Number>,
    },
    Error {
        error: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        error_description: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<Number>,
    },
}

impl RelayFrame {
    /// Reads a line, without its end; for programs. A word that is not known here is no error.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn parse(line: &[u8]) -> Result<Self, FrameError> {
        let mut members = Members::of_line(line)?;
        Ok(match members.kind()? {
            "REGISTERED" => Self::Registered(Registered::of_frame(&members)?),
            "DELIVER" => Self::Deliver(Deliver::of_frame(&mut members)?),
            "PING" => Self::Ping,
            "PONG" => Self::Pong,
            "CLOSE" => Self::Close {
                reason: CloseReason::named(members.required("reason")?)
                    .unwrap_or(CloseReason::Other),
                retry_after: members.seconds("retry_after")?,
            },
            "ERROR" => Self::error_of_frame(&members)?,
            _ => return Err(FrameError::UnknownType),
        })
    }

    /// In protocol 1 `error` is for people. An unknown word is shown where there is no description.
    fn error_of_frame(members: &Members) -> Result<Self, FrameError> {
        let error = members.required("error")?;
        let description = members.text("error_description")?;
        Ok(Self::Error {
            word: ErrorWord::named(error),
            description: Untrusted::new(description.unwrap_or(error)),
            retry_after: members.seconds("retry_after")?,
        })
    }

    /// The JSON object as text, without a line's end; also the body over HTTPS.
    pub fn to_json(&self) -> String {
        // An ERROR says to people what they may see, and no more of it than a line holds.
        let shown = match self {
            Self::Error { description, .. } => description.to_string(),
            _ => String::new(),
        };
        written(&self.as_written(&shown))
    }

    /// The line, LF included.
    pub fn to_line(&self) -> Vec<u8> {
        // JSON escapes line breaks, so there is none within.
        let mut line = self.to_json();
        line.push('\n');
        line.into_bytes()
    }

    fn as_written<'a>(&'a self, shown: &'a str) -> Written<'a> {
        match self {
            Self::Registered(registered) => Written::Registered {
                protocol: 2,
                callback_url: registered.callback_url.as_str(),
                expires_in: as_seconds(registered.expires_in),
                heartbeat: as_seconds(registered.heartbeat),
                grace: as_seconds(registered.grace),
                resumed: registered.resumed,
            },
            Self::Deliver(deliver) => deliver.as_written(),
            Self::Ping => Written::Ping,
            Self::Pong => Written::Pong,
            Self::Close {
                reason,
                retry_after,
            } => Written::Close {
                reason: reason.as_str(),
                retry_after: retry_after.map(as_seconds),
            },
            // poast-relay's client refuses members that it does not know, so protocol 1 has no more of them.
            Self::Error { word: None, .. } => Written::Error {
                error: shown,
                error_description: None,
                retry_after: None,
            },
            Self::Error {
                word: Some(word),
                retry_after,
                ..
            } => Written::Error {
                error: word.as_str(),
                error_description: Some(shown),
                retry_after: retry_after.map(as_seconds),
            },
        }
    }
}

impl Registered {
    fn of_frame(members: &Members) -> Result<Self, FrameError> {
        if members.protocol()? != Protocol::Two {
            return Err(FrameError::UnsupportedProtocol);
        }
        let url = Url::parse(members.required("callback_url")?).ok();
        let is_web = |url: &Url| matches!(url.scheme(), "https" | "http");
        let time = |name| members.seconds(name)?.ok_or(wrong(name, "is missing"));
        Ok(Self {
            callback_url: url
                .filter(is_web)
                .ok_or(wrong("callback_url", "must be a URL of the web"))?,
            expires_in: time("expires_in")?,
            heartbeat: time("heartbeat")?,
            grace: time("grace")?,
            resumed: members.truth("resumed")?,
        })
    }
}

impl Deliver {
    fn of_frame(members: &mut Members) -> Result<Self, FrameError> {
        let delivery = members
            .optional("delivery")
            .is_some()
            .then(|| members.delivery())
            .transpose()?;
        // poast-relay's server may write an empty state where the callback had one.
        let given = |name| Ok(members.text(name)?.filter(|text| !text.is_empty()));
        let state = given("state")?.map(State::new);
        let code = given("code")?.map(AuthorizationCode::new);
        let parameters = match delivery {
            Some(_) => Some(
                members
                    .object("parameters")?
                    .ok_or(wrong("parameters", "is missing"))?,
            ),
            None => members.object("raw")?,
        };
        if code.is_none() && parameters.is_none() {
            return Err(wrong("code", "is missing, and so is raw"));
        }
        Ok(Self {
            delivery,
            state,
            code,
            parameters: parameters.map(CallbackParameters),
        })
    }

    fn as_written(&self) -> Written<'_> {
        let parameters = self.parameters.as_ref().map(|parameters| &parameters.0);
        let (second, first) = match self.delivery {
            Some(_) => (parameters, None),
            None => (None, parameters),
        };
        Written::Deliver {
            delivery: self.delivery.as_ref().map(|delivery| delivery.as_str()),
            state: self.state.as_ref(),
            code: self.code.as_ref(),
            parameters: second,
            raw: first,
        }
    }
}

#[cfg(test)]
mod tests;
