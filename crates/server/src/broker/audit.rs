//! What happened, one JSON object a line: who, what, from where, which client. Never a secret.

use std::{net::IpAddr, sync::Arc};

use oarlock_io::Clock;

use super::id::{SessionId, UserId};
use crate::config::broker::AuditConfig;

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// What.
    pub what: What,
    /// Who.
    pub user: Option<&'a UserId>,
    /// In which session.
    pub session: Option<&'a SessionId>,
    /// Which client.
    pub client_id: Option<&'a str>,
    /// Which provider.
    pub upstream: Option<&'a str>,
    /// From where.
    pub from: Option<IpAddr>,
    /// Why, in a word of ours.
    pub why: Option<&'static str>,
}

/// What happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Somebody came back from a provider and is known now.
    #[default]
    SignedIn,
    /// The same, for the first time.
    FirstSignedIn,
    /// A provider, or a rule of ours, refused a person.
    SignInRefused,
    /// A person agreed.
    Granted,
    /// A person said no.
    Denied,
    /// A program got its tokens or cookie.
    Redeemed,
    /// A session was refreshed.
    Refreshed,
    /// An authorization code came a second time: its session is revoked.
    CodeReplayed,
    /// An old refresh token came again: its session is revoked.
    RefreshTokenReused,
    /// A session was revoked.
    SessionRevoked,
    /// An access token was revoked.
    AccessTokenRevoked,
    /// A client registered itself.
    ClientRegistered,
    /// A client did not prove who it is.
    ClientRefused,
    /// A person was removed.
    UserRemoved,
    /// A signing key was made.
    KeyRotated,
}

/// The log.
#[derive(Debug)]
pub struct Audit {
    // helper: keys
}

impl Audit {
    /// Opens it. A file is made 0600 and appended to; `reopen` follows a rotation.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(config: &AuditConfig, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let _ = (config, clock);
        todo!("helper: keys")
    }

    /// Writes a line; also to `tracing` at level info. A line that cannot be written is an error in the log, and harms nothing else.
    pub fn note(&self, event: &Event<'_>) {
        let _ = event;
        todo!("helper: keys")
    }
}
