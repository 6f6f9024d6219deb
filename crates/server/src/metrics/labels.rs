//! The labels: closed sets, so that no stranger can make the numbers grow.

use http::StatusCode;
use oarlock_oauth::relay::ErrorWord;

use crate::{event::What, outcome::Outcome};

/// A label with few values.
pub(super) trait Label: Copy + PartialEq + 'static {
    /// All values.
    const ALL: &'static [Self];
    /// The value, for people and queries.
    fn text(self) -> &'static str;
}

/// Where a program registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Face {
    /// The local socket, protocol 1.
    Protocol1,
    /// The local socket, protocol 2.
    Protocol2,
    /// HTTPS.
    Https,
}

impl Label for Face {
    const ALL: &'static [Self] = &[Self::Protocol1, Self::Protocol2, Self::Https];

    fn text(self) -> &'static str {
        match self {
            Self::Protocol1 => "protocol_1",
            Self::Protocol2 => "protocol_2",
            Self::Https => "https",
        }
    }
}

/// Why somebody was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A frame or body that is not what the protocol says.
    InvalidRequest,
    /// A protocol that is not spoken.
    UnsupportedProtocol,
    /// A token is missing or unknown.
    InvalidToken,
    /// Somebody else waits for this state.
    StateInUse,
    /// The relay, or a user's part of it, is full.
    TooManyRegistrations,
    /// The relay is about to stop.
    Stopping,
    /// Another user at the Unix socket.
    OtherUser,
    /// No connection to the local socket is left.
    TooManyConnections,
    /// No REGISTER in time.
    Silent,
    /// A callback that cannot be parsed or is ambiguous.
    UnreadableCallback,
    /// A callback that would have been held, had there been room.
    TooManyHeld,
    /// An address with too many callbacks that nobody waits for.
    TooManyUnmatched,
}

impl Label for Refusal {
    const ALL: &'static [Self] = &[
        Self::InvalidRequest,
        Self::UnsupportedProtocol,
        Self::InvalidToken,
        Self::StateInUse,
        Self::TooManyRegistrations,
        Self::Stopping,
        Self::OtherUser,
        Self::TooManyConnections,
        Self::Silent,
        Self::UnreadableCallback,
        Self::TooManyHeld,
        Self::TooManyUnmatched,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnsupportedProtocol => "unsupported_protocol",
            Self::InvalidToken => "invalid_token",
            Self::StateInUse => "state_in_use",
            Self::TooManyRegistrations => "too_many_registrations",
            Self::Stopping => "stopping",
            Self::OtherUser => "other_user",
            Self::TooManyConnections => "too_many_connections",
            Self::Silent => "silent",
            Self::UnreadableCallback => "unreadable_callback",
            Self::TooManyHeld => "too_many_held",
            Self::TooManyUnmatched => "too_many_unmatched",
        }
    }
}

impl From<ErrorWord> for Refusal {
    fn from(word: ErrorWord) -> Self {
        match word {
            ErrorWord::InvalidRequest => Self::InvalidRequest,
            ErrorWord::UnsupportedProtocol => Self::UnsupportedProtocol,
            ErrorWord::InvalidToken => Self::InvalidToken,
            ErrorWord::StateInUse => Self::StateInUse,
            ErrorWord::TooManyRegistrations => Self::TooManyRegistrations,
            ErrorWord::TemporarilyUnavailable => Self::Stopping,
        }
    }
}

/// What was asked for over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// The provider's callback.
    Callback,
    /// A program on another machine.
    Registration,
    /// A page or endpoint of the broker.
    Broker,
    /// `/healthz`, `/health`, `/readyz`.
    Health,
    /// Everything else.
    Other,
}

impl Label for Route {
    const ALL: &'static [Self] = &[
        Self::Callback,
        Self::Registration,
        Self::Broker,
        Self::Health,
        Self::Other,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Registration => "registration",
            Self::Broker => "broker",
            Self::Health => "health",
            Self::Other => "other",
        }
    }
}

impl Label for Outcome {
    const ALL: &'static [Self] = &[
        Self::Complete,
        Self::Denied,
        Self::NobodyWaiting,
        Self::AlreadyDelivered,
        Self::Unconfirmed,
        Self::Rejected,
        Self::Stopping,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Denied => "denied",
            Self::NobodyWaiting => "nobody_waiting",
            Self::AlreadyDelivered => "already_delivered",
            Self::Unconfirmed => "unconfirmed",
            Self::Rejected => "rejected",
            Self::Stopping => "stopping",
        }
    }
}

impl Label for What {
    const ALL: &'static [Self] = &[
        Self::SignedIn,
        Self::FirstSignedIn,
        Self::SignInRefused,
        Self::Granted,
        Self::Denied,
        Self::Redeemed,
        Self::Refreshed,
        Self::CodeReplayed,
        Self::RefreshTokenReused,
        Self::SessionRevoked,
        Self::AccessTokenRevoked,
        Self::ClientRegistered,
        Self::ClientRefused,
        Self::UserRemoved,
        Self::KeyRotated,
    ];

    fn text(self) -> &'static str {
        self.word()
    }
}

/// A status that is answered here; any other is one of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(&'static str);

impl Status {
    pub(super) fn of(status: StatusCode) -> Self {
        let known = Self::ALL
            .iter()
            .find(|known| known.0 == status.as_str())
            .copied();
        known.unwrap_or(Self("other"))
    }
}

impl Label for Status {
    const ALL: &'static [Self] = &[
        Self("200"),
        Self("404"),
        Self("201"),
        Self("204"),
        Self("303"),
        Self("304"),
        Self("307"),
        Self("400"),
        Self("401"),
        Self("403"),
        Self("405"),
        Self("408"),
        Self("409"),
        Self("410"),
        Self("413"),
        Self("414"),
        Self("415"),
        Self("421"),
        Self("429"),
        Self("431"),
        Self("500"),
        Self("502"),
        Self("503"),
        Self("504"),
        Self("other"),
    ];

    fn text(self) -> &'static str {
        self.0
    }
}
