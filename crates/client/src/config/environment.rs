//! Providers and client ids from the environment.

use oarlock_io::Environment;
use oarlock_oauth::{
    endpoint::Endpoint,
    profile::{ProviderProfile, Redirect},
    scope::Scopes,
    secret::{AccessToken, ClientSecret},
};
use url::Url;

use super::ConfigError;

/// Name of the provider that the environment defines.
pub const ENVIRONMENT_PROVIDER: &str = "env";

const PREFIXES: [&str; 2] = ["OARLOCK_OAUTH_", "FMCP_OAUTH_"];
const NAMES: [&str; 8] = [
    "AUTH_ENDPOINT",
    "TOKEN_ENDPOINT",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "USERINFO_ENDPOINT",
    "REDIRECT_URI",
    "SCOPE",
    "ACCESS_TOKEN",
];

/// A provider's name as the end of a variable's: `op.example.com` → `OP_EXAMPLE_COM`.
pub fn variable_suffix(provider: &str) -> String {
    provider
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

/// Names of all variables that define the provider `env`, with both prefixes.
pub fn environment_variables() -> impl Iterator<Item = String> {
    NAMES
        .iter()
        .flat_map(|name| PREFIXES.iter().map(move |prefix| format!("{prefix}{name}")))
}

/// Client id and secret from `OARLOCK_CLIENT_ID_<PROVIDER>` and `OARLOCK_CLIENT_SECRET_<PROVIDER>`.
pub(super) fn complete_client(profile: &mut ProviderProfile, environment: &Environment) {
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

/// The provider `env`; `None` where no variable speaks of one.
pub(super) fn provider(environment: &Environment) -> Result<Option<ProviderProfile>, ConfigError> {
    if !environment_variables().any(|name| environment.get(&name).is_some()) {
        return Ok(None);
    }
    let mut profile = ProviderProfile::named(ENVIRONMENT_PROVIDER);
    profile.title = Some("the environment's provider".into());
    profile.manual_token =
        find(environment, "ACCESS_TOKEN").map(|(_, token)| AccessToken::new(token));
    profile.authorization_endpoint = endpoint(environment, "AUTH_ENDPOINT")?;
    profile.token_endpoint = endpoint(environment, "TOKEN_ENDPOINT")?;
    profile.userinfo_endpoint = endpoint(environment, "USERINFO_ENDPOINT")?;
    profile.client_id = find(environment, "CLIENT_ID").map(|(_, id)| id.into());
    profile.client_secret =
        find(environment, "CLIENT_SECRET").map(|(_, secret)| ClientSecret::new(secret));
    profile.scopes = Scopes::parse(
        find(environment, "SCOPE").map_or("openid profile email", |(_, scope)| scope),
    );
    profile.redirect = redirect(environment)?;
    if profile.manual_token.is_none() {
        let missing = [
            ("AUTH_ENDPOINT", profile.authorization_endpoint.is_none()),
            ("TOKEN_ENDPOINT", profile.token_endpoint.is_none()),
            ("CLIENT_ID", profile.client_id.is_none()),
        ];
        if let Some((name, _)) = missing.iter().find(|(_, missing)| *missing) {
            return Err(ConfigError::Environment {
                missing: format!("OARLOCK_OAUTH_{name}"),
            });
        }
    }
    profile
        .validate()
        .map_err(|error| value_error("OARLOCK_OAUTH_*", &error.to_string()))?;
    Ok(Some(profile))
}

fn find<'a>(environment: &'a Environment, name: &str) -> Option<(String, &'a str)> {
    PREFIXES
        .iter()
        .filter(|prefix| agrees(environment, prefix))
        .map(|prefix| format!("{prefix}{name}"))
        .find_map(|full| Some((full.clone(), environment.get(&full)?)))
}

/// Whether the variables of a prefix speak of the same server and client as those before it: a secret or token of
/// another one must not be mixed in.
fn agrees(environment: &Environment, prefix: &str) -> bool {
    let value = |prefix: &str, name: &str| environment.get(&format!("{prefix}{name}"));
    let first = |name: &str| PREFIXES.iter().find_map(|prefix| value(prefix, name));
    ["AUTH_ENDPOINT", "TOKEN_ENDPOINT", "CLIENT_ID"]
        .iter()
        .all(|name| value(prefix, name).is_none_or(|own| first(name) == Some(own)))
}

fn endpoint(environment: &Environment, name: &str) -> Result<Option<Endpoint>, ConfigError> {
    find(environment, name)
        .map(|(variable, text)| {
            Endpoint::parse(text).map_err(|error| value_error(&variable, &error.to_string()))
        })
        .transpose()
}

/// FluidMCP's default is one fixed port; a redirect URI elsewhere means that the person pastes what that page gets.
fn redirect(environment: &Environment) -> Result<Redirect, ConfigError> {
    let (variable, text) = find(environment, "REDIRECT_URI").unwrap_or_else(|| {
        (
            "OARLOCK_OAUTH_REDIRECT_URI".into(),
            "http://localhost:8088/callback",
        )
    });
    let wrong = |message: &str| value_error(&variable, message);
    let endpoint = Endpoint::parse(text).map_err(|error| wrong(&error.to_string()))?;
    let url: &Url = endpoint.url();
    if !oarlock_oauth::endpoint::is_loopback(url) {
        return Ok(Redirect {
            hosted: Some(endpoint),
            ..Redirect::default()
        });
    }
    if url.query().is_some() {
        return Err(wrong(
            "a loopback redirect URI has no query; write http://localhost:8088/callback",
        ));
    }
    Ok(Redirect {
        host: url.host_str().unwrap_or("localhost").into(),
        ports: url.port().into_iter().collect(),
        path: url.path().into(),
        hosted: None,
    })
}

fn value_error(variable: &str, message: &str) -> ConfigError {
    ConfigError::Value {
        place: "environment".into(),
        key: variable.into(),
        message: message.into(),
    }
}
