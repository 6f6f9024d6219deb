//! Who waits for what: every change of it is one verb here, under one lock.

mod away;
mod stopping;

use std::{
    hash::{BuildHasher as _, RandomState},
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use oarlock_io::entropy;
use oarlock_oauth::relay::{Callback, CloseReason, Delivery};
use tokio::{sync::oneshot, time::Instant};

use super::{
    Outcome,
    entry::{Entry, Handing, Phase, Refused, Registration, Spent, hand},
    hold::{Hold, Holds},
    mailbox::{Mailbox, Parcel},
    owner::{Fingerprint, Owner, Slot, User},
    quota::{Place, Quota},
    shard::{Shard, lock},
};
use crate::{
    config::RelayConfig,
    metrics::{Face, Metrics},
};

/// So many locks that two deliveries seldom meet.
const SHARDS: usize = 64;

/// All slots.
pub(crate) struct Registry {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    quota: Arc<Quota<User>>,
    /// Most registrations of one user, and of each token.
    most: (usize, Vec<usize>),
    registered: AtomicU64,
    holds: Holds,
    metrics: Metrics,
    stopping: AtomicBool,
    /// Links and deliveries are numbered.
    serial: AtomicU64,
    /// Makes the names of deliveries unlike those of another process.
    origin: u64,
    grace: Duration,
    memory: Duration,
    log_unmatched: bool,
}

/// A registration's place among all, counted while it lasts.
#[derive(Debug)]
pub(super) struct Seat {
    _place: Place<User>,
    face: Face,
    metrics: Metrics,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.metrics.ended(self.face);
    }
}

/// Which registration, by which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) slot: Slot,
    link: u64,
}

/// A registration that was let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registered {
    pub(crate) ticket: Ticket,
    pub(crate) resumed: bool,
}

/// What became of a callback at first.
pub(crate) enum Offer {
    /// It is known how it ends.
    Done(Outcome),
    /// It will be told.
    Pending {
        outcome: oneshot::Receiver<Outcome>,
        /// It waits for its program; see [`Registry::give_up`].
        hold: Option<Hold>,
    },
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The program has it.
    Delivered,
    /// The program refused it.
    Rejected,
    /// The program may have it or not.
    Unconfirmed,
}

impl Ending {
    /// How the program is told.
    pub(crate) fn reason(self) -> CloseReason {
        match self {
            Self::Delivered => CloseReason::Delivered,
            Self::Rejected => CloseReason::Rejected,
            Self::Unconfirmed => CloseReason::Unconfirmed,
        }
    }
}

