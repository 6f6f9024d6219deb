//! The registry against a naive model of it, against many tasks at once, and what neither can see.

mod hammered;
mod logged;
mod model;
mod plain;
mod watching;

use std::{sync::Arc, time::Duration};

use oarlock_oauth::{
    relay::{Callback, CodeKeys, StateDigest},
    secret::{OwnerSecret, State},
};

use super::Registry;
use crate::{
    config::{LocalAddress, RelayConfig, RelayLimits, Times, TokenConfig},
    metrics::Metrics,
    relay::{
        mailbox::Mailbox,
        owner::{Fingerprint, Owner, Slot, User},
        shard::lock,
    },
};

const GRACE: Duration = Duration::from_secs(3);

fn config() -> RelayConfig {
    RelayConfig {
        callback_path: "/oauth/callback".to_owned(),
        code_keys: CodeKeys::default(),
        local: LocalAddress::Passed { open: true },
        tokens: vec![TokenConfig {
            name: "only".to_owned(),
            sha256: [0; 32],
            registrations: 2,
        }],
        times: Times {
            grace: GRACE,
            ..Times::default()
        },
        limits: RelayLimits::default(),
        log_unmatched: false,
    }
}

fn registry(change: impl FnOnce(&mut RelayConfig)) -> Registry {
    let mut config = config();
    change(&mut config);
    Registry::new(&config, Metrics::default()).unwrap()
}

fn mailbox() -> Arc<Mailbox> {
    Arc::default()
}

/// `None`: the single slot.
fn slot(state: Option<&str>) -> Slot {
    state.map_or(Slot::Single, |state| {
        Slot::State(StateDigest::of(&State::new(state)))
    })
}

fn callback(query: &str) -> Callback {
    Callback::from_query(query, &CodeKeys::default()).unwrap()
}

fn owner(user: User, secret: Option<&str>) -> Owner {
    let secret = secret.map(|secret| Fingerprint::of_secret(&OwnerSecret::new(secret)));
    Owner { user, secret }
}

/// Entries in all.
fn entries(registry: &Registry) -> usize {
    let shards = registry.shards.iter();
    shards.map(|shard| lock(shard).entries.len()).sum()
}
