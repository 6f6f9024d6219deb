//! `oarlock session …`.

use std::process::ExitCode;

use jiff::Timestamp;
use oarlock_server::broker::{
    audit::{Event, What},
    id::{SessionId, UserId},
    session::{Session, SessionKind},
    store::{SessionFilter, SessionKey},
    user::User,
};
use serde::Serialize;

use super::operator::{self, Books, stamp, table, when};
use crate::{
    arguments::{SessionCommand, SessionListArguments, SessionRevokeArguments},
    failure::Failure,
    output,
};

/// One session, for machines.
#[derive(Serialize)]
pub(super) struct SessionJson {
    id: String,
    user: String,
    who: String,
    provider: String,
    kind: &'static str,
    client_id: Option<String>,
    scope: String,
    resources: Vec<String>,
    from: String,
    signed_in_at: String,
    created_at: String,
    last_used_at: String,
    expires_at: String,
    revoked_at: Option<String>,
    alive: bool,
}

pub(super) fn run(command: &SessionCommand) -> Result<ExitCode, Failure> {
    match command {
        SessionCommand::List(arguments) => {
            operator::work(&arguments.place, async |books| list(books, arguments).await)
        }
        SessionCommand::Revoke(arguments) => operator::work(&arguments.place, async |books| {
            revoke(books, arguments).await
        }),
    }
}

async fn list(books: &Books, arguments: &SessionListArguments) -> Result<(), Failure> {
    let user = arguments.user.as_deref().map(UserId::known);
    if let Some(user) = &user
        && books.store.user(user.clone()).await?.is_none()
    {
        return Err(super::user::unknown(user));
    }
    let filter = SessionFilter {
        user,
        alive_at: (!arguments.all).then(|| books.now()),
        limit: arguments.limit.saturating_add(1),
    };
    let mut found = books.store.sessions(filter).await?;
    let most = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let is_cut = found.len() > most;
    found.truncate(most);
    let now = books.now();
    if arguments.json {
        output::json(&of(&found, now))?;
    } else if found.is_empty() {
        output::line("There are no sessions.")?;
    } else {
        output::write(&rendered(&found, now))?;
    }
    if is_cut {
        operator::say_more(arguments.limit);
    }
    Ok(())
}

async fn revoke(books: &Books, arguments: &SessionRevokeArguments) -> Result<(), Failure> {
    let id = SessionId::known(&arguments.id);
    let key = SessionKey::Id(id.clone());
    let unknown = || {
        Failure::failed(format!("there is no session {:?}", arguments.id))
            .with_hint("oarlock session list shows them all")
    };
    let (session, user) = books.store.session(key).await?.ok_or_else(unknown)?;
    let now = books.now();
    let before = books.store.revoke_session(id, now).await?;
    let before = before.ok_or_else(unknown)?;
    if !before.is_alive(now) {
        output::notice(&format!("Session {} had ended before.", session.id));
        return Ok(());
    }
    let client_id = Some(session.client_id.as_str()).filter(|id| !id.is_empty());
    books.note(&Event {
        what: What::SessionRevoked,
        user: Some(&user.id),
        session: Some(&session.id),
        client_id,
        ..Event::default()
    });
    output::notice(&format!(
        "Ended session {} of {} ({}).",
        session.id,
        user.display_name(),
        holder(&session)
    ));
    Ok(())
}

/// As JSON has them.
pub(super) fn of(sessions: &[(Session, User)], now: Timestamp) -> Vec<SessionJson> {
    let json = |(session, user): &(Session, User)| SessionJson {
        id: session.id.to_string(),
        user: user.id.to_string(),
        who: user.display_name().to_string(),
        provider: user.provider.clone(),
        kind: session.kind.word(),
        client_id: Some(session.client_id.clone()).filter(|id| !id.is_empty()),
        scope: session.scopes.join(' '),
        resources: session.resources.clone(),
        from: session.from.to_string(),
        signed_in_at: stamp(session.auth_time),
        created_at: stamp(session.created_at),
        last_used_at: stamp(session.last_used_at),
        expires_at: stamp(session.expires_at),
        revoked_at: session.revoked_at.map(stamp),
        alive: session.is_alive(now),
    };
    sessions.iter().map(json).collect()
}

/// As a table.
pub(super) fn rendered(sessions: &[(Session, User)], now: Timestamp) -> String {
    let row = |(session, user): &(Session, User)| {
        let end = match session.revoked_at {
            Some(at) => format!("revoked {}", when(at, now)),
            None if session.is_alive(now) => when(session.expires_at, now),
            None => format!("ended {}", when(session.expires_at, now)),
        };
        [
            session.id.to_string(),
            user.display_name().to_string(),
            holder(session),
            session.from.to_string(),
            when(session.last_used_at, now),
            end,
        ]
    };
    let rows: Vec<[String; 6]> = sessions.iter().map(row).collect();
    table(
        ["SESSION", "WHO", "FOR", "FROM", "LAST USED", "ENDS"],
        &rows,
    )
}

/// Who acts in it. A client id is a stranger's word.
fn holder(session: &Session) -> String {
    match session.kind {
        SessionKind::Browser => "a browser".into(),
        SessionKind::Pairing => "a program (paircode)".into(),
        SessionKind::Client => oarlock_oauth::text::Untrusted::new(&session.client_id).to_string(),
    }
}
