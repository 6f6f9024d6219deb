//! Logging in by whichever way works here.

mod auto;
mod callback;
mod client_credentials;
mod code;
mod desk;
mod device;
mod forecast;
mod landing;
mod opening;
mod paste;
mod qr;
mod situation;
mod stored;
mod waiting;

use std::{sync::Arc, time::Duration};

use oarlock_io::{Clock, Environment, HttpClient};
use oarlock_oauth::{profile::ProviderProfile, scope::Scopes, secret::Nonce, token::TokenResponse};

pub use forecast::Forecast;

use crate::{error::Error, interaction::Interaction};
use code::Way;
use situation::Situation;

/// Which way to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Flow {
    /// Loopback and paste at once where a browser is near, device where not.
    #[default]
    Auto,
    /// A redirect to a port of this machine (RFC 8252, section 7.3).
    Loopback,
    /// The person pastes the redirect's address or the code.
    Paste,
    /// A code entered on another device (RFC 8628).
    Device,
    /// The program itself is the account (RFC 6749, section 4.4).
    ClientCredentials,
}

/// Whether and how a browser is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Browser {
    /// `BROWSER`, or the platform's, where there is a display.
    #[default]
    Auto,
    /// None; the address is shown.
    Never,
    /// This command.
    Command(String),
}

/// How to log in; the default serves most.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginOptions {
    /// Name of the account; `None`: `default`.
    pub account: Option<String>,
    /// Which way.
    pub flow: Flow,
    /// Instead of the profile's.
    pub scopes: Option<Scopes>,
    /// Ports of the loopback redirect, in order; empty: the profile's, else an ephemeral one.
    pub ports: Vec<u16>,
    /// Browser.
    pub browser: Browser,
    /// Show a QR code of the device flow's address.
    pub qr: bool,
    /// For the whole login.
    pub timeout: Duration,
}

impl Default for LoginOptions {
    fn default() -> Self {
        Self {
            account: None,
            flow: Flow::Auto,
            scopes: None,
            ports: Vec::new(),
            browser: Browser::Auto,
            qr: false,
            timeout: Duration::from_secs(300),
        }
    }
}

/// What a flow works with.
pub(crate) struct LoginContext<'a> {
    pub(crate) profile: &'a ProviderProfile,
    pub(crate) scopes: &'a Scopes,
    pub(crate) options: &'a LoginOptions,
    pub(crate) http: &'a HttpClient,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) environment: &'a Environment,
    pub(crate) interaction: &'a dyn Interaction,
}

/// What a flow brings home.
pub(crate) struct LoginTokens {
    pub(crate) tokens: TokenResponse,
    /// Server's clock minus ours, in seconds.
    pub(crate) clock_offset: i64,
    /// For the check of the ID token.
    pub(crate) nonce: Option<Nonce>,
}

/// Runs the flow that was chosen and then `keep`, which checks and saves what it brought home.
///
/// A browser that waits for the outcome is told that of `keep`, so that its page never says more than is true.
/// `options.timeout` is the person's; `keep` is never cut off.
pub(crate) async fn run<T>(
    context: &LoginContext<'_>,
    keep: impl AsyncFnOnce(LoginTokens) -> Result<T, Error>,
) -> Result<T, Error> {
    let situation = Situation::of(context);
    match context.options.flow {
        Flow::Auto => auto::login(context, situation, keep).await,
        Flow::Loopback => {
            code::login(context, Way::loopback(context, situation).await?, keep).await
        }
        Flow::Paste => code::login(context, Way::paste(context, situation)?, keep).await,
        Flow::Device => {
            let pending = device::authorize(context).await?;
            keep(device::tokens(context, pending, situation.opens).await?).await
        }
        Flow::ClientCredentials => keep(client_credentials::tokens(context).await?).await,
    }
}

fn unavailable(context: &LoginContext<'_>, flow: &'static str, reason: impl Into<String>) -> Error {
    Error::FlowUnavailable {
        provider: context.profile.display_name().into(),
        flow,
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests;
