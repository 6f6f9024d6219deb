//! What can be done, and how often it is tried.

use proptest::prelude::*;

use super::{CALLBACKS, OWNERS, SLOTS};
use crate::relay::registry::Ending;

#[derive(Clone, Debug)]
pub(super) enum Verb {
    Register {
        slot: usize,
        owner: usize,
    },
    Offer {
        slot: usize,
        callback: usize,
    },
    /// The program looks into its mailbox, and is about to read what it finds.
    Look(usize),
    Finish(usize, Ending),
    Unread(usize),
    End(usize),
    Lose(usize),
    Expire(usize),
    GiveUp(usize),
    Pass(u64),
    Stop,
}

pub(super) fn verbs() -> impl Strategy<Value = Vec<Verb>> {
    // Links and holds are counted from the newest, so that most verbs mean one that matters.
    let link = || 0..6_usize;
    let ending = prop_oneof![
        3 => Just(Ending::Delivered),
        1 => Just(Ending::Rejected),
        1 => Just(Ending::Unconfirmed),
    ];
    let verb = prop_oneof![
        60 => (0..SLOTS.len(), 0..OWNERS.len())
            .prop_map(|(slot, owner)| Verb::Register { slot, owner }),
        50 => (0..SLOTS.len(), 0..CALLBACKS)
            .prop_map(|(slot, callback)| Verb::Offer { slot, callback }),
        50 => link().prop_map(Verb::Look),
        30 => (link(), ending).prop_map(|(link, ending)| Verb::Finish(link, ending)),
        15 => link().prop_map(Verb::Unread),
        15 => link().prop_map(Verb::End),
        20 => link().prop_map(Verb::Lose),
        20 => link().prop_map(Verb::Expire),
        10 => (0..3_usize).prop_map(Verb::GiveUp),
        15 => (1..4_000_u64).prop_map(Verb::Pass),
        1 => Just(Verb::Stop),
    ];
    prop::collection::vec(verb, 1..80)
}
