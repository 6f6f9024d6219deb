//! Rows as values, and values as columns.

use std::net::IpAddr;

use oarlock_oauth::{Timestamp, scope::Scopes};
use rusqlite::{Row, types::FromSql};
use serde::{Serialize, de::DeserializeOwned};

use super::{super::StoreError, failure::unreadable};
use crate::broker::{
    clients::RegisteredClient,
    digest::Digest,
    id::{LoginId, SessionId, UserId},
    login::{AtUpstream, Login, Stage},
    session::{Session, SessionKind},
    user::User,
};

/// The columns of a row, one after the other.
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn new(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn take<T: FromSql>(&mut self) -> Result<T, StoreError> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    fn time(&mut self) -> Result<Timestamp, StoreError> {
        time(self.take()?)
    }

    fn time_if_any(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.take::<Option<i64>>()?.map(time).transpose()
    }

    fn digest_if_any(&mut self) -> Result<Option<Digest>, StoreError> {
        Ok(self.take::<Option<[u8; 32]>>()?.map(Digest))
    }

    /// The columns that the statements call `login`; as it is, or as it was in another stage.
    pub(super) fn login(&mut self, stage: Option<&str>) -> Result<Login, StoreError> {
        let id = LoginId::known(self.take::<String>()?);
        let request = json("request", &self.take::<String>()?)?;
        let word: String = self.take()?;
        let browser = self.digest_if_any()?;
        let columns = StageColumns {
            upstream: self.take()?,
            state: self.digest_if_any()?,
            sealed: self.take()?,
            user: self.take()?,
            session: self.take()?,
            auth_time: self.time_if_any()?,
            upstream_token: self.take()?,
        };
        Ok(Login {
            id,
            request,
            stage: columns
                .stage(stage.unwrap_or(&word))
                .ok_or_else(|| unreadable("login"))?,
            browser,
            expires_at: self.time()?,
        })
    }

    /// The columns that the statements call `session`.
    pub(super) fn session(&mut self) -> Result<Session, StoreError> {
        Ok(Session {
            id: SessionId::known(self.take::<String>()?),
            user: UserId::known(self.take::<String>()?),
            kind: kind(&self.take::<String>()?)?,
            client_id: self.take()?,
            scopes: Scopes::parse(&self.take::<String>()?),
            resources: json("session", &self.take::<String>()?)?,
            auth_time: self.time()?,
            created_at: self.time()?,
            last_used_at: self.time()?,
            expires_at: self.time()?,
            revoked_at: self.time_if_any()?,
            from: address(&self.take::<String>()?)?,
        })
    }

    /// The columns that the statements call `user`.
    pub(super) fn user(&mut self) -> Result<User, StoreError> {
        Ok(User {
            id: UserId::known(self.take::<String>()?),
            provider: self.take()?,
            subject: self.take()?,
            profile: json("user", &self.take::<String>()?)?,
            first_login: self.time()?,
            last_login: self.time()?,
        })
    }

    pub(super) fn session_and_user(&mut self) -> Result<(Session, User), StoreError> {
        Ok((self.session()?, self.user()?))
    }

    pub(super) fn client(&mut self) -> Result<RegisteredClient, StoreError> {
        Ok(RegisteredClient {
            id: self.take()?,
            metadata: json("client", &self.take::<String>()?)?,
            secret: self.digest_if_any()?,
            created_at: self.time()?,
            last_used_at: self.time()?,
        })
    }
}

/// What a stage knows, as columns.
#[derive(Debug, Default)]
pub(super) struct StageColumns {
    pub(super) upstream: Option<String>,
    pub(super) state: Option<Digest>,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) user: Option<String>,
    pub(super) session: Option<String>,
    auth_time: Option<Timestamp>,
    upstream_token: Option<Vec<u8>>,
}

impl StageColumns {
    /// Of the stages that a login begins in or a browser brings it to.
    pub(super) fn of(stage: &Stage) -> Result<Self, StoreError> {
        match stage {
            Stage::Asked | Stage::Denied => Ok(Self::default()),
            Stage::Upstream(at) => Ok(Self {
                upstream: Some(at.upstream.clone()),
                state: Some(at.state),
                sealed: Some(at.sealed.clone()),
                ..Self::default()
            }),
            Stage::Identified { user, session } => Ok(Self {
                user: Some(user.as_str().to_owned()),
                session: Some(session.as_str().to_owned()),
                ..Self::default()
            }),
            Stage::Exchanging { .. }
            | Stage::Granted { .. }
            | Stage::Redeemed { .. }
            | Stage::Failed => Err(StoreError::Broken(format!(
                "no login is put in as {}",
                stage.word()
            ))),
        }
    }

    fn stage(self, word: &str) -> Option<Stage> {
        Some(match word {
            "asked" => Stage::Asked,
            "upstream" => Stage::Upstream(AtUpstream {
                upstream: self.upstream?,
                state: self.state?,
                sealed: self.sealed?,
            }),
            "exchanging" => Stage::Exchanging {
                upstream: self.upstream?,
            },
            "identified" => Stage::Identified {
                user: UserId::known(self.user?),
                session: SessionId::known(self.session?),
            },
            "granted" => Stage::Granted {
                user: UserId::known(self.user?),
                auth_time: self.auth_time?,
                upstream_token: self.upstream_token,
            },
            "redeemed" => Stage::Redeemed {
                session: SessionId::known(self.session?),
            },
            "denied" => Stage::Denied,
            "failed" => Stage::Failed,
            _ => return None,
        })
    }
}

pub(super) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

pub(super) fn text<T: Serialize>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|_| StoreError::Broken(format!("a {what} cannot be written as JSON")))
}

fn time(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|_| unreadable("time"))
}

fn json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| unreadable(what))
}

fn kind(word: &str) -> Result<SessionKind, StoreError> {
    [
        SessionKind::Browser,
        SessionKind::Client,
        SessionKind::Pairing,
    ]
    .into_iter()
    .find(|kind| kind.word() == word)
    .ok_or_else(|| unreadable("session"))
}

fn address(text: &str) -> Result<IpAddr, StoreError> {
    text.parse().map_err(|_| unreadable("session"))
}
