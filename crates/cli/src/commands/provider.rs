//! `oarlock provider …`.

use std::process::ExitCode;

use oarlock::{Client, config, oauth::profile::ProviderProfile, probe::ProviderReport};
use serde::Serialize;
use toml_edit::{Item, value};

use crate::{
    arguments::{
        ProviderAddArguments, ProviderCommand, ProviderListArguments, ProviderShowArguments,
        ProviderTestArguments,
    },
    failure::Failure,
    output, runtime,
};

#[derive(Serialize)]
struct ProviderJson {
    name: String,
    title: String,
    /// `configuration`, `built-in` or `login`.
    origin: &'static str,
    client_id: bool,
    logged_in: bool,
}

pub(super) fn run(command: &ProviderCommand) -> Result<ExitCode, Failure> {
    let client = super::client();
    match command {
        ProviderCommand::List(arguments) => list(&client?, arguments),
        ProviderCommand::Show(arguments) => show(&client?, arguments),
        ProviderCommand::Add(arguments) => add(&client?, arguments),
        ProviderCommand::Remove(arguments) => {
            let client = client?;
            config::remove_provider(client.config_file(), &arguments.name, client.environment())?;
            output::notice(&format!(
                "Removed {} from {}.",
                arguments.name,
                client.config_file().display()
            ));
            Ok(ExitCode::SUCCESS)
        }
        ProviderCommand::Test(arguments) => test(&client?, arguments),
    }
}

