//! Configuration: flag > environment > file > built-in, read and checked whole before anything is opened.

mod document;
mod edit;
mod environment;
mod file;
mod heritage;
mod keys;
mod profile;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use oarlock_io::{Environment, HttpConfig, lock::LockError, private::PrivateError};
use oarlock_oauth::{
    endpoint::{self, EndpointError, Issuer},
    profile::ProviderProfile,
};
use url::Url;

use crate::{
    account::{AccountError, LONGEST_PROVIDER},
    catalogue::{self, CatalogueError},
    options::{Browser, Flow},
};

pub use document::Document;
pub use edit::{add_provider, list, remove_provider};
pub use environment::{ENVIRONMENT_PROVIDER, environment_variables, variable_suffix};
pub use profile::profile_keys;

/// What the file says, checked.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {
    /// The file it came from, whether or not it exists.
    pub path: PathBuf,
    /// Used when a command names no provider.
    pub default_provider: Option<String>,
    /// How the network is reached.
    pub network: NetworkConfig,
    /// How logins go unless flags say otherwise.
    pub login: LoginConfig,
    /// One's own providers, complete (what they extend is merged in).
    pub providers: BTreeMap<String, ProviderProfile>,
}

/// `[network]`. `Debug` does not show the proxy, whose address can hold a password.
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct NetworkConfig {
    /// Proxy for every request; without it, `HTTPS_PROXY` and its kin.
    #[serde(deserialize_with = "proxy")]
    pub proxy: Option<Url>,
    /// PEM file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// For one exchange, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub timeout: Option<u64>,
    /// Hosts that may have private addresses although only a server named them.
    pub allow_private_hosts: Vec<String>,
}

impl std::fmt::Debug for NetworkConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkConfig")
            .field("proxy", &self.proxy.as_ref().and_then(Url::host_str))
            .field("ca_file", &self.ca_file)
            .field("timeout", &self.timeout)
            .field("allow_private_hosts", &self.allow_private_hosts)
            .finish()
    }
}

/// A proxy's address; the error of one that is none does not repeat it.
fn proxy<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    Url::parse(&text).map(Some).map_err(|error| {
        serde::de::Error::custom(format!(
            "{error}; write an address such as http://proxy.example.com:3128"
        ))
    })
}

/// Seconds as a number, or a duration as flags take it: `300`, `"5m"`.
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = <toml::Value as serde::Deserialize>::deserialize(deserializer)?;
    let seconds = match &value {
        toml::Value::Integer(seconds) => u64::try_from(*seconds).ok(),
        toml::Value::String(text) => crate::duration::parse(text).ok().map(|it| it.as_secs()),
        _ => None,
    };
    match seconds {
        None | Some(0) => Err(serde::de::Error::custom(
            "write a number of seconds above 0, or \"90s\", \"5m\", \"1h30m\"",
        )),
        seconds => Ok(seconds),
    }
}

/// `[login]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LoginConfig {
    /// As `--flow`.
    pub flow: Option<Flow>,
    /// As `--browser`; `none` for `--no-browser`.
    pub browser: Option<String>,
    /// As `--timeout`, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub timeout: Option<u64>,
}

