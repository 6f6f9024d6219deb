//! The fake browser as a program, for `oarlock login --browser`.
//!
//! It prints one line of JSON about where the visit ended; exit code 1 when it did not end well.
use oarlock_testkit::{Callback, FakeBrowser};
use serde_json::json;
use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
};
use url::Url;

const HELP: &str = "\
oarlock-fake-browser [OPTION]... URL

  --user LOGIN     who signs in (default alice)
  --deny           say no
  --press NAME=VALUE  press this button where it is offered (repeatable)
  --callback WAY   deliver, twice, head-first, prefetch-first, wrong-state-first, wrong-host,
                   foreign-origin, foreign-post, stray-first, drop-early
  --stop           stop before the redirect URI and print it
";

fn main() -> ExitCode {
    let outcome = run(&env::args().skip(1).collect::<Vec<_>>());
    let (line, code) = match outcome {
        Ok(line) => (line, ExitCode::SUCCESS),
        Err(message) => (json!({ "error": message }).to_string(), ExitCode::FAILURE),
    };
    // Whoever starts a browser seldom reads what it prints.
    drop(writeln!(io::stdout(), "{line}"));
    code
}

fn run(arguments: &[String]) -> Result<String, String> {
    let mut browser = FakeBrowser::new();
    let (mut url, mut stop) = (None, false);
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        let mut value = || {
            rest.next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument {
            "--help" | "-h" => return Ok(HELP.trim_end().to_owned()),
            "--user" => browser = browser.user(value()?),
            "--press" => {
                let (name, value) = value()?.split_once('=').ok_or("--press takes NAME=VALUE")?;
                browser = browser.press(name, value);
            }
            "--deny" => browser = browser.deny(),
            "--callback" => browser = browser.callback(value()?.parse::<Callback>()?),
            "--stop" => {
                browser = browser.stop_at_redirect();
                stop = true;
            }
            option if option.starts_with('-') => {
                return Err(format!("{option} is not known; see --help"));
            }
            text => url = Some(Url::parse(text).map_err(|error| format!("{text:?}: {error}"))?),
        }
    }
    let url = url.ok_or("a URL is needed; see --help")?;
    let visit = browser
        .visit_blocking(&url)
        .map_err(|error| error.to_string())?;
    // The redirect carries a code: it is shown to whoever asked for it.
    let redirect = visit.redirect.filter(|_| stop);
    Ok(json!({ "status": visit.status, "wrong": visit.wrong, "redirect": redirect }).to_string())
}
