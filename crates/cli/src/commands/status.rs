//! `oarlock status`: every account, and where each provider's token comes from, and why.

use std::{process::ExitCode, time::Duration};

use jiff::Timestamp;
use oarlock::{
    Client,
    account::AccountKey,
    credential::{Credential, Freshness},
    source::{self, SourceState},
};
use serde::Serialize;

use crate::{arguments::StatusArguments, failure::Failure, output};

#[derive(Serialize)]
struct StatusJson {
    logins: Vec<LoginJson>,
    sources: Vec<ProviderSources>,
}

#[derive(Serialize)]
struct LoginJson {
    provider: String,
    account: String,
    /// `fresh`, `due`, `expired`, `dead`, or `unreadable`.
    state: &'static str,
    identity: Option<String>,
    scope: Option<String>,
    expires_at: Option<String>,
    /// By the server's clock, by which it expires; ours may be wrong.
    #[serde(skip)]
    left: Option<Duration>,
    refreshable: bool,
    reason: Option<String>,
}

#[derive(Serialize)]
struct ProviderSources {
    provider: String,
    /// The account these are about: the one that is meant where none is named.
    #[serde(skip)]
    account: Option<String>,
    sources: Vec<SourceState>,
}

pub(super) fn run(arguments: &StatusArguments) -> Result<ExitCode, Failure> {
    let client = super::client()?;
    let now = client.clock().now();
    let logins: Vec<LoginJson> = client
        .logins()?
        .iter()
        .map(|(key, credential)| login(key, credential.as_ref(), now))
        .collect();
    let sources = sources(&client)?;
    if arguments.json {
        output::json(&StatusJson { logins, sources })?;
        return Ok(ExitCode::SUCCESS);
    }
    output::write(&render(&logins, &sources))?;
    Ok(ExitCode::SUCCESS)
}

fn login(
    key: &AccountKey,
    credential: Result<&Credential, &oarlock::Error>,
    now: Timestamp,
) -> LoginJson {
    let mut login = LoginJson {
        provider: key.provider().into(),
        account: key.account().into(),
        state: "unreadable",
        identity: None,
        scope: None,
        expires_at: None,
        left: None,
        refreshable: false,
        reason: None,
    };
    let credential = match credential {
        Ok(credential) => credential,
        Err(error) => {
            login.reason = Some(error.to_string());
            return login;
        }
    };
    login.state = match (&credential.dead, credential.freshness(now, Duration::ZERO)) {
        (Some(_), _) => "dead",
        (None, Freshness::Fresh) => "fresh",
        (None, Freshness::Due) => "due",
        (None, Freshness::Expired) => "expired",
    };
    login.identity = credential.identity.as_ref().map(ToString::to_string);
    login.scope = Some(credential.scope.join(' '));
    login.expires_at = credential.expires_at.map(|at| at.to_string());
    login.left = credential
        .expires_at
        .map(|at| at.duration_since(credential.server_time(now)))
        .and_then(|left| Duration::try_from(left).ok());
    login.refreshable = credential.is_renewable();
    login.reason = credential.dead.as_ref().map(|dead| dead.reason.to_string());
    login
}

/// Providers that have a login or that the environment gives a token for.
fn sources(client: &Client) -> Result<Vec<ProviderSources>, Failure> {
    let stored = client.store().accounts().map_err(oarlock::Error::from)?;
    let mut names: Vec<String> = stored.iter().map(|key| key.provider().to_owned()).collect();
    names.extend(client.config().provider_names());
    names.sort();
    names.dedup();
    let mut all = Vec::new();
    for provider in names {
        // Known from a file alone that cannot be read: that is said of the login itself.
        let Ok(sources) = source::explain(client, &provider) else {
            continue;
        };
        if sources.iter().any(|state| state.present) {
            let key = client.account(&provider, None).ok();
            all.push(ProviderSources {
                account: key.map(|key| key.account().to_owned()),
                provider,
                sources,
            });
        }
    }
    Ok(all)
}

fn render(logins: &[LoginJson], sources: &[ProviderSources]) -> String {
    if logins.is_empty() && sources.is_empty() {
        return "Nobody is logged in. Start with: oarlock login\n".into();
    }
    let mut text = String::new();
    for login in logins {
        text.push_str(&heading(login));
        text.push_str(&format!("  {}\n", condition(login)));
        if let Some(scope) = login.scope.as_deref().filter(|scope| !scope.is_empty()) {
            text.push_str(&format!("  scopes: {scope}\n"));
        }
        if let Some(states) = sources
            .iter()
            .find(|states| states.provider == login.provider)
        {
            match &states.account {
                Some(account) if *account != login.account => {
                    text.push_str(&format!("  used with -a {}\n", login.account));
                }
                _ => text.push_str(&render_sources(&states.sources)),
            }
        }
    }
    for states in sources
        .iter()
        .filter(|states| !logins.iter().any(|login| login.provider == states.provider))
    {
        text.push_str(&format!("{}\n", states.provider));
        text.push_str(&render_sources(&states.sources));
    }
    text
}

fn heading(login: &LoginJson) -> String {
    let account = if login.account == oarlock::account::DEFAULT_ACCOUNT {
        String::new()
    } else {
        format!(" ({})", login.account)
    };
    let who = login
        .identity
        .as_ref()
        .map(|who| format!(": {who}"))
        .unwrap_or_default();
    format!("{}{account}{who}\n", login.provider)
}

fn condition(login: &LoginJson) -> String {
    let reason = login.reason.as_deref().unwrap_or("");
    let left = login
        .left
        .map(|left| format!("for {}", oarlock::duration::spell(left)));
    let renewal = if login.refreshable {
        "renewed when needed"
    } else {
        "cannot be renewed"
    };
    match login.state {
        "fresh" | "due" => format!(
            "valid {}, {renewal}",
            left.unwrap_or_else(|| "until refused".into())
        ),
        "expired" if login.refreshable => "expired, renewed when needed".into(),
        "expired" => format!("expired; log in again: {}", login_again(login)),
        "dead" => format!("over ({reason}); log in again: {}", login_again(login)),
        _ => reason.to_owned(),
    }
}

fn login_again(login: &LoginJson) -> String {
    let account = if login.account == oarlock::account::DEFAULT_ACCOUNT {
        String::new()
    } else {
        format!(" -a {}", login.account)
    };
    format!("oarlock login {}{account}", login.provider)
}

fn render_sources(states: &[SourceState]) -> String {
    // Where one source alone is there, nothing needs explaining.
    if states.iter().filter(|state| state.present).count() < 2
        && states
            .iter()
            .any(|state| state.wins && state.kind == "login")
    {
        return String::new();
    }
    states
        .iter()
        .filter(|state| state.present || state.wins)
        .map(|state| {
            format!(
                "  {} {}: {}\n",
                if state.wins { "→" } else { " " },
                state.source,
                state.reason
            )
        })
        .collect()
}
