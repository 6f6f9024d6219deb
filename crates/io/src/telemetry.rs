//! Logs to standard error, off unless asked for (`OARLOCK_LOG`).

mod line;

use std::io;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// How a line of the log looks. Both have the time (UTC), the level, the message and its fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people: `2026-11-21T13:37:40.123Z INFO listening address=127.0.0.1:5001`.
    #[default]
    Text,
    /// For machines: one JSON object.
    Json,
}

/// Starts logging at `error`, `warn`, `info`, `debug` or `trace`, for the whole process.
///
/// Only our own crates are heard, at every level: HTTP libraries print headers, and tokens with them. Control characters and what
/// turns text around are escaped, so that an event is one line and says what it says (hostile.md, 5 and 6).
///
/// # Errors
/// An unknown level, with the right ones; logging was started before.
pub fn start(level: &str, format: Format) -> Result<(), String> {
    let level = parse(level)?;
    let mut layer = tracing_subscriber::fmt::layer()
        .event_format(line::Line(format))
        .with_writer(Output::default);
    if format == Format::Json || !super::terminal::is_terminal() {
        // Else the layer decides, by NO_COLOR.
        layer = layer.with_ansi(false);
    }
    tracing_subscriber::registry()
        .with(Targets::new().with_target("oarlock", level))
        .with(layer)
        .try_init()
        .map_err(|_| "logging was started before".to_owned())
}

/// Checks the name of a level.
///
/// # Errors
/// It is none, with the right ones.
pub fn check_level(level: &str) -> Result<(), String> {
    parse(level).map(drop)
}

fn parse(level: &str) -> Result<LevelFilter, String> {
    match level.trim().to_ascii_lowercase().as_str() {
        "off" => Ok(LevelFilter::OFF),
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err(format!(
            "{level:?} is not a log level; take off, error, warn, info, debug or trace"
        )),
    }
}

/// Collects one event and writes it as [`notice`](super::terminal::notice) writes: whole, right in
/// raw mode too, and harmless when standard error is closed.
#[derive(Default)]
struct Output {
    line: Vec<u8>,
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        super::terminal::notice(line.trim_end_matches('\n'));
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use tracing::level_filters::LevelFilter;

    #[test]
    fn levels_by_name() {
        assert_eq!(parse("debug"), Ok(LevelFilter::DEBUG));
        assert_eq!(parse(" WARN "), Ok(LevelFilter::WARN));
        let error = parse("verbose").unwrap_err();
        assert!(
            error.contains("\"verbose\"") && error.contains("info"),
            "{error}"
        );
    }
}
