//! Programs of protocol 2 whose connection is lost, until they come back or nobody waits for them any more.

use tokio::time::Instant;

use super::{Registry, Ticket};
use crate::relay::entry::Phase;

impl Registry {
    /// Protocol 2: the connection is lost. Until when the program may come back; `None` when this connection did not matter any more.
    pub(crate) fn lose(&self, ticket: Ticket) -> Option<Instant> {
        let mut shard = self.shard(ticket.slot);
        let entry = shard.entries.get_mut(&ticket.slot)?;
        entry.registration(ticket.link)?.mailbox = None;
        Some(Instant::now() + self.grace)
    }

    /// Protocol 2: the time to come back is over. `Some`: not yet, because a callback came meanwhile.
    pub(crate) fn expire(&self, ticket: Ticket) -> Option<Instant> {
        let later = self.waits_until(ticket);
        if later.is_none() {
            self.abandon(ticket);
        }
        later
    }

    /// Until when a callback that came while its program was away waits for it.
    fn waits_until(&self, ticket: Ticket) -> Option<Instant> {
        let shard = self.shard(ticket.slot);
        match &shard.entries.get(&ticket.slot)?.phase {
            Phase::Delivering(registration, handing)
                if registration.link == ticket.link && !handing.handed =>
            {
                Some(handing.since + self.grace).filter(|until| *until > Instant::now())
            }
            _ => None,
        }
    }

    /// Nobody came back: the browser learns that it failed.
    fn abandon(&self, ticket: Ticket) {
        if self.is_there(ticket) {
            tracing::info!(
                state = ticket.slot.short(),
                "client did not come back for state"
            );
        }
        if let Some(hold) = self.end(ticket) {
            self.give_up(&hold);
        }
    }

    /// Whether nobody has taken its place.
    fn is_there(&self, ticket: Ticket) -> bool {
        let mut shard = self.shard(ticket.slot);
        let entry = shard.entries.get_mut(&ticket.slot);
        entry.is_some_and(|entry| entry.registration(ticket.link).is_some())
    }
}
