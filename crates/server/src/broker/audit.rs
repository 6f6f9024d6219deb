//! What happened, one JSON object a line: who, what, from where, which client. Never a secret.
//!
//! ```json
//! {"time":"2026-01-01T00:00:00.000Z","what":"redeemed","user":"…","session":"…","client_id":"mytool","from":"192.0.2.7"}
//! ```
//! `time` (RFC 3339, UTC) and `what` are always there, the others where they are known. Words are never taken for something else later;
//! new ones may come, and new members.
//!
//! | `what` | Meaning |
//! |---|---|
//! | `signed_in` | somebody came back from a provider and is known now |
//! | `first_signed_in` | the same, for the first time |
//! | `sign_in_refused` | a provider, or a rule of this server, refused a person |
//! | `granted` | a person agreed |
//! | `denied` | a person said no |
//! | `redeemed` | a program got its tokens or cookie |
//! | `refreshed` | a session was refreshed |
//! | `code_replayed` | an authorization code came a second time: its session is revoked |
//! | `refresh_token_reused` | an old refresh token came again: its session is revoked |
//! | `session_revoked` | a session was revoked |
//! | `access_token_revoked` | an access token was revoked |
//! | `client_registered` | a client registered itself |
//! | `client_refused` | a client did not prove who it is |
//! | `user_removed` | a person was removed |
//! | `key_rotated` | a signing key was made |
//!
//! | Member | Meaning |
//! |---|---|
//! | `user` | who: `sub` of the tokens made here |
//! | `session` | `sid` of the tokens made here |
//! | `client_id` | which program; of an address, without its query |
//! | `upstream` | which provider, by its name in the configuration |
//! | `from` | the address of the program or browser |
//! | `why` | why, in a word of this server |

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use oarlock_io::{Clock, private::AppendFile};
use oarlock_oauth::text::Untrusted;
use serde::Serialize;

use super::id::{SessionId, UserId};
pub use crate::event::What;

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

/// The log.
#[derive(Debug)]
pub struct Audit {
    file: Option<Mutex<AppendFile>>,
    clock: Arc<dyn Clock>,
}

/// An event as it is written, in the order of the members.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

impl Audit {
    /// Opens it. A file is made 0600 and appended to; one that is moved away (log rotation) is followed by a new one.
    ///
    /// # Errors
    /// The file cannot be opened, or is refused: a link, somebody else's, one that others can read.
    pub fn open(config: &AuditConfig, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let file = match config {
            AuditConfig::Log => None,
            AuditConfig::File(path) => {
                let file = AppendFile::open(path).map_err(std::io::Error::other)?;
                Some(Mutex::new(file))
            }
        };
        Ok(Self { file, clock })
    }

    /// Writes a line; also to `tracing` at level info. A line that cannot be written is an error in the log, and harms nothing else.
    pub fn note(&self, event: &Event<'_>) {
        let user = event.user.map(|user| inert(user.as_str()));
        let session = event.session.map(|session| inert(session.as_str()));
        let client_id = event.client_id.map(|id| inert(without_query(id)));
        let upstream = event.upstream.map(inert);
        let line = Line {
            time: format!("{:.3}", self.clock.now()),
            what: event.what.word(),
            user: user.as_deref(),
            session: session.as_deref(),
            client_id: client_id.as_deref(),
            upstream: upstream.as_deref(),
            from: event.from,
            why: event.why,
        };
        tracing::info!(
            what = line.what,
            user = line.user,
            session = line.session,
            client_id = line.client_id,
            upstream = line.upstream,
            from = line.from.map(tracing::field::display),
            why = line.why,
            "audit"
        );
        self.write(&line);
    }

    fn write(&self, line: &Line<'_>) {
        let Some(file) = &self.file else {
            return;
        };
        let written = serde_json::to_string(line)
            .map_err(|error| error.to_string())
            .and_then(|line| {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.append(&line).map_err(|error| error.to_string())
            });
        if let Err(error) = written {
            tracing::error!(
                what = line.what,
                error,
                "the audit log lacks a line, or is not where it should be"
            );
        }
    }
}

/// Text as people may see it: nothing in it steers a terminal, and it is not longer than 300 characters.
fn inert(text: &str) -> String {
    Untrusted::from(text).to_string()
}

/// An address without what could be a secret in it.
fn without_query(client_id: &str) -> &str {
    let end = client_id.find(['?', '#']).unwrap_or(client_id.len());
    client_id.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
