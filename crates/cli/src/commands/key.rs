//! `oarlock key …`.

use std::process::ExitCode;

use jiff::Timestamp;
use oarlock_server::broker::{
    audit::{Event, What},
    keyring::KeyInfo,
};
use serde::Serialize;

use super::operator::{self, Books, stamp, table, when};
use crate::{
    arguments::{KeyCommand, KeyListArguments, KeyRotateArguments},
    failure::Failure,
    output,
};

/// One key, for machines.
#[derive(Serialize)]
struct KeyJson {
    id: String,
    algorithm: &'static str,
    /// `next`, `signing` or `published`.
    state: &'static str,
    created_at: String,
    signs_from: String,
    published_until: Option<String>,
}

pub(super) fn run(command: &KeyCommand) -> Result<ExitCode, Failure> {
    match command {
        KeyCommand::List(arguments) => {
            operator::work(&arguments.place, async |books| list(books, arguments).await)
        }
        KeyCommand::Rotate(arguments) => operator::work(&arguments.place, async |books| {
            rotate(books, arguments).await
        }),
    }
}

async fn list(books: &Books, arguments: &KeyListArguments) -> Result<(), Failure> {
    let keys = books.keyring().await?.list();
    let now = books.now();
    if arguments.json {
        let json = |key: &KeyInfo| KeyJson {
            id: key.id.clone(),
            algorithm: key.algorithm,
            state: state(key, &keys, now),
            created_at: stamp(key.created_at),
            signs_from: stamp(key.signs_from),
            published_until: key.published_until.map(stamp),
        };
        return output::json(&keys.iter().map(json).collect::<Vec<_>>());
    }
    let row = |key: &KeyInfo| {
        let state = match (state(key, &keys, now), key.published_until) {
            ("next", _) => format!("signs {}", when(key.signs_from, now)),
            ("signing", _) => "signs".into(),
            (_, Some(until)) => format!("is withdrawn {}", when(until, now)),
            (_, None) => "is published".into(),
        };
        [
            key.id.clone(),
            key.algorithm.into(),
            when(key.created_at, now),
            state,
        ]
    };
    let rows: Vec<[String; 4]> = keys.iter().map(row).collect();
    output::write(&table(["KEY", "ALGORITHM", "MADE", "STATE"], &rows))
}

async fn rotate(books: &Books, arguments: &KeyRotateArguments) -> Result<(), Failure> {
    let key = books.keyring().await?.rotate(arguments.now).await?;
    books.note(&Event {
        what: What::KeyRotated,
        ..Event::default()
    });
    output::line(&key.id)?;
    let said = if arguments.now {
        "It signs from now on, and every other key is withdrawn: tokens that they signed are refused, and programs refresh theirs. A running server takes it up within half a minute.".into()
    } else {
        format!(
            "It is published now and signs {}.",
            when(key.signs_from, books.now())
        )
    };
    output::notice(&said);
    Ok(())
}

/// What a key does. Of those that may sign, the last one to begin does.
fn state(key: &KeyInfo, keys: &[KeyInfo], now: Timestamp) -> &'static str {
    if key.signs_from > now {
        return "next";
    }
    let signing = keys
        .iter()
        .filter(|key| key.signs_from <= now && key.published_until.is_none_or(|until| now < until))
        .max_by_key(|key| key.signs_from);
    match signing {
        Some(signing) if signing.id == key.id => "signing",
        _ => "published",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_signs_the_next_waits_and_the_last_is_still_known() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let key = |id: &str, from: &str, until: Option<&str>| KeyInfo {
            id: id.into(),
            algorithm: "ES256",
            created_at: at("2026-01-01T00:00:00Z"),
            signs_from: at(from),
            published_until: until.map(at),
        };
        let keys = [
            key("old", "2026-01-01T00:00:00Z", Some("2026-03-01T02:00:00Z")),
            key("present", "2026-03-01T00:00:00Z", None),
            key("next", "2026-06-01T00:00:00Z", None),
        ];
        let states = |now| keys.each_ref().map(|key| state(key, &keys, at(now)));
        assert_eq!(
            states("2026-03-01T01:00:00Z"),
            ["published", "signing", "next"]
        );
        assert_eq!(
            states("2026-06-01T00:00:00Z"),
            ["published", "published", "signing"]
        );
    }
}
