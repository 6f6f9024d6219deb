//! Verbs of logins under way.

use oarlock_oauth::{Timestamp, scope::Scopes};
use rusqlite::{Connection, params};

use super::{
    super::{
        Approach, Begun, Decide, Decided, Decision, Identified, Identify, LoginKey, NewLogin,
        StoreError, Taken, statements as sql,
    },
    ask, people,
    rows::{StageColumns, millis, text},
    sessions,
    writer::Work,
};
use crate::broker::{
    id::LoginId,
    login::{Login, Stage},
    request::Asked,
};

/// So many rows are removed at once where there is no room.
const ROOM: i64 = 256;

pub(super) fn count(connection: &Connection) -> Result<u64, StoreError> {
    let count: Option<i64> = ask::row(connection, sql::COUNT_LOGINS, [], |row| row.take())?;
    Ok(count
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or(0))
}

pub(super) fn begin(work: &mut Work<'_>, login: &NewLogin) -> Result<Begun, StoreError> {
    if work.logins >= login.most && !make_room(work, login)? {
        return Ok(Begun::Full);
    }
    let columns = StageColumns::of(&login.stage)?;
    let (device, user_code) = login.device.unzip();
    let pairing = match login.request.asked {
        Asked::Pairing(paircode) => Some(paircode.0),
        _ => None,
    };
    let added = ask::change(
        work.connection,
        sql::BEGIN,
        params![
            login.id.as_str(),
            text("request", &login.request)?,
            login.stage.word(),
            login.browser.map(|digest| digest.0),
            columns.upstream,
            columns.state.map(|digest| digest.0),
            columns.sealed,
            columns.user,
            columns.session,
            device.map(|digest| digest.0),
            user_code.map(|digest| digest.0),
            pairing,
            millis(login.expires_at),
        ],
    )?;
    work.logins += added;
    Ok(if added == 1 { Begun::Yes } else { Begun::Taken })
}

/// Nobody who is under way is put out; what has expired or ended goes before its time for sweeping.
fn make_room(work: &mut Work<'_>, login: &NewLogin) -> Result<bool, StoreError> {
    // The request came a moment ago: whatever had ended by then has ended.
    let now = millis(login.request.at);
    let mut removed = ask::change(work.connection, sql::SWEEP_LOGINS, params![now, ROOM])?;
    if removed == 0 {
        removed = ask::change(work.connection, sql::SWEEP_ENDED_LOGINS, [ROOM])?;
    }
    work.logins = work.logins.saturating_sub(removed);
    Ok(work.logins < login.most)
}

pub(super) fn approach(
    work: &mut Work<'_>,
    approach: &Approach,
    now: Timestamp,
) -> Result<Option<Login>, StoreError> {
    let columns = StageColumns::of(&approach.stage)?;
    ask::row(
        work.connection,
        sql::APPROACH,
        params![
            approach.stage.word(),
            approach.browser.0,
            columns.upstream,
            columns.state.map(|digest| digest.0),
            columns.sealed,
            columns.user,
            columns.session,
            approach.user_code.0,
            millis(now),
        ],
        |row| row.login(None),
    )
}

pub(super) fn login(
    connection: &Connection,
    key: &LoginKey,
    now: Timestamp,
) -> Result<Option<Login>, StoreError> {
    let now = millis(now);
    let by_digest = |sql, digest: &[u8; 32]| {
        ask::row(connection, sql, params![digest, now], |row| row.login(None))
    };
    match key {
        LoginKey::Id(id) => ask::row(connection, sql::LOGIN, params![id.as_str(), now], |row| {
            row.login(None)
        }),
        LoginKey::UpstreamState(state) => by_digest(sql::LOGIN_OF_UPSTREAM_STATE, &state.0),
        LoginKey::Code(code) => by_digest(sql::LOGIN_OF_CODE, &code.0),
        LoginKey::Device(code) => by_digest(sql::LOGIN_OF_DEVICE, &code.0),
        LoginKey::UserCode(code) => by_digest(sql::LOGIN_OF_USER_CODE, &code.0),
        LoginKey::Pairing(paircode) => by_digest(sql::LOGIN_OF_PAIRING, &paircode.0),
    }
}

