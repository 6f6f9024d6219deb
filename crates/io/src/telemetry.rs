//! Logs to standard error, off unless asked for (`OARLOCK_LOG`).
/// Starts logging at `error`, `warn`, `info`, `debug` or `trace`; a level for our crates only, never of HTTP libraries (they print headers).
/// # Errors
/// An unknown level, with the right ones.
pub fn start(level: &str) -> Result<(), String> {
    let _ = level;
    todo!()
}
