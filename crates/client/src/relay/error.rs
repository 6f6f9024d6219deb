//! Why no callback came from a relay.

use std::{io, time::Duration};

use oarlock_io::{environment::DotenvError, socket::SocketError};
use oarlock_oauth::{
    relay::{CloseReason, ErrorWord, FrameError},
    text::Untrusted,
};

use super::settings::SettingsError;

/// Why no callback came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// Nobody came back in time.
    #[error("Timeout waiting for OAuth callback after {}s", .after.as_secs_f64())]
    Timeout {
        /// How long was waited.
        after: Duration,
    },
    /// The relay was not reached, or is lost.
    #[error("Cannot connect to OAuth relay at {address}: {reason}")]
    Connection {
        /// Where it should be.
        address: String,
        /// Why not.
        reason: String,
    },
    /// The relay said no, or nonsense.
    #[error("the OAuth relay at {address} {fault}")]
    Relay {
        /// Where it is.
        address: String,
        /// What it did.
        #[source]
        fault: RelayFault,
    },
    /// Its socket is not safe, somebody else's, or cannot be named.
    #[error("the OAuth relay is not used: {0}")]
    Unsafe(#[source] SocketError),
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The file `.env` is refused.
    #[error(transparent)]
    Dotenv(#[from] DotenvError),
    /// The system has no randomness.
    #[error("cannot make randomness: {0}")]
    Randomness(#[source] io::Error),
}

/// What a relay did instead of delivering.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayFault {
    /// It refused.
    #[error("refused: {}", refusal(*.word, .description))]
    Refused {
        /// Why, where it says so in a word.
        word: Option<ErrorWord>,
        /// Why, for people.
        description: Untrusted,
    },
    /// It ended the registration.
    #[error("{}", ending(*.0))]
    Ended(CloseReason),
    /// It says what no relay says.
    #[error("speaks no protocol that is known here: {0}")]
    Malformed(FrameError),
    /// It says something else than is due.
    #[error("speaks no protocol that is known here: {0}")]
    Unexpected(&'static str),
    /// It delivers what was not asked for.
    #[error("delivered a callback of another state; it was not taken")]
    Foreign,
    /// Its answer is no relay's.
    #[error("answers with HTTP {0}; is this the relay's public URL?")]
    Status(u16),
    /// There is no single slot over HTTPS.
    #[error("serves no program without a state over HTTPS; name the state")]
    StateNeeded,
}

fn refusal(word: Option<ErrorWord>, description: &Untrusted) -> String {
    let known = match word {
        Some(ErrorWord::InvalidRequest) => "it does not understand this program",
        Some(ErrorWord::UnsupportedProtocol) => "it does not speak protocol 2",
        Some(ErrorWord::InvalidToken) => "a token is needed, or this one is not known",
        Some(ErrorWord::StateInUse) => "somebody else waits for this state",
        Some(ErrorWord::TooManyRegistrations) => "too many programs wait there",
        Some(ErrorWord::TemporarilyUnavailable) => "it is about to stop",
        None => return description.to_string(),
    };
    if description.raw().is_empty() || description.raw() == known {
        known.to_owned()
    } else {
        format!("{known} ({description})")
    }
}

fn ending(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Delivered => "has delivered this state's callback already",
        CloseReason::Rejected => "was told before that this state's callback is refused",
        CloseReason::Unregistered => "was told that nobody waits any more",
        CloseReason::Unconfirmed => {
            "did not hear in time that the callback arrived; the browser was told that it failed"
        }
        CloseReason::Expired => "does not wait longer",
        CloseReason::Replaced => "gave the registration to another connection of its owner",
        CloseReason::Silent => "heard nothing from this program for too long",
        CloseReason::Shutdown => "stops",
        CloseReason::Other => "ended the registration for a reason that is not known here",
    }
}
