//! Verbs of clients that registered themselves.

use oarlock_oauth::Timestamp;
use rusqlite::{Connection, params};

use super::{
    super::{Begun, StoreError, statements as sql},
    ask,
    rows::{millis, text},
    writer::Work,
};
use crate::broker::clients::RegisteredClient;

/// A client that was used so short a time ago is not written again for it, in milliseconds.
const USED_JUST_NOW: i64 = 3_600_000;

pub(super) fn register(
    work: &mut Work<'_>,
    client: &RegisteredClient,
    most: u64,
) -> Result<Begun, StoreError> {
    let count: Option<i64> = ask::row(work.connection, sql::COUNT_CLIENTS, [], |row| row.take())?;
    if u64::try_from(count.unwrap_or(0)).is_ok_and(|count| count >= most) {
        return Ok(Begun::Full);
    }
    let added = ask::change(
        work.connection,
        sql::REGISTER,
        params![
            client.id,
            text("client", &client.metadata)?,
            client.secret.map(|digest| digest.0),
            millis(client.created_at),
            millis(client.last_used_at),
        ],
    )?;
    Ok(if added == 1 { Begun::Yes } else { Begun::Taken })
}

pub(super) fn client(
    connection: &Connection,
    client_id: &str,
) -> Result<Option<RegisteredClient>, StoreError> {
    ask::row(connection, sql::CLIENT, [client_id], |row| row.client())
}

/// Whether its last use was noted so long ago that it is to be noted again.
pub(super) fn is_to_be_touched(client: &RegisteredClient, now: Timestamp) -> bool {
    millis(client.last_used_at).saturating_add(USED_JUST_NOW) <= millis(now)
}

pub(super) fn touch(
    work: &mut Work<'_>,
    client_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    ask::change(
        work.connection,
        sql::TOUCH_CLIENT,
        params![millis(now), client_id],
    )?;
    Ok(())
}
