//! Standard output carries the result; everything a person reads beside it goes to standard error.

use oarlock_io::{Environment, terminal};
use serde::Serialize;

use crate::failure::Failure;

/// Writes a result and a line end to standard output.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    write(&format!("{text}\n"))
}

/// Writes a result to standard output as it is. A reader that went away is no failure.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    terminal::output(text).map_err(unwritable)
}

/// The same for bytes; `false` when nobody reads any more, so that a stream can stop.
pub(crate) fn bytes(bytes: &[u8]) -> Result<bool, Failure> {
    terminal::output_bytes(bytes).map_err(unwritable)
}

fn unwritable(error: std::io::Error) -> Failure {
    Failure::failed(format!("cannot write to standard output: {error}"))
}

/// Writes a result as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure::failed(error.to_string()))?;
    line(&text)
}

/// Says something on standard error.
pub(crate) fn notice(text: &str) {
    terminal::notice(text);
}

/// Warns on standard error.
pub(crate) fn warning(text: &str) {
    terminal::notice(&format!("{} {text}", paint("warning:", "33")));
}

/// Says what failed, and what to do.
pub(crate) fn failure(failure: &Failure) {
    terminal::notice(&format!("{} {}", paint("error:", "31"), failure.message()));
    for line in failure.hint().into_iter().flat_map(str::lines) {
        terminal::notice(&format!("  {line}"));
    }
}

/// Colours a word where standard error is a terminal that wants colour.
pub(crate) fn paint(word: &str, colour: &str) -> String {
    let environment = Environment::capture();
    let plain = environment.get("NO_COLOR").is_some() || environment.get("TERM") == Some("dumb");
    if terminal::is_terminal() && !plain {
        format!("\x1b[1;{colour}m{word}\x1b[0m")
    } else {
        word.to_owned()
    }
}