impl Registry {
    /// # Errors
    /// No randomness.
    pub(crate) fn new(config: &RelayConfig, metrics: Metrics) -> io::Result<Self> {
        let [a, b, c, d, e, f, g, h, ..] = entropy::random()?;
        Ok(Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            quota: Quota::new(config.limits.registrations),
            most: (
                config.limits.registrations_per_user,
                config
                    .tokens
                    .iter()
                    .map(|token| token.registrations)
                    .collect(),
            ),
            registered: AtomicU64::new(0),
            holds: Holds::new(config.limits.held, config.times.grace, metrics.clone()),
            metrics,
            stopping: AtomicBool::new(false),
            serial: AtomicU64::new(0),
            origin: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            grace: config.times.grace,
            memory: config.times.longest,
            log_unmatched: config.log_unmatched,
        })
    }

    /// Registrations that are there.
    pub(crate) fn registrations(&self) -> usize {
        self.quota.all()
    }

    /// Registrations that were let in since the start.
    pub(crate) fn registered(&self) -> u64 {
        self.registered.load(Ordering::Relaxed)
    }

    /// Callbacks that wait for a program.
    pub(crate) fn held(&self) -> usize {
        self.holds.all()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Whether somebody waits for it at this moment.
    pub(crate) fn is_awaited(&self, slot: Slot) -> bool {
        let shard = self.shard(slot);
        shard
            .entries
            .get(&slot)
            .is_some_and(|entry| matches!(entry.phase, Phase::Waiting(_) | Phase::Delivering(..)))
    }

    /// A program waits from now on; a callback that is held for it is in its mailbox at once.
    pub(crate) fn register(
        &self,
        slot: Slot,
        owner: Owner,
        face: Face,
        mailbox: &Arc<Mailbox>,
    ) -> Result<Registered, Refused> {
        let mut shard = self.shard(slot);
        // Under the lock: `stop` sets it before it takes this lock.
        if self.is_stopping() {
            return Err(Refused::Stopping);
        }
        let entry = shard.entries.entry(slot).or_default();
        let seat = entry.admit(&owner).and_then(|()| {
            // Whoever takes a registration over takes its seat, so that coming back never fails for want of one.
            let taken_over = entry.take_seat(&owner);
            taken_over.map_or_else(|| self.seat(owner.user, face), Ok)
        });
        let seat = match seat {
            Ok(seat) => seat,
            Err(refused) => {
                shard.tidy(slot);
                return Err(refused);
            }
        };
        if matches!(entry.phase, Phase::Held(_)) {
            self.holds.give_back();
        }
        let link = self.serial.fetch_add(1, Ordering::Relaxed);
        let resumed = entry.register(Registration {
            link,
            owner,
            mailbox: Some(Arc::clone(mailbox)),
            seat: Some(seat),
        });
        self.registered.fetch_add(1, Ordering::Relaxed);
        let ticket = Ticket { slot, link };
        Ok(Registered { ticket, resumed })
    }

    /// A callback came.
    pub(crate) fn offer(&self, slot: Slot, callback: Callback) -> Offer {
        let mut shard = self.shard(slot);
        if self.is_stopping() {
            return Offer::Done(Outcome::Stopping);
        }
        let entry = shard.entries.entry(slot).or_default();
        if entry.is_spent(&callback) {
            return Offer::Done(Outcome::AlreadyDelivered);
        }
        let (watcher, outcome) = oneshot::channel();
        match std::mem::take(&mut entry.phase) {
            Phase::Held(mut handing) if handing.is_same(&callback) => {
                let is_told = handing.tell_also(watcher);
                entry.phase = Phase::Held(handing);
                if !is_told {
                    return Offer::Done(Outcome::NobodyWaiting);
                }
            }
            Phase::Delivering(registration, mut handing) if handing.is_same(&callback) => {
                let is_told = handing.tell_also(watcher);
                entry.phase = Phase::Delivering(registration, handing);
                if !is_told {
                    // So far it is.
                    return Offer::Done(Outcome::Unconfirmed);
                }
            }
            Phase::Waiting(registration) => {
                entry.phase = hand(registration, self.handing(callback, watcher));
            }
            Phase::Idle => {
                let Some(until) = self.holds.take() else {
                    shard.tidy(slot);
                    return Offer::Done(Outcome::NobodyWaiting);
                };
                let handing = self.handing(callback, watcher);
                let hold = Some(Hold::of(&handing, slot, until));
                entry.phase = Phase::Held(handing);
                return Offer::Pending { outcome, hold };
            }
            // One callback at a time for each slot.
            other => {
                entry.phase = other;
                return Offer::Done(Outcome::NobodyWaiting);
            }
        }
        Offer::Pending {
            outcome,
            hold: None,
        }
    }

    /// Its time is over; answers whether it was still there and nobody had come for it.
    pub(crate) fn give_up(&self, hold: &Hold) -> bool {
        let mut shard = self.shard(hold.slot);
        let Some(entry) = shard.entries.get_mut(&hold.slot) else {
            return false;
        };
        let given_up = match std::mem::take(&mut entry.phase) {
            Phase::Held(handing) if hold.is_of(&handing) => {
                self.holds.give_back();
                self.resolve(handing, Outcome::NobodyWaiting);
                true
            }
            other => {
                entry.phase = other;
                false
            }
        };
        shard.tidy(hold.slot);
        drop(shard);
        if given_up {
            self.unmatched(hold.slot);
        }
        given_up
    }

    /// A byte of it is about to leave; answers whether it may.
    pub(crate) fn handed(&self, ticket: Ticket) -> bool {
        let mut shard = self.shard(ticket.slot);
        let entry = shard.entries.get_mut(&ticket.slot);
        match entry.map(|entry| &mut entry.phase) {
            Some(Phase::Delivering(registration, handing)) if registration.link == ticket.link => {
                handing.handed = true;
                true
            }
            _ => false,
        }
    }

    /// The delivery is over; `false` when it was over before.
    pub(crate) fn finish(&self, ticket: Ticket, ending: Ending) -> bool {
        let mut shard = self.shard(ticket.slot);
        let Some(entry) = shard.entries.get_mut(&ticket.slot) else {
            return false;
        };
        match std::mem::take(&mut entry.phase) {
            Phase::Delivering(registration, handing) if registration.link == ticket.link => {
                let spent = self.spend(entry, &registration.owner, handing, ending);
                shard.remember(ticket.slot, spent, self.memory);
                true
            }
            other => {
                entry.phase = other;
                false
            }
        }
    }

    /// Protocol 1: the program died, and it is known that it had not read the line.
    ///
    /// The callback goes to the newer registration, or is held for the same user.
    pub(crate) fn unread(&self, ticket: Ticket) -> Option<Hold> {
        let mut shard = self.shard(ticket.slot);
        let entry = shard.entries.get_mut(&ticket.slot)?;
        match std::mem::take(&mut entry.phase) {
            Phase::Delivering(registration, handing) if registration.link == ticket.link => {
                drop(registration);
                let hold = self.free(entry, ticket.slot, handing);
                shard.tidy(ticket.slot);
                hold
            }
            other => {
                entry.phase = other;
                None
            }
        }
    }

    /// The program does not wait any more. A callback that it was handed and has not confirmed is unconfirmed; one that
    /// has not left yet is free again.
    pub(crate) fn end(&self, ticket: Ticket) -> Option<Hold> {
        let mut shard = self.shard(ticket.slot);
        let entry = shard.entries.get_mut(&ticket.slot)?;
        let mut spent = None;
        let mut hold = None;
        match std::mem::take(&mut entry.phase) {
            Phase::Waiting(registration) if registration.link == ticket.link => {}
            Phase::Delivering(registration, handing) if registration.link == ticket.link => {
                if handing.handed {
                    let ending = Ending::Unconfirmed;
                    spent = Some(self.spend(entry, &registration.owner, handing, ending));
                } else {
                    drop(registration);
                    hold = self.free(entry, ticket.slot, handing);
                }
            }
            Phase::Delivering(registration, mut handing) => {
                if handing
                    .next
                    .as_ref()
                    .is_some_and(|next| next.link == ticket.link)
                {
                    handing.next = None;
                }
                entry.phase = Phase::Delivering(registration, handing);
            }
            other => entry.phase = other,
        }
        match spent {
            Some(serial) => shard.remember(ticket.slot, serial, self.memory),
            None => shard.tidy(ticket.slot),
        }
        hold
    }

    /// Ends a delivery that may have been read; answers its number.
    fn spend(&self, entry: &mut Entry, owner: &Owner, mut handing: Handing, ending: Ending) -> u64 {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let outcome = match ending {
            Ending::Delivered if handing.parcel.callback.is_refusal() => Outcome::Denied,
            Ending::Delivered => Outcome::Complete,
            Ending::Rejected => Outcome::Rejected,
            Ending::Unconfirmed => Outcome::Unconfirmed,
        };
        entry.remember(Spent {
            fingerprint: Fingerprint::of_callback(&handing.parcel.callback),
            owner: *owner,
            reason: ending.reason(),
            serial,
        });
        entry.after(&mut handing);
        self.resolve(handing, outcome);
        serial
    }

    /// A callback of which nothing was read goes to the newer registration, or waits for one of the same owner.
    fn free(&self, entry: &mut Entry, slot: Slot, mut handing: Handing) -> Option<Hold> {
        handing.handed = false;
        if let Some(next) = handing.next.take() {
            entry.phase = hand(*next, handing);
            return None;
        }
        if self.is_stopping() {
            self.resolve(handing, Outcome::Stopping);
            return None;
        }
        let Some(until) = self.holds.take() else {
            self.unmatched(slot);
            self.resolve(handing, Outcome::NobodyWaiting);
            return None;
        };
        handing.since = Instant::now();
        let hold = Hold::of(&handing, slot, until);
        entry.phase = Phase::Held(handing);
        Some(hold)
    }

    fn seat(&self, user: User, face: Face) -> Result<Seat, Refused> {
        let (each, tokens) = &self.most;
        let most = match user {
            User::Token(index) => tokens.get(index).copied().unwrap_or_default(),
            User::Local(_) | User::Tcp => *each,
        };
        let place = self.quota.take(user, most).map_err(Refused::Full)?;
        self.metrics.registered(face);
        Ok(Seat {
            _place: place,
            face,
            metrics: self.metrics.clone(),
        })
    }

    /// Says that a callback came for nobody.
    pub(crate) fn unmatched(&self, slot: Slot) {
        if self.log_unmatched {
            tracing::warn!(
                state = slot.short(),
                "no client waiting for state, dropping callback"
            );
        }
    }

    /// Tells the browsers and counts it, once for each callback.
    fn resolve(&self, handing: Handing, outcome: Outcome) {
        self.metrics.callback(outcome, handing.arrived.elapsed());
        handing.tell(outcome);
    }

    fn handing(&self, callback: Callback, watcher: oneshot::Sender<Outcome>) -> Handing {
        let mut name = [0; 16];
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let parts = self
            .origin
            .to_le_bytes()
            .into_iter()
            .chain(serial.to_le_bytes());
        for (to, from) in name.iter_mut().zip(parts) {
            *to = from;
        }
        let now = Instant::now();
        Handing {
            parcel: Arc::new(Parcel {
                delivery: Delivery::from_random(name),
                callback,
            }),
            watchers: vec![watcher],
            arrived: now,
            since: now,
            only: None,
            handed: false,
            next: None,
        }
    }

    fn shard(&self, slot: Slot) -> MutexGuard<'_, Shard> {
        let hash = usize::try_from(self.hasher.hash_one(slot) % SHARDS as u64).unwrap_or_default();
        match self.shards.get(hash).or_else(|| self.shards.first()) {
            Some(shard) => lock(shard),
            None => unreachable!("there are shards"),
        }
    }
}

#[cfg(test)]
mod tests;
