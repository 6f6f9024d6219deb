//! What connections do.

use futures_util::FutureExt as _;
use oarlock_oauth::relay::{CloseReason, Delivery};
use tokio::time::Instant;

use super::{
    super::{GRACE, callback},
    MOST_HELD, World,
    known::Place,
};
use crate::relay::{Outcome, hold::Hold, mailbox::Order, registry::Ending};

impl World {
    pub(super) fn is_delivering(&self, link: usize) -> bool {
        let place = &self.places[self.links[link].slot];
        place.callback.is_some() && place.holder.is_some_and(|holder| holder.link == link)
    }

    pub(super) fn look(&mut self, link: usize) {
        let (found, at) = (
            self.links[link].mailbox.next().now_or_never(),
            self.links[link].slot,
        );
        let expected = &mut self.links[link];
        match found {
            Some(Order::Deliver(parcel)) => {
                let number = expected.parcel.take().expect("nothing is there for it");
                assert_eq!(parcel.callback, callback(&Self::query(at, number)));
                let may = self.registry.handed(self.links[link].ticket);
                assert_eq!(may, self.is_delivering(link));
                if may {
                    self.read(link, number, &parcel.delivery);
                }
            }
            Some(Order::Close(reason)) => {
                assert_eq!(expected.parcel, None);
                assert_eq!(expected.close.take(), Some(reason));
            }
            None => {
                assert_eq!(expected.parcel, None);
                assert_eq!(expected.close, None);
            }
        }
    }

    /// The promise: one program, however it got there.
    fn read(&mut self, link: usize, number: usize, delivery: &Delivery) {
        let at = self.links[link].slot;
        assert!(!self.over.contains(&(at, number)), "it was over");
        if let Some(before) = self.readers.insert(delivery.clone(), link)
            && before != link
        {
            let before = &self.links[before].owner;
            assert!(
                before.is_same_program(&self.links[link].owner),
                "two programs may have read it"
            );
        }
        self.places[at].callback.as_mut().unwrap().handed = true;
    }

    /// It is over, and is never delivered again.
    fn spend(&mut self, link: usize, ending: Ending) {
        let at = self.links[link].slot;
        let place = &mut self.places[at];
        let callback = place.callback.take().unwrap();
        let (reason, outcome) = match ending {
            Ending::Delivered if callback.number == 0 => (CloseReason::Delivered, Outcome::Denied),
            Ending::Delivered => (CloseReason::Delivered, Outcome::Complete),
            Ending::Rejected => (CloseReason::Rejected, Outcome::Rejected),
            Ending::Unconfirmed => (CloseReason::Unconfirmed, Outcome::Unconfirmed),
        };
        let owner = place.holder.unwrap().owner;
        place.spent.push((callback.number, owner, reason));
        self.over.insert((at, callback.number));
        place.holder = place.next.take();
        self.tell(callback, outcome);
    }

    pub(super) fn finish(&mut self, link: usize, ending: Ending) {
        let expected = self.is_delivering(link);
        assert_eq!(
            self.registry.finish(self.links[link].ticket, ending),
            expected
        );
        if expected {
            self.spend(link, ending);
        }
    }

    pub(super) fn unread(&mut self, link: usize) {
        // Only protocol 1 can know it.
        if self.links[link].owner.secret.is_some() {
            return;
        }
        let expected = self.is_delivering(link);
        let hold = self.registry.unread(self.links[link].ticket);
        if !expected {
            return assert!(hold.is_none());
        }
        self.readers.retain(|_, reader| *reader != link);
        self.free(self.links[link].slot, hold);
    }

    /// The holder is gone, and nothing of the callback was read.
    fn free(&mut self, at: usize, hold: Option<Hold>) {
        let held = self.held();
        let place = &mut self.places[at];
        place.holder = place.next.take();
        let callback = place.callback.as_mut().unwrap();
        callback.handed = false;
        let outcome = if place.holder.is_some() {
            assert!(hold.is_none());
            return self.hand(at);
        } else if self.stopping {
            Outcome::Stopping
        } else if held >= MOST_HELD {
            Outcome::NobodyWaiting
        } else {
            callback.since = Instant::now();
            assert!(hold.is_some());
            return self.keep(at, hold);
        };
        assert!(hold.is_none());
        let callback = self.places[at].callback.take().unwrap();
        self.tell(callback, outcome);
    }

    pub(super) fn end(&mut self, link: usize) {
        let hold = self.registry.end(self.links[link].ticket);
        self.ended(link, hold);
    }

    fn ended(&mut self, link: usize, hold: Option<Hold>) {
        let at = self.links[link].slot;
        let place = &mut self.places[at];
        if place.next.is_some_and(|next| next.link == link) {
            place.next = None;
        } else if place.holder.is_some_and(|holder| holder.link == link) {
            match &place.callback {
                None => place.holder = None,
                Some(callback) if callback.handed => self.spend(link, Ending::Unconfirmed),
                Some(_) => return self.free(at, hold),
            }
        }
        assert!(hold.is_none());
    }

    pub(super) fn lose(&mut self, link: usize) {
        if self.links[link].owner.secret.is_none() {
            return;
        }
        let until = self.registry.lose(self.links[link].ticket);
        let place = &mut self.places[self.links[link].slot];
        let mut ours = place.holder.iter_mut().chain(&mut place.next);
        let ours = ours.find(|waiting| waiting.link == link);
        assert_eq!(until, ours.as_ref().map(|_| Instant::now() + GRACE));
        if let Some(ours) = ours {
            ours.away = true;
            self.links[link].lost = true;
        }
    }

    pub(super) fn expire(&mut self, link: usize) {
        if !self.links[link].lost {
            return;
        }
        let at = self.links[link].slot;
        let later = self.registry.expire(self.links[link].ticket);
        let callback = self.places[at].callback.as_ref();
        let waits_until = callback
            .filter(|callback| self.is_delivering(link) && !callback.handed)
            .map(|callback| callback.since + GRACE)
            .filter(|until| *until > Instant::now());
        assert_eq!(later, waits_until);
        if later.is_some() {
            return;
        }
        // Nobody else is let at it: it has waited long enough.
        let place = &mut self.places[at];
        if callback_is_free(place, link) {
            place.holder = None;
            let callback = place.callback.take().unwrap();
            let outcome = if self.stopping {
                Outcome::Stopping
            } else {
                Outcome::NobodyWaiting
            };
            self.tell(callback, outcome);
        } else {
            self.ended(link, None);
        }
    }
}

fn callback_is_free(place: &Place, link: usize) -> bool {
    place.holder.is_some_and(|holder| holder.link == link)
        && place.next.is_none()
        && place
            .callback
            .as_ref()
            .is_some_and(|callback| !callback.handed)
}
