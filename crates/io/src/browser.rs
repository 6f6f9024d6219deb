//! Opens a browser: argv only, never a shell (hostile.md, 26).

mod command;

use crate::Environment;
use command::Words;
use oarlock_oauth::endpoint::is_loopback;
use std::io;
use url::Url;

/// Opens `url` with `command`, else with those of `BROWSER`, else the platform's way.
///
/// A command is split into words as a shell would split them (quotes, backslashes), without running
/// one; `%s` in it is replaced by the URL, else the URL is appended. `BROWSER` may hold several,
/// separated by `:` (`;` on Windows); the first that can be started is.
///
/// Returns once the program has started. It has no input, its output is thrown away, and it is in a
/// process group of its own, so that Ctrl-C here does not close it.
///
/// # Errors
/// The URL is neither https nor loopback; there is no browser; the program cannot be started.
pub fn open(
    url: &Url,
    command: Option<&str>,
    environment: &Environment,
) -> Result<(), BrowserError> {
    check(url)?;
    if let Some(command) = command {
        return command::start(&Words::split(command)?, url);
    }
    let Some(commands) = environment.get("BROWSER") else {
        return platform(url, environment);
    };
    let separator = if cfg!(windows) { ';' } else { ':' };
    let mut last = BrowserError::None;
    for command in commands
        .split(separator)
        .filter(|command| !command.trim().is_empty())
    {
        match Words::split(command).and_then(|words| command::start(&words, url)) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Why no browser was opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// The URL is not for a browser.
    #[error("only https and loopback addresses are opened")]
    Url,
    /// The command cannot be understood.
    #[error("{command:?} is not a browser command: {reason}")]
    Command {
        /// The command.
        command: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The program cannot be started.
    #[error("cannot start the browser {command:?}: {source}")]
    Start {
        /// The program.
        command: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// There is none.
    #[error("there is no browser here")]
    None,
}

/// https anywhere, http on loopback; nothing that a program could take for an option or a user name.
/// What is left begins with a letter and is plain ASCII without quotes, blanks and control characters.
fn check(url: &Url) -> Result<(), BrowserError> {
    let allowed = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    let inert = url
        .as_str()
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if allowed && inert && url.username().is_empty() && url.password().is_none() {
        Ok(())
    } else {
        Err(BrowserError::Url)
    }
}

/// The desktop's opener, or Windows's from within WSL.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn platform(url: &Url, environment: &Environment) -> Result<(), BrowserError> {
    const DESKTOP: [&[&str]; 4] = [
        &["xdg-open"],
        &["gio", "open"],
        &["sensible-browser"],
        &["x-www-browser"],
    ];
    // rundll32 hands the URL to Windows without any shell in between.
    const WSL: [&[&str]; 2] = [
        &["wslview"],
        &["rundll32.exe", "url.dll,FileProtocolHandler"],
    ];
    let place = environment.place();
    let wsl: &[&[&str]] = if place.wsl { &WSL } else { &[] };
    let desktop: &[&[&str]] = if place.display { &DESKTOP } else { &[] };
    for words in wsl.iter().chain(desktop) {
        match command::start(&Words::new(words), url) {
            Err(BrowserError::Start { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            }
            other => return other,
        }
    }
    Err(BrowserError::None)
}

/// What the system has for it.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn platform(url: &Url, _: &Environment) -> Result<(), BrowserError> {
    let mut options = webbrowser::BrowserOptions::new();
    options.with_suppress_output(true);
    webbrowser::open_browser_with_options(webbrowser::Browser::Default, url.as_str(), &options)
        .map_err(|source| BrowserError::Start {
            command: "default browser".to_owned(),
            source,
        })
}
