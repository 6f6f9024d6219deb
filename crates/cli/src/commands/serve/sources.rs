//! Where a value comes from: flag, then environment, then file.

use std::collections::BTreeMap;

use oarlock::config::{ConfigError, Document, nearest};
use oarlock_io::Environment;
use toml::Value;

use crate::arguments::ServeArguments;
use crate::settings::{
    ALIAS, CANONICAL, LOG, LOG_FORMAT, SETTINGS, Setting, TOKEN_KEYS, UPSTREAM_TOKEN_KEY, Variable,
};

/// A variable for programs that wait, which means nothing to the relay itself.
const OF_PROGRAMS: [&str; 1] = ["TCP_HOST"];
/// The prefix of what concerns the whole server.
const OWN: &str = "OARLOCK_";

/// All places.
pub(super) struct Sources<'a> {
    pub(super) arguments: &'a ServeArguments,
    pub(super) verbose: u8,
    pub(super) environment: &'a Environment,
    pub(super) document: Option<&'a Document>,
}

/// A value and where it was found.
struct Found {
    value: Value,
    place: String,
    key: String,
}

impl Sources<'_> {
    /// The value of a setting; `None` where nobody says anything.
    pub(super) fn read<T>(
        &self,
        setting: &Setting,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(found) = self.find(setting) else {
            return Ok(None);
        };
        if let Variable::Explicit(_) = setting.variable
            && self.environment.is_from_dotenv(&found.key)
        {
            let message = "a .env file comes with whatever was unpacked beside it; say this in the environment itself or in server.toml";
            return Err(found.error(message));
        }
        read(&found.value)
            .map(Some)
            .map_err(|message| found.error(&message))
    }

    /// What is wrong with a setting's value beside others.
    pub(super) fn error(&self, setting: &Setting, message: &str) -> ConfigError {
        match self.find(setting) {
            Some(found) => found.error(message),
            None => ConfigError::Value {
                place: "oarlock serve".into(),
                key: setting.key.into(),
                message: message.into(),
            },
        }
    }

    /// Whether anybody says anything of what is to be served.
    pub(super) fn say_anything(&self) -> bool {
        let about_logs = [LOG.key, LOG_FORMAT.key];
        self.document.is_some()
            || SETTINGS
                .iter()
                .filter(|setting| !about_logs.contains(&setting.key))
                .any(|setting| self.find(setting).is_some())
    }

    /// Checks that the file has known keys alone.
    pub(super) fn check_keys(&self) -> Result<(), ConfigError> {
        let Some(document) = self.document else {
            return Ok(());
        };
        let mut of_tables = BTreeMap::from([
            ("", vec!["upstreams", "clients"]),
            ("relay", vec!["tokens"]),
        ]);
        for setting in SETTINGS {
            let (table, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
            of_tables.entry(table).or_default().push(key);
        }
        let tables: Vec<&str> = of_tables
            .keys()
            .copied()
            .filter(|table| !table.is_empty())
            .collect();
        of_tables.entry("").or_default().extend(tables);
        for (table, keys) in &of_tables {
            document.check_keys(table, keys)?;
        }
        let keys: Vec<&str> = TOKEN_KEYS.iter().map(|(key, _)| *key).collect();
        document.tables("relay.tokens", &keys).map(drop)
    }

    /// What the operator should know of the variables: two names that differ, and names that nobody reads.
    pub(super) fn warnings(&self) -> Vec<String> {
        let differing = SETTINGS
            .iter()
            .filter_map(|setting| match setting.variable {
                Variable::Relay(name) => Some(name),
                _ => None,
            })
            .filter_map(|name| {
                let (first, second) = (format!("{CANONICAL}{name}"), format!("{ALIAS}{name}"));
                let differ = self.environment.get(&first)? != self.environment.get(&second)?;
                differ.then(|| format!("{first} and {second} differ; {first} counts"))
            });
        let unknown = self.environment.iter().filter_map(|(name, _)| {
            let suffix = name.strip_prefix(CANONICAL)?;
            let near = nearest(suffix, known_suffixes())?;
            (near != suffix)
                .then(|| format!("nobody reads {name}; did you mean {CANONICAL}{near}?"))
        });
        let own = SETTINGS
            .iter()
            .filter_map(|setting| match setting.variable {
                Variable::Own(name) => Some(name),
                _ => None,
            })
            .chain([UPSTREAM_TOKEN_KEY]);
        let unknown_own = self.environment.iter().filter_map(|(name, _)| {
            // Of a whole name most is the prefix, and every other would be near.
            let suffix = name
                .strip_prefix(OWN)
                .filter(|_| !name.starts_with(CANONICAL))?;
            let near = nearest(suffix, own.clone().filter_map(|own| own.strip_prefix(OWN)))?;
            (near != suffix).then(|| format!("nobody reads {name}; did you mean {OWN}{near}?"))
        });
        differing.chain(unknown).chain(unknown_own).collect()
    }

    fn find(&self, setting: &Setting) -> Option<Found> {
        self.flag(setting)
            .or_else(|| self.variable(setting))
            .or_else(|| self.entry(setting))
    }

    fn flag(&self, setting: &Setting) -> Option<Found> {
        let text = |value: &Option<String>| value.clone().map(Value::String);
        let arguments = self.arguments;
        let (flag, value) = match setting.flag? {
            flag @ "--listen" => (flag, text(&arguments.listen)?),
            flag @ "--public-url" => (flag, text(&arguments.public_url)?),
            flag @ "--metrics-listen" => (flag, text(&arguments.metrics_listen)?),
            flag @ "--log-format" => (flag, text(&arguments.log_format)?),
            flag @ "-v" => (flag, Value::String(level(self.verbose)?.into())),
            flag @ "--store" => (flag, text(&arguments.store)?),
            flag @ "--upstream" if !arguments.upstream.is_empty() => {
                let names = arguments.upstream.iter().cloned();
                (flag, Value::Array(names.map(Value::String).collect()))
            }
            "--upstream" => return None,
            _ if arguments.no_relay => ("--no-relay", Value::Boolean(false)),
            _ if arguments.relay => ("--relay", Value::Boolean(true)),
            _ => return None,
        };
        Some(Found {
            value,
            place: "command line".into(),
            key: flag.into(),
        })
    }

    fn variable(&self, setting: &Setting) -> Option<Found> {
        setting.variable.names().into_iter().find_map(|name| {
            let value = self.environment.get(&name)?;
            let from_file = self.environment.is_from_dotenv(&name);
            Some(Found {
                value: Value::String(value.into()),
                place: if from_file { ".env" } else { "environment" }.into(),
                key: name,
            })
        })
    }

    fn entry(&self, setting: &Setting) -> Option<Found> {
        let document = self.document?;
        Some(Found {
            value: document.value(setting.key)?.clone(),
            place: document.path().display().to_string(),
            key: setting.key.into(),
        })
    }
}

impl Found {
    fn error(&self, message: &str) -> ConfigError {
        ConfigError::Value {
            place: self.place.clone(),
            key: self.key.clone(),
            message: message.into(),
        }
    }
}

fn known_suffixes() -> impl Iterator<Item = &'static str> {
    let of_settings = SETTINGS
        .iter()
        .filter_map(|setting| match setting.variable {
            Variable::Relay(name) | Variable::Explicit(name) => Some(name),
            _ => None,
        });
    of_settings.chain(OF_PROGRAMS)
}

/// As for every command: -v info, -vv debug, -vvv trace.
fn level(verbose: u8) -> Option<&'static str> {
    match verbose {
        0 => None,
        1 => Some("info"),
        2 => Some("debug"),
        _ => Some("trace"),
    }
}
