//! The browser's answer comes by a relay: the program is somewhere that no browser reaches.
//!
//! The relay is registered at before the address is shown, because the answer may come at once. It only carries: `state` and `iss` are
//! checked here, like those of any other answer.

use std::{fmt, path::Path, time::Duration};

use oarlock_oauth::{
    authorization::{AuthorizationError, AuthorizationRandom},
    secret::State,
};
use tokio::sync::oneshot;
use url::Url;

use super::{LoginContext, desk::Desk, random};
use crate::{
    Client,
    error::Error,
    interaction::Event,
    options::{Flow, LoginOptions},
    relay::{Delivered, RelayError, RelaySettings, Told, Waiter},
};

/// The login's own time is to end first: its error says more.
const SLACK: Duration = Duration::from_secs(5);

/// A place at a relay where the answer to a request that is yet to be made will arrive.
pub(super) struct Arrival {
    waiter: Waiter,
    random: AuthorizationRandom,
}

/// How a login that may have been answered by a relay ended, for its browser.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Well,
    Badly,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Arrival").field(&self.waiter).finish()
    }
}

impl Arrival {
    /// Registers at the relay of the options, else at the one that the environment names; `None` where the login goes another way.
    ///
    /// # Errors
    /// No relay, or none that takes us.
    pub(super) async fn register(
        client: &Client,
        options: &LoginOptions,
    ) -> Result<Option<Self>, Error> {
        let wanted = match options.flow {
            Flow::Relay => true,
            Flow::Auto => options.relay.is_some(),
            _ => false,
        };
        if !wanted {
            return Ok(None);
        }
        let mut settings = match &options.relay {
            Some(settings) => settings.clone(),
            None => named(client)?,
        };
        settings.http = client.config().http();
        let random = AuthorizationRandom {
            state: random()?,
            verifier: random()?,
            nonce: random()?,
        };
        let state = State::from_random(random.state);
        let timeout = options.timeout.saturating_add(SLACK);
        let waiter = Waiter::register(&settings, client.clock(), Some(&state), timeout).await?;
        Ok(Some(Self { waiter, random }))
    }

    /// The redirect URI.
    pub(super) fn callback_url(&self) -> &Url {
        self.waiter.callback_url()
    }

    /// The bits of the request, and who waits for its answer.
    pub(super) fn into_parts(self) -> (AuthorizationRandom, Waiter) {
        (self.random, self.waiter)
    }
}

fn named(client: &Client) -> Result<RelaySettings, Error> {
    let environment = client.environment().clone();
    let environment = environment
        .with_dotenv(Path::new(""))
        .map_err(RelayError::from)?;
    Ok(RelaySettings::from_environment(&environment).map_err(RelayError::from)?)
}

/// Waits for the delivery, hands it in at the desk, and tells the browser how the login ended when that is known.
///
/// What goes wrong with the relay is told by `trouble`, and ends the login.
pub(super) async fn attend(
    context: &LoginContext<'_>,
    mut waiter: Waiter,
    desk: &Desk,
    mut ended: oneshot::Receiver<Ended>,
    trouble: oneshot::Sender<Error>,
) {
    let came = tokio::select! {
        biased;
        // Answered by pasting, or given up.
        _ = &mut ended => None,
        came = waiter.wait() => Some(came),
    };
    let delivered = match came {
        None => return waiter.unregister().await,
        Some(Err(error)) => {
            // A login that has ended meanwhile does not care.
            drop(trouble.send(error.into()));
            return;
        }
        Some(Ok(delivered)) => delivered,
    };
    match hand_in(&delivered, desk) {
        Handed::Refusal => tell(context, delivered.acknowledge().await, Ended::Badly),
        Handed::Answer => match ended.await {
            Ok(Ended::Well) => tell(context, delivered.acknowledge().await, Ended::Well),
            Ok(Ended::Badly) | Err(_) => tell(context, delivered.reject().await, Ended::Badly),
        },
        Handed::Nothing(error) => {
            tell(context, delivered.reject().await, Ended::Badly);
            if let Some(error) = error {
                drop(trouble.send(error.into()));
            }
        }
    }
}

/// What became of a delivery.
enum Handed {
    /// The login goes on with it.
    Answer,
    /// The provider or the person said no: whoever looks at the page is told that by the relay.
    Refusal,
    /// Another answer came first, or it is none.
    Nothing(Option<AuthorizationError>),
}

fn hand_in(delivered: &Delivered<'_>, desk: &Desk) -> Handed {
    // A state that is the right one is all the relay vouches for.
    let Ok(response) = delivered.response() else {
        return Handed::Nothing(Some(AuthorizationError::Ambiguous));
    };
    let answer = desk.authorization().check(&response);
    let is_refusal = matches!(answer, Err(AuthorizationError::Refused(_)));
    if let Err(
        error @ (AuthorizationError::NoCode
        | AuthorizationError::Ambiguous
        | AuthorizationError::WrongState),
    ) = answer
    {
        return Handed::Nothing(Some(error));
    }
    match (desk.hand_in(answer), is_refusal) {
        (true, true) => Handed::Refusal,
        (true, false) => Handed::Answer,
        (false, _) => Handed::Nothing(None),
    }
}

/// A browser that was told something else than what is true is worth a word.
fn tell(context: &LoginContext<'_>, told: Told, ended: Ended) {
    let message = match (told, ended) {
        (Told::Complete, _) | (_, Ended::Badly) => return,
        (Told::Failed, Ended::Well) => {
            "the browser was told that the login failed, because it took long; it did not fail"
                .to_owned()
        }
        (Told::Unknown(error), Ended::Well) => {
            format!("what the browser was told is not known ({error}); the login did not fail")
        }
    };
    context
        .interaction
        .notify(&Event::Warning { message: &message });
}
