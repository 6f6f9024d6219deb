//! One provider as it is known here: its login, where its token comes from, its client id, and the ways to log in.

use oarlock::{
    Client, Error, ErrorKind,
    config::ENVIRONMENT_PROVIDER,
    credential::{Credential, Freshness},
    login::Forecast,
    oauth::profile::ProviderProfile,
    source,
};
use oarlock_io::http_server::LoopbackListener;

use super::{
    endpoints::Found,
    report::{Report, sentence},
};

/// The provider that is meant.
pub(super) fn choose(client: &Client, named: Option<&str>, report: &mut Report) -> Option<String> {
    const CHECK: &str = "provider";
    if let Some(name) = named {
        return Some(name.to_owned());
    }
    match client.default_provider() {
        Ok(name) => return Some(name),
        Err(error) if error.kind() == ErrorKind::LoginRequired => {}
        Err(Error::SeveralLogins { choices }) => {
            report
                .warning(
                    CHECK,
                    "Several are logged in, and none was named; its addresses were not looked at.",
                )
                .advice(format!("Name one of {}:", choices.join(", ")))
                .command(format!(
                    "oarlock doctor {}",
                    choices.first().map_or("PROVIDER", String::as_str)
                ));
            return None;
        }
        Err(error) => {
            report.error(CHECK, &error);
            return None;
        }
    }
    report
        .warning(
            CHECK,
            "None was named, and nobody is logged in; no addresses were looked at.",
        )
        .advice("Name a provider or an issuer's address, for example:")
        .command("oarlock doctor https://login.example.com");
    None
}

/// What is known without asking anybody; `None` where the provider is not known at all.
pub(super) fn examine(client: &Client, name: &str, report: &mut Report) -> Option<ProviderProfile> {
    let profile = match client.profile(name) {
        Ok(profile) => profile,
        Err(error) => {
            report.error("provider", &error);
            return None;
        }
    };
    report.provider = Some(profile.name.clone());
    let where_from = if client.config().providers.contains_key(&profile.name) {
        if profile.name == ENVIRONMENT_PROVIDER {
            "the environment"
        } else {
            "your configuration"
        }
    } else if oarlock::catalogue::names().any(|known| known == profile.name) {
        "the built-in catalogue"
    } else if name.contains("://") {
        "its address"
    } else {
        "its login"
    };
    report.ok(
        "provider",
        format!("{} is known from {where_from}.", profile.name),
    );
    logins(client, &profile, report);
    sources(client, name, &profile, report);
    Some(profile)
}

fn logins(client: &Client, profile: &ProviderProfile, report: &mut Report) {
    const CHECK: &str = "login";
    let logins = match client.logins() {
        Ok(logins) => logins,
        Err(error) => {
            report.skipped(CHECK, sentence(&error.to_string()));
            return;
        }
    };
    let mut any = false;
    for (key, credential) in logins
        .iter()
        .filter(|(key, _)| key.provider() == profile.name)
    {
        any = true;
        match credential {
            Ok(credential) => login(client, &key.to_string(), credential, report),
            // Said where the files were looked at.
            Err(_) => report.skipped(CHECK, format!("The file of {key} cannot be used.")),
        }
    }
    if !any && profile.manual_token.is_none() {
        report.ok(CHECK, "Nobody is logged in yet.");
    }
}

fn login(client: &Client, key: &str, credential: &Credential, report: &mut Report) {
    const CHECK: &str = "login";
    let who = credential
        .identity
        .as_ref()
        .map(|name| format!(" as {name}"))
        .unwrap_or_default();
    let renewal = if credential.is_renewable() {
        "it is renewed when needed"
    } else {
        "it cannot be renewed"
    };
    let state = credential.freshness(client.clock().now(), std::time::Duration::ZERO);
    let found = match (&credential.dead, state) {
        (Some(dead), _) => report.problem(
            CHECK,
            format!(
                "The login to {key}{who} is over: {}",
                sentence(&dead.reason.to_string())
            ),
        ),
        (None, Freshness::Expired) if !credential.is_renewable() => report.problem(
            CHECK,
            format!("The token of {key}{who} expired, and {renewal}."),
        ),
        (None, Freshness::Expired) => {
            report.ok(
                CHECK,
                format!("Logged in to {key}{who}; the token expired, and {renewal}."),
            );
            return;
        }
        (None, Freshness::Fresh | Freshness::Due) => {
            report.ok(
                CHECK,
                format!("Logged in to {key}{who}; the token is valid, and {renewal}."),
            );
            return;
        }
    };
    let account = if credential.account == oarlock::account::DEFAULT_ACCOUNT {
        String::new()
    } else {
        format!(" -a {}", credential.account)
    };
    found
        .kind(ErrorKind::LoginRequired)
        .advice("Log in again:")
        .command(format!("oarlock login {}{account}", credential.provider));
}

