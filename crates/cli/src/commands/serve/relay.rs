//! The relay's settings.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use oarlock::config::ConfigError;
use oarlock_io::{Directories, Environment};
use oarlock_oauth::relay::CodeKeys;
use oarlock_server::config::{LocalAddress, RelayConfig, RelayLimits, Times};
use toml::Value;

use super::{plan::Passed, sources::Sources, token, value};
use crate::settings::{self, Setting};

const CALLBACK_PATH: &str = "/oauth/callback";
const LONGEST_PATH: usize = 256;
/// What else is served.
const TAKEN: [&str; 4] = ["/healthz", "/health", "/readyz", "/relay"];
const BIND_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PORT: u64 = 9_999;
const SOCKET: &str = "relay.sock";

const INSTANT: Duration = Duration::from_millis(50);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn read(sources: &Sources<'_>, passed: Passed) -> Result<RelayConfig, ConfigError> {
    let tokens = match sources.document {
        Some(document) => token::read(document)?,
        None => Vec::new(),
    };
    Ok(RelayConfig {
        callback_path: sources
            .read(&settings::CALLBACK_PATH, callback_path)?
            .unwrap_or_else(|| CALLBACK_PATH.into()),
        code_keys: sources
            .read(&settings::CODE_KEYS, code_keys)?
            .unwrap_or_default(),
        local: local(sources, passed, tokens.is_empty())?,
        tokens,
        times: times(sources)?,
        limits: limits(sources)?,
        log_unmatched: sources
            .read(&settings::LOG_UNMATCHED, value::boolean)?
            .unwrap_or(true),
    })
}

/// A path that is read in one way by every browser, proxy and router.
fn callback_path(value: &Value) -> Result<String, String> {
    let path = value::text(value)?;
    let is_plain = path.len() <= LONGEST_PATH
        && path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
    let mut segments = path.strip_prefix('/').unwrap_or_default().split('/');
    // The last segment may be empty: a slash at the end.
    let is_direct = segments.clone().next() != Some("")
        && !path.contains("//")
        && segments.all(|segment| segment != "." && segment != "..");
    if !is_plain || !is_direct {
        return Err(format!(
            "write a path of letters, digits and -._~ without a query, such as {CALLBACK_PATH}"
        ));
    }
    let is_below = |taken: &&&str| {
        path.strip_prefix(**taken)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match TAKEN.iter().find(is_below) {
        Some(taken) => Err(format!(
            "{taken} is served here already; take another path, such as {CALLBACK_PATH}"
        )),
        None => Ok(path),
    }
}

fn code_keys(value: &Value) -> Result<CodeKeys, String> {
    let text = match value {
        Value::Array(_) => value::list(value)?.join(","),
        _ => value::text(value)?,
    };
    CodeKeys::parse(&text).map_err(|error| error.to_string())
}

/// Where programs of this machine register.
fn local(
    sources: &Sources<'_>,
    passed: Passed,
    is_without_tokens: bool,
) -> Result<LocalAddress, ConfigError> {
    let flag = |setting: &Setting| sources.read(setting, value::boolean);
    let insecure_tcp = flag(&settings::INSECURE_TCP)?.unwrap_or(false);
    let shared_directory = flag(&settings::SHARED_DIRECTORY)?.unwrap_or(false);
    let use_tcp = flag(&settings::USE_TCP)?.unwrap_or(cfg!(windows));
    let address = sources
        .read(&settings::TCP_BIND_ADDRESS, ip_address)?
        .unwrap_or(BIND_ADDRESS);
    let port = |value: &Value| value::number(value, 0, u64::from(u16::MAX));
    let port = sources.read(&settings::TCP_PORT, port)?.unwrap_or(PORT);
    let path = sources.read(&settings::SOCKET_PATH, |value| {
        value::absolute(value, "/run/oarlock/relay.sock")
    })?;
    if passed.relay {
        return Ok(LocalAddress::Passed { open: insecure_tcp });
    }
    if use_tcp {
        let open = address.is_loopback() || insecure_tcp;
        if !open && is_without_tokens {
            return Err(sources.error(
                &settings::TCP_BIND_ADDRESS,
                "everybody who reaches this address could take codes: make a token for each program with `oarlock serve --new-token NAME`; where nobody else reaches it, relay.insecure_tcp = true in server.toml (OARLOCK_RELAY_INSECURE_TCP=true in the environment) does without",
            ));
        }
        let port = u16::try_from(port).unwrap_or_default();
        return Ok(LocalAddress::Tcp {
            address: SocketAddr::new(address, port),
            open,
        });
    }
    Ok(LocalAddress::Unix {
        path: match path {
            Some(path) => path,
            None => default_socket(sources.environment)
                .map_err(|message| sources.error(&settings::SOCKET_PATH, &message))?,
        },
        shared_directory,
    })
}

fn ip_address(value: &Value) -> Result<IpAddr, String> {
    let text = value::text(value)?;
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(BIND_ADDRESS);
    }
    text.parse()
        .map_err(|_| "write an address without a port, such as 127.0.0.1".into())
}

fn default_socket(environment: &Environment) -> Result<PathBuf, String> {
    let directories = Directories::from_environment(environment, super::super::APPLICATION)
        .map_err(|error| {
            format!("{error}, or write an absolute path here, such as /run/oarlock/relay.sock")
        })?;
    Ok(directories.runtime.join(SOCKET))
}

fn times(sources: &Sources<'_>) -> Result<Times, ConfigError> {
    let default = Times::default();
    let read = |setting: &Setting, least: Duration, most: Duration| {
        sources.read(setting, |value| value::duration(value, least, most))
    };
    let times = Times {
        grace: read(&settings::GRACE, Duration::ZERO, MINUTE)?.unwrap_or(default.grace),
        acknowledgement: read(&settings::ACKNOWLEDGEMENT, INSTANT, MINUTE)?
            .unwrap_or(default.acknowledgement),
        registration: read(&settings::DEFAULT_TIMEOUT, INSTANT, DAY)?
            .unwrap_or(default.registration),
        longest: read(&settings::LONGEST_TIMEOUT, INSTANT, DAY)?.unwrap_or(default.longest),
        heartbeat: read(&settings::HEARTBEAT, INSTANT, HOUR)?.unwrap_or(default.heartbeat),
    };
    if times.registration <= times.longest {
        return Ok(times);
    }
    if sources
        .read(&settings::LONGEST_TIMEOUT, |_| Ok(()))?
        .is_some()
    {
        let message = format!(
            "default_timeout is longer than longest_timeout; write at most {}",
            times.longest.as_secs_f64()
        );
        return Err(sources.error(&settings::DEFAULT_TIMEOUT, &message));
    }
    // Whoever wants long registrations and names no cap means them.
    Ok(Times {
        longest: times.registration,
        ..times
    })
}

fn limits(sources: &Sources<'_>) -> Result<RelayLimits, ConfigError> {
    let default = RelayLimits::default();
    let read = |setting: &Setting, default: usize| {
        Ok::<_, ConfigError>(sources.read(setting, value::count)?.unwrap_or(default))
    };
    Ok(RelayLimits {
        registrations: read(&settings::MAX_REGISTRATIONS, default.registrations)?,
        registrations_per_user: read(&settings::MAX_PER_USER, default.registrations_per_user)?,
        connections: read(&settings::MAX_CONNECTIONS, default.connections)?,
        connections_per_address: read(&settings::MAX_PER_ADDRESS, default.connections_per_address)?,
        held: read(&settings::MAX_HELD, default.held)?,
    })
}
