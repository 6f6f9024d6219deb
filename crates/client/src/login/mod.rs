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
mod relay;
mod situation;
mod stored;

use std::sync::Arc;

use oarlock_io::{Clock, Environment, HttpClient};
use oarlock_oauth::{profile::ProviderProfile, scope::Scopes, secret::Nonce, token::TokenResponse};

pub use forecast::Forecast;

use crate::{
    error::Error,
    interaction::Interaction,
    options::{Flow, LoginOptions},
};
use code::Way;
use relay::Arrival;
use situation::Situation;

/// What a flow works with.
pub(crate) struct LoginContext<'a> {
    pub(crate) profile: &'a ProviderProfile,
    pub(crate) scopes: &'a Scopes,
    pub(crate) options: &'a LoginOptions,
    /// Whether the server's pages show a code to compare with ours.
    pub(crate) compares: bool,
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
/// `options.timeout` is the person's; `keep` is never cut off. Where a relay was registered at, the answer comes there.
async fn run<T>(
    context: &LoginContext<'_>,
    arrival: Option<Arrival>,
    keep: impl AsyncFnOnce(LoginTokens) -> Result<T, Error>,
) -> Result<T, Error> {
    let situation = Situation::of(context);
    if let Some(arrival) = arrival {
        return code::login(context, Way::relay(arrival, situation), keep).await;
    }
    match context.options.flow {
        Flow::Relay => Err(unavailable(context, "relay", "none was registered at")),
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

fn random() -> Result<oarlock_oauth::Random, Error> {
    oarlock_io::entropy::random().map_err(|source| Error::Io {
        action: "make randomness",
        source,
    })
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
