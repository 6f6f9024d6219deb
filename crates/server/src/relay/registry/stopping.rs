//! The end of all: who is told, what goes on, and what is cut off.

use std::sync::atomic::Ordering;

use oarlock_oauth::relay::CloseReason;
use tokio::sync::oneshot;

use super::Registry;
use crate::relay::{
    Outcome,
    entry::{Entry, Phase},
    shard::lock,
};

impl Registry {
    /// No registrations and callbacks any more; everybody who waits is told. What was handed over goes on.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        for shard in &self.shards {
            lock(shard).entries.retain(|_, entry| {
                match &entry.phase {
                    Phase::Held(_) => self.cut_off(entry),
                    // Nobody can come back for it.
                    Phase::Delivering(registration, _) if registration.mailbox.is_none() => {
                        self.cut_off(entry);
                    }
                    _ => entry.post(CloseReason::Shutdown),
                }
                !entry.is_empty()
            });
        }
    }

    /// The deliveries that go on after [`stop`](Self::stop): each tells how it ended.
    pub(crate) fn under_way(&self) -> Vec<oneshot::Receiver<Outcome>> {
        let mut outcomes = Vec::new();
        for shard in &self.shards {
            for entry in lock(shard).entries.values_mut() {
                if let Phase::Delivering(_, handing) = &mut entry.phase {
                    let (watcher, outcome) = oneshot::channel();
                    handing.watchers.push(watcher);
                    outcomes.push(outcome);
                }
            }
        }
        outcomes
    }

    /// Tells every browser that still waits how its callback ends, now that nothing is waited for any more.
    pub(crate) fn cut_all_off(&self) {
        for shard in &self.shards {
            for entry in lock(shard).entries.values_mut() {
                self.cut_off(entry);
            }
        }
    }

    /// Ends a callback that cannot be waited for; one that may have been read is unconfirmed.
    fn cut_off(&self, entry: &mut Entry) {
        match std::mem::take(&mut entry.phase) {
            Phase::Held(handing) => {
                self.holds.give_back();
                self.resolve(handing, Outcome::Stopping);
            }
            Phase::Delivering(_, handing) if handing.handed => {
                self.resolve(handing, Outcome::Unconfirmed);
            }
            Phase::Delivering(_, handing) => self.resolve(handing, Outcome::Stopping),
            other => entry.phase = other,
        }
    }
}
