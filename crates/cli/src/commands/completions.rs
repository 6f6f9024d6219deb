//! `oarlock completions`.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::{
    arguments::{Arguments, CompletionsArguments},
    failure::Failure,
    output,
};

pub(super) fn run(arguments: &CompletionsArguments) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "oarlock",
        &mut script,
    );
    output::write(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