pub(super) fn take_callback(
    work: &mut Work<'_>,
    state: &[u8; 32],
    browser: &[u8; 32],
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let parameters = params![state, browser, millis(now)];
    let taken = ask::row(work.connection, sql::TAKE_CALLBACK, parameters, |row| {
        row.login(Some("upstream"))
    })?;
    if let Some(login) = taken {
        return Ok(Taken::Now(login));
    }
    let before = ask::row(
        work.connection,
        sql::CALLBACK_TAKEN_BEFORE,
        parameters,
        |row| row.login(None),
    )?;
    Ok(before.map_or(Taken::Unknown, Taken::Before))
}

pub(super) fn identify(
    work: &mut Work<'_>,
    identify: &Identify,
    now: Timestamp,
) -> Result<Option<Identified>, StoreError> {
    let moved: Option<String> = ask::row(
        work.connection,
        sql::IDENTIFY,
        params![
            identify.session.id.as_str(),
            identify.upstream_token,
            identify.login.as_str(),
            millis(now),
        ],
        |row| row.take(),
    )?;
    if moved.is_none() {
        return Ok(None);
    }
    let user = people::keep(work.connection, &identify.person, &identify.new_user, now)?;
    sessions::add_browser(work.connection, &identify.session, &user.id, now)?;
    let login = ask::row(
        work.connection,
        sql::IDENTIFY_AS,
        params![user.id.as_str(), identify.login.as_str()],
        |row| row.login(None),
    )?;
    let Some(login) = login else { return Ok(None) };
    let consent = match login.request.asked.client_id() {
        Some(client_id) => people::consent(work.connection, &user.id, client_id)?,
        None => None,
    };
    Ok(Some(Identified {
        login,
        consent,
        is_new: user.id == identify.new_user,
        user,
    }))
}

pub(super) fn fail(work: &mut Work<'_>, login: &LoginId, now: Timestamp) -> Result<(), StoreError> {
    ask::change(
        work.connection,
        sql::FAIL,
        params![login.as_str(), millis(now)],
    )?;
    Ok(())
}

pub(super) fn decide(
    work: &mut Work<'_>,
    decide: &Decide,
    now: Timestamp,
) -> Result<Decided, StoreError> {
    let decided = match &decide.decision {
        Decision::Allow {
            code,
            until,
            remember,
        } => {
            let granted = ask::row(
                work.connection,
                sql::GRANT,
                params![
                    code.map(|digest| digest.0),
                    millis(*until),
                    decide.login.as_str(),
                    decide.browser.0,
                    millis(now),
                ],
                |row| row.login(None),
            )?;
            if let (true, Some(login)) = (*remember, &granted) {
                remember_consent(work.connection, login)?;
            }
            granted
        }
        Decision::Deny => ask::row(
            work.connection,
            sql::DENY,
            params![decide.login.as_str(), decide.browser.0, millis(now)],
            |row| row.login(None),
        )?,
    };
    if let Some(login) = decided {
        return Ok(Decided::Now(login));
    }
    let before = ask::row(
        work.connection,
        sql::DECIDED_BEFORE,
        params![decide.login.as_str(), decide.browser.0, millis(now)],
        |row| row.login(None),
    )?;
    Ok(before.map_or(Decided::Unknown, Decided::Before))
}

/// Beside what they agreed to before.
fn remember_consent(connection: &Connection, login: &Login) -> Result<(), StoreError> {
    let (Stage::Granted { user, .. }, Some(client_id)) =
        (&login.stage, login.request.asked.client_id())
    else {
        return Ok(());
    };
    let mut scopes: Scopes = people::consent(connection, user, client_id)?.unwrap_or_default();
    for scope in login.request.asked.scopes().iter() {
        scopes.insert(scope);
    }
    ask::change(
        connection,
        sql::REMEMBER_CONSENT,
        params![user.as_str(), client_id, scopes.join(' ')],
    )?;
    Ok(())
}
