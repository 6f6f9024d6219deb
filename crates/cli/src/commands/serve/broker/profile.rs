//! `[upstreams.NAME]`: the keys of a provider, over what the name stands for.

use oarlock::config::{ConfigError, ENVIRONMENT_PROVIDER, variable_suffix};
use oarlock_io::{Environment, private};
use oarlock_oauth::{
    endpoint::{Endpoint, Origin},
    profile::ProviderProfile,
    secret::ClientSecret,
};
use toml::{Table, Value};

use super::super::{entry::Entry, value};
use crate::settings::UPSTREAM_KEYS;

const LARGEST_SECRET: u64 = 64 * 1024;
/// Where a client secret is found; one replaces the others.
const SECRET: [&str; 3] = ["client_secret", "client_secret_env", "client_secret_file"];
/// What names a server.
const SERVER: [&str; 8] = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
    "registration_endpoint",
    "jwks_uri",
];
/// What else is one server's alone.
const OF_THE_SERVER: [&str; 6] = [
    "client_id",
    "origins",
    "resources",
    "token_variables",
    "api_key_variables",
    "registration_page",
];

/// Reads an entry. What it does not say comes from the provider that it extends; an entry that names no server extends the
/// provider of its own name.
pub(super) fn read(
    name: &str,
    entry: &Entry<'_>,
    environment: &Environment,
    known: impl Fn(&str) -> Result<Option<ProviderProfile>, ConfigError>,
) -> Result<ProviderProfile, ConfigError> {
    let extends = entry.read("extends", value::text)?;
    let names_a_server = SERVER.iter().any(|key| entry.table.contains_key(*key));
    if name == ENVIRONMENT_PROVIDER && (extends.is_some() || names_a_server) {
        let message =
            "env is the provider that OARLOCK_OAUTH_* variables define; take another name";
        return Err(entry.error("", message));
    }
    let base = match &extends {
        Some(base) => known(base)?.ok_or_else(|| {
            let message =
                format!("there is no provider {base:?}; `oarlock provider list` shows them all");
            entry.error("extends", &message)
        })?,
        None if names_a_server => ProviderProfile::named(name),
        None => known(name)?.ok_or_else(|| {
            let message =
                "this names no server; give its issuer = \"https://…\", or extends = \"…\"";
            entry.error("", message)
        })?,
    };
    let mut merged = Table::try_from(&base).map_err(|error| entry.error("", &error.to_string()))?;
    for key in left_behind(&merged, entry.table) {
        merged.remove(key);
    }
    let secret = secret(entry, environment)?;
    let not_the_profiles = ["extends", "client_secret_env", "client_secret_file"];
    let own = UPSTREAM_KEYS.iter().map(|(key, _)| *key);
    let left_out: Vec<&str> = own.chain(not_the_profiles).collect();
    let said = entry
        .table
        .iter()
        .filter(|(key, _)| !left_out.contains(&key.as_str()));
    for (key, value) in said {
        check(entry, key, value)?;
        merged.insert(key.clone(), value.clone());
    }
    merged.insert("name".into(), name.into());
    let mut profile: ProviderProfile = merged
        .try_into()
        .map_err(|error: toml::de::Error| entry.error("", error.message()))?;
    if secret.is_some() {
        profile.client_secret = secret;
    }
    profile.manual_token = base.manual_token;
    complete_client(&mut profile, environment);
    profile
        .validate()
        .map_err(|error| entry.error("", &error.to_string()))?;
    Ok(profile)
}

/// Why nobody can be signed in by this provider, if so.
pub(super) fn lack(profile: &ProviderProfile) -> Option<&'static str> {
    let has_metadata = profile.issuer.is_some();
    let has_endpoints =
        profile.authorization_endpoint.is_some() && profile.token_endpoint.is_some();
    if !has_metadata && !has_endpoints {
        return Some(
            "neither its issuer nor its authorization_endpoint and token_endpoint are known",
        );
    }
    if !has_metadata && profile.userinfo_endpoint.is_none() && profile.jwks_uri.is_none() {
        return Some(
            "it does not say who a person is; give its userinfo_endpoint (OARLOCK_OAUTH_USERINFO_ENDPOINT), or its issuer",
        );
    }
    None
}

