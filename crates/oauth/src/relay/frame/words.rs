//! The words of CLOSE and ERROR.

macro_rules! words {
    ($($name:ident = $word:literal,)*) => {
        /// The word on the wire.
        pub fn as_str(self) -> &'static str {
            match self {
                $(Self::$name => $word,)*
            }
        }

        /// By the word; `None` where it is none of them.
        pub(super) fn named(word: &str) -> Option<Self> {
            [$(Self::$name),*].into_iter().find(|known| known.as_str() == word)
        }
    };
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
    /// A reason that a later relay has and this library does not know; coming back makes sense where there is a `retry_after`.
    /// Only read, never meant: a relay does not say it.
    Other,
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

impl CloseReason {
    words! {
        Delivered = "delivered",
        Rejected = "rejected",
        Unregistered = "unregistered",
        Unconfirmed = "unconfirmed",
        Expired = "expired",
        Replaced = "replaced",
        Silent = "silent",
        Shutdown = "shutdown",
        Other = "other",
    }
}

impl ErrorWord {
    words! {
        InvalidRequest = "invalid_request",
        UnsupportedProtocol = "unsupported_protocol",
        InvalidToken = "invalid_token",
        StateInUse = "state_in_use",
        TooManyRegistrations = "too_many_registrations",
        TemporarilyUnavailable = "temporarily_unavailable",
    }
}
