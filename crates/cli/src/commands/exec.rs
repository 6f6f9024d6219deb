//! `oarlock exec`: a command with the token in its environment.

use std::process::ExitCode;

use oarlock::{Source, Token, TokenQuery, source};
use oarlock_io::process;

use crate::{arguments::ExecArguments, failure::Failure};

pub(super) fn run(arguments: ExecArguments) -> Result<ExitCode, Failure> {
    let client = super::client()?;
    let mut query = TokenQuery::default();
    query.provider = arguments.selection.provider;
    query.account = arguments.selection.account;
    query.min_ttl = arguments.min_ttl.unwrap_or_default();
    let token = super::token::fresh(&client, &query)?;
    let names = match arguments.env {
        Some(name) => vec![checked(name)?],
        None => variables(&token),
    };
    let set: Vec<(String, String)> = names
        .into_iter()
        .map(|name| (name, token.access_token.expose().to_owned()))
        .collect();
    let Some((program, rest)) = arguments.command.split_first() else {
        return Err(Failure::usage("no command was given"));
    };
    let code = process::exec(program, rest, &set, &[])
        .map_err(|error| Failure::failed(format!("cannot run {program:?}: {error}")))?;
    // Only where a process cannot be replaced.
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// Where other programs look for this provider's token; an API key stays where it came from.
fn variables(token: &Token) -> Vec<String> {
    match &token.source {
        Source::ApiKey(name) => vec![name.clone()],
        _ => source::token_variables(&token.profile),
    }
}

fn checked(name: String) -> Result<String, Failure> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts_well && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(name);
    }
    Err(Failure::usage(format!(
        "{name:?} is not the name of a variable"
    )))
}
