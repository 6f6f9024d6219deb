//! Where everything is kept.

use std::path::{Path, PathBuf};

use oarlock::config::ConfigError;
use oarlock_io::{Directories, Environment};
use oarlock_server::config::broker::StoreConfig;
use toml::Value;

use super::super::{sources::Sources, value};
use crate::settings;

const SCHEME: &str = "sqlite:";
const FILE: &str = "server.db";
/// Ending of the file with the keys.
pub(super) const KEYS: &str = "keys";
const RIGHT: &str = "write sqlite: and an absolute path, such as sqlite:/var/lib/oarlock/server.db";

/// The store that is named, or the one among the user's own files.
pub(super) fn read(sources: &Sources<'_>) -> Result<StoreConfig, ConfigError> {
    match sources.read(&settings::STORE, parse)? {
        Some(store) => Ok(store),
        None => default(sources.environment)
            .map(StoreConfig::Sqlite)
            .map_err(|message| sources.error(&settings::STORE, &message)),
    }
}

/// Checks the one that is named.
pub(super) fn check(sources: &Sources<'_>) -> Result<(), ConfigError> {
    sources.read(&settings::STORE, parse).map(drop)
}

/// An address of a database can hold a password, so that it is not repeated.
fn parse(value: &Value) -> Result<StoreConfig, String> {
    let text = value::text(value)?;
    if text.starts_with("postgres:") || text.starts_with("postgresql:") {
        return Err(format!(
            "PostgreSQL cannot be used yet, it follows with a later version; until then {RIGHT}"
        ));
    }
    match text.strip_prefix(SCHEME).map(Path::new) {
        // Beside it are the keys, under the same name with this ending.
        Some(path) if path.extension().is_some_and(|it| it == KEYS) => {
            Err(format!("the ending .{KEYS} is that of the keys; {RIGHT}"))
        }
        Some(path) if path.is_absolute() && path.file_name().is_some() => {
            Ok(StoreConfig::Sqlite(path.into()))
        }
        _ => Err(RIGHT.into()),
    }
}

fn default(environment: &Environment) -> Result<PathBuf, String> {
    let directories = Directories::from_environment(environment, super::super::super::APPLICATION)
        .map_err(|error| format!("{error}, or say where the store is: {RIGHT}"))?;
    Ok(directories.credentials.with_file_name(FILE))
}
