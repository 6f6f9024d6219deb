//! Changing `config.toml` for the user: comments and order stay as they are.

use std::{path::Path, time::Duration};

use oarlock_io::{Environment, lock::FileLock, private};
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use super::{Config, ConfigError, file, heritage};
use crate::account::check_provider;

/// How long another change may take.
const LOCK_DEADLINE: Duration = Duration::from_secs(10);

/// Writes `[providers.NAME]` with these keys, or adds them to one that is there; `default` makes it the one that is meant when none is named.
///
/// The file is checked whole before it is written: what would not be read again is not saved.
///
/// # Errors
/// The result would be wrong; the file cannot be read or written.
pub fn add_provider(
    path: &Path,
    name: &str,
    entries: &[(String, Item)],
    default: bool,
    environment: &Environment,
) -> Result<(), ConfigError> {
    check_provider(name)?;
    let _lock = lock(path)?;
    let mut document = document(path)?;
    let providers = document.entry("providers").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let providers = providers
        .as_table_like_mut()
        .ok_or_else(|| edit("`providers` in the file is no table"))?;
    let provider = providers
        .entry(name)
        .or_insert_with(|| Item::Table(Table::new()));
    let provider = provider
        .as_table_like_mut()
        .ok_or_else(|| edit("the provider in the file is no table"))?;
    check_heritage(name, provider, entries)?;
    for (key, item) in entries {
        put(provider, key, item.clone());
    }
    if default {
        put(document.as_table_mut(), "default_provider", value(name));
    }
    save(path, &document, environment)
}

/// An entry that comes to speak of another client or server must not go on with the secrets and addresses of the one it spoke of.
fn check_heritage(
    name: &str,
    provider: &dyn TableLike,
    entries: &[(String, Item)],
) -> Result<(), ConfigError> {
    let old = plain(provider.iter());
    let new = plain(entries.iter().map(|(key, item)| (key.as_str(), item)));
    let stale = heritage::left_behind(&old, &new);
    if stale.is_empty() {
        return Ok(());
    }
    Err(edit(&format!(
        "{name:?} has {} of the client and server it was for; give new values for them, or begin anew: oarlock provider remove {name}",
        stale.join(", ")
    )))
}

/// The values of a table without its form; what is no value is left out.
fn plain<'a>(items: impl Iterator<Item = (&'a str, &'a Item)>) -> toml::Table {
    items
        .filter_map(|(key, item)| {
            let text = format!("value = {}", item.as_value()?);
            let value = text.parse::<toml::Table>().ok()?.remove("value")?;
            Some((key.to_owned(), value))
        })
        .collect()
}

/// Sets a key; comments before and beside one that is there stay.
fn put(table: &mut dyn TableLike, key: &str, item: Item) {
    match (table.get_mut(key), item) {
        (Some(Item::Value(old)), Item::Value(mut new)) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        (_, item) => {
            table.insert(key, item);
        }
    }
}

/// Removes `[providers.NAME]`.
///
/// # Errors
/// It is not there, or something else needs it; the file cannot be read or written.
pub fn remove_provider(
    path: &Path,
    name: &str,
    environment: &Environment,
) -> Result<(), ConfigError> {
    let _lock = lock(path)?;
    let mut document = document(path)?;
    let removed = document
        .get_mut("providers")
        .and_then(Item::as_table_like_mut)
        .and_then(|table| table.remove(name));
    if removed.is_none() {
        return Err(edit(&format!(
            "{name:?} is not in {}; `oarlock provider list` shows what is",
            path.display()
        )));
    }
    if document.get("default_provider").and_then(Item::as_str) == Some(name) {
        document.remove("default_provider");
    }
    save(path, &document, environment)
}

/// Two changes at once must not undo each other.
fn lock(path: &Path) -> Result<FileLock, ConfigError> {
    Ok(FileLock::acquire(
        &path.with_extension("lock"),
        LOCK_DEADLINE,
    )?)
}

fn document(path: &Path) -> Result<DocumentMut, ConfigError> {
    let text = file::text(path)?.unwrap_or_default();
    // The strict reader speaks first: its errors never show a line of the file.
    file::parse(path, &text)?;
    text.parse()
        .map_err(|_| edit("the file cannot be changed in place"))
}

/// What would not be read again is not written.
fn save(path: &Path, document: &DocumentMut, environment: &Environment) -> Result<(), ConfigError> {
    let text = document.to_string();
    Config::check(path, &text, environment)?;
    private::write(path, text.as_bytes()).map_err(|error| ConfigError::NotSaved(error.source))
}

fn edit(message: &str) -> ConfigError {
    ConfigError::Edit {
        message: message.into(),
    }
}

/// A list of texts as TOML.
pub fn list(items: impl IntoIterator<Item = String>) -> Item {
    value(items.into_iter().collect::<toml_edit::Array>())
}
