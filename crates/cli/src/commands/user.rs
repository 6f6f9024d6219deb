//! `oarlock user …`.

use std::process::ExitCode;

use oarlock_oauth::text::Untrusted;
use oarlock_server::broker::{
    audit::{Event, What},
    id::UserId,
    store::SessionFilter,
    user::User,
};
use serde::Serialize;

use super::{
    operator::{self, Books, stamp, table, when},
    session::{self, SessionJson},
};
use crate::{
    arguments::{UserCommand, UserListArguments, UserRemoveArguments, UserShowArguments},
    failure::Failure,
    output,
};

/// Sessions that are shown with a person.
const SHOWN: u32 = 1_000;

/// One person, for machines.
#[derive(Serialize)]
struct UserJson {
    id: String,
    provider: String,
    subject: String,
    name: Option<String>,
    username: Option<String>,
    email: Option<String>,
    email_verified: bool,
    first_login: String,
    last_login: String,
}

/// The same with their sessions.
#[derive(Serialize)]
struct UserShownJson {
    #[serde(flatten)]
    user: UserJson,
    sessions: Vec<SessionJson>,
}

pub(super) fn run(command: &UserCommand) -> Result<ExitCode, Failure> {
    match command {
        UserCommand::List(arguments) => {
            operator::work(&arguments.place, async |books| list(books, arguments).await)
        }
        UserCommand::Show(arguments) => {
            operator::work(&arguments.place, async |books| show(books, arguments).await)
        }
        UserCommand::Remove(arguments) => operator::work(&arguments.place, async |books| {
            remove(books, arguments).await
        }),
    }
}

async fn list(books: &Books, arguments: &UserListArguments) -> Result<(), Failure> {
    let mut found = books.store.users(arguments.limit.saturating_add(1)).await?;
    let most = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let is_cut = found.len() > most;
    found.truncate(most);
    if arguments.json {
        output::json(&found.iter().map(UserJson::of).collect::<Vec<_>>())?;
    } else if found.is_empty() {
        output::line("Nobody has signed in yet.")?;
    } else {
        let now = books.now();
        let row = |user: &User| {
            [
                user.id.to_string(),
                user.display_name().to_string(),
                user.provider.clone(),
                when(user.first_login, now),
                when(user.last_login, now),
            ]
        };
        let rows: Vec<[String; 5]> = found.iter().map(row).collect();
        let heads = ["USER", "WHO", "PROVIDER", "FIRST LOGIN", "LAST LOGIN"];
        output::write(&table(heads, &rows))?;
    }
    if is_cut {
        operator::say_more(arguments.limit);
    }
    Ok(())
}

async fn show(books: &Books, arguments: &UserShowArguments) -> Result<(), Failure> {
    let user = known(books, &arguments.id).await?;
    let now = books.now();
    let filter = SessionFilter {
        user: Some(user.id.clone()),
        alive_at: Some(now),
        limit: SHOWN,
    };
    let sessions = books.store.sessions(filter).await?;
    if arguments.json {
        return output::json(&UserShownJson {
            user: UserJson::of(&user),
            sessions: session::of(&sessions, now),
        });
    }
    let json = UserJson::of(&user);
    let verified = if json.email_verified {
        ""
    } else {
        " (not verified)"
    };
    let lines = [
        ("user", Some(json.id)),
        ("name", json.name),
        ("account", json.username),
        (
            "address",
            json.email.map(|email| format!("{email}{verified}")),
        ),
        ("provider", Some(json.provider)),
        ("there", Some(json.subject)),
        ("first login", Some(json.first_login)),
        ("last login", Some(json.last_login)),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            output::line(&format!("{name:<13}{value}"))?;
        }
    }
    match sessions.is_empty() {
        true => output::line("\nNo sessions."),
        false => output::write(&format!("\n{}", session::rendered(&sessions, now))),
    }
}

async fn remove(books: &Books, arguments: &UserRemoveArguments) -> Result<(), Failure> {
    let user = known(books, &arguments.id).await?;
    if !arguments.yes {
        operator::confirm(&format!(
            "Remove {} ({}) with all sessions?",
            user.display_name(),
            user.provider
        ))?;
    }
    if !books.store.remove_user(user.id.clone()).await? {
        return Err(unknown(&user.id));
    }
    books.note(&Event {
        what: What::UserRemoved,
        user: Some(&user.id),
        upstream: Some(&user.provider),
        ..Event::default()
    });
    output::notice(&format!(
        "Removed {} ({}) with all sessions.",
        user.display_name(),
        user.id
    ));
    Ok(())
}

async fn known(books: &Books, id: &str) -> Result<User, Failure> {
    let id = UserId::known(id);
    let user = books.store.user(id.clone()).await?;
    user.ok_or_else(|| unknown(&id))
}

/// Nobody has this id.
pub(super) fn unknown(id: &UserId) -> Failure {
    Failure::failed(format!("there is no user {:?}", id.as_str()))
        .with_hint("oarlock user list shows them all")
}

impl UserJson {
    fn of(user: &User) -> Self {
        let text = |text: &Option<Untrusted>| text.as_ref().map(ToString::to_string);
        Self {
            id: user.id.to_string(),
            provider: user.provider.clone(),
            subject: Untrusted::new(&user.subject).to_string(),
            name: text(&user.profile.name),
            username: text(&user.profile.username),
            email: text(&user.profile.email),
            email_verified: user.profile.email_verified,
            first_login: stamp(user.first_login),
            last_login: stamp(user.last_login),
        }
    }
}
