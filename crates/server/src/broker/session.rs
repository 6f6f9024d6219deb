//! Sessions: a person, and a browser or program that acts for them.

use std::net::IpAddr;

use oarlock_oauth::{Timestamp, scope::Scopes};

use super::{
    digest::Digest,
    id::{SessionId, UserId},
};

/// A session as it is kept. A session that is not revoked and has not expired is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// `sid` of its tokens.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// Who acts.
    pub kind: SessionKind,
    /// The client; empty for browsers and pairings.
    pub client_id: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Where it may do it.
    pub resources: Vec<String>,
    /// When the person signed in at the provider.
    pub auth_time: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last refreshed or used here.
    pub last_used_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// Where the program (or browser) was when it began.
    pub from: IpAddr,
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// A browser that signed in here; it holds a cookie.
    Browser,
    /// A client; it holds tokens.
    Client,
    /// A program of the older face; it holds a cookie.
    Pairing,
}

/// What a new session is made of; the rest comes from its login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// Its name.
    pub id: SessionId,
    /// Who acts.
    pub kind: SessionKind,
    /// What its holder shows: digest of the cookie, or of the refresh token's family.
    pub handle: Option<Digest>,
    /// Digest of the refresh token's secret half.
    pub secret: Option<Digest>,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// Where its holder is.
    pub from: IpAddr,
}

impl Session {
    /// Whether it is good at that time.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

impl SessionKind {
    /// Its word in the store and in lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Client => "client",
            Self::Pairing => "pairing",
        }
    }
}
