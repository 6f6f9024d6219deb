//! `oarlock wait`: the code that comes to a relay, printed.
//!
//! The browser waits until it is printed: it must not be told that it is complete before somebody has the code.

use std::{
    io::{BufRead as _, Read as _},
    path::Path,
    process::ExitCode,
};

use oarlock::{
    Client, Error,
    oauth::secret::{AuthorizationCode, State},
    relay::{Delivered, RelayAddress, RelayError, RelaySettings, Told, Waiter},
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{arguments::WaitArguments, failure::Failure, output, runtime};

/// The longest state, in bytes (docs/relay-protocol.md).
const LONGEST_STATE: usize = 4096;

#[derive(Serialize)]
struct WaitJson<'a> {
    code: Option<&'a str>,
    state: Option<&'a str>,
    parameters: &'a Map<String, Value>,
}

pub(super) fn run(arguments: &WaitArguments) -> Result<ExitCode, Failure> {
    let client = super::client()?;
    let state = arguments.state.as_deref().map(state).transpose()?;
    let mut settings = named_relay(&client, arguments.relay.as_ref())?;
    if let Some(timeout) = arguments.timeout {
        settings.timeout = timeout;
    }
    runtime::block_on(&client, wait(&client, arguments, &settings, state.as_ref()))?;
    Ok(ExitCode::SUCCESS)
}

/// The state; `-` reads it from standard input, because arguments are seen by every user of the machine.
fn state(argument: &str) -> Result<State, Failure> {
    let text = if argument == "-" {
        let mut line = String::new();
        // One byte and a line end more than can be: it is then seen to be too long.
        let most = u64::try_from(LONGEST_STATE + 3).unwrap_or(u64::MAX);
        std::io::stdin()
            .lock()
            .take(most)
            .read_line(&mut line)
            .map_err(|error| Failure::usage(format!("--state -: {error}")))?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    } else {
        argument.to_owned()
    };
    if text.is_empty() || text.len() > LONGEST_STATE {
        return Err(Failure::usage(format!(
            "a state has 1 to {LONGEST_STATE} bytes; leave --state out to wait for a callback without one"
        )));
    }
    Ok(State::new(text))
}

/// The relay that the flag names, else environment and `.env`; reached as the configuration says.
pub(super) fn named_relay(
    client: &Client,
    address: Option<&RelayAddress>,
) -> Result<RelaySettings, Failure> {
    let environment = client.environment().clone();
    let environment = environment
        .with_dotenv(Path::new(""))
        .map_err(|error| Error::from(RelayError::from(error)))?;
    let settings = match address {
        Some(address) => RelaySettings::at(address.clone(), &environment),
        None => RelaySettings::from_environment(&environment),
    };
    let mut settings = settings.map_err(|error| Error::from(RelayError::from(error)))?;
    settings.http = client.config().http();
    Ok(settings)
}

async fn wait(
    client: &Client,
    arguments: &WaitArguments,
    settings: &RelaySettings,
    state: Option<&State>,
) -> Result<(), Failure> {
    let mut waiter = Waiter::register(settings, client.clock(), state, settings.timeout)
        .await
        .map_err(Error::from)?;
    output::notice(&format!(
        "Waiting for the provider's callback at {}, at most {}. Ctrl-C cancels.",
        waiter.callback_url(),
        oarlock::duration::spell(waiter.expires_in())
    ));
    let delivered = waiter.wait().await.map_err(Error::from)?;
    let refusal = delivered.refusal();
    if let Err(failure) = print(&delivered, refusal.is_some(), arguments.json) {
        tell(delivered.reject().await, false);
        return Err(failure);
    }
    tell(delivered.acknowledge().await, true);
    match refusal {
        None => Ok(()),
        Some(error) => Err(Failure::denied(format!("the login was refused: {error}"))),
    }
}

/// Prints what came; a reader that has gone away has nothing.
fn print(delivered: &Delivered<'_>, is_refusal: bool, json: bool) -> Result<(), Failure> {
    let code = delivered.code.as_ref().map(AuthorizationCode::expose);
    let text = match (json, code) {
        (true, _) => serde_json::to_string_pretty(&WaitJson {
            code,
            state: delivered.state.as_ref().map(State::expose),
            parameters: &delivered.parameters.0,
        })
        .map_err(|error| Failure::failed(error.to_string()))?,
        (false, Some(code)) if is_visible(code) => code.to_owned(),
        (false, Some(_)) => {
            return Err(Failure::failed("the code has characters that no code has")
                .with_hint("To have it printed escaped: oarlock wait --json"));
        }
        (false, None) if is_refusal => return Ok(()),
        (false, None) => {
            return Err(Failure::failed("the callback carries no code")
                .with_hint("To have it printed whole: oarlock wait --json"));
        }
    };
    if output::bytes(format!("{text}\n").as_bytes())? {
        Ok(())
    } else {
        Err(Failure::failed(
            "nobody reads standard output any more; the callback was refused",
        ))
    }
}

/// RFC 6749, appendix A.11; anything else could steer the terminal it is printed to.
fn is_visible(code: &str) -> bool {
    code.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A browser that was told something else than what is true is worth a word.
fn tell(told: Told, has_it: bool) {
    match told {
        Told::Failed if has_it => {
            output::warning(
                "the browser was told that it failed, because it took long; it did not fail",
            );
        }
        Told::Unknown(error) => {
            output::warning(&format!("what the browser was told is not known: {error}"));
        }
        Told::Complete | Told::Failed => {}
    }
}
