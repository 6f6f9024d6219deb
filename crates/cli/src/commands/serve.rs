//! `oarlock serve`: broker and relay.

mod announcement;
mod backup;
mod broker;
mod descriptors;
mod entry;
mod health;
mod plan;
mod relay;
mod sources;
mod token;
mod value;

use std::{io::ErrorKind, path::Path, process::ExitCode};

use oarlock::config::Document;
use oarlock_io::{
    Directories, Environment,
    directories::DirectoriesError,
    service_manager::{self, State},
    shutdown::{Signal, Signals},
    socket::{Listener, SocketError},
    telemetry, terminal,
    web_server::Tls,
};
use oarlock_server::{
    broker::{BrokerError, store::StoreError},
    config::ServerConfig,
    service::{ServeError, Server},
};
use tokio::sync::oneshot;

use crate::{arguments::ServeArguments, failure::Failure, output};
use announcement::Announcement;
pub(super) use broker::Kept;
use plan::{Passed, Plan};
use sources::Sources;

const FILE: &str = "server.toml";
/// More would only wait for each other: what is done for a callback is little.
const MOST_THREADS: usize = 8;

pub(super) fn run(arguments: &ServeArguments, verbose: u8) -> Result<ExitCode, Failure> {
    if let Some(name) = &arguments.new_token {
        return token::make(name);
    }
    if let Some(id) = &arguments.new_client_secret {
        return broker::new_secret(id);
    }
    if arguments.new_registration_token {
        return broker::new_token();
    }
    if let Some(file) = &arguments.backup {
        return backup::make(arguments, file);
    }
    let environment = environment()?;
    let plan = plan(arguments, verbose, &environment)?;
    if arguments.check {
        if let Some(tls) = &plan.config.tls {
            Tls::load(&tls.certificate, &tls.key)
                .map_err(|error| Failure::usage(error.to_string()))?;
        }
        for warning in &plan.warnings {
            output::warning(warning);
        }
        output::write(&Announcement::planned(&plan.config).text())?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.health {
        return health::ask(&plan.config);
    }
    serve(plan, &environment)
}

/// What these settings would serve, of an environment that is given.
pub(super) fn configuration(
    arguments: &ServeArguments,
    environment: &Environment,
) -> Result<ServerConfig, Failure> {
    Ok(plan(arguments, 0, environment)?.config)
}

/// What the broker of these settings keeps, and where.
pub(super) fn kept(arguments: &ServeArguments) -> Result<Kept, Failure> {
    let environment = environment()?;
    let document = document(arguments.config.as_deref(), &environment)?;
    let sources = Sources {
        arguments,
        verbose: 0,
        environment: &environment,
        document: document.as_ref(),
    };
    sources.check_keys()?;
    Ok(Kept::read(&sources)?)
}

fn environment() -> Result<Environment, Failure> {
    Environment::capture()
        .with_dotenv(Path::new(""))
        .map_err(|error| Failure::usage(error.to_string()))
}

fn plan(
    arguments: &ServeArguments,
    verbose: u8,
    environment: &Environment,
) -> Result<Plan, Failure> {
    let document = document(arguments.config.as_deref(), environment)?;
    let sources = Sources {
        arguments,
        verbose,
        environment,
        document: document.as_ref(),
    };
    Plan::read(&sources, Passed::of(environment)?)
}

/// The file that was named, which must be there; else `server.toml` beside `config.toml`, if it is.
fn document(named: Option<&Path>, environment: &Environment) -> Result<Option<Document>, Failure> {
    if let Some(path) = named {
        let document = Document::read_trusted(path)?;
        return document.map(Some).ok_or_else(|| {
            Failure::usage(format!("--config: there is no file {}", path.display()))
        });
    }
    let directories = match Directories::from_environment(environment, super::APPLICATION) {
        Ok(directories) => directories,
        // A service need not have a home.
        Err(DirectoriesError::NoHome) => return Ok(None),
        Err(error) => return Err(Failure::usage(error.to_string())),
    };
    Ok(Document::read_trusted(
        &directories.config_file.with_file_name(FILE),
    )?)
}

fn serve(mut plan: Plan, environment: &Environment) -> Result<ExitCode, Failure> {
    telemetry::start(&plan.log, plan.log_format).map_err(Failure::failed)?;
    // Codes pass through here (hostile 23).
    if let Err(error) = oarlock_io::process::keep_memory_private() {
        plan.warnings
            .push(format!("this process's memory may be looked into: {error}"));
    }
    std::panic::set_hook(Box::new(|panic| {
        // Its message may quote what somebody sent.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a fault of ours; please report it");
    }));
    let limit = oarlock_io::open_files::raise()?;
    plan.warnings
        .extend(descriptors::fit(&mut plan.config, limit));
    for warning in &plan.warnings {
        tracing::warn!("{warning}");
    }
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.min(MOST_THREADS))
        .enable_all()
        .build()?;
    let ended = runtime.block_on(until_stopped(plan, environment));
    // What still runs after the drain must not keep the process.
    runtime.shutdown_background();
    ended
}

