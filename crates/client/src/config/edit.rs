//! Changing `config.toml` for the user: comments and order stay as they are.

use std::path::Path;

use oarlock_io::{Environment, private};
use toml_edit::{DocumentMut, Item, Table, value};

use super::{Config, ConfigError, file};
use crate::store::StoreError;

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
) -> Result<(), crate::Error> {
    crate::account::check_provider(name)?;
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
    for (key, item) in entries {
        provider.insert(key, item.clone());
    }
    if default {
        document.insert("default_provider", value(name));
    }
    save(path, &document, environment)
}

/// Removes `[providers.NAME]`.
///
/// # Errors
/// It is not there, or something else needs it; the file cannot be read or written.
pub fn remove_provider(
    path: &Path,
    name: &str,
    environment: &Environment,
) -> Result<(), crate::Error> {
    let mut document = document(path)?;
    let removed = document
        .get_mut("providers")
        .and_then(Item::as_table_like_mut)
        .and_then(|table| table.remove(name));
    if removed.is_none() {
        return Err(edit(&format!(
            "{name:?} is not in {}; `oarlock provider list` shows what is",
            path.display()
        ))
        .into());
    }
    if document.get("default_provider").and_then(Item::as_str) == Some(name) {
        document.remove("default_provider");
    }
    save(path, &document, environment)
}

fn document(path: &Path) -> Result<DocumentMut, ConfigError> {
    let text = file::text(path)?.unwrap_or_default();
    // The strict reader speaks first: its errors never show a line of the file.
    file::parse(path, &text)?;
    text.parse()
        .map_err(|_| edit("the file cannot be changed in place"))
}

fn save(
    path: &Path,
    document: &DocumentMut,
    environment: &Environment,
) -> Result<(), crate::Error> {
    let text = document.to_string();
    let directory = path.parent().unwrap_or(path);
    private::ensure_directory(directory).map_err(ConfigError::from)?;
    let draft = path.with_extension("toml.draft");
    let store = |error: private::CommitError| StoreError::NotSaved {
        recovery: error.recovery,
        source: error.source,
    };
    private::write(&draft, text.as_bytes()).map_err(store)?;
    let checked = Config::read(&draft, environment);
    private::remove(&draft).map_err(ConfigError::from)?;
    checked.map_err(|error| relocated(error, &draft, path))?;
    private::write(path, text.as_bytes()).map_err(store)?;
    Ok(())
}

/// The error as it would be in the file itself.
fn relocated(error: ConfigError, draft: &Path, path: &Path) -> ConfigError {
    match error {
        ConfigError::UnknownKey {
            key, suggestion, ..
        } => ConfigError::UnknownKey {
            path: path.into(),
            key,
            suggestion,
        },
        ConfigError::Value {
            place,
            key,
            message,
        } if place == draft.display().to_string() => ConfigError::Value {
            place: path.display().to_string(),
            key,
            message,
        },
        other => other,
    }
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
