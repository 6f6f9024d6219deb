//! Programs of the file, `[clients.ID]`, and `--new-client-secret`.

use std::process::ExitCode;

use oarlock::config::ConfigError;
use oarlock_oauth::{
    authorization_server::{
        client::{ClientMetadata, GrantType},
        redirect_uri::RedirectUri,
    },
    client_auth::ClientAuthentication,
    secret::ClientSecret,
    text::Untrusted,
};
use oarlock_server::{
    broker::{clients::BUILT_IN, digest::Digest},
    config::broker::ClientConfig,
};
use toml::Value;
use url::Url;

use super::super::{entry::Entry, sources::Sources, value};
use crate::{failure::Failure, output, settings::CLIENT_KEYS};

const MAKER: &str = "oarlock serve --new-client-secret ID";
const LONGEST_ID: usize = 128;

pub(super) fn read(sources: &Sources<'_>) -> Result<Vec<ClientConfig>, ConfigError> {
    Entry::all(sources.document, "clients")?
        .iter()
        .map(|(id, entry)| client(id, entry))
        .collect()
}

fn client(id: &str, entry: &Entry<'_>) -> Result<ClientConfig, ConfigError> {
    let keys: Vec<&str> = CLIENT_KEYS.iter().map(|(key, _)| *key).collect();
    entry.check_keys(&keys)?;
    let secret = entry.read("client_secret_sha256", secret_digest)?;
    check_id(id, secret.is_some()).map_err(|message| entry.error("", &message))?;
    let redirect_uris = entry
        .read("redirect_uris", redirect_uris)?
        .unwrap_or_default();
    let metadata = ClientMetadata {
        client_name: entry.read("client_name", value::text)?.map(Untrusted::new),
        client_uri: entry.read("client_uri", page)?,
        grant_types: grant_types(entry, &redirect_uris)?,
        redirect_uris,
        token_endpoint_auth_method: method(entry, secret.is_some())?,
        scope: entry.read("scope", |value| match value {
            Value::String(text) => super::scopes(&Value::String(text.replace(' ', ","))),
            _ => super::scopes(value),
        })?,
    };
    Ok(ClientConfig {
        id: id.into(),
        metadata,
        secret,
        trusted: entry.read("trusted", value::boolean)?.unwrap_or(false),
    })
}

/// Ids are shown, logged, and sent in Basic authentication.
fn check_id(id: &str, has_secret: bool) -> Result<(), String> {
    if id == BUILT_IN {
        return Err(format!(
            "{BUILT_IN} is built in: every program of Oarlock's has it; take another client id"
        ));
    }
    let is_of = |further: &[u8]| {
        (1..=LONGEST_ID).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || further.contains(&byte))
    };
    // An API asks about the tokens that are for it under the name that they have it by (`aud`).
    let is_resource =
        || has_secret && is_of(b"-._~:/") && Url::parse(id).is_ok_and(|url| url.has_host());
    if is_of(b"-._~") || is_resource() {
        Ok(())
    } else {
        Err(format!(
            "write a client id of letters, digits and -._~, at most {LONGEST_ID}, such as [clients.mytool]; of an API that asks about its tokens with a secret, its address as in `resources`"
        ))
    }
}

fn redirect_uris(value: &Value) -> Result<Vec<RedirectUri>, String> {
    let uri = |text: &String| RedirectUri::parse(text).map_err(|error| error.to_string());
    value::list(value)?.iter().map(uri).collect()
}

fn page(value: &Value) -> Result<Url, String> {
    Url::parse(&value::text(value)?)
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http"))
        .ok_or_else(|| "write an address, such as https://tool.example.com".into())
}

fn grant_types(
    entry: &Entry<'_>,
    redirect_uris: &[RedirectUri],
) -> Result<Vec<GrantType>, ConfigError> {
    let grant = |name: String| Value::String(name).try_into::<GrantType>();
    let named = entry.read("grant_types", |value| {
        let names = value::list(value)?;
        names.into_iter().map(grant).collect::<Result<Vec<_>, _>>().map_err(|_| {
            "write \"authorization_code\", \"refresh_token\" or \"urn:ietf:params:oauth:grant-type:device_code\"".into()
        })
    })?;
    let has_redirect = !redirect_uris.is_empty();
    let grants = named.unwrap_or_else(|| {
        let first = match has_redirect {
            true => GrantType::AuthorizationCode,
            false => GrantType::DeviceCode,
        };
        vec![first, GrantType::RefreshToken]
    });
    if grants.contains(&GrantType::AuthorizationCode) && !has_redirect {
        let message = "authorization_code needs an address to come back to, such as [\"http://127.0.0.1/callback\"]";
        return Err(entry.error("redirect_uris", message));
    }
    Ok(grants)
}

fn method(entry: &Entry<'_>, has_secret: bool) -> Result<ClientAuthentication, ConfigError> {
    const KEY: &str = "token_endpoint_auth_method";
    let named = entry.read(KEY, |value| {
        ClientAuthentication::parse(&value::text(value)?).ok_or_else(|| {
            "write \"none\", \"client_secret_basic\" or \"client_secret_post\"".into()
        })
    })?;
    match (named, has_secret) {
        (None, true) => Ok(ClientAuthentication::Basic),
        (None, false) => Ok(ClientAuthentication::None),
        (Some(ClientAuthentication::None), true) => Err(entry.error(
            KEY,
            "this program has a secret (client_secret_sha256), so that \"none\" is wrong; write \"client_secret_basic\" or leave this out",
        )),
        (Some(ClientAuthentication::None), false) => Ok(ClientAuthentication::None),
        (Some(method), true) => Ok(method),
        (Some(_), false) => Err(entry.error(
            "client_secret_sha256",
            &format!("this is missing; `{MAKER}` makes one"),
        )),
    }
}

fn secret_digest(value: &Value) -> Result<Digest, String> {
    let digest = Digest(value::sha256(value, MAKER)?);
    if digest == ClientConfig::secret_digest(&ClientSecret::new("")) {
        return Err("this is the digest of no secret at all".into());
    }
    Ok(digest)
}

/// The secret goes to standard output, what the file needs to standard error.
pub(in super::super) fn new_secret(id: &str) -> Result<ExitCode, Failure> {
    check_id(id, true)
        .map_err(|message| Failure::usage(format!("--new-client-secret: {message}")))?;
    let secret = ClientSecret::from_random(oarlock_io::entropy::random()?);
    let digest = ClientConfig::secret_digest(&secret);
    output::line(secret.expose())?;
    output::notice(&format!(
        "This is the secret; it is shown once. Put this into server.toml and start the broker again:\n\n[clients.\"{id}\"]\nclient_secret_sha256 = \"{}\"",
        value::hexadecimal(&digest.0)
    ));
    Ok(ExitCode::SUCCESS)
}
