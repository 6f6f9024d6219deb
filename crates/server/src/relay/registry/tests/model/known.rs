//! What should be known.

use std::sync::Arc;

use oarlock_oauth::relay::CloseReason;
use tokio::{sync::oneshot::Receiver, time::Instant};

use crate::relay::{Outcome, mailbox::Mailbox, owner::Owner, registry::Ticket};

/// A connection, which may be long gone.
pub(super) struct Link {
    pub(super) ticket: Ticket,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) slot: usize,
    pub(super) owner: Owner,
    /// What must be in its mailbox.
    pub(super) parcel: Option<usize>,
    pub(super) close: Option<CloseReason>,
    pub(super) lost: bool,
}

/// A browser.
pub(super) struct Watcher {
    pub(super) outcome: Receiver<Outcome>,
    /// What it must have been told.
    pub(super) expected: Option<Outcome>,
    pub(super) told: bool,
}

/// What should be known of one slot.
#[derive(Default)]
pub(super) struct Place {
    pub(super) holder: Option<Waiting>,
    pub(super) next: Option<Waiting>,
    pub(super) callback: Option<Underway>,
    pub(super) spent: Vec<(usize, Owner, CloseReason)>,
}

#[derive(Clone, Copy)]
pub(super) struct Waiting {
    pub(super) link: usize,
    pub(super) owner: Owner,
    pub(super) away: bool,
}

pub(super) struct Underway {
    pub(super) number: usize,
    pub(super) handed: bool,
    pub(super) only: Option<Owner>,
    pub(super) since: Instant,
    pub(super) watchers: Vec<usize>,
}
