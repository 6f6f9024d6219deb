//! Opens a browser, if one may be opened, and says how it went.

use std::time::Duration;

use oarlock_io::browser;
use url::Url;

use super::LoginContext;
use crate::{interaction::Event, options::Browser};

/// A browser that has not started by then is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Starts a browser at `url`, which the person has been shown; `false` when that failed.
pub(super) async fn open(context: &LoginContext<'_>, url: &Url) -> bool {
    let command = match &context.options.browser {
        Browser::Never => return false,
        Browser::Auto => None,
        Browser::Command(command) => Some(command.clone()),
    };
    let (url, environment) = (url.clone(), context.environment.clone());
    // Starting a program can block.
    let start =
        tokio::task::spawn_blocking(move || browser::open(&url, command.as_deref(), &environment));
    let failure = match tokio::time::timeout(PATIENCE, start).await {
        Ok(Ok(Ok(()))) => None,
        Ok(Ok(Err(error))) => Some(error.to_string()),
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("it did not start in time".into()),
    };
    context.interaction.notify(&match &failure {
        None => Event::BrowserOpened,
        Some(reason) => Event::BrowserFailed { reason },
    });
    failure.is_none()
}
