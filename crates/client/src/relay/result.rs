//! One call from the state to the code.

use std::{path::Path, sync::Arc, time::Duration};

use oarlock_io::{Clock, Environment, SystemClock};
use oarlock_oauth::{
    relay::CallbackParameters,
    secret::{AuthorizationCode, State},
};

use super::{error::RelayError, settings::RelaySettings, waiter::Waiter};

/// What came back. `Debug` shows no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelayResult {
    /// The code.
    pub code: Option<AuthorizationCode>,
    /// The whole callback, where it had no code: a refusal, for example.
    pub raw: Option<CallbackParameters>,
}

impl RelayResult {
    /// Whether there is a code.
    pub fn success(&self) -> bool {
        self.code.is_some()
    }
}

/// Waits for the code of an authorization request that carries `state`; without one, at the single slot.
///
/// The relay is the one that the environment and a `.env` file in the working directory name, else that of this machine
/// ([`RelaySettings::from_environment`]); `timeout` is its `DEFAULT_TIMEOUT` (300 s) where none is given. The browser sees that it is
/// complete as soon as the code is here. Whoever has the callback's `iss` to check, or wants the browser to wait for the tokens,
/// takes a [`Waiter`].
///
/// # Errors
/// [`RelayError::Timeout`], [`RelayError::Connection`], [`RelayError::Relay`]; the settings are wrong.
pub async fn wait_for_code(
    state: Option<&str>,
    timeout: Option<Duration>,
) -> Result<RelayResult, RelayError> {
    let environment = Environment::capture().with_dotenv(Path::new(""))?;
    let settings = RelaySettings::from_environment(&environment)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let state = state.map(State::new);
    let timeout = timeout.unwrap_or(settings.timeout);
    let mut waiter = Waiter::register(&settings, &clock, state.as_ref(), timeout).await?;
    let delivered = waiter.wait().await?;
    let code = delivered.code.clone();
    let raw = code.is_none().then(|| delivered.parameters.clone());
    // The code is here, whatever the browser was told.
    if let super::Told::Unknown(error) = delivered.acknowledge().await {
        tracing::debug!(%error, "what the browser was told is not known");
    }
    Ok(RelayResult { code, raw })
}
