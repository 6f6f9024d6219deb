//! What is known of one slot, and how it may change.
//!
//! A callback lies in exactly one place: held for whoever comes, or handed to one registration. The transitions take the phase
//! apart and put the next one together, so that none can be in two.

use std::sync::Arc;

use oarlock_oauth::relay::{Callback, CloseReason};
use tokio::{sync::oneshot, time::Instant};

use super::{
    Outcome,
    mailbox::{Mailbox, Order, Parcel},
    owner::{Fingerprint, Owner},
    quota::Full,
    registry::Seat,
};

/// Browsers that are told how one callback ends; more only reload.
const WATCHERS: usize = 64;

/// One slot.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) phase: Phase,
    /// Callbacks that were delivered or may have been, oldest first.
    pub(super) spent: Vec<Spent>,
}

#[derive(Default)]
pub(super) enum Phase {
    /// Nobody waits and nothing is there.
    #[default]
    Idle,
    /// A callback waits for its program.
    Held(Handing),
    /// A program waits for its callback.
    Waiting(Registration),
    /// The callback is the program's, who has not said yet that it has it.
    Delivering(Registration, Handing),
}

/// A program that waits.
pub(super) struct Registration {
    /// Of the connection, or whatever else it is reached by; another after each reconnection.
    pub(super) link: u64,
    pub(super) owner: Owner,
    /// `None`: the connection is lost, and the program may come back.
    pub(super) mailbox: Option<Arc<Mailbox>>,
    /// Only ever `None` on its way to whoever takes it over.
    pub(super) seat: Option<Seat>,
}

impl Registration {
    pub(super) fn post(&self, order: Order) {
        if let Some(mailbox) = &self.mailbox {
            mailbox.post(order);
        }
    }
}

/// A callback that is not delivered yet.
pub(super) struct Handing {
    pub(super) parcel: Arc<Parcel>,
    /// Browsers that want to know how it ends: usually one, more after a double click.
    pub(super) watchers: Vec<oneshot::Sender<Outcome>>,
    /// When the browser came.
    pub(super) arrived: Instant,
    /// Since when it waits for its program.
    pub(super) since: Instant,
    /// Whom alone it may go to, once it was meant for somebody.
    pub(super) only: Option<Owner>,
    /// Whether a byte of it may have left: then it goes to nobody else.
    pub(super) handed: bool,
    /// Protocol 1: a newer registration, which waits for how this ends.
    pub(super) next: Option<Box<Registration>>,
}

impl Handing {
    /// Tells every browser; the registry counts it.
    pub(super) fn tell(self, outcome: Outcome) {
        for watcher in self.watchers {
            // A browser that went away need not know.
            watcher.send(outcome).ok();
        }
    }

    /// Tells one more browser; `false`: too many wait. Those that went away count no more.
    pub(super) fn tell_also(&mut self, watcher: oneshot::Sender<Outcome>) -> bool {
        self.watchers.retain(|watcher| !watcher.is_closed());
        let has_room = self.watchers.len() < WATCHERS;
        if has_room {
            self.watchers.push(watcher);
        }
        has_room
    }

    pub(super) fn is_same(&self, callback: &Callback) -> bool {
        self.parcel.callback == *callback
    }
}

/// A callback that was delivered, refused, or may have been delivered.
#[derive(Clone, Copy)]
pub(super) struct Spent {
    pub(super) fingerprint: Fingerprint,
    pub(super) owner: Owner,
    pub(super) reason: CloseReason,
    /// Which one, for the memory that forgets the oldest.
    pub(super) serial: u64,
}

/// Why a registration is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Somebody else's.
    InUse,
    /// No place.
    Full(Full),
    /// The relay stops.
    Stopping,
    /// It was this program's, and ended so.
    Over(CloseReason),
}

impl Entry {
    /// Whether `newcomer` may register here.
    pub(super) fn admit(&self, newcomer: &Owner) -> Result<(), Refused> {
        // Whoever waits here by now, this program has had its callback.
        let mut spent = self.spent.iter();
        if let Some(spent) = spent.find(|spent| spent.owner.is_same_program(newcomer)) {
            return Err(Refused::Over(spent.reason));
        }
        let holder = match &self.phase {
            Phase::Idle => None,
            Phase::Held(handing) => handing.only.as_ref(),
            Phase::Waiting(registration) => Some(&registration.owner),
            Phase::Delivering(registration, handing) => Some(
                handing
                    .next
                    .as_ref()
                    .map_or(&registration.owner, |next| &next.owner),
            ),
        };
        if holder.is_some_and(|owner| !owner.admits(newcomer)) {
            return Err(Refused::InUse);
        }
        Ok(())
    }

