//! Browsers that wait for how a callback ends.

use super::{
    super::{Ending, Offer, Registry},
    callback, mailbox, owner, registry, slot,
};
use crate::{
    metrics::Face,
    relay::{
        Outcome,
        entry::Phase,
        owner::{Slot, User},
        shard::lock,
    },
};

/// So many browsers come with the callback; how many of them wait, and what the others are told.
fn crowd(registry: &Registry, slot: Slot) -> (Vec<Offer>, Vec<Outcome>) {
    let mut waiting = Vec::new();
    let mut told = Vec::new();
    for _ in 0..200 {
        match registry.offer(slot, callback("code=c")) {
            Offer::Done(outcome) => told.push(outcome),
            pending @ Offer::Pending { .. } => waiting.push(pending),
        }
    }
    (waiting, told)
}

fn watchers(registry: &Registry) -> usize {
    let shards = registry.shards.iter();
    let watchers = shards.map(|shard| {
        let shard = lock(shard);
        let phases = shard.entries.values().map(|entry| match &entry.phase {
            Phase::Held(handing) | Phase::Delivering(_, handing) => handing.watchers.len(),
            Phase::Idle | Phase::Waiting(_) => 0,
        });
        phases.sum::<usize>()
    });
    watchers.sum()
}

#[tokio::test(start_paused = true)]
async fn hostile_38_browsers_that_wait_for_one_callback_are_bounded() {
    let registry = registry(|_| {});
    let slot = slot(Some("s"));
    let (held, refused) = crowd(&registry, slot);
    assert_eq!((held.len(), refused.len()), (64, 136));
    // No program was there for it, so far.
    assert!(refused.iter().all(|told| *told == Outcome::NobodyWaiting));
    let me = owner(User::Local(1), None);
    let registered = registry.register(slot, me, Face::Protocol1, &mailbox());
    let ticket = registered.unwrap().ticket;
    let (waiting, refused) = crowd(&registry, slot);
    assert_eq!((waiting.len(), refused.len()), (0, 200));
    // Nor is it complete before its program says so.
    assert!(refused.iter().all(|told| *told == Outcome::Unconfirmed));
    assert_eq!(watchers(&registry), 64);
    assert!(registry.handed(ticket));
    assert!(registry.finish(ticket, Ending::Delivered));
    for offer in held {
        let Offer::Pending { mut outcome, .. } = offer else {
            panic!("it waits");
        };
        assert_eq!(outcome.try_recv(), Ok(Outcome::Complete));
    }
}

#[tokio::test(start_paused = true)]
async fn hostile_38_a_browser_that_went_away_leaves_nothing_behind() {
    let registry = registry(|_| {});
    let slot = slot(Some("s"));
    for _ in 0..1_000 {
        let offer = registry.offer(slot, callback("code=c"));
        assert!(matches!(offer, Offer::Pending { .. }));
    }
    // The last one that came, whose successor would clear it away.
    assert_eq!(watchers(&registry), 1);
}
