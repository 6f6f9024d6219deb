//! Programs on other machines: a registration that is asked over HTTPS, request by request.
//!
//! A task keeps each of them: it takes what the registry has for it, lays it out for whoever asks, and ends it in time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use oarlock_oauth::relay::{CloseReason, Delivery, Registered, StateDigest};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::{
    Relay,
    entry::Refused,
    mailbox::{Mailbox, Order, Parcel},
    owner::{Owner, Slot},
    registry::{Ending, Ticket},
};
use crate::metrics::Face;

/// How long it is remembered how a registration ended.
const MEMORY: Duration = Duration::from_secs(60);
/// Most that are remembered; beyond it one that ends is forgotten at once.
const REMEMBERED: usize = 8_192;

/// All of them.
#[derive(Default)]
pub(crate) struct Desks(Mutex<HashMap<StateDigest, Arc<Desk>>>);

/// One registration.
pub(crate) struct Desk {
    owner: Owner,
    ticket: Ticket,
    shown: watch::Sender<Shown>,
    visits: Mutex<Visits>,
    /// Rings when a visit changes what is due, and when a newer registration takes this one's place.
    visited: Notify,
}

/// What lies there.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    /// Nothing yet.
    Waiting,
    /// A callback, to be acknowledged.
    Delivering(Arc<Parcel>),
    /// It ended so.
    Over(CloseReason),
}

struct Visits {
    /// When the owner was last heard.
    seen: Instant,
    /// Requests that wait at this moment.
    waiting: usize,
    /// Counts them, so that a newer one ends an older.
    number: u64,
    /// The only delivery there was.
    delivery: Option<Delivery>,
    /// When the callback was first shown.
    handed: Option<Instant>,
}

impl Relay {
    /// Registers a program over HTTPS.
    pub(crate) fn register_remote(
        &self,
        digest: StateDigest,
        owner: Owner,
        wanted: Option<Duration>,
    ) -> Result<Registered, Refused> {
        let slot = Slot::State(digest);
        let mailbox = Arc::new(Mailbox::default());
        // Held so that of two that come at once, the one that the registry has last is found here too.
        let mut desks = self.0.desks.all();
        let registered = self
            .registry()
            .register(slot, owner, Face::Https, &mailbox)?;
        let times = &self.config().times;
        let lasts = wanted.unwrap_or(times.registration).min(times.longest);
        let now = Instant::now();
        let desk = Arc::new(Desk {
            owner,
            ticket: registered.ticket,
            shown: watch::Sender::new(Shown::Waiting),
            visits: Mutex::new(Visits {
                seen: now,
                waiting: 0,
                number: 0,
                delivery: None,
                handed: None,
            }),
            visited: Notify::new(),
        });
        let older = desks.insert(digest, Arc::clone(&desk));
        drop(desks);
        if let Some(older) = older {
            older.visited.notify_one();
        }
        tracing::info!(
            state = slot.short(),
            resumed = registered.resumed,
            "client registered for state"
        );
        let relay = self.clone();
        drop(tokio::spawn(async move {
            desk.keep(&relay, &mailbox, now + lasts).await;
            relay.0.desks.remember(digest, &desk).await;
            relay.0.desks.forget(digest, &desk);
        }));
        Ok(self.welcome(lasts, registered.resumed))
    }

    /// The registration of this owner; a wrong owner and none at all look the same.
    pub(crate) fn desk(&self, digest: StateDigest, owner: &Owner) -> Option<Arc<Desk>> {
        let desk = Arc::clone(self.0.desks.all().get(&digest)?);
        (desk.owner == *owner).then_some(desk)
    }
}

impl Desks {
    /// Waits as long as one that is over is to be remembered: until a newer one has its place, which rings.
    async fn remember(&self, digest: StateDigest, desk: &Arc<Desk>) {
        let until = Instant::now() + MEMORY;
        if self.all().len() > REMEMBERED {
            return;
        }
        while is_there(&self.all(), digest, desk) {
            tokio::select! {
                () = sleep_until(until) => return,
                () = desk.visited.notified() => {}
            }
        }
    }

