//! Keys: where they are kept, how they sign, and the key for providers' tokens.

use std::{path::Path, time::Duration};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use oarlock::config::ConfigError;
use oarlock_io::private;
use oarlock_server::config::broker::{Algorithm, KeysConfig, KeysHome, Lifetimes, StoreConfig};
use toml::Value;
use zeroize::Zeroizing;

use super::{
    super::{sources::Sources, value},
    store::KEYS,
};
use crate::settings;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Whoever keeps a key set keeps it for less.
const PUBLISH_BEFORE: Duration = DAY;
const ROTATE_EVERY: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// A key that lives shorter would not have signed yet when the next one comes.
const SHORTEST_LIFE: Duration = Duration::from_secs(2 * 24 * 60 * 60);
const LONGEST_LIFE: Duration = Duration::from_secs(3_660 * 24 * 60 * 60);
/// Clocks of others may be behind.
const SKEW: Duration = Duration::from_secs(60);
/// A file with a key is much smaller.
const LARGEST_FILE: u64 = 4 * 1024;
const RIGHT: &str =
    "32 random bytes in base64 or hexadecimal are needed; `openssl rand -base64 32` makes them";

/// Which home is named.
#[derive(Clone, Copy)]
enum Home {
    File,
    Store,
}

pub(super) fn read(
    sources: &Sources<'_>,
    store: &StoreConfig,
    lifetimes: &Lifetimes,
) -> Result<KeysConfig, ConfigError> {
    let StoreConfig::Sqlite(path) = store;
    Ok(KeysConfig {
        home: match sources.read(&settings::KEYS_HOME, home)? {
            None | Some(Home::File) => KeysHome::File(path.with_extension(KEYS)),
            Some(Home::Store) => KeysHome::Store,
        },
        algorithm: sources
            .read(&settings::KEYS_ALGORITHM, algorithm)?
            .unwrap_or_default(),
        rotate_every: sources
            .read(&settings::KEYS_ROTATE_EVERY, rotate_every)?
            .unwrap_or(ROTATE_EVERY),
        publish_before: PUBLISH_BEFORE,
        publish_after: lifetimes.access_token.max(lifetimes.id_token).max(HOUR) + SKEW,
        upstream_tokens: upstream_tokens(sources)?,
    })
}

/// Checks the values, where nothing is to be kept.
pub(super) fn check(sources: &Sources<'_>) -> Result<(), ConfigError> {
    sources.read(&settings::KEYS_HOME, home)?;
    sources.read(&settings::KEYS_ALGORITHM, algorithm)?;
    sources.read(&settings::KEYS_ROTATE_EVERY, rotate_every)?;
    upstream_tokens(sources).map(drop)
}

fn home(value: &Value) -> Result<Home, String> {
    match value::text(value)?.as_str() {
        "file" => Ok(Home::File),
        "store" => Ok(Home::Store),
        _ => Err("write \"file\" or \"store\"".into()),
    }
}

fn algorithm(value: &Value) -> Result<Algorithm, String> {
    let name = value::text(value)?;
    [Algorithm::Es256, Algorithm::EdDsa]
        .into_iter()
        .find(|algorithm| algorithm.name().eq_ignore_ascii_case(&name))
        .ok_or_else(|| "write \"ES256\" or \"EdDSA\"".into())
}

fn rotate_every(value: &Value) -> Result<Duration, String> {
    value::duration(value, SHORTEST_LIFE, LONGEST_LIFE)
        .map_err(|_| "write \"90d\" or a number of seconds, from 2 days to 10 years".into())
}

/// The operator's own key, from the variable or the file.
fn upstream_tokens(sources: &Sources<'_>) -> Result<Option<Zeroizing<[u8; 32]>>, ConfigError> {
    const VARIABLE: &str = settings::UPSTREAM_TOKEN_KEY;
    if let Some(text) = sources.environment.get(VARIABLE) {
        let key = key(text).ok_or_else(|| ConfigError::Value {
            place: "environment".into(),
            key: VARIABLE.into(),
            message: RIGHT.into(),
        })?;
        return Ok(Some(key));
    }
    let setting = &settings::UPSTREAM_TOKEN_KEY_FILE;
    let path = sources.read(setting, |value| {
        value::absolute(value, "/etc/oarlock/upstream-token.key")
    })?;
    let Some(path) = path else {
        return Ok(None);
    };
    let key = key_in(&path).map_err(|message| sources.error(setting, &message))?;
    Ok(Some(key))
}

fn key_in(path: &Path) -> Result<Zeroizing<[u8; 32]>, String> {
    let bytes = private::read_trusted_secret(path, LARGEST_FILE)
        .map_err(|error| error.to_string())?
        .map(Zeroizing::new)
        .ok_or_else(|| format!("there is no file {}; {RIGHT}", path.display()))?;
    std::str::from_utf8(&bytes)
        .ok()
        .and_then(key)
        .ok_or_else(|| format!("{}: {RIGHT}", path.display()))
}

/// Hexadecimal, or base64 of either alphabet, with padding or without.
fn key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.trim();
    let as_value = Zeroizing::new(text.to_owned());
    if text.len() == 64 {
        let value = Value::String(as_value.to_string());
        return value::sha256(&value, "").ok().map(Zeroizing::new);
    }
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [alphabet::STANDARD, alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| {
            let bytes = GeneralPurpose::new(alphabet, lenient).decode(text).ok();
            let bytes = Zeroizing::new(bytes?);
            <[u8; 32]>::try_from(bytes.as_slice())
                .ok()
                .map(Zeroizing::new)
        })
}
