//! Who waits, and who gets what, once.
//!
//! A callback and a program meet in the registry; from there on the callback belongs to the task of that program's
//! connection, which writes it, learns whether it arrived, and says so. The browser waits for that word and for nothing else.

pub(crate) mod desk;
pub(crate) mod entry;
mod hold;
mod line;
pub(crate) mod mailbox;
pub(crate) mod owner;
pub(crate) mod quota;
pub(crate) mod registry;
mod shard;

use std::{io, sync::Arc, time::Duration};

use oarlock_io::socket::Listener;
use oarlock_oauth::{relay::Callback, secret::RelayToken};
use tokio::{sync::watch, time::Instant};
use url::Url;

pub use crate::outcome::Outcome;
use crate::{
    config::{RelayConfig, TokenConfig},
    metrics::Metrics,
};
use desk::Desks;
use hold::Hold;
use owner::{Slot, User};
use registry::{Offer, Registry, Ticket};

/// When to come back to a relay that is full or stops.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The relay; cheap to clone.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    config: RelayConfig,
    callback_url: Url,
    registry: Registry,
    metrics: Metrics,
    desks: Desks,
    stopping: watch::Sender<bool>,
}

impl Relay {
    /// A relay with nobody waiting. `callback_url` is what providers have as the redirect URI.
    ///
    /// # Errors
    /// No randomness.
    pub fn new(config: RelayConfig, callback_url: Url, metrics: Metrics) -> io::Result<Self> {
        let registry = Registry::new(&config, metrics.clone())?;
        Ok(Self(Arc::new(Inner {
            config,
            callback_url,
            registry,
            metrics,
            desks: Desks::default(),
            stopping: watch::Sender::new(false),
        })))
    }

    /// Hands a callback to its program and waits until it is known how that ended.
    ///
    /// Dropping the future does not take the callback back.
    pub async fn deliver(&self, callback: Callback) -> Outcome {
        let arrived = Instant::now();
        let slot = Slot::of(&callback);
        match self.0.registry.offer(slot, callback) {
            Offer::Pending { outcome, hold } => {
                if let Some(hold) = hold {
                    self.keep(hold);
                }
                // Whoever has it always says something; that it was lost is no reason to call it complete.
                outcome.await.unwrap_or(Outcome::Unconfirmed)
            }
            Offer::Done(outcome) => {
                self.0.metrics.callback(outcome, arrived.elapsed());
                match outcome {
                    Outcome::AlreadyDelivered => tracing::warn!(
                        state = slot.short(),
                        "callback already delivered, dropping replay"
                    ),
                    Outcome::Unconfirmed => {
                        tracing::debug!(state = slot.short(), "too many requests with one callback")
                    }
                    _ => self.registry().unmatched(slot),
                }
                outcome
            }
        }
    }

    /// Whether somebody waits for this callback at this moment; a miss is throttled.
    pub fn is_awaited(&self, callback: &Callback) -> bool {
        self.0.registry.is_awaited(Slot::of(callback))
    }

    /// Takes programs in on a local socket until [`stop`](Self::stop), and then sees them off.
    ///
    /// On TCP without `open`, each needs a token.
    pub async fn listen(&self, listener: Listener, open: bool) {
        line::listen(self, listener, open).await;
    }

    /// Takes nothing new, and tells everybody who waits that the relay stops.
    pub fn stop(&self) {
        self.0.registry.stop();
        self.0.stopping.send_replace(true);
    }

    /// After [`stop`](Self::stop): waits until deliveries under way have ended. Those that have not by then are
    /// not waited for any more, and their browsers are told.
    pub async fn settle(&self, patience: Duration) {
        let all = async {
            for outcome in self.registry().under_way() {
                // However it ended, it has.
                outcome.await.ok();
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("deliveries were still under way at the end");
            self.registry().cut_all_off();
        }
    }

    /// What providers have as the redirect URI.
    pub(crate) fn callback_url(&self) -> &Url {
        &self.0.callback_url
    }

    /// Whether it takes callbacks and programs.
    pub fn is_ready(&self) -> bool {
        !self.0.registry.is_stopping()
    }

    /// Registrations that are there.
    pub fn registrations(&self) -> usize {
        self.0.registry.registrations()
    }

    /// Registrations that were let in since the start, those of programs that came back among them.
    pub fn registered(&self) -> u64 {
        self.0.registry.registered()
    }

    /// Callbacks that wait for their program.
    pub fn held(&self) -> usize {
        self.0.registry.held()
    }

    fn config(&self) -> &RelayConfig {
        &self.0.config
    }

    fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// Sees to it that a callback is not held longer than the grace.
    fn keep(&self, hold: Hold) {
        let relay = self.clone();
        drop(tokio::spawn(async move {
            tokio::time::sleep_until(hold.until).await;
            relay.registry().give_up(&hold);
        }));
    }

    /// The program does not wait any more; a callback that came at this very moment stays deliverable.
    fn leave(&self, ticket: Ticket) {
        if let Some(hold) = self.registry().end(ticket) {
            self.keep(hold);
        }
    }

    /// Whose token it is. Every digest is compared, in constant time.
    pub(crate) fn holder(&self, token: &RelayToken) -> Option<User> {
        use subtle::ConstantTimeEq as _;
        let digest = TokenConfig::digest(token);
        let mut holder = None;
        for (index, known) in self.config().tokens.iter().enumerate() {
            if bool::from(known.sha256.ct_eq(&digest)) {
                holder = Some(User::Token(index));
            }
        }
        holder
    }
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("registrations", &self.registrations())
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}
