//! `[providers.NAME]`: the profile's own keys, `extends`, and where a client secret is found.

use std::{collections::BTreeMap, path::Path};

use oarlock_io::{Environment, private};
use oarlock_oauth::{profile::ProviderProfile, secret::ClientSecret};
use toml::{Table, Value};

use super::{
    ConfigError, ENVIRONMENT_PROVIDER, heritage,
    keys::{check_keys, culprit, value_error},
    nearest,
};
use crate::{account::check_provider, catalogue};

/// Keys of the file that the profile itself does not have.
const ENTRY_KEYS: [&str; 3] = ["extends", "client_secret_env", "client_secret_file"];
/// Keys that are the profile's business, not the file's.
const INNER_KEYS: [&str; 1] = ["name"];

/// Every key of `[providers.NAME]`, sorted.
pub fn profile_keys() -> Vec<String> {
    let mut keys: Vec<String> = match serde_json::to_value(ProviderProfile::default()) {
        Ok(serde_json::Value::Object(map)) => map.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    };
    keys.retain(|key| !INNER_KEYS.contains(&key.as_str()));
    keys.extend(ENTRY_KEYS.map(String::from));
    keys.sort();
    keys
}

pub(super) fn read_all(
    path: &Path,
    table: &Table,
    environment: &Environment,
) -> Result<BTreeMap<String, ProviderProfile>, ConfigError> {
    let entries = match table.get("providers") {
        None => return Ok(BTreeMap::new()),
        Some(Value::Table(entries)) => entries,
        Some(_) => {
            return Err(value_error(
                path,
                "providers",
                "this is a table: write [providers.NAME]",
            ));
        }
    };
    let reader = Reader {
        path,
        entries,
        environment,
        keys: profile_keys(),
    };
    entries
        .keys()
        .map(|name| Ok((name.clone(), reader.profile(name)?)))
        .collect()
}

struct Reader<'a> {
    path: &'a Path,
    entries: &'a Table,
    environment: &'a Environment,
    keys: Vec<String>,
}

impl Reader<'_> {
    fn profile(&self, name: &str) -> Result<ProviderProfile, ConfigError> {
        let place = format!("providers.{name}");
        check_provider(name).map_err(|error| value_error(self.path, &place, &error.to_string()))?;
        if name == ENVIRONMENT_PROVIDER {
            return Err(value_error(
                self.path,
                &place,
                "this is the name of the provider that OARLOCK_OAUTH_* variables define; choose another",
            ));
        }
        let mut merged = self.merged(name, &mut Vec::new())?;
        merged.insert("name".into(), Value::String(name.into()));
        let secret = self.secret(&place, &mut merged)?;
        let mut profile: ProviderProfile =
            merged
                .clone()
                .try_into()
                .map_err(|error: toml::de::Error| {
                    value_error(
                        self.path,
                        &format!("{place}{}", culprit::<ProviderProfile>(&merged)),
                        error.message(),
                    )
                })?;
        if secret.is_some() {
            profile.client_secret = secret;
        }
        profile
            .validate()
            .map_err(|error| value_error(self.path, &place, &error.to_string()))?;
        Ok(profile)
    }

    /// The entry over what it extends.
    fn merged(&self, name: &str, seen: &mut Vec<String>) -> Result<Table, ConfigError> {
        let place = format!("providers.{name}");
        let Some(Value::Table(entry)) = self.entries.get(name) else {
            return Err(value_error(
                self.path,
                &place,
                &format!("this is a table: write [{place}] on a line of its own"),
            ));
        };
        let known: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        check_keys(self.path, &format!("{place}."), entry.keys(), &known)?;
        seen.push(name.into());
        let mut base = match entry.get("extends") {
            None => Table::new(),
            Some(Value::String(base)) => self.base(&place, base, seen)?,
            Some(_) => {
                return Err(value_error(
                    self.path,
                    &format!("{place}.extends"),
                    "write the name of a provider",
                ));
            }
        };
        for key in heritage::left_behind(&base, entry) {
            base.remove(key);
        }
        for (key, value) in entry {
            if key != "extends" {
                base.insert(key.clone(), value.clone());
            }
        }
        Ok(base)
    }

    fn base(&self, place: &str, base: &str, seen: &mut Vec<String>) -> Result<Table, ConfigError> {
        let own = self.entries.contains_key(base) && !seen.iter().any(|name| name == base);
        if own {
            return self.merged(base, seen);
        }
        // An entry may extend the built-in profile of its own name.
        if let Some(table) = catalogue::table(base)? {
            return Ok(table);
        }
        let suggestion = nearest(base, catalogue::names())
            .map(|name| format!("; did you mean {name:?}?"))
            .unwrap_or_default();
        let message = if seen.iter().any(|name| name == base) {
            format!("{base:?} extends itself in the end")
        } else {
            format!("there is no provider {base:?}{suggestion}")
        };
        Err(value_error(
            self.path,
            &format!("{place}.extends"),
            &message,
        ))
    }

    fn secret(&self, place: &str, merged: &mut Table) -> Result<Option<ClientSecret>, ConfigError> {
        let variable = self.text(place, merged, "client_secret_env")?;
        let file = self.text(place, merged, "client_secret_file")?;
        match (variable, file) {
            (Some(_), Some(_)) => Err(value_error(
                self.path,
                place,
                "give client_secret_env or client_secret_file, not both",
            )),
            // What is written there by mistake may be the secret itself: it is not repeated.
            (Some(variable), None) if !is_variable(&variable) => Err(value_error(
                self.path,
                &format!("{place}.client_secret_env"),
                "write the name of an environment variable: letters, digits and underscores",
            )),
            (Some(variable), None) => Ok(self.environment.get(&variable).map(ClientSecret::new)),
            (None, Some(file)) => self.secret_file(place, &file).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn text(
        &self,
        place: &str,
        merged: &mut Table,
        key: &str,
    ) -> Result<Option<String>, ConfigError> {
        match merged.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(value_error(
                self.path,
                &format!("{place}.{key}"),
                "write a text",
            )),
        }
    }

    fn secret_file(&self, place: &str, file: &str) -> Result<ClientSecret, ConfigError> {
        let key = format!("{place}.client_secret_file");
        let base = self.path.parent().unwrap_or(self.path);
        let bytes = private::read(&base.join(file), 64 * 1024)?
            .ok_or_else(|| value_error(self.path, &key, &format!("there is no file {file:?}")))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| value_error(self.path, &key, "the file is not UTF-8"))?;
        Ok(ClientSecret::new(text.trim_end_matches(['\r', '\n'])))
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