fn list(client: &Client, arguments: &ProviderListArguments) -> Result<ExitCode, Failure> {
    let logged_in: Vec<String> = client
        .store()
        .accounts()
        .map_err(oarlock::Error::from)?
        .iter()
        .map(|key| key.provider().to_owned())
        .collect();
    let mut names = client.config().provider_names();
    names.extend(logged_in.iter().cloned());
    names.sort();
    names.dedup();
    let mut rows = Vec::new();
    for name in names {
        // Known from a file alone that cannot be read: `status` speaks of it.
        let Ok(profile) = client.profile(&name) else {
            continue;
        };
        rows.push(ProviderJson {
            title: profile.display_name().to_owned(),
            origin: origin(client, &name),
            client_id: profile.client_id.is_some() || profile.manual_token.is_some(),
            logged_in: logged_in.contains(&name),
            name,
        });
    }
    if arguments.json {
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    for row in rows {
        let state = match (row.logged_in, row.client_id) {
            (true, _) => "logged in",
            (false, true) => "ready",
            (false, false) => "needs a client id",
        };
        output::line(&format!(
            "{:width$}  {:13}  {:17}  {}",
            row.name, row.origin, state, row.title
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn origin(client: &Client, name: &str) -> &'static str {
    if client.config().providers.contains_key(name) {
        if name == config::ENVIRONMENT_PROVIDER {
            "environment"
        } else {
            "configuration"
        }
    } else if oarlock::catalogue::names().any(|known| known == name) {
        "built-in"
    } else {
        "login"
    }
}

/// The profile as it would be used; the secret is only said to be there.
fn show(client: &Client, arguments: &ProviderShowArguments) -> Result<ExitCode, Failure> {
    let profile = client.profile(&arguments.name)?;
    let shown = redacted(&profile)?;
    if arguments.json {
        output::json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    for (key, value) in shown {
        let text = match value {
            serde_json::Value::Null => continue,
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        if text != "[]" && text != "{}" && !text.is_empty() {
            output::line(&format!("{key} = {text}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn redacted(
    profile: &ProviderProfile,
) -> Result<serde_json::Map<String, serde_json::Value>, Failure> {
    let shown =
        serde_json::to_value(profile).map_err(|error| Failure::failed(error.to_string()))?;
    let serde_json::Value::Object(mut shown) = shown else {
        return Err(Failure::failed("the profile cannot be shown"));
    };
    if profile.client_secret.is_some() {
        shown.insert("client_secret".into(), "(set, not shown)".into());
    }
    Ok(shown)
}

fn add(client: &Client, arguments: &ProviderAddArguments) -> Result<ExitCode, Failure> {
    oarlock::account::check_provider(&arguments.name).map_err(oarlock::Error::from)?;
    let entries = entries(client, arguments)?;
    config::add_provider(
        client.config_file(),
        &arguments.name,
        &entries,
        arguments.default,
        client.environment(),
    )?;
    output::notice(&format!(
        "Saved {} in {}.",
        arguments.name,
        client.config_file().display()
    ));
    output::notice(&format!("  Log in with: oarlock login {}", arguments.name));
    Ok(ExitCode::SUCCESS)
}

fn entries(
    client: &Client,
    arguments: &ProviderAddArguments,
) -> Result<Vec<(String, Item)>, Failure> {
    let mut entries: Vec<(String, Item)> = Vec::new();
    let built_in = oarlock::catalogue::names().any(|name| name == arguments.name);
    let there = client.config().providers.contains_key(&arguments.name);
    // Adding a client id to a built-in provider must keep what the catalogue says of it.
    let extends = arguments
        .extends
        .clone()
        .or_else(|| (built_in && !there).then(|| arguments.name.clone()));
    let known = known(client, &arguments.name)?;
    let endpoints =
        arguments.authorization_endpoint.is_some() || arguments.token_endpoint.is_some();
    // A login by issuer has its name from the address; an entry under that name must not lose it.
    let issuer = arguments.issuer.clone().or_else(|| {
        let alone = !there && extends.is_none() && !endpoints;
        let issuer = known.as_ref().filter(|_| alone)?.issuer.as_ref()?;
        Some(issuer.to_string())
    });
    let texts = [
        ("extends", &extends),
        ("issuer", &issuer),
        ("client_id", &arguments.client_id),
        ("client_secret_env", &arguments.client_secret_env),
        ("client_secret_file", &arguments.client_secret_file),
        ("authorization_endpoint", &arguments.authorization_endpoint),
        ("token_endpoint", &arguments.token_endpoint),
        (
            "device_authorization_endpoint",
            &arguments.device_authorization_endpoint,
        ),
        ("userinfo_endpoint", &arguments.userinfo_endpoint),
        ("revocation_endpoint", &arguments.revocation_endpoint),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            entries.push((key.into(), value(text)));
        }
    }
    if !arguments.scope.is_empty() {
        entries.push((
            "scopes".into(),
            config::list(arguments.scope.iter().cloned()),
        ));
    }
    if !arguments.origin.is_empty() {
        let known = known.iter().flat_map(|profile| &profile.origins);
        let mut origins: Vec<String> = known.map(ToString::to_string).collect();
        for origin in &arguments.origin {
            if !origins.contains(origin) {
                origins.push(origin.clone());
            }
        }
        entries.push(("origins".into(), config::list(origins)));
    }
    for assignment in &arguments.set {
        entries.push(assigned(assignment)?);
    }
    if entries.is_empty() && !there && !arguments.default {
        return Err(Failure::usage(format!("nothing is known of {} yet", arguments.name))
            .with_hint("Give its issuer: --issuer https://login.example.com\nor its endpoints: --authorization-endpoint URL --token-endpoint URL --client-id ID"));
    }
    Ok(entries)
}

/// What a name stands for already: an entry, a built-in provider, or a login.
fn known(client: &Client, name: &str) -> Result<Option<ProviderProfile>, Failure> {
    match client.profile(name) {
        Ok(profile) => Ok(Some(profile)),
        Err(oarlock::Error::Config(config::ConfigError::UnknownProvider { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `KEY=VALUE`, where the value is TOML or, failing that, a text.
fn assigned(assignment: &str) -> Result<(String, Item), Failure> {
    let (key, text) = assignment
        .split_once('=')
        .ok_or_else(|| Failure::usage(format!("{assignment:?}: write --set KEY=VALUE")))?;
    let item = text
        .parse::<toml_edit::Value>()
        .map_or_else(|_| value(text), value);
    Ok((key.trim().to_owned(), item))
}

#[derive(Serialize)]
struct TestJson {
    provider: String,
    checks: Vec<CheckJson>,
}

#[derive(Serialize)]
struct CheckJson {
    what: &'static str,
    ok: bool,
    detail: String,
}

fn test(client: &Client, arguments: &ProviderTestArguments) -> Result<ExitCode, Failure> {
    let report = runtime::block_on(client, client.probe(&arguments.name))?;
    let checks = checks(&report);
    let all_well = checks.iter().all(|check| check.ok);
    if arguments.json {
        output::json(&TestJson {
            provider: report.profile.name.clone(),
            checks,
        })?;
    } else {
        for check in &checks {
            output::line(&format!(
                "{} {}: {}",
                if check.ok { "ok  " } else { "FAIL" },
                check.what,
                check.detail
            ))?;
        }
    }
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn checks(report: &ProviderReport) -> Vec<CheckJson> {
    let profile = &report.profile;
    let mut checks = Vec::new();
    let mut add = |what, ok, detail: String| checks.push(CheckJson { what, ok, detail });
    match &report.metadata {
        Some(Ok(())) => add("metadata", true, "found, and for this issuer".into()),
        Some(Err(error)) => add("metadata", false, error.to_string()),
        None => add(
            "metadata",
            true,
            "no issuer is configured; the endpoints are".into(),
        ),
    }
    match &report.keys {
        Some(Ok(count)) => add("keys", *count > 0, format!("{count} for signatures")),
        Some(Err(error)) => add("keys", false, error.to_string()),
        None => {}
    }
    match &report.token_endpoint {
        Some(Ok(0)) => add("token endpoint", true, "answers".into()),
        Some(Ok(offset)) => add(
            "token endpoint",
            true,
            format!("answers; its clock is {offset} s from ours"),
        ),
        Some(Err(error)) => add("token endpoint", false, error.to_string()),
        None => add("token endpoint", false, "unknown".into()),
    }
    let code = profile.authorization_endpoint.is_some();
    let device = profile.device_authorization_endpoint.is_some();
    add(
        "login in a browser",
        code || device,
        if code {
            "possible".into()
        } else {
            "no authorization endpoint".into()
        },
    );
    add(
        "login by device code",
        true,
        if device {
            "possible".into()
        } else {
            "not offered".into()
        },
    );
    add(
        "revocation at logout",
        true,
        if profile.revocation_endpoint.is_some() {
            "possible".into()
        } else {
            "not offered".into()
        },
    );
    let client = match (&profile.client_id, &profile.registration_endpoint) {
        (Some(_), _) => (true, "configured".to_owned()),
        (None, Some(_)) => (true, "none configured; login registers one".into()),
        (None, None) => (
            false,
            format!(
                "none; give one: oarlock provider add {} --client-id ID",
                profile.name
            ),
        ),
    };
    add("client id", client.0, client.1);
    checks
}
