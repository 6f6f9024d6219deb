//! Who waits, and who gets what, once.

use std::sync::Arc;

use oarlock_oauth::relay::Callback;

use crate::{config::RelayConfig, metrics::Metrics};

/// The relay; cheap to clone.
#[derive(Clone, Debug)]
pub struct Relay(Arc<RelayConfig>);

/// How a callback ended, for the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The program has it.
    Complete,
    /// The program has it, and it is a refusal (`error=`).
    Denied,
    /// Nobody waits for it, or nobody came back in time.
    NobodyWaiting,
    /// It was delivered before.
    AlreadyDelivered,
    /// The program did not say that it has it.
    Unconfirmed,
    /// The program refused it.
    Rejected,
    /// The relay stops.
    Stopping,
}

impl Relay {
    /// A relay with nobody waiting.
    pub fn new(config: RelayConfig, _metrics: Metrics) -> Self {
        Self(Arc::new(config))
    }

    /// Hands a callback to its program and waits until it is known how that ended.
    ///
    /// Dropping the future does not take the callback back.
    pub async fn deliver(&self, _callback: Callback) -> Outcome {
        todo!()
    }

    /// Whether somebody waits for this callback at this moment; a miss is throttled.
    pub fn is_awaited(&self, _callback: &Callback) -> bool {
        todo!()
    }
}
