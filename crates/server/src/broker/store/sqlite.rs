//! SQLite in this process: WAL, one thread that writes, readers beside it.
//!
//! A verb that was answered is in the file: a process that is killed loses nothing of it. A machine that loses power may lose the last
//! transactions, as if they had not been, and nothing else. Other processes (commands of the operator's) may open the same file meanwhile.

mod ask;
mod backup;
mod clients;
mod failure;
mod file;
mod logins;
mod migrate;
mod people;
mod reader;
mod rows;
mod sessions;
mod sweep;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};

use oarlock_oauth::{Timestamp, scope::Scopes};
use rusqlite::params;

use super::{
    Answer, Approach, Begun, Decide, Decided, Identified, Identify, LoginKey, NewLogin, Redeemed,
    Rotate, Rotated, SessionFilter, SessionKey, Store, StoreError, Swept, Taken, migrations,
    statements as sql,
};
use crate::broker::{
    clients::RegisteredClient,
    digest::Digest,
    id::{LoginId, SessionId, UserId},
    login::Login,
    session::{NewSession, Session},
    user::User,
};
pub use backup::BackupError;
use reader::Readers;
use writer::Writer;

/// So many questions are answered at once.
const READERS: usize = 4;

/// A store in a file. Dropped, it waits until what it accepted is committed.
#[derive(Debug)]
pub struct SqliteStore {
    // They go first: the last connection tidies up, and only one that writes can.
    readers: Readers,
    writer: Writer,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens the file, making it where there is none (0600, in a directory 0700), and brings it to this program's version.
    ///
    /// # Errors
    /// `Broken`: it is not ours alone, damaged, another program's, or of a newer version. `Unavailable`: the disk is full or read-only, or
    /// another process holds it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = file::prepare(path)?;
        let mut connection = file::writing(&path)?;
        migrate::migrate(&mut connection, migrations::MIGRATIONS)?;
        let readers = (0..READERS)
            .map(|_| file::reading(&path))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            readers: Readers::new(readers),
            writer: Writer::start(connection)?,
            path,
        })
    }

    /// Copies it into a new file (0600, in a directory 0700) as it is at one moment, while it is in use. It takes a while, and the thread that
    /// asks. To bring it back: stop the server, remove `server.db-wal` and `server.db-shm`, put the copy in the place of `server.db`.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub fn backup(&self, to: &Path, overwrite: bool) -> Result<(), BackupError> {
        backup::copy(&self.path, to, overwrite)
    }
}

