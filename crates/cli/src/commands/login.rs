//! `oarlock login`.

use std::process::ExitCode;

use oarlock::{
    Browser, Client, Credential, Flow, LoginOptions,
    account::DEFAULT_ACCOUNT,
    oauth::{profile::ProviderProfile, scope::Scopes, secret::ClientSecret},
};
use serde::Serialize;

use crate::{
    arguments::{FlowArgument, LoginArguments},
    failure::Failure,
    output, runtime, selector,
};

#[derive(Serialize)]
struct LoginJson<'a> {
    provider: &'a str,
    account: &'a str,
    identity: Option<String>,
    scope: String,
    expires_at: Option<String>,
    refreshable: bool,
}

pub(super) fn run(arguments: &LoginArguments) -> Result<ExitCode, Failure> {
    let client = super::client()?;
    let options = options(&client, arguments)?;
    let provider = match &arguments.provider {
        Some(provider) => provider.clone(),
        None => choose(&client)?,
    };
    let profile = profile(&client, &provider, arguments)?;
    let credential = runtime::block_on(&client, client.login_with(profile, &options))?;
    report(&credential, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Without an argument: the one configured provider, else a selection on a terminal.
fn choose(client: &Client) -> Result<String, Failure> {
    let own: Vec<&String> = client.config().providers.keys().collect();
    if let [only] = own.as_slice() {
        return Ok((*only).clone());
    }
    if selector::is_possible(client) {
        return selector::choose_login(client);
    }
    if let Some(name) = &client.config().default_provider {
        return Ok(name.clone());
    }
    let error = oarlock::Error::from(oarlock::config::ConfigError::NoProvider);
    Err(Failure::from(error).with_hint(
        "Name an issuer:   oarlock login https://login.example.com\nor a provider:    oarlock login github\nSee them all:     oarlock provider list",
    ))
}

fn profile(
    client: &Client,
    provider: &str,
    arguments: &LoginArguments,
) -> Result<ProviderProfile, Failure> {
    let mut profile = client.profile(provider)?;
    if let Some(id) = &arguments.client_id {
        if profile.client_id.as_ref() != Some(id) {
            profile.client_secret = None;
        }
        profile.client_id = Some(id.clone());
    }
    if let Some(file) = &arguments.client_secret_file {
        let text = if file == "-" {
            std::io::read_to_string(std::io::stdin())
        } else {
            std::fs::read_to_string(file)
        };
        let text =
            text.map_err(|error| Failure::usage(format!("--client-secret-file {file}: {error}")))?;
        profile.client_secret = Some(ClientSecret::new(text.trim_end_matches(['\r', '\n'])));
    }
    Ok(profile)
}

/// Flags over the configuration's `[login]`.
fn options(client: &Client, arguments: &LoginArguments) -> Result<LoginOptions, Failure> {
    let configured = &client.config().login;
    let mut options = LoginOptions::default();
    options.account.clone_from(&arguments.account);
    options.flow = arguments
        .flow
        .map(Into::into)
        .or(configured.flow)
        .unwrap_or_default();
    options.ports.clone_from(&arguments.port);
    options.qr = arguments.qr;
    options.browser = match (&arguments.browser, arguments.no_browser) {
        (Some(command), _) => Browser::Command(command.clone()),
        (None, true) => Browser::Never,
        (None, false) => client.config().browser(),
    };
    let seconds = configured.timeout.map(std::time::Duration::from_secs);
    if let Some(timeout) = arguments.timeout.or(seconds) {
        options.timeout = timeout;
    }
    if !arguments.scope.is_empty() {
        options.scopes = Some(Scopes::parse(&arguments.scope.join(" ")));
    }
    if arguments.qr && arguments.flow.is_none() {
        // A QR code is for another device.
        options.flow = FlowArgument::Device.into();
    }
    relay(client, arguments, &mut options)?;
    Ok(options)
}

/// A relay that is named is the way; who names another way beside it means one of them only.
fn relay(
    client: &Client,
    arguments: &LoginArguments,
    options: &mut LoginOptions,
) -> Result<(), Failure> {
    if arguments.relay.is_some() {
        if !matches!(
            arguments.flow,
            None | Some(FlowArgument::Auto | FlowArgument::Relay)
        ) {
            return Err(Failure::usage(
                "--relay is a way of its own; leave --flow out, or --relay",
            ));
        }
        options.flow = FlowArgument::Relay.into();
    }
    if options.flow == Flow::Relay {
        options.relay = Some(super::wait::named_relay(client, arguments.relay.as_ref())?);
    }
    Ok(())
}

fn report(credential: &Credential, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(&LoginJson {
            provider: &credential.provider,
            account: &credential.account,
            identity: credential.identity.as_ref().map(ToString::to_string),
            scope: credential.scope.join(' '),
            expires_at: credential.expires_at.map(|at| at.to_string()),
            refreshable: credential.is_renewable(),
        });
    }
    let who = credential
        .identity
        .as_ref()
        .map(|name| format!(" as {name}"))
        .unwrap_or_default();
    output::notice(&format!(
        "{} Logged in to {}{who}.",
        output::paint("✓", "32"),
        credential.profile.display_name()
    ));
    if !credential.is_renewable() && credential.expires_at.is_some() {
        output::notice(
            "  The provider gave no refresh token: this login ends when its token expires.",
        );
    }
    let account = if credential.account == DEFAULT_ACCOUNT {
        String::new()
    } else {
        format!(" -a {}", credential.account)
    };
    output::notice(&format!(
        "  Print a token with: oarlock token {}{account}",
        credential.provider
    ));
    Ok(())
}
