//! The authorization code flow (RFC 6749, section 4.1): an address is opened, one answer comes back, its code is exchanged.

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use futures_util::future::join3;
use oarlock_io::{http_server::LoopbackListener, provider};
use oarlock_oauth::{
    authorization::{AuthorizationRandom, AuthorizationRequest, CodeGrant},
    authorization_server::comparison,
    token::{Grant, TokenResponse},
};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::{
    LoginContext, LoginTokens,
    callback::Refusal,
    desk::{Answer, Desk, DeskOutput},
    landing::Landing,
    opening, paste, random,
    relay::{self, Ended},
};
use crate::{
    error::{Error, ErrorKind},
    interaction::Event,
    waiting,
};

/// Foreign answers that are told of; whoever sends more wants to be noticed, not answered.
const FOREIGN_ANSWERS: usize = 5;
/// A browser that asks twice for its answer's page does so at once.
const LINGER: Duration = Duration::from_millis(250);
/// Pauses before the code exchange is tried again when the server was not reached.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// How the answer may come back.
#[derive(Debug)]
pub(super) struct Way {
    /// Where the browser lands.
    pub(super) landing: Landing,
    /// Whether it may be pasted.
    pub(super) paste: Paste,
    /// Whether a browser is opened here.
    pub(super) opens: bool,
    /// Whether a relay brings it.
    pub(super) by_relay: bool,
    /// Whether the device flow is offered.
    pub(super) offers_device: bool,
}

/// The part that pasting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paste {
    /// None.
    Never,
    /// It races the listener.
    Beside,
    /// Nothing else can bring the answer.
    Only {
        /// The provider's page shows the code.
        hosted_page: bool,
    },
}

/// Runs the flow and lets `keep` make the login last; the browser is told the outcome of both.
///
/// Dropping the future closes the listener and gives the terminal back.
pub(super) async fn login<T>(
    context: &LoginContext<'_>,
    mut way: Way,
    keep: impl AsyncFnOnce(LoginTokens) -> Result<T, Error>,
) -> Result<T, Error> {
    let (random, waiter) = match way.landing.arrival.take() {
        Some(arrival) => {
            let (random, waiter) = arrival.into_parts();
            (random, Some(waiter))
        }
        None => {
            let random = AuthorizationRandom {
                state: random()?,
                verifier: random()?,
                nonce: random()?,
            };
            (random, None)
        }
    };
    let request = AuthorizationRequest::new(
        context.profile,
        &way.landing.redirect_uri,
        context.scopes,
        random,
    )?;
    let (desk, output) = Desk::new(request, context.profile.display_name());
    let desk = Arc::new(desk);
    let (close, closed) = oneshot::channel();
    let server = serve(
        way.landing.listener.take(),
        &way.landing.path,
        Arc::clone(&desk),
        closed,
    );
    let (end, ended) = oneshot::channel();
    let (trouble, troubled) = oneshot::channel();
    let relay = async {
        match waiter {
            Some(waiter) => relay::attend(context, waiter, &desk, ended, trouble).await,
            None => drop(trouble),
        }
    };
    let work = async {
        let result = obtain(context, &way, &desk, (output, troubled), keep).await;
        desk.settle(&result);
        let how = if result.is_ok() {
            Ended::Well
        } else {
            Ended::Badly
        };
        // Nobody hears it where there is no relay, or none any more.
        drop(end.send(how));
        if desk.has_visitors() {
            tokio::time::sleep(LINGER).await;
        }
        // The listener ends when the browsers that wait have their page.
        drop(close);
        result
    };
    join3(work, server, relay).await.0
}

fn serve(
    listener: Option<LoopbackListener>,
    path: &str,
    desk: Arc<Desk>,
    closed: oneshot::Receiver<Infallible>,
) -> impl Future<Output = ()> + use<> {
    let path: Arc<str> = path.into();
    async move {
        let Some(listener) = listener else { return };
        let port = listener.port();
        let handler = move |request| {
            let (desk, path) = (Arc::clone(&desk), Arc::clone(&path));
            async move { desk.receive(request, port, &path).await }
        };
        listener.serve(handler, async { drop(closed.await) }).await;
    }
}