    fn forget(&self, digest: StateDigest, desk: &Arc<Desk>) {
        let mut all = self.all();
        if is_there(&all, digest, desk) {
            all.remove(&digest);
        }
    }

    /// Nothing under this lock can panic half-way.
    fn all(&self) -> MutexGuard<'_, HashMap<StateDigest, Arc<Desk>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_there(
    desks: &HashMap<StateDigest, Arc<Desk>>,
    digest: StateDigest,
    desk: &Arc<Desk>,
) -> bool {
    let there = desks.get(&digest);
    there.is_some_and(|there| Arc::ptr_eq(there, desk))
}

impl Desk {
    /// Somebody comes to wait; whoever waited before has to go.
    pub(crate) fn enter(self: Arc<Self>) -> Visit {
        let mut visits = self.visits();
        visits.seen = Instant::now();
        visits.waiting += 1;
        visits.number += 1;
        let number = visits.number;
        drop(visits);
        // Wakes the older visits.
        self.shown.send_modify(|_| {});
        self.visited.notify_one();
        Visit {
            desk: self,
            number,
            known: false,
        }
    }

    /// The program has said how the delivery went. Repeating it changes nothing. `None`: there is no such delivery.
    pub(crate) fn settle(
        &self,
        relay: &Relay,
        delivery: &Delivery,
        ending: Ending,
    ) -> Option<CloseReason> {
        // Held to the end: of several who say so at once, or at the end of its time, each is told what became of it.
        let mut visits = self.visits();
        visits.seen = Instant::now();
        if visits.delivery.as_ref() != Some(delivery) {
            return None;
        }
        let shown = self.shown.borrow().clone();
        match shown {
            Shown::Delivering(_) => {
                if !relay.registry().finish(self.ticket, ending) {
                    return self.over();
                }
                let state = self.ticket.slot.short();
                match ending {
                    Ending::Delivered => {
                        tracing::info!(state, "callback delivered to client for state");
                    }
                    Ending::Rejected | Ending::Unconfirmed => {
                        tracing::warn!(state, "client refused the callback");
                    }
                }
                let reason = ending.reason();
                self.shown.send_replace(Shown::Over(reason));
                Some(reason)
            }
            Shown::Over(reason) => Some(reason),
            Shown::Waiting => None,
        }
    }

    /// The program does not wait any more.
    pub(crate) fn leave(&self, relay: &Relay) -> CloseReason {
        let _visits = self.visits();
        if let Some(reason) = self.over() {
            return reason;
        }
        relay.leave(self.ticket);
        self.shown
            .send_replace(Shown::Over(CloseReason::Unregistered));
        CloseReason::Unregistered
    }

    fn over(&self) -> Option<CloseReason> {
        match &*self.shown.borrow() {
            Shown::Over(reason) => Some(*reason),
            Shown::Waiting | Shown::Delivering(_) => None,
        }
    }

    /// Sees to everything that is due, until it is over.
    async fn keep(&self, relay: &Relay, mailbox: &Mailbox, expires: Instant) {
        let mut changes = self.shown.subscribe();
        let mut arrived = None;
        let mut stopping = false;
        loop {
            let alarm = self.alarm(relay, expires, arrived);
            tokio::select! {
                biased;
                _ = changes.wait_for(|shown| matches!(shown, Shown::Over(_))) => return,
                order = mailbox.next() => match order {
                    Order::Deliver(parcel) => {
                        arrived = Some(Instant::now());
                        self.visits().delivery = Some(parcel.delivery.clone());
                        self.show(Shown::Delivering(parcel));
                    }
                    Order::Close(CloseReason::Shutdown) if arrived.is_some() => stopping = true,
                    Order::Close(reason) => return self.close(relay, reason),
                },
                () = self.visited.notified() => {}
                () = sleep_until(alarm) => {
                    if let Some(reason) = self.due(relay, expires, arrived) {
                        return self.close(relay, if stopping { CloseReason::Shutdown } else { reason });
                    }
                }
            }
        }
    }

