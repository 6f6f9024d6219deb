//! Opens a browser: argv only, never a shell (hostile.md, 26).
use crate::Environment;
/// Opens `url` with `command` (split into words like a shell would, without running one; `%s` is replaced by the URL, else it is appended), else `BROWSER`, else the platform's way. Returns once the program has started; its output is thrown away.
/// # Errors
/// Not https or loopback; no browser; the program cannot be started.
pub fn open(
    url: &url::Url,
    command: Option<&str>,
    environment: &Environment,
) -> Result<(), BrowserError> {
    let _ = (url, command, environment);
    todo!()
}
/// No browser.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// URL.
    #[error("only https and loopback addresses are opened")]
    Url,
    /// Command.
    #[error("cannot start the browser {command:?}: {source}")]
    Start {
        /// Program.
        command: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// None.
    #[error("there is no browser here")]
    None,
}
