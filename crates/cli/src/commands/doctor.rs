//! `oarlock doctor`: finds out why a login would fail, and says what to do.
//!
//! Every check is made, whatever the ones before it found; what cannot be checked says why. The object that `--json`
//! prints is in [`reference::json`](crate::reference::json).

mod endpoints;
mod files;
mod machine;
mod provider;
mod report;

use std::process::ExitCode;

use oarlock::{Client, ErrorKind, config::Config};
use oarlock_io::{Directories, Environment};

use crate::{arguments::DoctorArguments, failure, failure::Failure, output, runtime};
use report::Report;

pub(super) fn run(arguments: &DoctorArguments) -> Result<ExitCode, Failure> {
    let environment = Environment::capture();
    let mut report = Report::default();
    let client = local(&environment, &mut report);
    report.section("Provider");
    match client {
        Some(client) => provider(&client, arguments, &mut report)?,
        None => report.skipped("provider", "The configuration must be right first."),
    }
    if arguments.json {
        output::json(&report)?;
    } else {
        output::write(&report.render())?;
    }
    Ok(exit_code(&report))
}

/// Everything that needs no provider; the client, where the configuration makes one possible.
fn local(environment: &Environment, report: &mut Report) -> Option<Client> {
    let directories = Directories::from_environment(environment, super::APPLICATION);
    let config = directories
        .as_ref()
        .ok()
        .map(|directories| Config::read(&directories.config_file, environment));
    report.section("This machine");
    let nothing = Config::default();
    // What a wrong configuration says of them cannot be known; the environment's part can.
    let readable = config.as_ref().and_then(|config| config.as_ref().ok());
    machine::examine(readable.unwrap_or(&nothing), environment, report);
    report.section("Files");
    match &directories {
        Ok(directories) => files::examine(directories, report),
        Err(error) => {
            report
                .problem("directories", report::sentence(&error.to_string()))
                .kind(ErrorKind::Usage);
        }
    }
    match config? {
        Ok(config) => files::configuration(&config, report),
        Err(error) => {
            files::wrong_configuration(error, report);
            return None;
        }
    }
    match Client::new(super::APPLICATION) {
        Ok(client) => Some(client),
        Err(error) => {
            // Changed since it was read a moment ago.
            report.error("configuration", &error);
            None
        }
    }
}

/// Everything about one provider.
fn provider(
    client: &Client,
    arguments: &DoctorArguments,
    report: &mut Report,
) -> Result<(), Failure> {
    let Some(name) = provider::choose(client, arguments.provider.as_deref(), report) else {
        return Ok(());
    };
    report.provider = Some(name.clone());
    let Some(profile) = provider::examine(client, &name, report) else {
        return Ok(());
    };
    runtime::block_on::<_, Failure>(client, async {
        if let Some(origin) = endpoints::first_origin(&profile) {
            output::notice(&format!("Asking {origin} …"));
        }
        let found = endpoints::examine(client, &name, profile, report).await;
        provider::client_id(&found, report);
        provider::ways(client, &found, report).await;
        Ok(())
    })
}

fn exit_code(report: &Report) -> ExitCode {
    match report.worst_kind() {
        None => ExitCode::SUCCESS,
        Some(ErrorKind::Usage) => ExitCode::from(failure::code(ErrorKind::Usage)),
        Some(_) => ExitCode::FAILURE,
    }
}