    /// The next moment at which something may be due.
    fn alarm(&self, relay: &Relay, expires: Instant, arrived: Option<Instant>) -> Instant {
        let times = &relay.config().times;
        let visits = self.visits();
        match (arrived, visits.handed) {
            (Some(_), Some(handed)) => handed + times.acknowledgement,
            (Some(arrived), None) => arrived + times.grace,
            (None, _) if visits.waiting > 0 => expires,
            (None, _) => expires.min(visits.seen + times.heartbeat * 2),
        }
    }

    /// Why it ends now, if it does.
    fn due(
        &self,
        relay: &Relay,
        expires: Instant,
        arrived: Option<Instant>,
    ) -> Option<CloseReason> {
        let now = Instant::now();
        if self.alarm(relay, expires, arrived) > now {
            return None;
        }
        Some(match arrived {
            Some(_) if self.visits().handed.is_some() => CloseReason::Unconfirmed,
            Some(_) => CloseReason::Silent,
            None if expires <= now => CloseReason::Expired,
            None => CloseReason::Silent,
        })
    }

    /// Ends it. A callback that nobody came for has waited long enough.
    fn close(&self, relay: &Relay, reason: CloseReason) {
        let state = self.ticket.slot.short();
        match reason {
            CloseReason::Expired => tracing::warn!(state, "callback timeout for state"),
            CloseReason::Unconfirmed => tracing::warn!(
                state,
                "client did not acknowledge the callback: not confirmed"
            ),
            _ => tracing::info!(state, ?reason, "registration over HTTPS ended"),
        }
        let _visits = self.visits();
        if let Some(hold) = relay.registry().end(self.ticket) {
            relay.registry().give_up(&hold);
        }
        self.show(Shown::Over(reason));
    }

    /// Once it is over, it stays as it was.
    fn show(&self, news: Shown) {
        self.shown.send_if_modified(|shown| {
            let goes_on = !matches!(shown, Shown::Over(_));
            if goes_on {
                *shown = news;
            }
            goes_on
        });
    }

    /// Nothing under this lock can panic half-way.
    fn visits(&self) -> MutexGuard<'_, Visits> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request that waits.
pub(crate) struct Visit {
    desk: Arc<Desk>,
    number: u64,
    /// Whether it was shown the callback: then only the end is news.
    known: bool,
}

/// What a visit has come to.
#[derive(Debug)]
pub(crate) enum News {
    /// A callback, to be acknowledged.
    Delivering(Arc<Parcel>),
    /// It is over.
    Over(CloseReason),
    /// Nothing so far.
    Nothing,
    /// A newer visit is there.
    Overtaken,
}

impl Visit {
    /// Waits for news, at most so long.
    ///
    /// A callback that is news may be read from here on, so it goes to nobody else.
    pub(crate) async fn wait(&mut self, relay: &Relay, patience: Duration) -> News {
        let mut shown = self.desk.shown.subscribe();
        let until = Instant::now() + patience;
        loop {
            if self.desk.visits().number != self.number {
                return News::Overtaken;
            }
            let now = shown.borrow_and_update().clone();
            match now {
                Shown::Over(reason) => return News::Over(reason),
                Shown::Delivering(parcel) if !self.known => {
                    // False when its time was over at this very moment, which is shown next.
                    if relay.registry().handed(self.desk.ticket) {
                        self.known = true;
                        let mut visits = self.desk.visits();
                        visits.handed.get_or_insert_with(Instant::now);
                        drop(visits);
                        self.desk.visited.notify_one();
                        return News::Delivering(parcel);
                    }
                }
                Shown::Waiting | Shown::Delivering(_) => {}
            }
            tokio::select! {
                changed = shown.changed() => if changed.is_err() {
                    return News::Nothing;
                },
                () = sleep_until(until) => return News::Nothing,
            }
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut visits = self.desk.visits();
        visits.waiting = visits.waiting.saturating_sub(1);
        visits.seen = Instant::now();
        drop(visits);
        self.desk.visited.notify_one();
    }
}
