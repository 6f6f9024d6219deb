//! Bearer tokens: the entries of the file, and `--new-token`.

use std::process::ExitCode;

use oarlock::config::{ConfigError, Document};
use oarlock_oauth::secret::RelayToken;
use oarlock_server::config::TokenConfig;
use toml::{Table, Value};

use super::value;
use crate::{failure::Failure, output, settings::TOKEN_KEYS};

/// Registrations at once with a token that says nothing of it.
const REGISTRATIONS: usize = 100;
const LONGEST_NAME: usize = 64;
const MAKER: &str = "oarlock serve --new-token NAME";

/// `[[relay.tokens]]`, checked.
pub(super) fn read(document: &Document) -> Result<Vec<TokenConfig>, ConfigError> {
    let keys: Vec<&str> = TOKEN_KEYS.iter().map(|(key, _)| *key).collect();
    let nothing = TokenConfig::of("", &RelayToken::new(""), 0).sha256;
    let mut tokens: Vec<TokenConfig> = Vec::new();
    for (place, table) in document.tables("relay.tokens", &keys)? {
        let wrong =
            |key: &str, message: &str| document.value_error(&format!("{place}.{key}"), message);
        let token = TokenConfig {
            name: field(table, "name", name).map_err(|message| wrong("name", &message))?,
            sha256: field(table, "sha256", |value| value::sha256(value, MAKER))
                .map_err(|message| wrong("sha256", &message))?,
            registrations: match table.get("max_registrations") {
                Some(value) => {
                    value::count(value).map_err(|message| wrong("max_registrations", &message))?
                }
                None => REGISTRATIONS,
            },
        };
        if token.sha256 == nothing {
            return Err(wrong("sha256", "this is the digest of no token at all"));
        }
        if tokens.iter().any(|other| other.name == token.name) {
            return Err(wrong(
                "name",
                "another token has this name; take one for each program",
            ));
        }
        if tokens.iter().any(|other| other.sha256 == token.sha256) {
            return Err(wrong(
                "sha256",
                "another entry has this token; give each program its own",
            ));
        }
        tokens.push(token);
    }
    Ok(tokens)
}

/// `--new-token`: the token goes to standard output, what the file needs to standard error.
pub(super) fn make(wanted: &str) -> Result<ExitCode, Failure> {
    let name = name(&Value::String(wanted.into()))
        .map_err(|message| Failure::usage(format!("--new-token: {message}")))?;
    let token = RelayToken::from_random(oarlock_io::entropy::random()?);
    let entry = TokenConfig::of(name, &token, REGISTRATIONS);
    output::line(token.expose())?;
    let digest = value::hexadecimal(&entry.sha256);
    output::notice(&format!(
        "This is the token; it is shown once. Put this into server.toml and start the relay again:\n\n[[relay.tokens]]\nname = \"{}\"\nsha256 = \"{digest}\"",
        entry.name
    ));
    Ok(ExitCode::SUCCESS)
}

fn field<T>(
    table: &Table,
    key: &str,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<T, String> {
    let value = table
        .get(key)
        .ok_or("this is missing; `oarlock serve --new-token NAME` makes an entry")?;
    read(value)
}

fn name(value: &Value) -> Result<String, String> {
    let name = value::text(value)?;
    let is_name = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte)
        });
    if is_name {
        Ok(name)
    } else {
        Err(format!(
            "write a name of a-z, 0-9, dot, dash and underscore, at most {LONGEST_NAME}"
        ))
    }
}