async fn obtain<T>(
    context: &LoginContext<'_>,
    way: &Way,
    desk: &Desk,
    output: (DeskOutput, oneshot::Receiver<Error>),
    keep: impl AsyncFnOnce(LoginTokens) -> Result<T, Error>,
) -> Result<T, Error> {
    let grant = answer(context, way, desk, output).await??;
    context.interaction.notify(&Event::Exchanging);
    let (tokens, clock_offset) = exchange(context, &grant).await?;
    keep(LoginTokens {
        tokens,
        clock_offset,
        nonce: grant.nonce,
    })
    .await
}

/// Waits for the one answer, within the time a person has.
async fn answer(
    context: &LoginContext<'_>,
    way: &Way,
    desk: &Desk,
    output: (DeskOutput, oneshot::Receiver<Error>),
) -> Result<Answer, Error> {
    let (
        DeskOutput {
            mut answer,
            refusals,
        },
        mut troubled,
    ) = output;
    let timeout = context.options.timeout;
    let deadline = context.clock.monotonic().saturating_add(timeout);
    let asking = async {
        announce(context, way, desk).await;
        let Err(error) = pasting(context, way, desk).await;
        error
    };
    tokio::select! {
        biased;
        // The desk lives as long as this future, and the sender with it.
        Ok(answer) = &mut answer => Ok(answer),
        Ok(error) = &mut troubled => Err(error),
        error = asking => Err(error),
        () = waiting::until(&**context.clock, deadline) => Err(Error::TimedOut { after: timeout }),
        never = tell(context, refusals) => match never {},
    }
}

/// Shows the address, before any browser is tried, and what can be done with it.
async fn announce(context: &LoginContext<'_>, way: &Way, desk: &Desk) {
    let url = desk.authorization().url();
    let interaction = context.interaction;
    if way.by_relay {
        let callback_url = desk.authorization().redirect_uri();
        interaction.notify(&Event::AnswerByRelay { callback_url });
    }
    interaction.notify(&Event::OpenUrl { url });
    if let Some(code) = comparison(context, url) {
        interaction.notify(&Event::Compare { code: &code });
    }
    let opened = way.opens && opening::open(context, url).await;
    match way.paste {
        Paste::Never => {}
        Paste::Beside => interaction.notify(&Event::PasteInvited { hosted_page: false }),
        Paste::Only { hosted_page } => interaction.notify(&Event::PasteInvited { hosted_page }),
    }
    if way.offers_device && !opened {
        interaction.notify(&Event::DeviceOffered);
    }
    interaction.notify(&Event::Waiting {
        timeout: context.options.timeout,
    });
}

/// The code by which a person knows that a broker's page belongs to this login (hostile.md, 21): of what the address carries.
fn comparison(context: &LoginContext<'_>, url: &Url) -> Option<String> {
    let (_, challenge) = url
        .query_pairs()
        .find(|(name, _)| context.compares && name == "code_challenge")?;
    Some(comparison::code(&challenge))
}

async fn pasting(context: &LoginContext<'_>, way: &Way, desk: &Desk) -> Result<Infallible, Error> {
    match way.paste {
        Paste::Never => {}
        Paste::Beside => paste::beside(context.interaction, desk).await?,
        Paste::Only { .. } => paste::only(context, desk).await?,
    }
    pending().await
}

async fn tell(context: &LoginContext<'_>, mut refusals: mpsc::Receiver<Refusal>) -> Infallible {
    for _ in 0..FOREIGN_ANSWERS {
        let Some(refusal) = refusals.recv().await else {
            break;
        };
        context.interaction.notify(&Event::ForeignAnswer {
            reason: &refusal.to_string(),
        });
    }
    pending().await
}

/// Exchanges the code. A server that was not reached has not seen it, so it is good for another try.
async fn exchange(
    context: &LoginContext<'_>,
    grant: &CodeGrant,
) -> Result<(TokenResponse, i64), Error> {
    let grant = Grant::Code(grant);
    let once = async || {
        provider::tokens(context.http, &**context.clock, context.profile, &grant)
            .await
            .map_err(Error::from)
    };
    for pause in PAUSES {
        match once().await {
            Err(error) if was_not_reached(&error) => tokio::time::sleep(pause).await,
            result => return result,
        }
    }
    once().await
}

fn was_not_reached(error: &Error) -> bool {
    matches!(error, Error::Http(http) if error.kind() == ErrorKind::Network && !http.may_have_been_processed())
}
