//! Removing what has expired, in parts small enough that nobody waits for them.

use oarlock_oauth::Timestamp;
use rusqlite::params;

use super::{
    super::{StoreError, Swept, statements as sql},
    ask, logins,
    rows::millis,
    writer::{Work, Writer},
};

/// So many rows of one kind at once: each lies in pages of its own.
const PART: u32 = 64;

/// All that has expired by now. Other verbs come between the parts.
pub(super) async fn sweep(
    writer: &Writer,
    now: Timestamp,
    unused_clients_before: Timestamp,
) -> Result<Swept, StoreError> {
    let mut all = Swept::default();
    loop {
        let swept = writer
            .run(move |work| part(work, now, unused_clients_before))
            .await?;
        all.logins += swept.logins;
        all.sessions += swept.sessions;
        all.access_tokens += swept.access_tokens;
        all.clients += swept.clients;
        let most = swept.logins.max(swept.sessions).max(swept.access_tokens);
        if most.max(swept.clients) < u64::from(PART) {
            break;
        }
    }
    // Another process may have removed some too.
    writer
        .run(|work| {
            work.logins = logins::count(work.connection)?;
            Ok(())
        })
        .await?;
    Ok(all)
}

fn part(
    work: &mut Work<'_>,
    now: Timestamp,
    unused_clients_before: Timestamp,
) -> Result<Swept, StoreError> {
    let connection = work.connection;
    let expired = |sql| ask::change(connection, sql, params![millis(now), PART]);
    let swept = Swept {
        logins: expired(sql::SWEEP_LOGINS)?,
        sessions: expired(sql::SWEEP_SESSIONS)?,
        access_tokens: expired(sql::SWEEP_ACCESS_TOKENS)?,
        clients: clients(work, unused_clients_before)?,
    };
    work.logins = work.logins.saturating_sub(swept.logins);
    Ok(swept)
}

/// What people agreed to for them goes with them.
fn clients(work: &Work<'_>, before: Timestamp) -> Result<u64, StoreError> {
    let before = millis(before);
    let unused: Vec<String> = ask::rows(
        work.connection,
        sql::UNUSED_CLIENTS,
        params![before, PART],
        |row| row.take(),
    )?;
    let mut removed = 0;
    for client in unused {
        removed += ask::change(work.connection, sql::REMOVE_CLIENT, params![client, before])?;
        ask::change(
            work.connection,
            sql::REMOVE_CONSENTS_OF_CLIENT,
            params![client],
        )?;
    }
    Ok(removed)
}
