//! Where a token comes from: environment, then the stored login, then an API key.

use jiff::Timestamp;
use oarlock_io::Environment;
use oarlock_oauth::{profile::ProviderProfile, secret::AccessToken};

use crate::{
    account::AccountKey,
    config::{ConfigError, variable_suffix},
    credential::Credential,
    server,
};

/// Where a token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// An environment variable that holds an access token.
    Variable(String),
    /// The stored login.
    Login(AccountKey),
    /// An environment variable that holds an API key, the last resort.
    ApiKey(String),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Login(key) => write!(f, "the login to {key}"),
            Self::ApiKey(name) => write!(f, "the API key in {name}"),
        }
    }
}

/// A token that serves now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Token {
    /// The token.
    pub access_token: AccessToken,
    /// `Bearer`, unless the server said otherwise.
    pub token_type: String,
    /// Where it comes from.
    pub source: Source,
    /// Its end by the server's clock, where known.
    pub expires_at: Option<Timestamp>,
    /// The provider as known for this token.
    pub profile: ProviderProfile,
    /// What the person should be told although it worked.
    pub warning: Option<String>,
}

impl Token {
    pub(crate) fn stored(key: AccountKey, credential: Credential, warning: Option<String>) -> Self {
        Self {
            access_token: credential.access_token,
            token_type: credential.token_type,
            source: Source::Login(key),
            expires_at: credential.expires_at,
            profile: credential.profile,
            warning,
        }
    }

    fn from_environment(source: Source, value: &str, profile: &ProviderProfile) -> Self {
        Self {
            access_token: AccessToken::new(value),
            token_type: "Bearer".into(),
            source,
            expires_at: None,
            profile: profile.clone(),
            warning: None,
        }
    }
}

/// Names of the variables that hold an access token of this provider, most important first.
pub fn token_variables(profile: &ProviderProfile) -> Vec<String> {
    let mut names = vec![format!("OARLOCK_TOKEN_{}", variable_suffix(&profile.name))];
    names.extend(profile.token_variables.iter().cloned());
    names
}

/// The token the environment gives; it wins over everything.
///
/// # Errors
/// A variable holds what no header can carry.
pub(crate) fn from_variables(
    profile: &ProviderProfile,
    environment: &Environment,
) -> Result<Option<Token>, ConfigError> {
    for name in token_variables(profile) {
        if let Some(value) = environment.get(&name) {
            check(&name, value)?;
            return Ok(Some(Token::from_environment(
                Source::Variable(name),
                value,
                profile,
            )));
        }
    }
    let Some(manual) = &profile.manual_token else {
        return Ok(None);
    };
    let name = "OARLOCK_OAUTH_ACCESS_TOKEN".to_owned();
    check(&name, manual.expose())?;
    Ok(Some(Token::from_environment(
        Source::Variable(name),
        manual.expose(),
        profile,
    )))
}

/// The API key the environment gives, when nothing else does.
///
/// # Errors
/// A variable holds what no header can carry.
pub(crate) fn from_api_key(
    profile: &ProviderProfile,
    environment: &Environment,
) -> Result<Option<Token>, ConfigError> {
    for name in &profile.api_key_variables {
        if let Some(value) = environment.get(name) {
            check(name, value)?;
            return Ok(Some(Token::from_environment(
                Source::ApiKey(name.clone()),
                value,
                profile,
            )));
        }
    }
    Ok(None)
}

/// CR or LF in a token would write headers of its own (hostile 5).
fn check(name: &str, value: &str) -> Result<(), ConfigError> {
    if value.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) {
        return Ok(());
    }
    Err(ConfigError::Value {
        place: "environment".into(),
        key: name.into(),
        message: "a token is one word of printable ASCII characters, without spaces or line breaks"
            .into(),
    })
}

/// One place a provider's token could come from, for `status`.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct SourceState {
    /// `variable`, `login` or `api_key`.
    pub kind: &'static str,
    /// In words.
    pub source: String,
    /// Something is there.
    pub present: bool,
    /// This one is used.
    pub wins: bool,
    /// Why it is used, or why not.
    pub reason: String,
}

/// Every place a provider's token could come from, in the order they are asked, and which one wins.
///
/// # Errors
/// Nobody knows the provider; the only login to it cannot be read.
pub fn explain(client: &crate::Client, provider: &str) -> Result<Vec<SourceState>, crate::Error> {
    let profile = client.profile(provider)?;
    let mut states = Vec::new();
    let mut winner: Option<String> = None;
    let mut add =
        |kind: &'static str, source: String, present: bool, usable: Result<String, String>| {
            let wins = present && usable.is_ok() && winner.is_none();
            let reason = match (present, &winner, usable) {
                (false, _, _) => "not set".into(),
                (true, Some(first), Ok(_)) => format!("not used: {first} comes first"),
                (true, _, Ok(reason) | Err(reason)) => reason,
            };
            if wins {
                winner = Some(source.clone());
            }
            states.push(SourceState {
                kind,
                source,
                present,
                wins,
                reason,
            });
        };
    for name in token_variables(&profile) {
        let present = client.environment().get(&name).is_some();
        add(
            "variable",
            format!("the variable {name}"),
            present,
            Ok("used: it is set".into()),
        );
    }
    if profile.manual_token.is_some() {
        add(
            "variable",
            "the variable OARLOCK_OAUTH_ACCESS_TOKEN".into(),
            true,
            Ok("used: it is set".into()),
        );
    }
    match client.account(provider, None) {
        Ok(key) => {
            let (present, usable) = match client.store().load(&key) {
                Ok(Some(credential)) if !server::is_same(&credential.profile, &profile) => {
                    let other = server::other(&credential.profile, &profile);
                    (true, Err(format!("not used: {other}")))
                }
                Ok(Some(credential)) => (true, login_usable(client, &credential)),
                Ok(None) => (false, Err("not logged in".into())),
                Err(error) => (true, Err(format!("not used: {error}"))),
            };
            add("login", Source::Login(key).to_string(), present, usable);
        }
        Err(crate::Error::SeveralLogins { choices }) => {
            let reason = format!(
                "which one is not said: name one of {} with -a",
                choices.join(", ")
            );
            add("login", "the stored logins".into(), true, Err(reason));
        }
        Err(_) => add(
            "login",
            "the stored login".into(),
            false,
            Err("not logged in".into()),
        ),
    }
    for name in &profile.api_key_variables {
        let present = client.environment().get(name).is_some();
        add(
            "api_key",
            format!("the API key in {name}"),
            present,
            Ok("used: nothing else is there".into()),
        );
    }
    Ok(states)
}

fn login_usable(client: &crate::Client, credential: &Credential) -> Result<String, String> {
    use crate::credential::Freshness;
    let freshness = credential.freshness(client.clock().now(), std::time::Duration::ZERO);
    match (&credential.dead, freshness, credential.is_renewable()) {
        (Some(dead), Freshness::Expired, _) => {
            Err(format!("not used: the login is over ({})", dead.reason))
        }
        (None, Freshness::Expired, false) => {
            Err("not used: it expired and cannot be renewed".into())
        }
        (_, Freshness::Fresh | Freshness::Due, _) => Ok("used: it is valid".into()),
        (None, Freshness::Expired, true) => Ok("used: it is renewed when needed".into()),
    }
}
