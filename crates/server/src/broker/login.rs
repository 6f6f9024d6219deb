//! A login under way: one row, one stage.
//!
//! ```text
//! Asked ──► Upstream ──► Exchanging ──► Identified ──► Granted ──► Redeemed
//!   (device)    │            │              │ ▲            (the session is there)
//!               └────────────┴──► Failed    └─┼──► Denied
//!                                             └ a signed-in browser comes straight here
//! ```
//! A stage is left once: every verb of the store names the stage it starts from.

use oarlock_oauth::Timestamp;

use super::{
    digest::Digest,
    id::{LoginId, SessionId, UserId},
    request::LoginRequest,
};

/// A login under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its name.
    pub id: LoginId,
    /// What was asked.
    pub request: LoginRequest,
    /// How far it is.
    pub stage: Stage,
    /// The browser it belongs to: digest of its cookie. None as long as no browser came (device).
    pub browser: Option<Digest>,
    /// When nothing can come of it any more.
    pub expires_at: Timestamp,
}

/// How far a login is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A device waits, and no browser came.
    Asked,
    /// The browser is at the provider.
    Upstream(AtUpstream),
    /// It came back, and the provider is asked who it is. Nobody else gets in here; a process that is killed here leaves the login to expire.
    Exchanging {
        /// Which provider.
        upstream: String,
    },
    /// The person is known and has to decide.
    Identified {
        /// Who.
        user: UserId,
        /// The browser's session.
        session: SessionId,
    },
    /// The person agreed; the program has to fetch it.
    Granted {
        /// Who.
        user: UserId,
        /// When the person signed in at the provider.
        auth_time: Timestamp,
        /// A token of the provider to be handed out, sealed.
        upstream_token: Option<Vec<u8>>,
    },
    /// The program has it.
    Redeemed {
        /// The session it got.
        session: SessionId,
    },
    /// The person said no.
    Denied,
    /// The provider said no, or could not be asked.
    Failed,
}

/// What must be remembered while the browser is at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtUpstream {
    /// Which.
    pub upstream: String,
    /// Digest of the `state` that was sent.
    pub state: Digest,
    /// Verifier, nonce and whatever else the exchange needs, sealed.
    pub sealed: Vec<u8>,
}

impl Stage {
    /// Its word in the store and in logs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Upstream(_) => "upstream",
            Self::Exchanging { .. } => "exchanging",
            Self::Identified { .. } => "identified",
            Self::Granted { .. } => "granted",
            Self::Redeemed { .. } => "redeemed",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}
