//! Which relay, found out from the environment.

use std::{path::PathBuf, time::Duration};

use oarlock_io::{
    Directories, Environment, HttpConfig,
    directories::DirectoriesError,
    private::{self, PrivateError},
};
use oarlock_oauth::{secret::RelayToken, text::Untrusted};

use super::address::{AddressError, RelayAddress};

/// An address; wins over the others.
const ADDRESS: &str = "OARLOCK_RELAY";
/// Ours first, then poast-relay's.
const PREFIXES: [&str; 2] = ["OARLOCK_RELAY_", "OAUTH_"];
const SOCKET_PATH: &str = "SOCKET_PATH";
const USE_TCP: &str = "USE_TCP";
const TCP_HOST: &str = "TCP_HOST";
const TCP_PORT: &str = "TCP_FALLBACK_PORT";
/// Those that say where it is.
const PARTS: [&str; 4] = [SOCKET_PATH, USE_TCP, TCP_HOST, TCP_PORT];
const TIMEOUT: &str = "DEFAULT_TIMEOUT";
const TOKEN: &str = "OARLOCK_RELAY_TOKEN";
const TOKEN_FILE: &str = "OARLOCK_RELAY_TOKEN_FILE";
/// The longest token in bytes.
const LONGEST_TOKEN: usize = 4096;
/// The name of the socket in the directory of sockets.
const SOCKET: &str = "relay.sock";

/// Which relay, how to show that one may use it, and how long to wait. `Debug` shows no token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RelaySettings {
    /// Where it is.
    pub address: RelayAddress,
    /// The bearer token, for a relay that asks for one: over HTTPS always, over TCP off loopback, never on a Unix socket.
    pub token: Option<RelayToken>,
    /// How long to wait where nothing else is said.
    pub timeout: Duration,
    /// How HTTPS is reached: proxy, certificate authorities. Its deadline is the relay's, not this one's.
    pub http: HttpConfig,
}

