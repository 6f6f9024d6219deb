//! Whatever is done in whatever order, the registry does what a naive model of it does, and keeps its promises.

mod known;
mod link;
mod verb;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use oarlock_oauth::relay::{CloseReason, Delivery};
use proptest::prelude::*;
use tokio::{sync::oneshot::error::TryRecvError, time::Instant};

use super::{
    super::{Offer, Refused, Registry},
    GRACE, callback, entries, mailbox, owner, registry, slot,
};
use crate::{
    metrics::Face,
    relay::{
        Outcome,
        hold::Hold,
        owner::{Owner, User},
        quota::Full,
    },
};
use known::{Link, Place, Underway, Waiting, Watcher};
use verb::{Verb, verbs};

const SLOTS: [Option<&str>; 3] = [None, Some("a"), Some("b")];
const OWNERS: [(User, Option<&str>); 7] = [
    (User::Local(1), None),
    (User::Local(1), Some("first")),
    (User::Local(1), Some("second")),
    (User::Local(2), None),
    (User::Token(0), Some("first")),
    (User::Token(0), Some("second")),
    (User::Tcp, None),
];
const CALLBACKS: usize = 3;
const MOST: usize = 4;
const MOST_OF_ONE: usize = 3;
const MOST_HELD: usize = 2;

struct World {
    registry: Registry,
    links: Vec<Link>,
    holds: Vec<(usize, Hold, Instant)>,
    watchers: Vec<Watcher>,
    places: [Place; SLOTS.len()],
    stopping: bool,
    /// Who may have read a delivery, and has not said that it did not.
    readers: HashMap<Delivery, usize>,
    /// Callbacks that were delivered, refused, or may have been delivered.
    over: HashSet<(usize, usize)>,
}

impl World {
    fn new() -> Self {
        Self {
            registry: registry(|config| {
                config.limits.registrations = MOST;
                config.limits.registrations_per_user = MOST_OF_ONE;
                config.limits.held = MOST_HELD;
            }),
            links: Vec::new(),
            holds: Vec::new(),
            watchers: Vec::new(),
            places: Default::default(),
            stopping: false,
            readers: HashMap::new(),
            over: HashSet::new(),
        }
    }

    async fn run(&mut self, verb: Verb) {
        // No two verbs at one instant.
        tokio::time::advance(Duration::from_millis(1)).await;
        match verb {
            Verb::Register { slot, owner } => self.register(slot, owner),
            Verb::Offer { slot, callback } => self.offer(slot, callback),
            Verb::Look(link) => self.of_link(link, Self::look),
            Verb::Finish(link, ending) => {
                self.of_link(link, |world, link| world.finish(link, ending));
            }
            Verb::Unread(link) => self.of_link(link, Self::unread),
            Verb::End(link) => self.of_link(link, Self::end),
            Verb::Lose(link) => self.of_link(link, Self::lose),
            Verb::Expire(link) => self.of_link(link, Self::expire),
            Verb::GiveUp(hold) => {
                if let Some(hold) = self.holds.len().checked_sub(hold + 1) {
                    self.give_up(hold);
                }
            }
            Verb::Pass(millis) => tokio::time::advance(Duration::from_millis(millis)).await,
            Verb::Stop => self.stop(),
        }
        self.check();
    }

    fn of_link(&mut self, newest: usize, does: impl FnOnce(&mut Self, usize)) {
        if let Some(link) = self.links.len().checked_sub(newest + 1) {
            does(self, link);
        }
    }