/// Which source wins, and whether it hides a login.
fn sources(client: &Client, name: &str, profile: &ProviderProfile, report: &mut Report) {
    const CHECK: &str = "source";
    // A login is stored under the profile's name, also where the address was given.
    let known = client.profile(&profile.name).is_ok();
    let states = match source::explain(client, if known { &profile.name } else { name }) {
        Ok(states) => states,
        Err(error) => {
            report.skipped(CHECK, sentence(&error.to_string()));
            return;
        }
    };
    let Some(winner) = states.iter().find(|state| state.wins) else {
        report.ok(CHECK, "There is no token yet.");
        return;
    };
    let login = states
        .iter()
        .any(|state| state.kind == "login" && state.present);
    match (winner.kind, login) {
        ("variable", true) => {
            report
                .warning(
                    CHECK,
                    format!(
                        "The token comes from {}, which hides the login and is never renewed.",
                        winner.source
                    ),
                )
                .advice("Unset the variable to use the login.");
        }
        ("api_key", true) => {
            report.warning(
                CHECK,
                format!(
                    "The login cannot be used, and {} takes its place.",
                    winner.source
                ),
            );
        }
        _ => {
            report.ok(CHECK, format!("The token comes from {}.", winner.source));
        }
    }
}

/// Whether the program may speak to the provider at all.
pub(super) fn client_id(found: &Found, report: &mut Report) {
    const CHECK: &str = "client-id";
    let profile = &found.profile;
    if profile.manual_token.is_some() {
        return;
    }
    match (profile.client_id(), &profile.registration_endpoint) {
        (Ok(_), _) => {
            let secret = if profile.client_secret.is_some() {
                "with"
            } else {
                "without"
            };
            report.ok(CHECK, format!("There is one, {secret} a secret."));
        }
        (Err(_), Some(_)) => {
            report.ok(
                CHECK,
                "None is configured; the login registers one with the provider.",
            );
        }
        (Err(_), None) if !found.complete => {
            report.skipped(
                CHECK,
                "None is configured; whether the provider registers clients is not known.",
            );
        }
        (Err(error), None) => {
            report.error(CHECK, &error.into());
        }
    }
}

/// Ports, and the way `auto` would go.
pub(super) async fn ways(client: &Client, found: &Found, report: &mut Report) {
    let profile = &found.profile;
    if profile.manual_token.is_some() {
        return;
    }
    redirect_ports(profile, report).await;
    if !found.complete && profile.authorization_endpoint.is_none() {
        report.skipped("flow", "The provider must be reached first.");
        return;
    }
    let browser = client.config().browser();
    match client.forecast(profile, &browser) {
        Forecast::Loopback { paste: false } => report.ok("flow", "A login would wait for the browser's answer on a port of this machine."),
        Forecast::Loopback { paste: true } => {
            report.ok("flow", "A login would wait for the browser's answer on a port of this machine, or for you to paste it.")
        }
        Forecast::HostedPage => report.ok("flow", "A login would ask you to paste the code that the provider's page shows."),
        Forecast::Device => report.ok("flow", "A login would show a code to enter on another device."),
        Forecast::Nothing(reason) => report.problem("flow", sentence(reason)).kind(ErrorKind::Usage),
        _ => return,
    };
}

async fn redirect_ports(profile: &ProviderProfile, report: &mut Report) {
    const CHECK: &str = "redirect-port";
    let redirect = &profile.redirect;
    if redirect.ports.is_empty() {
        match LoopbackListener::bind(&[]).await {
            Ok(_) => report.ok(CHECK, "Any free port serves, and one can be had."),
            Err(error) => report
                .problem(CHECK, sentence(&error.to_string()))
                .advice("Log in without a port: --flow paste, or --flow device."),
        };
        return;
    }
    let (mut free, mut taken) = (Vec::new(), Vec::new());
    for port in &redirect.ports {
        match LoopbackListener::bind(&[*port]).await {
            Ok(_) => free.push(port.to_string()),
            Err(_) => taken.push(port.to_string()),
        }
    }
    match (free.as_slice(), taken.as_slice()) {
        ([], taken) => report
            .problem(
                CHECK,
                format!(
                    "Port {} is taken, and the provider allows no other.",
                    taken.join(" and ")
                ),
            )
            .advice("End the program that listens there, or log in without a port: --flow paste."),
        (free, []) => report.ok(CHECK, format!("Port {} is free.", free.join(" and "))),
        (free, taken) => report.ok(
            CHECK,
            format!(
                "Port {} is taken, {} is free and will be used.",
                taken.join(" and "),
                free.join(" and ")
            ),
        ),
    };
}
