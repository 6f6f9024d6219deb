//! Reading `config.toml`: syntax, then keys, then values, each with an error that names the place.

use std::path::Path;

use oarlock_io::{Environment, private};
use toml::{Table, Value};

use super::{
    Config, ConfigError, LoginConfig, NetworkConfig,
    keys::{check_keys, culprit, value_error},
    profile,
};
use crate::account::check_provider;

/// The largest file that is read.
pub(super) const LARGEST: u64 = 1 << 20;
const SECTIONS: [&str; 4] = ["default_provider", "network", "login", "providers"];

pub(super) fn read(path: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    let Some(text) = text(path)? else {
        return Ok(Config {
            path: path.into(),
            ..Config::default()
        });
    };
    check(path, &text, environment)
}

/// Reads the text as if it were the file's.
pub(super) fn check(
    path: &Path,
    text: &str,
    environment: &Environment,
) -> Result<Config, ConfigError> {
    let table = parse(path, text)?;
    check_keys(path, "", table.keys(), &SECTIONS)?;
    let default_provider = table
        .get("default_provider")
        .map(|value| {
            value.as_str().map(String::from).ok_or_else(|| {
                value_error(path, "default_provider", "write the name of a provider")
            })
        })
        .transpose()?;
    let config = Config {
        path: path.into(),
        default_provider,
        network: section::<NetworkConfig>(
            path,
            &table,
            "network",
            &["proxy", "ca_file", "timeout", "allow_private_hosts"],
        )?,
        login: section::<LoginConfig>(path, &table, "login", &["flow", "browser", "timeout"])?,
        providers: profile::read_all(path, &table, environment)?,
    };
    // Whether it is known shows when it is used: a login by issuer is in the store, not here.
    if let Some(name) = &config.default_provider {
        check_provider(name)
            .map_err(|error| value_error(path, "default_provider", &error.to_string()))?;
    }
    Ok(config)
}

/// The file's text; `None` where there is no file.
pub(super) fn text(path: &Path) -> Result<Option<String>, ConfigError> {
    let Some(bytes) = private::read(path, LARGEST)? else {
        return Ok(None);
    };
    utf8(path, bytes).map(Some)
}

pub(super) fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, ConfigError> {
    String::from_utf8(bytes).map_err(|error| ConfigError::Syntax {
        path: path.into(),
        line: line_at(error.as_bytes(), error.utf8_error().valid_up_to()),
        message: "this is not UTF-8".into(),
    })
}

pub(super) fn parse(path: &Path, text: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| ConfigError::Syntax {
        path: path.into(),
        line: line_at(text.as_bytes(), error.span().map_or(0, |span| span.start)),
        // Only the message: the excerpt could show a secret of the same line.
        message: error.message().to_owned(),
    })
}

fn line_at(bytes: &[u8], offset: usize) -> usize {
    1 + bytes
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
}

fn section<T: serde::de::DeserializeOwned + Default>(
    path: &Path,
    table: &Table,
    name: &str,
    known: &[&str],
) -> Result<T, ConfigError> {
    let Some(value) = table.get(name) else {
        return Ok(T::default());
    };
    let Value::Table(section) = value else {
        return Err(value_error(
            path,
            name,
            &format!("this is a table: write [{name}] on a line of its own"),
        ));
    };
    check_keys(path, &format!("{name}."), section.keys(), known)?;
    section.clone().try_into::<T>().map_err(|error| {
        let key = culprit::<T>(section);
        value_error(path, &format!("{name}{key}"), error.message())
    })
}
