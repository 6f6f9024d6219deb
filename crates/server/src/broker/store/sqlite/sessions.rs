//! Verbs of sessions, and how a login becomes one.

use oarlock_oauth::{Timestamp, scope::Scopes};
use rusqlite::{Connection, params};

use super::{
    super::{
        LoginKey, Redeemed, Rotate, Rotated, SessionFilter, SessionKey, StoreError,
        statements as sql,
    },
    ask,
    failure::unreadable,
    people,
    rows::{millis, text},
    writer::Work,
};
use crate::broker::{
    digest::Digest,
    id::{SessionId, UserId},
    login::{Login, Stage},
    request::Asked,
    session::{NewSession, Session},
    user::User,
};

/// A session that was used so short a time ago is not written again for it, in milliseconds.
const USED_JUST_NOW: i64 = 60_000;

/// What a session is beside [`NewSession`].
struct Holder<'a> {
    user: &'a UserId,
    client_id: &'a str,
    scopes: Scopes,
    resources: &'a [String],
    auth_time: Timestamp,
    code: Option<Digest>,
}

pub(super) fn redeem(
    work: &mut Work<'_>,
    key: &LoginKey,
    new: &NewSession,
    now: Timestamp,
) -> Result<Redeemed, StoreError> {
    let connection = work.connection;
    let (statement, digest, code) = match key {
        LoginKey::Code(code) => (sql::REDEEM_CODE, &code.0, Some(*code)),
        LoginKey::Device(code) => (sql::REDEEM_DEVICE, &code.0, None),
        LoginKey::Pairing(paircode) => (sql::REDEEM_PAIRING, &paircode.0, None),
        LoginKey::Id(_) | LoginKey::UpstreamState(_) | LoginKey::UserCode(_) => {
            return Ok(Redeemed::Nothing);
        }
    };
    let redeemed = ask::row(
        connection,
        statement,
        params![new.id.as_str(), digest, millis(now)],
        |row| row.login(Some("granted")),
    )?;
    let Some(login) = redeemed else {
        return match code {
            Some(code) => replayed(connection, &code, now),
            None => Ok(Redeemed::Nothing),
        };
    };
    let (session, user) = begin(connection, &login, new, code, now)?;
    Ok(Redeemed::Now {
        session,
        user,
        login,
    })
}

/// Makes the session of a login that is granted.
fn begin(
    connection: &Connection,
    login: &Login,
    new: &NewSession,
    code: Option<Digest>,
    now: Timestamp,
) -> Result<(Session, User), StoreError> {
    let Stage::Granted {
        user,
        auth_time,
        upstream_token,
    } = &login.stage
    else {
        return Err(unreadable("login"));
    };
    let asked = &login.request.asked;
    let resources: &[String] = match asked {
        Asked::Code(request) => &request.resources,
        Asked::Device(device) => &device.resources,
        Asked::Pairing(_) | Asked::Sessions => &[],
    };
    let holder = Holder {
        user,
        client_id: asked.client_id().unwrap_or_default(),
        scopes: asked.scopes(),
        resources,
        auth_time: *auth_time,
        code,
    };
    let session = add(connection, new, &holder, now)?;
    if upstream_token.is_some() {
        ask::change(connection, sql::FORGET_UPSTREAM_TOKEN, [login.id.as_str()])?;
    }
    let user = people::user(connection, user)?.ok_or_else(|| unreadable("user"))?;
    Ok((session, user))
}

/// A code that is not granted: perhaps it was, and bought something.
fn replayed(
    connection: &Connection,
    code: &Digest,
    now: Timestamp,
) -> Result<Redeemed, StoreError> {
    let bought: Option<String> = ask::row(
        connection,
        sql::REVOKE_REPLAYED,
        params![millis(now), code.0],
        |row| row.take(),
    )?;
    Ok(
        bought.map_or(Redeemed::Nothing, |session| Redeemed::Replayed {
            session: SessionId::known(session),
        }),
    )
}

/// The session of a browser whose person has just signed in.
pub(super) fn add_browser(
    connection: &Connection,
    new: &NewSession,
    user: &UserId,
    now: Timestamp,
) -> Result<Session, StoreError> {
    let holder = Holder {
        user,
        client_id: "",
        scopes: Scopes::default(),
        resources: &[],
        auth_time: now,
        code: None,
    };
    add(connection, new, &holder, now)
}

