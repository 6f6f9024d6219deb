//! What is known of some of the slots, and for how long what is over is remembered.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{entry::Entry, owner::Slot};

/// Callbacks that are remembered as spent, in each shard; the oldest go first.
pub(super) const REMEMBERED: usize = 1_024;

/// What is known of some slots, under one lock.
#[derive(Default)]
pub(super) struct Shard {
    pub(super) entries: HashMap<Slot, Entry>,
    /// Spent callbacks, oldest first.
    pub(super) spent: VecDeque<(Instant, Slot, u64)>,
}

impl Shard {
    /// Forgets a slot of which nothing is to be remembered.
    pub(super) fn tidy(&mut self, slot: Slot) {
        if self.entries.get(&slot).is_some_and(Entry::is_empty) {
            self.entries.remove(&slot);
        }
    }

    /// Remembers a spent callback, and forgets those that are old or too many.
    pub(super) fn remember(&mut self, slot: Slot, serial: u64, memory: Duration) {
        let now = Instant::now();
        self.spent.push_back((now + memory, slot, serial));
        while let Some((until, slot, serial)) = self.spent.front().copied()
            && (until <= now || self.spent.len() > REMEMBERED)
        {
            self.spent.pop_front();
            if let Some(entry) = self.entries.get_mut(&slot) {
                entry.forget(serial);
            }
            self.tidy(slot);
        }
    }
}

/// No change under the lock can panic half-way; a poisoned lock is as good as any.
pub(super) fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
