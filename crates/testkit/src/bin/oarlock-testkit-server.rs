//! The authorization server of the kit as a process of its own.
//!
//! It prints one line of JSON with its issuer, then answers commands on standard input, each with
//! one line of JSON, and ends when standard input closes.
use oarlock_testkit::{AuthorizationServer, Client, Fault, Faults, Server};
use serde_json::{Value, json};
use std::{
    env,
    io::{self, BufRead as _, Write as _},
    process::ExitCode,
    time::Duration,
};

const HELP: &str = "\
oarlock-testkit-server [OPTION]... [FAULT]...

  --port N                    a fixed port (default: a free one)
  --access-token-lifetime S   seconds an access token lives (default 3600)
  --device-interval S         seconds between polls (default 5)
  --client ID[:SECRET]        one more client (repeatable)
  --built-in ID:PATH          say in the metadata that this client and this page for codes are ready
  --user LOGIN                who can sign in, in place of alice and bob (repeatable)
  --no-refresh-rotation       refresh tokens stay the same
  --list-faults               print every fault and end

A FAULT is a name, with @ENDPOINT to move a general one and *N to limit it:
  wrong-iss   prose-500@userinfo   rate-limited-429*2   late-answer=300@token

Commands on standard input, one a line:
  counts | faults [FAULT,...] | expire | revoke-all | approve USER_CODE | deny USER_CODE
  issue CLIENT USER [SCOPE]...
";

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // There is nobody to tell that standard error is closed.
            drop(writeln!(io::stderr(), "oarlock-testkit-server: {message}"));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let mut builder = AuthorizationServer::builder();
    let (mut faults, mut users) = (Vec::new(), Vec::new());
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        let mut value = || {
            rest.next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument {
            "--help" | "-h" => return print(HELP.trim_end()),
            "--list-faults" => return list_faults(),
            "--port" => builder = builder.port(number(value()?)?),
            "--access-token-lifetime" => {
                builder = builder.access_token_lifetime(Duration::from_secs(number(value()?)?));
            }
            "--device-interval" => {
                builder = builder.device_interval(Duration::from_secs(number(value()?)?));
            }
            "--client" => builder = builder.client(client(value()?)),
            "--built-in" => {
                let (id, page) = value()?
                    .split_once(':')
                    .ok_or("--built-in takes ID:PATH, like cli:/code")?;
                builder = builder.built_in(id, page);
            }
            "--user" => users.push(value()?),
            "--no-refresh-rotation" => builder = builder.refresh_rotation(false),
            option if option.starts_with('-') => {
                return Err(format!("{option} is not known; see --help"));
            }
            fault => faults.push(fault),
        }
    }
    if !users.is_empty() {
        builder = builder.users(users);
    }
    let faults: Faults = faults
        .join(",")
        .parse()
        .map_err(|error| format!("{error}"))?;
    let server = builder
        .faults(faults)
        .start_blocking()
        .map_err(|error| error.to_string())?;
    print(&json!({ "issuer": server.issuer(), "elsewhere": server.elsewhere() }).to_string())?;
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        print(
            &command(&server, &line)
                .unwrap_or_else(|error| json!({ "error": error }))
                .to_string(),
        )?;
    }
    Ok(())
}

fn command(server: &Server, line: &str) -> Result<Value, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["counts"] => {
            let counts = server
                .counts()
                .into_iter()
                .map(|(endpoint, count)| (endpoint.to_string(), count.into()));
            Ok(Value::Object(counts.collect()))
        }
        ["faults", faults @ ..] => {
            server.set_faults(
                faults
                    .join(",")
                    .parse::<Faults>()
                    .map_err(|error| error.to_string())?,
            );
            Ok(json!({ "ok": true }))
        }
        ["expire"] => {
            server.expire_access_tokens();
            Ok(json!({ "ok": true }))
        }
        ["revoke-all"] => {
            server.revoke_all();
            Ok(json!({ "ok": true }))
        }
        ["approve", code] => Ok(json!({ "ok": server.approve_device(code) })),
        ["deny", code] => Ok(json!({ "ok": server.deny_device(code) })),
        ["issue", client, user, scopes @ ..] => {
            let issued = server
                .issue(client, user, &scopes.join(" "))
                .map_err(|error| error.to_string())?;
            Ok(json!({
                "access_token": issued.access_token.expose(),
                "refresh_token": issued.refresh_token.as_ref().map(|token| token.expose()),
                "expires_at": issued.expires_at.to_string(),
                "scope": issued.scope,
            }))
        }
        _ => Err(format!("{line:?} is no command; see --help")),
    }
}

fn client(text: &str) -> Client {
    match text.split_once(':') {
        Some((id, secret)) => Client::confidential(id, secret),
        None => Client::public(text),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a number that fits here"))
}

fn list_faults() -> Result<(), String> {
    let width = Fault::all()
        .iter()
        .map(|fault| fault.to_string().len())
        .max()
        .unwrap_or_default();
    let lines = Fault::all()
        .iter()
        .map(|fault| format!("{:width$}  {}", fault.to_string(), fault.description()));
    print(&lines.collect::<Vec<_>>().join("\n"))
}

fn print(line: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}