    fn admitted(&self, place: &Place, newcomer: &Owner) -> Result<(), Refused> {
        if self.stopping {
            return Err(Refused::Stopping);
        }
        let mut past = place.spent.iter();
        if let Some((_, _, reason)) = past.find(|(_, owner, _)| owner.is_same_program(newcomer)) {
            return Err(Refused::Over(*reason));
        }
        let holder = match (&place.next, &place.holder, &place.callback) {
            (Some(one), _, _) | (None, Some(one), _) => Some(one.owner),
            (None, None, Some(callback)) => callback.only,
            (None, None, None) => None,
        };
        // Nobody but the owner's user and secret gets in.
        let may = holder.is_none_or(|holder| {
            holder.user == newcomer.user
                && (holder.secret.is_none() || holder.secret == newcomer.secret)
        });
        if !may {
            return Err(Refused::InUse);
        }
        let takes_over = match (&place.holder, &place.callback) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(holder), Some(_)) => {
                holder.owner.is_same_program(newcomer) || place.next.is_some()
            }
        };
        if takes_over {
            return Ok(());
        }
        self.room(newcomer.user).map_err(Refused::Full)
    }

    fn room(&self, user: User) -> Result<(), Full> {
        let most = match user {
            User::Token(_) => 2,
            _ => MOST_OF_ONE,
        };
        let of_user = self.waiting().filter(|waiting| waiting.owner.user == user);
        if of_user.count() >= most {
            return Err(Full::Own);
        }
        if self.waiting().count() >= MOST {
            return Err(Full::All);
        }
        Ok(())
    }

    fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        let places = self.places.iter();
        places.flat_map(|place| place.holder.iter().chain(&place.next))
    }

    fn held(&self) -> usize {
        let places = self.places.iter();
        places
            .filter(|place| place.holder.is_none() && place.callback.is_some())
            .count()
    }

    fn register(&mut self, at: usize, who: usize) {
        let (user, secret) = OWNERS[who];
        let newcomer = owner(user, secret);
        let face = if secret.is_some() {
            Face::Protocol2
        } else {
            Face::Protocol1
        };
        let box_of_it = mailbox();
        let expected = self.admitted(&self.places[at], &newcomer);
        let found = self
            .registry
            .register(slot(SLOTS[at]), newcomer, face, &box_of_it);
        let registered = match (found, expected) {
            (Ok(registered), Ok(())) => registered,
            (Err(found), Err(expected)) => return assert_eq!(found, expected),
            (found, expected) => panic!("{found:?}, expected {expected:?}"),
        };
        let link = self.links.len();
        self.links.push(Link {
            ticket: registered.ticket,
            mailbox: box_of_it,
            slot: at,
            owner: newcomer,
            parcel: None,
            close: None,
            lost: false,
        });
        let waiting = Waiting {
            link,
            owner: newcomer,
            away: false,
        };
        let place = &mut self.places[at];
        let mut replaced = None;
        let mut resumed = false;
        match (&place.holder, &place.callback) {
            (Some(old), Some(_)) if !old.owner.is_same_program(&newcomer) => {
                replaced = place.next.replace(waiting);
            }
            (Some(old), _) => {
                resumed = old.owner.is_same_program(&newcomer);
                replaced = place.holder.replace(waiting);
            }
            (None, _) => place.holder = Some(waiting),
        }
        assert_eq!(registered.resumed, resumed);
        if let Some(replaced) = replaced
            && !replaced.away
        {
            let old = &mut self.links[replaced.link];
            old.parcel = None;
            old.close = Some(CloseReason::Replaced);
        }
        self.hand(at);
    }

    /// What lies here goes to whoever holds the slot, unless a newer one waits for how that ends.
    fn hand(&mut self, at: usize) {
        let place = &mut self.places[at];
        if let (Some(holder), None, Some(callback)) =
            (&place.holder, &place.next, &mut place.callback)
        {
            callback.only = Some(holder.owner);
            if !holder.away {
                self.links[holder.link].parcel = Some(callback.number);
            }
        }
    }

    fn query(at: usize, number: usize) -> String {
        let state = SLOTS[at].map_or(String::new(), |state| format!("&state={state}"));
        match number {
            0 => format!("error=access_denied{state}"),
            _ => format!("code=c{number}{state}"),
        }
    }

    fn offer(&mut self, at: usize, number: usize) {
        let offered = self
            .registry
            .offer(slot(SLOTS[at]), callback(&Self::query(at, number)));
        let now = Instant::now();
        let held = self.held();
        let place = &mut self.places[at];
        let done = if self.stopping {
            Some(Outcome::Stopping)
        } else if place.spent.iter().any(|(other, _, _)| *other == number) {
            Some(Outcome::AlreadyDelivered)
        } else {
            match (&place.holder, &place.callback) {
                (_, Some(other)) if other.number == number => None,
                (_, Some(_)) => Some(Outcome::NobodyWaiting),
                (Some(_), None) => None,
                (None, None) => (held >= MOST_HELD).then_some(Outcome::NobodyWaiting),
            }
        };
        let (outcome, hold) = match (offered, done) {
            (Offer::Done(found), Some(expected)) => return assert_eq!(found, expected),
            (Offer::Pending { outcome, hold }, None) => (outcome, hold),
            (Offer::Done(found), None) => panic!("{found:?}, but it has to wait"),
            (Offer::Pending { .. }, Some(expected)) => panic!("{expected:?} at once"),
        };
        let watcher = self.watchers.len();
        self.watchers.push(Watcher {
            outcome,
            expected: None,
            told: false,
        });
        if let Some(callback) = &mut place.callback {
            callback.watchers.push(watcher);
            assert!(hold.is_none());
            return;
        }
        place.callback = Some(Underway {
            number,
            handed: false,
            only: None,
            since: now,
            watchers: vec![watcher],
        });
        assert_eq!(hold.is_some(), place.holder.is_none());
        self.keep(at, hold);
        self.hand(at);
    }

    fn keep(&mut self, at: usize, hold: Option<Hold>) {
        let now = Instant::now();
        if let Some(hold) = hold {
            assert_eq!(hold.until, now + GRACE);
            self.holds.push((at, hold, now));
        }
    }

    fn tell(&mut self, callback: Underway, outcome: Outcome) {
        for watcher in callback.watchers {
            let watcher = &mut self.watchers[watcher];
            assert_eq!(watcher.expected, None, "told twice");
            watcher.expected = Some(outcome);
        }
    }

    fn give_up(&mut self, hold: usize) {
        let (at, hold, since) = &self.holds[hold];
        let (at, since) = (*at, *since);
        let found = self.registry.give_up(hold);
        let place = &mut self.places[at];
        let still = place.holder.is_none()
            && place
                .callback
                .as_ref()
                .is_some_and(|callback| callback.since == since);
        assert_eq!(found, still);
        if still {
            let callback = place.callback.take().unwrap();
            self.tell(callback, Outcome::NobodyWaiting);
        }
    }

    fn stop(&mut self) {
        self.registry.stop();
        self.stopping = true;
        for at in 0..SLOTS.len() {
            let place = &mut self.places[at];
            if place.holder.is_none_or(|holder| holder.away)
                && let Some(callback) = place.callback.take()
            {
                place.holder = None;
                let outcome = if callback.handed {
                    Outcome::Unconfirmed
                } else {
                    Outcome::Stopping
                };
                self.tell(callback, outcome);
            }
            let place = &self.places[at];
            for waiting in place.holder.iter().chain(&place.next) {
                if !waiting.away {
                    self.links[waiting.link].close = Some(CloseReason::Shutdown);
                }
            }
        }
    }

    fn check(&mut self) {
        for watcher in &mut self.watchers {
            let found = watcher.outcome.try_recv();
            let expected = match watcher.expected {
                None => Err(TryRecvError::Empty),
                Some(_) if watcher.told => Err(TryRecvError::Closed),
                Some(outcome) => Ok(outcome),
            };
            watcher.told = watcher.expected.is_some();
            assert_eq!(found, expected);
        }
        assert_eq!(self.registry.registrations(), self.waiting().count());
        assert_eq!(self.registry.held(), self.held());
        let known = self.places.iter().filter(|place| {
            place.holder.is_some() || place.callback.is_some() || !place.spent.is_empty()
        });
        assert_eq!(entries(&self.registry), known.count());
        for (at, place) in self.places.iter().enumerate() {
            assert_eq!(
                self.registry.is_awaited(slot(SLOTS[at])),
                place.holder.is_some()
            );
        }
    }

    /// Everybody goes: nothing is left, and everybody was told.
    fn finally(&mut self) {
        for link in 0..self.links.len() {
            self.end(link);
        }
        for hold in 0..self.holds.len() {
            self.give_up(hold);
        }
        self.check();
        assert_eq!(self.registry.registrations(), 0);
        assert_eq!(self.registry.held(), 0);
        assert!(self.watchers.iter().all(|watcher| watcher.told));
    }
}

proptest! {
    #[test]
    fn hostile_33_the_registry_does_what_the_model_does(verbs in verbs()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for verb in verbs {
                world.run(verb).await;
            }
            world.finally();
        });
    }
}
