//! Verbs of people, and of what they agreed to.

use oarlock_oauth::{Timestamp, scope::Scopes};
use rusqlite::{Connection, params};

use super::{
    super::{StoreError, statements as sql},
    ask,
    failure::unreadable,
    rows::{millis, text},
    writer::Work,
};
use crate::broker::{
    id::UserId,
    user::{Person, User},
};

/// Makes a person's row, or brings it up to date.
pub(super) fn keep(
    connection: &Connection,
    person: &Person,
    new: &UserId,
    now: Timestamp,
) -> Result<User, StoreError> {
    let kept = ask::row(
        connection,
        sql::KEEP_USER,
        params![
            new.as_str(),
            person.provider,
            person.subject,
            text("user", &person.profile)?,
            millis(now),
        ],
        |row| row.user(),
    )?;
    kept.ok_or_else(|| unreadable("user"))
}

pub(super) fn user(connection: &Connection, user: &UserId) -> Result<Option<User>, StoreError> {
    ask::row(connection, sql::USER, [user.as_str()], |row| row.user())
}

pub(super) fn users(connection: &Connection, limit: u32) -> Result<Vec<User>, StoreError> {
    ask::rows(connection, sql::USERS, [limit], |row| row.user())
}

pub(super) fn remove(work: &mut Work<'_>, user: &UserId) -> Result<bool, StoreError> {
    let logins = ask::change(work.connection, sql::REMOVE_LOGINS_OF_USER, [user.as_str()])?;
    work.logins = work.logins.saturating_sub(logins);
    // Sessions and consent go with it.
    let removed = ask::change(work.connection, sql::REMOVE_USER, [user.as_str()])?;
    Ok(removed > 0)
}

pub(super) fn consent(
    connection: &Connection,
    user: &UserId,
    client_id: &str,
) -> Result<Option<Scopes>, StoreError> {
    ask::row(
        connection,
        sql::CONSENT,
        params![user.as_str(), client_id],
        |row| Ok(Scopes::parse(&row.take::<String>()?)),
    )
}