fn add(
    connection: &Connection,
    new: &NewSession,
    holder: &Holder<'_>,
    now: Timestamp,
) -> Result<Session, StoreError> {
    let added = ask::row(
        connection,
        sql::ADD_SESSION,
        params![
            new.id.as_str(),
            holder.user.as_str(),
            new.kind.word(),
            holder.client_id,
            holder.scopes.join(' '),
            text("session", &holder.resources)?,
            millis(holder.auth_time),
            millis(now),
            millis(new.expires_at),
            new.from.to_string(),
            new.handle.map(|digest| digest.0),
            new.secret.map(|digest| digest.0),
            holder.code.map(|digest| digest.0),
        ],
        |row| row.session(),
    )?;
    added.ok_or_else(|| unreadable("session"))
}

pub(super) fn session(
    connection: &Connection,
    key: &SessionKey,
) -> Result<Option<(Session, User)>, StoreError> {
    match key {
        SessionKey::Id(id) => ask::row(connection, sql::SESSION, [id.as_str()], |row| {
            row.session_and_user()
        }),
        SessionKey::Handle(handle) => {
            ask::row(connection, sql::SESSION_OF_HANDLE, [handle.0], |row| {
                row.session_and_user()
            })
        }
    }
}

pub(super) fn sessions(
    connection: &Connection,
    filter: &SessionFilter,
) -> Result<Vec<(Session, User)>, StoreError> {
    let alive_at = filter.alive_at.map(millis);
    match &filter.user {
        Some(user) => ask::rows(
            connection,
            sql::SESSIONS_OF_USER,
            params![user.as_str(), alive_at, filter.limit],
            |row| row.session_and_user(),
        ),
        None => ask::rows(
            connection,
            sql::SESSIONS,
            params![alive_at, filter.limit],
            |row| row.session_and_user(),
        ),
    }
}

pub(super) fn rotate(
    work: &mut Work<'_>,
    rotate: &Rotate,
    now: Timestamp,
) -> Result<Rotated, StoreError> {
    let connection = work.connection;
    let rotated = ask::row(
        connection,
        sql::ROTATE,
        params![
            rotate.next.0,
            millis(now),
            millis(rotate.expires_at),
            rotate.handle.0,
            rotate.client_id,
            rotate.secret.0,
        ],
        |row| row.session(),
    )?;
    if let Some(session) = rotated {
        let user = people::user(connection, &session.user)?.ok_or_else(|| unreadable("user"))?;
        return Ok(Rotated::Now(Box::new((session, user))));
    }
    let reused: Option<String> = ask::row(
        connection,
        sql::REVOKE_REUSED,
        params![millis(now), rotate.handle.0, rotate.client_id],
        |row| row.take(),
    )?;
    Ok(reused.map_or(Rotated::Unknown, |session| {
        Rotated::Reused(SessionId::known(session))
    }))
}

/// Whether its last use was noted so recently that it need not be noted again.
pub(super) fn was_touched(
    connection: &Connection,
    id: &SessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found = session(connection, &SessionKey::Id(id.clone()))?;
    Ok(found.is_none_or(|(session, _)| {
        millis(now) < millis(session.last_used_at).saturating_add(USED_JUST_NOW)
    }))
}

pub(super) fn touch(
    work: &mut Work<'_>,
    session: &SessionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    ask::change(
        work.connection,
        sql::TOUCH_SESSION,
        params![millis(now), session.as_str()],
    )?;
    Ok(())
}

pub(super) fn revoke(
    work: &mut Work<'_>,
    id: &SessionId,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let revoked = ask::row(
        work.connection,
        sql::REVOKE_SESSION,
        params![millis(now), id.as_str()],
        |row| row.session(),
    )?;
    if let Some(session) = revoked {
        return Ok(Some(Session {
            revoked_at: None,
            ..session
        }));
    }
    let before = session(work.connection, &SessionKey::Id(id.clone()))?;
    Ok(before.map(|(session, _)| session))
}

pub(super) fn revoke_access_token(
    work: &mut Work<'_>,
    id: &str,
    until: Timestamp,
) -> Result<(), StoreError> {
    ask::change(
        work.connection,
        sql::REVOKE_ACCESS_TOKEN,
        params![id, millis(until)],
    )?;
    Ok(())
}

pub(super) fn of_access_token(
    connection: &Connection,
    id: &str,
    session: &SessionId,
    now: Timestamp,
) -> Result<Option<(Session, User)>, StoreError> {
    ask::row(
        connection,
        sql::SESSION_OF_ACCESS_TOKEN,
        params![session.as_str(), millis(now), id],
        |row| row.session_and_user(),
    )
}