/// Keys of the base that are another client's or another server's, by the rule of `extends` in `config.toml`: a client secret is for one
/// client at one server, and an issuer on an origin that the base knows nothing of is another server.
fn left_behind(base: &Table, entry: &Table) -> Vec<&'static str> {
    let changes =
        |key: &str| matches!((base.get(key), entry.get(key)), (Some(old), Some(new)) if old != new);
    let known: Vec<Origin> = SERVER
        .iter()
        .filter_map(|key| origin(base.get(*key)?))
        .collect();
    let leads_away = |keys: &[&str]| {
        let mut named = keys.iter().filter_map(|key| origin(entry.get(*key)?));
        !known.is_empty() && named.any(|origin| !known.contains(&origin))
    };
    let elsewhere = leads_away(&["issuer", "token_endpoint"]);
    let gets_the_secret = ["device_authorization_endpoint", "revocation_endpoint"];
    let has_own_secret = SECRET.iter().any(|key| entry.contains_key(*key));
    let mut keys = Vec::new();
    if has_own_secret || changes("client_id") || elsewhere || leads_away(&gets_the_secret) {
        keys.push("client_secret");
    }
    if elsewhere || (entry.contains_key("issuer") && entry.get("issuer") != base.get("issuer")) {
        keys.extend(SERVER);
    }
    if elsewhere {
        keys.extend(OF_THE_SERVER);
    }
    keys
}

/// What is no address is refused when the whole is read.
fn origin(value: &Value) -> Option<Origin> {
    Some(Endpoint::parse(value.as_str()?).ok()?.origin())
}

/// Whether a value serves, alone, so that an error names its key.
fn check(entry: &Entry<'_>, key: &str, value: &Value) -> Result<(), ConfigError> {
    let alone = Table::from_iter([(key.to_owned(), value.clone())]);
    let read: Result<ProviderProfile, toml::de::Error> = alone.try_into();
    read.map(drop)
        .map_err(|error| entry.error(key, error.message()))
}

fn secret(
    entry: &Entry<'_>,
    environment: &Environment,
) -> Result<Option<ClientSecret>, ConfigError> {
    let given: Vec<&str> = SECRET
        .into_iter()
        .filter(|key| entry.table.contains_key(*key))
        .collect();
    match given[..] {
        [] => Ok(None),
        ["client_secret"] => written(entry).map(Some),
        // What is written there by mistake may be the secret itself: it is not repeated.
        [key @ "client_secret_env"] => {
            let variable = entry.read(key, |value| {
                value::text(value)
                    .ok()
                    .filter(|name| is_variable(name))
                    .ok_or_else(|| {
                        "write the name of an environment variable: letters, digits and underscores"
                            .into()
                    })
            })?;
            let found = variable.as_deref().and_then(|name| environment.get(name));
            match found {
                Some(secret) => said(entry, key, secret).map(Some),
                None => Err(entry.error(key, "this variable is not set")),
            }
        }
        [key] => {
            let path = entry.read(key, value::text)?.unwrap_or_default();
            in_file(entry, key, &path).map(Some)
        }
        _ => Err(entry.error(
            "",
            "give one of client_secret, client_secret_env and client_secret_file",
        )),
    }
}

/// Others may read this file, unless there is a secret in it.
fn written(entry: &Entry<'_>) -> Result<ClientSecret, ConfigError> {
    const KEY: &str = "client_secret";
    let path = entry.document().path();
    private::read_trusted_secret(path, u64::MAX).map_err(|error| {
        entry.error(
            KEY,
            &format!("a file with a secret must be yours or root's, and not for others to read: {error}; or name another with client_secret_file"),
        )
    })?;
    let secret = entry.read(KEY, value::text)?.unwrap_or_default();
    said(entry, KEY, &secret)
}

/// An empty one is a slip, and would only show at the first login.
fn said(entry: &Entry<'_>, key: &str, secret: &str) -> Result<ClientSecret, ConfigError> {
    if secret.is_empty() {
        return Err(entry.error(key, "there is no secret in it"));
    }
    Ok(ClientSecret::new(secret))
}

fn in_file(entry: &Entry<'_>, key: &str, file: &str) -> Result<ClientSecret, ConfigError> {
    let path = entry.document().path();
    let base = path.parent().unwrap_or(path);
    // Root may hand it to the server: systemd's LoadCredential=, a secret that a container mounts.
    let file = base.join(file);
    let bytes = private::read_trusted_secret(&file, LARGEST_SECRET)?
        .ok_or_else(|| entry.error(key, &format!("there is no file {}", file.display())))?;
    let text = String::from_utf8(bytes).map_err(|_| entry.error(key, "the file is not UTF-8"))?;
    said(entry, key, text.trim_end_matches(['\r', '\n']))
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `OARLOCK_CLIENT_ID_NAME` and `OARLOCK_CLIENT_SECRET_NAME`, as for every provider.
fn complete_client(profile: &mut ProviderProfile, environment: &Environment) {
    let suffix = variable_suffix(&profile.name);
    if let Some(id) = environment.get(&format!("OARLOCK_CLIENT_ID_{suffix}")) {
        if profile.client_id.as_deref() != Some(id) {
            // Another client's secret is not this one's.
            profile.client_secret = None;
        }
        profile.client_id = Some(id.into());
    }
    if let Some(secret) = environment.get(&format!("OARLOCK_CLIENT_SECRET_{suffix}")) {
        profile.client_secret = Some(ClientSecret::new(secret));
    }
}
