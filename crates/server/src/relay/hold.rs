//! Callbacks that wait for their program: how many, and for how long.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use oarlock_oauth::relay::Delivery;
use tokio::time::Instant;

use super::{entry::Handing, owner::Slot};
use crate::metrics::{Metrics, Refusal};

/// A callback that waits for its program, until somebody gives it up.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) slot: Slot,
    pub(crate) until: Instant,
    delivery: Delivery,
    /// A callback can be held again, and then an older hold is not its end.
    since: Instant,
}

impl Hold {
    pub(super) fn of(handing: &Handing, slot: Slot, until: Instant) -> Self {
        Self {
            slot,
            until,
            delivery: handing.parcel.delivery.clone(),
            since: handing.since,
        }
    }

    pub(super) fn is_of(&self, handing: &Handing) -> bool {
        self.delivery == handing.parcel.delivery && self.since == handing.since
    }
}

/// The places of all that are held.
pub(super) struct Holds {
    held: AtomicUsize,
    most: usize,
    grace: Duration,
    metrics: Metrics,
}

impl Holds {
    pub(super) fn new(most: usize, grace: Duration, metrics: Metrics) -> Self {
        Self {
            held: AtomicUsize::new(0),
            most,
            grace,
            metrics,
        }
    }

    pub(super) fn all(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// A place, and until when.
    pub(super) fn take(&self) -> Option<Instant> {
        if self.grace.is_zero() {
            return None;
        }
        let taken = self
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                (held < self.most).then_some(held + 1)
            });
        if taken.is_err() {
            self.metrics.refused(Refusal::TooManyHeld);
            return None;
        }
        self.metrics.held(1);
        Some(Instant::now() + self.grace)
    }

    pub(super) fn give_back(&self) {
        self.held.fetch_sub(1, Ordering::Relaxed);
        self.metrics.held(-1);
    }
}