/// What is wrong with the configuration: the file, the key, and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file is not ours alone, or unreadable.
    #[error(transparent)]
    File(#[from] PrivateError),
    /// The built-in catalogue is broken.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Not TOML.
    #[error("{path}, line {line}: {message}", path = path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What the parser expected; never the line itself.
        message: String,
    },
    /// A key nobody knows.
    #[error("{path}: unknown key {key:?}{}", suggestion_text(suggestion.as_deref()), path = path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// With its tables.
        key: String,
        /// The nearest known key.
        suggestion: Option<String>,
    },
    /// A value that does not serve.
    #[error("{place}: {key}: {message}")]
    Value {
        /// The file, or "environment".
        place: String,
        /// With its tables.
        key: String,
        /// What would be right.
        message: String,
    },
    /// A provider nobody knows.
    #[error("there is no provider {name:?}{}; `oarlock provider list` shows them all", suggestion_text(suggestion.as_deref()))]
    UnknownProvider {
        /// As given.
        name: String,
        /// The nearest known name.
        suggestion: Option<String>,
    },
    /// The environment defines half a provider.
    #[error(
        "OAuth2 is not configured: {missing} is not set (the provider `env` needs AUTH_ENDPOINT, TOKEN_ENDPOINT and CLIENT_ID, each with the prefix OARLOCK_OAUTH_ or FMCP_OAUTH_)"
    )]
    Environment {
        /// The variable.
        missing: String,
    },
    /// Nothing to log in to.
    #[error("OAuth2 is not configured: no provider was named and none is configured")]
    NoProvider,
    /// A provider's name is not one.
    #[error(transparent)]
    Name(#[from] AccountError),
    /// Somebody else is changing the file.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The file could not be written; it is as it was.
    #[error("the configuration could not be saved: {0}")]
    NotSaved(#[source] PrivateError),
    /// The provider is there already, or not there.
    #[error("{message}")]
    Edit {
        /// What, and what to do.
        message: String,
    },
}

fn suggestion_text(suggestion: Option<&str>) -> String {
    suggestion
        .map(|name| format!(" (did you mean {name:?}?)"))
        .unwrap_or_default()
}

/// A host alone is meant as an issuer, and so is the name that a login to one had: `login.example.com-8443`.
fn address_of(name: &str) -> Option<String> {
    let (host, port) = name
        .rsplit_once([':', '-'])
        .filter(|(_, port)| port.parse::<u16>().is_ok())
        .map_or((name, String::new()), |(host, port)| {
            (host, format!(":{port}"))
        });
    let address = |scheme: &str| Url::parse(&format!("{scheme}://{host}{port}")).ok();
    let scheme = match address("http")? {
        url if endpoint::is_loopback(&url) => "http",
        _ if host.contains('.') => "https",
        _ => return None,
    };
    Some(format!("{scheme}://{host}{port}"))
}

impl Config {
    /// Reads and checks the file at `path` (missing: empty) and completes it from the environment.
    ///
    /// # Errors
    /// The file, the key, and what would be right.
    pub fn read(path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        file::read(path, environment)?.completed(environment)
    }

    /// The same of a text that is to become the file.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn check(path: &Path, text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        file::check(path, text, environment)?.completed(environment)
    }

    fn completed(mut self, environment: &Environment) -> Result<Self, ConfigError> {
        for profile in self.providers.values_mut() {
            environment::complete_client(profile, environment);
        }
        if let Some(profile) = environment::provider(environment)? {
            self.providers.insert(ENVIRONMENT_PROVIDER.into(), profile);
        }
        Ok(self)
    }

    /// A provider by its name: one's own, else of the catalogue; `None`: nobody knows it.
    ///
    /// # Errors
    /// The catalogue itself is broken.
    pub fn provider(
        &self,
        name: &str,
        environment: &Environment,
    ) -> Result<Option<ProviderProfile>, ConfigError> {
        if let Some(profile) = self.providers.get(name) {
            return Ok(Some(profile.clone()));
        }
        let mut built_in = catalogue::profile(name)?;
        if let Some(profile) = &mut built_in {
            environment::complete_client(profile, environment);
        }
        Ok(built_in)
    }

    /// Why a name is no provider, with the nearest one that is.
    pub fn unknown_provider(&self, name: &str) -> ConfigError {
        let unknown = ConfigError::UnknownProvider {
            name: name.chars().take(100).collect(),
            suggestion: nearest(name, self.provider_names()).or_else(|| address_of(name)),
        };
        if self.default_provider.as_deref() == Some(name) {
            return keys::value_error(&self.path, "default_provider", &unknown.to_string());
        }
        unknown
    }

    /// A provider by its issuer, exactly as written.
    pub fn provider_by_issuer(&self, issuer: &Issuer) -> Option<ProviderProfile> {
        self.providers
            .values()
            .find(|profile| profile.issuer.as_ref() == Some(issuer))
            .cloned()
    }

    /// Names of one's own providers and of the catalogue, sorted, each once.
    pub fn provider_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .providers
            .keys()
            .cloned()
            .chain(catalogue::names().map(String::from))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// A profile for an issuer's address that nothing names yet; its name is made of host, port and path.
    ///
    /// # Errors
    /// The address is no issuer.
    pub fn profile_for_issuer(
        issuer: &str,
        environment: &Environment,
    ) -> Result<ProviderProfile, EndpointError> {
        let issuer = Issuer::parse(issuer)?;
        let mut profile = ProviderProfile::named(issuer_name(&issuer));
        profile.title = Some(issuer_title(&issuer));
        profile.issuer = Some(issuer);
        environment::complete_client(&mut profile, environment);
        Ok(profile)
    }

    /// Settings of the HTTP client.
    pub fn http(&self) -> HttpConfig {
        let mut http = HttpConfig {
            ca_file: self.network.ca_file.clone(),
            proxy: self.network.proxy.clone(),
            allow_private_hosts: self.network.allow_private_hosts.clone(),
            ..HttpConfig::default()
        };
        if let Some(seconds) = self.network.timeout {
            http.timeout = Duration::from_secs(seconds);
            http.connect_timeout = http.connect_timeout.min(http.timeout);
        }
        http
    }

    /// The browser of `[login]`.
    pub fn browser(&self) -> Browser {
        match self.login.browser.as_deref() {
            None => Browser::Auto,
            Some("none") => Browser::Never,
            Some(command) => Browser::Command(command.into()),
        }
    }
}

/// A provider's name made of an issuer's host, port and path, within the rule for names.
pub(crate) fn issuer_name(issuer: &Issuer) -> String {
    let endpoint = issuer.endpoint();
    let url = endpoint.url();
    let mut text = url.host_str().unwrap_or_default().to_ascii_lowercase();
    if let Some(port) = url.port() {
        text.push_str(&format!("-{port}"));
    }
    text.push_str(&url.path().trim_end_matches('/').to_ascii_lowercase());
    let name: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    name.trim_matches('-')
        .chars()
        .take(LONGEST_PROVIDER)
        .collect()
}

/// An issuer's name for people: its address without the scheme.
fn issuer_title(issuer: &Issuer) -> String {
    let address = issuer.as_str();
    let bare = address.split_once("://").map_or(address, |(_, bare)| bare);
    bare.trim_end_matches('/').into()
}

/// The nearest of `candidates`, if one is near enough to be meant.
pub fn nearest<S: AsRef<str>>(
    name: &str,
    candidates: impl IntoIterator<Item = S>,
) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(name, candidate.as_ref()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= 1 + candidate.as_ref().len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.as_ref().to_owned())
}

#[cfg(test)]
mod tests;