    /// Whether this very callback was delivered or may have been.
    ///
    /// Only where something is remembered the callback is digested.
    pub(super) fn is_spent(&self, callback: &Callback) -> bool {
        if self.spent.is_empty() {
            return false;
        }
        let fingerprint = Fingerprint::of_callback(callback);
        let mut spent = self.spent.iter();
        spent.any(|spent| spent.fingerprint == fingerprint)
    }

    /// Most slots have one, so there is room for one.
    pub(super) fn remember(&mut self, spent: Spent) {
        if self.spent.is_empty() {
            self.spent.reserve_exact(1);
        }
        self.spent.push(spent);
    }

    pub(super) fn forget(&mut self, serial: u64) {
        self.spent.retain(|spent| spent.serial != serial);
        if self.spent.is_empty() {
            self.spent = Vec::new();
        }
    }

    /// The registration of this connection: the one that waits, or a newer one that waits for how a delivery ends.
    pub(super) fn registration(&mut self, link: u64) -> Option<&mut Registration> {
        match &mut self.phase {
            Phase::Idle | Phase::Held(_) => None,
            Phase::Waiting(registration) => Some(registration),
            Phase::Delivering(registration, _) if registration.link == link => Some(registration),
            Phase::Delivering(_, handing) => handing.next.as_deref_mut(),
        }
        .filter(|registration| registration.link == link)
    }

    /// The seat of the registration that an admitted newcomer is about to take over.
    pub(super) fn take_seat(&mut self, newcomer: &Owner) -> Option<Seat> {
        match &mut self.phase {
            Phase::Idle | Phase::Held(_) => None,
            Phase::Waiting(registration) => registration.seat.take(),
            Phase::Delivering(registration, _) if registration.owner.is_same_program(newcomer) => {
                registration.seat.take()
            }
            Phase::Delivering(_, handing) => {
                handing.next.as_mut().and_then(|next| next.seat.take())
            }
        }
    }

    /// Lets an admitted newcomer in; answers whether it is a program that came back.
    pub(super) fn register(&mut self, newcomer: Registration) -> bool {
        match std::mem::take(&mut self.phase) {
            Phase::Idle => {
                self.phase = Phase::Waiting(newcomer);
                false
            }
            Phase::Held(handing) => {
                self.phase = hand(newcomer, handing);
                false
            }
            Phase::Waiting(old) => {
                let resumed = old.owner.is_same_program(&newcomer.owner);
                old.post(Order::Close(CloseReason::Replaced));
                self.phase = Phase::Waiting(newcomer);
                resumed
            }
            Phase::Delivering(old, handing) if old.owner.is_same_program(&newcomer.owner) => {
                old.post(Order::Close(CloseReason::Replaced));
                self.phase = hand(newcomer, handing);
                true
            }
            Phase::Delivering(old, mut handing) => {
                if let Some(other) = handing.next.replace(Box::new(newcomer)) {
                    other.post(Order::Close(CloseReason::Replaced));
                }
                self.phase = Phase::Delivering(old, handing);
                false
            }
        }
    }

    /// Tells everybody who waits here that it is over.
    pub(super) fn post(&self, reason: CloseReason) {
        let (Phase::Waiting(registration) | Phase::Delivering(registration, _)) = &self.phase
        else {
            return;
        };
        registration.post(Order::Close(reason));
        if let Phase::Delivering(_, handing) = &self.phase
            && let Some(next) = &handing.next
        {
            next.post(Order::Close(reason));
        }
    }

    /// What follows a delivery that is over: the newer registration of protocol 1, or nothing.
    pub(super) fn after(&mut self, handing: &mut Handing) {
        self.phase = match handing.next.take() {
            Some(next) => Phase::Waiting(*next),
            None => Phase::Idle,
        };
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.phase, Phase::Idle) && self.spent.is_empty()
    }
}

/// Hands a callback to a registration.
pub(super) fn hand(registration: Registration, mut handing: Handing) -> Phase {
    handing.only = Some(registration.owner);
    registration.post(Order::Deliver(Arc::clone(&handing.parcel)));
    Phase::Delivering(registration, handing)
}