/// What is wrong with the settings: the variable, and what would be right. No value of a token is quoted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// No relay's address.
    #[error("{variable}: {source}")]
    Address {
        /// Name of the variable.
        variable: String,
        /// Why.
        #[source]
        source: AddressError,
    },
    /// Another value that is wrong.
    #[error("{variable} is {value:?}; {right}")]
    Value {
        /// Name of the variable.
        variable: String,
        /// What it is.
        value: Untrusted,
        /// What would be right.
        right: &'static str,
    },
    /// Something that no token can be.
    #[error("the relay's token in {0} is empty, too long, or has characters that no token has")]
    Token(&'static str),
    /// A token would go to a relay that its owner did not name.
    #[error(
        "the relay's address comes from the file .env, the token from {0}; it is not sent there. Set OARLOCK_RELAY to the address yourself, or remove the token"
    )]
    ForeignToken(&'static str),
    /// The token's file is not ours alone, or missing.
    #[error("{TOKEN_FILE}: {0}")]
    TokenFile(#[source] PrivateError),
    /// The token's file is missing.
    #[error("{TOKEN_FILE} names {0}, and there is no such file")]
    NoTokenFile(PathBuf),
    /// There is no directory of sockets.
    #[error(transparent)]
    Directories(#[from] DirectoriesError),
}

impl RelaySettings {
    /// A relay without a token, for 300 s.
    pub fn new(address: RelayAddress) -> Self {
        Self {
            address,
            token: None,
            timeout: Duration::from_secs(300),
            http: HttpConfig::default(),
        }
    }

    /// The relay that the environment names, else the one of this machine: `OARLOCK_RELAY`; then `SOCKET_PATH`, `USE_TCP`,
    /// `TCP_HOST`, `TCP_FALLBACK_PORT` with the prefix `OARLOCK_RELAY_` or `OAUTH_`; then `relay.sock` in the directory of sockets
    /// (on Windows 127.0.0.1:9999). Token and time as for [`at`](Self::at).
    ///
    /// # Errors
    /// A value that is none; a token that would go where a `.env` file says.
    pub fn from_environment(environment: &Environment) -> Result<Self, SettingsError> {
        let address = Address::of(environment)?;
        let settings = Self::at(address.address, environment)?;
        // Other users' sockets are refused in any case; other machines cannot be told apart.
        let is_local = matches!(settings.address, RelayAddress::Unix(_));
        match token_variable(environment) {
            Some(variable)
                if address.from_dotenv && !is_local && !environment.is_from_dotenv(variable) =>
            {
                Err(SettingsError::ForeignToken(variable))
            }
            _ => Ok(settings),
        }
    }

    /// Whether anything says where a relay is; else it would be the usual one of this machine.
    pub fn is_named(environment: &Environment) -> bool {
        environment.get(ADDRESS).is_some()
            || PARTS.iter().any(|name| find(environment, name).is_some())
    }

    /// This relay, with the environment's `OARLOCK_RELAY_TOKEN` or `OARLOCK_RELAY_TOKEN_FILE`, and its `DEFAULT_TIMEOUT`
    /// (seconds) under either prefix.
    ///
    /// # Errors
    /// A value that is none; a file that is not the user's own.
    pub fn at(address: RelayAddress, environment: &Environment) -> Result<Self, SettingsError> {
        let mut settings = Self::new(address);
        settings.token = token(environment)?;
        if let Some((variable, value)) = find(environment, TIMEOUT) {
            settings.timeout = seconds(value).ok_or_else(|| SettingsError::Value {
                variable,
                value: Untrusted::new(value),
                right: "write a number of seconds above 0, such as 300, or a duration such as 5m",
            })?;
        }
        Ok(settings)
    }
}

/// An address and whether a file of the working directory has a part in it.
struct Address {
    address: RelayAddress,
    from_dotenv: bool,
}

impl Address {
    fn of(environment: &Environment) -> Result<Self, SettingsError> {
        let named: Vec<(String, &str)> = PARTS
            .iter()
            .filter_map(|name| find(environment, name))
            .collect();
        let by_user = named
            .iter()
            .any(|(variable, _)| !environment.is_from_dotenv(variable));
        // What the user set in parts is not overruled by a file.
        let whole = environment
            .get(ADDRESS)
            .filter(|_| !(by_user && environment.is_from_dotenv(ADDRESS)));
        if let Some(text) = whole {
            return Ok(Self {
                address: text.parse().map_err(|source| SettingsError::Address {
                    variable: ADDRESS.into(),
                    source,
                })?,
                from_dotenv: environment.is_from_dotenv(ADDRESS),
            });
        }
        Ok(Self {
            address: in_parts(environment)?,
            from_dotenv: named
                .iter()
                .any(|(variable, _)| environment.is_from_dotenv(variable)),
        })
    }
}

fn in_parts(environment: &Environment) -> Result<RelayAddress, SettingsError> {
    let use_tcp = match find(environment, USE_TCP) {
        None => None,
        Some((variable, value)) => Some(flag(value).ok_or_else(|| SettingsError::Value {
            variable,
            value: Untrusted::new(value),
            right: "write true or false",
        })?),
    };
    let socket = find(environment, SOCKET_PATH);
    if use_tcp.unwrap_or(cfg!(windows)) {
        return tcp(environment);
    }
    let Some((variable, path)) = socket else {
        let directories = Directories::from_environment(environment, "oarlock")?;
        return Ok(RelayAddress::Unix(directories.runtime.join(SOCKET)));
    };
    if std::path::Path::new(path).is_absolute() {
        return Ok(RelayAddress::Unix(path.into()));
    }
    Err(SettingsError::Address {
        variable,
        source: AddressError::Relative(Untrusted::new(path)),
    })
}

fn tcp(environment: &Environment) -> Result<RelayAddress, SettingsError> {
    let port = match find(environment, TCP_PORT) {
        None => 9999,
        Some((variable, value)) => {
            let port = value.parse().ok().filter(|port: &u16| *port > 0);
            port.ok_or_else(|| SettingsError::Value {
                variable,
                value: Untrusted::new(value),
                right: "write a port from 1 to 65535",
            })?
        }
    };
    let (variable, host) =
        find(environment, TCP_HOST).unwrap_or_else(|| (TCP_HOST.into(), "127.0.0.1"));
    RelayAddress::tcp(host, port).ok_or_else(|| SettingsError::Value {
        variable,
        value: Untrusted::new(host),
        right: "write a host's name or address",
    })
}

fn find<'a>(environment: &'a Environment, name: &str) -> Option<(String, &'a str)> {
    PREFIXES
        .iter()
        .map(|prefix| format!("{prefix}{name}"))
        .find_map(|full| Some((full.clone(), environment.get(&full)?)))
}

/// The words of poast-relay's settings, which the relay takes too.
fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn seconds(text: &str) -> Option<Duration> {
    // poast-relay's settings have fractions; ours have units as well.
    let duration = match text.trim().parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => crate::duration::parse(text).ok()?,
    };
    Some(duration).filter(|duration| !duration.is_zero())
}

fn token_variable(environment: &Environment) -> Option<&'static str> {
    [TOKEN, TOKEN_FILE]
        .into_iter()
        .find(|variable| environment.get(variable).is_some())
}

fn token(environment: &Environment) -> Result<Option<RelayToken>, SettingsError> {
    if let Some(text) = environment.get(TOKEN) {
        return checked(text, TOKEN).map(Some);
    }
    let Some(file) = environment.get(TOKEN_FILE).map(PathBuf::from) else {
        return Ok(None);
    };
    let limit = u64::try_from(LONGEST_TOKEN).unwrap_or(u64::MAX);
    let content = private::read(&file, limit)
        .map_err(SettingsError::TokenFile)?
        .ok_or(SettingsError::NoTokenFile(file))?;
    let text = std::str::from_utf8(&content).map_err(|_| SettingsError::Token(TOKEN_FILE))?;
    checked(text, TOKEN_FILE).map(Some)
}

/// A token as it can stand in a header (RFC 6750, section 2.1).
fn checked(text: &str, variable: &'static str) -> Result<RelayToken, SettingsError> {
    let text = text.trim();
    let fits = (1..=LONGEST_TOKEN).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    fits.then(|| RelayToken::new(text))
        .ok_or(SettingsError::Token(variable))
}

#[cfg(test)]
mod tests;
