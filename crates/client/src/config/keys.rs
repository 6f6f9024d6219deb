//! Keys and values of a table: which are known, which does not serve, and how that is said.

use std::path::Path;

use toml::Table;

use super::{ConfigError, nearest};

pub(super) fn check_keys<'a>(
    path: &Path,
    table: &str,
    keys: impl Iterator<Item = &'a String>,
    known: &[&str],
) -> Result<(), ConfigError> {
    for key in keys {
        if !known.contains(&key.as_str()) {
            let suggestion = nearest(key, known);
            return Err(ConfigError::UnknownKey {
                path: path.into(),
                key: format!("{table}{key}"),
                suggestion,
            });
        }
    }
    Ok(())
}

/// The key whose value alone does not serve, as `.key`.
pub(super) fn culprit<T: serde::de::DeserializeOwned>(table: &Table) -> String {
    table
        .iter()
        .find(|(key, value)| {
            Table::from_iter([((*key).clone(), (*value).clone())])
                .try_into::<T>()
                .is_err()
        })
        .map(|(key, _)| format!(".{key}"))
        .unwrap_or_default()
}

pub(super) fn value_error(path: &Path, key: &str, message: &str) -> ConfigError {
    ConfigError::Value {
        place: path.display().to_string(),
        key: key.into(),
        message: message.trim().into(),
    }
}
