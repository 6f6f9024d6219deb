//! One file per command.

mod completions;
mod demo;
mod doctor;
mod exec;
mod key;
mod login;
mod logout;
mod man;
mod operator;
mod provider;
mod request;
mod serve;
mod session;
mod status;
mod token;
mod user;
mod wait;

use std::process::ExitCode;

use oarlock::Client;

use crate::{arguments::Command, failure::Failure};

/// The application whose directories hold configuration and credentials.
const APPLICATION: &str = "oarlock";

/// Runs a command; `verbose` is how often `-v` was said.
pub(crate) fn run(command: Command, verbose: u8) -> Result<ExitCode, Failure> {
    match command {
        // First, and apart from the rest: it is what scripts wait for.
        Command::Token(arguments) => token::run(arguments),
        other => run_other(other, verbose),
    }
}

/// Never inlined, so that `token` does not touch a stack frame with room for everything else.
#[inline(never)]
fn run_other(command: Command, verbose: u8) -> Result<ExitCode, Failure> {
    match command {
        Command::Login(arguments) => login::run(&arguments),
        Command::Logout(arguments) => logout::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Token(arguments) => token::run(arguments),
        Command::Request(arguments) => request::run(arguments),
        Command::Exec(arguments) => exec::run(arguments),
        Command::Provider(command) => provider::run(&command),
        Command::Serve(arguments) => serve::run(&arguments, verbose),
        Command::Session(command) => session::run(&command),
        Command::User(command) => user::run(&command),
        Command::Key(command) => key::run(&command),
        Command::Wait(arguments) => wait::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}

/// The client with the program's own directories.
fn client() -> Result<Client, Failure> {
    Ok(Client::new(APPLICATION)?)
}