#[cfg(unix)]
fn passed_sockets(environment: &Environment) -> Result<Vec<(String, Listener)>, Failure> {
    service_manager::passed_sockets(environment).map_err(|error| Failure::usage(error.to_string()))
}

#[cfg(not(unix))]
fn passed_sockets(_: &Environment) -> Result<Vec<(String, Listener)>, Failure> {
    Ok(Vec::new())
}

/// Why it cannot start, and what to do.
fn not_bound(error: &ServeError) -> Failure {
    let failure = Failure::failed(error.to_string());
    let hint = match error {
        ServeError::Bind { source, .. } if source.kind() == ErrorKind::AddrInUse => {
            "Another program has this port: end it, or take another with --listen (metrics: --metrics-listen)"
        }
        ServeError::Socket(SocketError::Io { source, .. })
            if source.kind() == ErrorKind::AddrInUse =>
        {
            "Another program has this port: end it, or take another with relay.tcp_fallback_port"
        }
        ServeError::Socket(SocketError::Taken(_)) => {
            "Stop it, or give this one another relay.socket_path (OARLOCK_RELAY_SOCKET_PATH); a broker can do without a relay (--no-relay)"
        }
        ServeError::Socket(SocketError::Shared(_)) => {
            "Give relay and programs another path with OARLOCK_RELAY_SOCKET_PATH.\nOr allow this one, if its users are yours: OARLOCK_RELAY_INSECURE_SOCKET_DIRECTORY=true (not in .env)"
        }
        ServeError::Socket(SocketError::Unsafe { .. } | SocketError::TooLong { .. }) => {
            "The path is relay.socket_path (OARLOCK_RELAY_SOCKET_PATH); relay and programs need the same"
        }
        ServeError::Broker(BrokerError::Store(StoreError::Unavailable(_))) => {
            "The store is the one of --store (store): its directory needs room, and must be yours to write"
        }
        _ => return failure,
    };
    failure.with_hint(hint)
}

async fn until_stopped(plan: Plan, environment: &Environment) -> Result<ExitCode, Failure> {
    let mut signals = Signals::listen()?;
    let announcement = Announcement::planned(&plan.config);
    let server = Server::bind(plan.config, passed_sockets(environment)?)
        .await
        .map_err(|error| not_bound(&error))?;
    let announcement = announcement.bound(server.places());
    match plan.log_format {
        // Every line of such a log is an object.
        telemetry::Format::Json => announcement.log(),
        telemetry::Format::Text => output::notice(announcement.text().trim_end()),
    }
    service_manager::notify(environment, State::Ready);
    let (stop, stopped) = oneshot::channel::<()>();
    let mut stop = Some(stop);
    let mut serving = std::pin::pin!(server.serve(async {
        // That nobody can say it any more is as good.
        stopped.await.unwrap_or_default();
    }));
    loop {
        let signal = tokio::select! {
            () = &mut serving => return Ok(ExitCode::SUCCESS),
            signal = signals.next() => signal,
        };
        if signal == Signal::Hangup && !terminal::is_terminal() {
            tracing::info!("SIGHUP is ignored: the configuration is read at the start alone");
            continue;
        }
        match stop.take() {
            Some(stop) => {
                if terminal::is_terminal() {
                    output::notice("Waiting for what is under way; Ctrl-C again ends at once.");
                }
                service_manager::notify(environment, State::Stopping);
                // An error: it has stopped by itself.
                if stop.send(()).is_err() {
                    tracing::debug!("the server had ended");
                }
            }
            None => {
                tracing::warn!("ended at once");
                return Ok(ExitCode::from(
                    u8::try_from(128 + signal.number()).unwrap_or(1),
                ));
            }
        }
    }
}
