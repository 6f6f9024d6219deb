//! The `oarlock` program: arguments, wiring, one file per command, output, exit codes.
//!
//! A library only so that the generated references and the tests see the same commands as `main`.

#![forbid(unsafe_code)]

pub mod arguments;
mod commands;
mod failure;
mod layout;
mod output;
pub mod reference;
mod runtime;
mod selector;
mod settings;

use std::process::ExitCode;

use clap::{Parser, error::ErrorKind};
use oarlock_io::telemetry;

use crate::{
    arguments::{Arguments, Command},
    failure::Failure,
};

/// Parses the arguments, runs the command, and says by exit code how it went.
pub fn run() -> ExitCode {
    let arguments = match Arguments::of_plain_token(std::env::args_os()) {
        Some(arguments) => arguments,
        None => match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(error) => return usage(&error),
        },
    };
    let verbose = arguments.verbose;
    match start_logging(&arguments).and_then(|()| commands::run(arguments.command, verbose)) {
        Ok(code) => code,
        Err(failure) => {
            output::failure(&failure);
            failure.exit_code()
        }
    }
}

/// Help and version go to standard output; everything else is a wrong command line.
fn usage(error: &clap::Error) -> ExitCode {
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    // A closed pipe leaves nobody to tell.
    drop(error.print());
    ExitCode::from(if asked { 0 } else { 2 })
}

fn start_logging(arguments: &Arguments) -> Result<(), Failure> {
    if matches!(arguments.command, Command::Serve(_)) {
        // There it is a setting like others, in a file that is still to be read.
        return Ok(());
    }
    let level = match arguments.verbose {
        0 => oarlock_io::Environment::capture()
            .get("OARLOCK_LOG")
            .map(String::from),
        1 => Some("info".into()),
        2 => Some("debug".into()),
        _ => Some("trace".into()),
    };
    match level {
        Some(level) => telemetry::start(&level, telemetry::Format::Text).map_err(Failure::usage),
        None => Ok(()),
    }
}