impl Store for SqliteStore {
    fn begin(&self, login: NewLogin) -> Answer<'_, Begun> {
        Box::pin(self.writer.run(move |work| logins::begin(work, &login)))
    }

    fn approach(&self, approach: Approach, now: Timestamp) -> Answer<'_, Option<Login>> {
        Box::pin(
            self.writer
                .run(move |work| logins::approach(work, &approach, now)),
        )
    }

    fn login(&self, key: LoginKey, now: Timestamp) -> Answer<'_, Option<Login>> {
        Box::pin(async move {
            self.readers
                .ask(|connection| logins::login(connection, &key, now))
        })
    }

    fn take_callback(&self, state: Digest, browser: Digest, now: Timestamp) -> Answer<'_, Taken> {
        Box::pin(
            self.writer
                .run(move |work| logins::take_callback(work, &state.0, &browser.0, now)),
        )
    }

    fn identify(&self, identify: Identify, now: Timestamp) -> Answer<'_, Option<Identified>> {
        Box::pin(
            self.writer
                .run(move |work| logins::identify(work, &identify, now)),
        )
    }

    fn fail(&self, login: LoginId, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.writer.run(move |work| logins::fail(work, &login, now)))
    }

    fn decide(&self, decide: Decide, now: Timestamp) -> Answer<'_, Decided> {
        Box::pin(
            self.writer
                .run(move |work| logins::decide(work, &decide, now)),
        )
    }

    fn redeem(&self, key: LoginKey, session: NewSession, now: Timestamp) -> Answer<'_, Redeemed> {
        Box::pin(
            self.writer
                .run(move |work| sessions::redeem(work, &key, &session, now)),
        )
    }

    fn session(&self, key: SessionKey) -> Answer<'_, Option<(Session, User)>> {
        Box::pin(async move {
            self.readers
                .ask(|connection| sessions::session(connection, &key))
        })
    }

    fn rotate(&self, rotate: Rotate, now: Timestamp) -> Answer<'_, Rotated> {
        Box::pin(
            self.writer
                .run(move |work| sessions::rotate(work, &rotate, now)),
        )
    }

    fn touch(&self, session: SessionId, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(async move {
            let touched = self
                .readers
                .ask(|connection| sessions::was_touched(connection, &session, now))?;
            if touched {
                return Ok(());
            }
            self.writer
                .run(move |work| sessions::touch(work, &session, now))
                .await
        })
    }

    fn revoke_session(&self, session: SessionId, now: Timestamp) -> Answer<'_, Option<Session>> {
        Box::pin(
            self.writer
                .run(move |work| sessions::revoke(work, &session, now)),
        )
    }

    fn revoke_access_token(&self, id: String, until: Timestamp) -> Answer<'_, ()> {
        Box::pin(
            self.writer
                .run(move |work| sessions::revoke_access_token(work, &id, until)),
        )
    }

    fn access_token(
        &self,
        id: String,
        session: SessionId,
        now: Timestamp,
    ) -> Answer<'_, Option<(Session, User)>> {
        Box::pin(async move {
            self.readers
                .ask(|connection| sessions::of_access_token(connection, &id, &session, now))
        })
    }

    fn sessions(&self, filter: SessionFilter) -> Answer<'_, Vec<(Session, User)>> {
        Box::pin(async move {
            self.readers
                .ask(|connection| sessions::sessions(connection, &filter))
        })
    }

    fn user(&self, user: UserId) -> Answer<'_, Option<User>> {
        Box::pin(async move {
            self.readers
                .ask(|connection| people::user(connection, &user))
        })
    }

    fn users(&self, limit: u32) -> Answer<'_, Vec<User>> {
        Box::pin(async move {
            self.readers
                .ask(|connection| people::users(connection, limit))
        })
    }

    fn remove_user(&self, user: UserId) -> Answer<'_, bool> {
        Box::pin(self.writer.run(move |work| people::remove(work, &user)))
    }

    fn consent(&self, user: UserId, client_id: String) -> Answer<'_, Option<Scopes>> {
        Box::pin(async move {
            self.readers
                .ask(|connection| people::consent(connection, &user, &client_id))
        })
    }

    fn register(&self, client: RegisteredClient, most: u64) -> Answer<'_, Begun> {
        Box::pin(
            self.writer
                .run(move |work| clients::register(work, &client, most)),
        )
    }

    fn client(&self, client_id: String, now: Timestamp) -> Answer<'_, Option<RegisteredClient>> {
        Box::pin(async move {
            let found = self
                .readers
                .ask(|connection| clients::client(connection, &client_id))?;
            if let Some(client) = &found
                && clients::is_to_be_touched(client, now)
            {
                let noted = self
                    .writer
                    .run(move |work| clients::touch(work, &client_id, now))
                    .await;
                // It is noted the next time, long before the client would be swept.
                if let Err(error) = noted {
                    tracing::warn!(%error, "that a client was used could not be noted");
                }
            }
            Ok(found)
        })
    }

    fn keyring(&self) -> Answer<'_, Option<(i64, String)>> {
        Box::pin(async move {
            self.readers.ask(|connection| {
                ask::row(connection, sql::KEYRING, [], |row| {
                    Ok((row.take()?, row.take()?))
                })
            })
        })
    }

    fn replace_keyring(&self, version: i64, text: String) -> Answer<'_, bool> {
        Box::pin(self.writer.run(move |work| {
            let replaced = if version == 0 {
                ask::change(work.connection, sql::ADD_KEYRING, [text])?
            } else {
                ask::change(
                    work.connection,
                    sql::REPLACE_KEYRING,
                    params![text, version],
                )?
            };
            Ok(replaced == 1)
        }))
    }

    fn ready(&self) -> Answer<'_, ()> {
        Box::pin(self.writer.run(|work| {
            ask::change(work.connection, sql::WRITE, [])?;
            Ok(())
        }))
    }

    fn sweep(&self, now: Timestamp, unused_clients_before: Timestamp) -> Answer<'_, Swept> {
        Box::pin(sweep::sweep(&self.writer, now, unused_clients_before))
    }
}
