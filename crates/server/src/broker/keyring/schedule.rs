//! Which key signs when: pure, time comes in.
//!
//! ```text
//! made ── publish_before ──► signs ── rotate_every ──► the next one signs ── publish_after ──► let go
//! ```
//! The wall clock may be wrong and be put right at any moment. So nothing that is decided here needs the time to go forwards: who signs
//! is always told by the present time, and what was noted of a key that turns out to sign still is taken back.

use std::time::Duration;

use oarlock_oauth::Timestamp;

use super::{
    KeyringError,
    document::{Document, Record},
};
use crate::config::broker::{Algorithm, KeysConfig};

/// Beyond the life of what a key signed: clocks of several instances, and of those who check, differ.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// As many keys there are at most. Who checks keeps no more than a hundred.
const MOST: usize = 32;

/// What the configuration says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    algorithm: Algorithm,
    rotate_every: Duration,
    publish_before: Duration,
    publish_after: Duration,
}

impl Schedule {
    pub(super) fn of(config: &KeysConfig) -> Self {
        Self {
            algorithm: config.algorithm,
            rotate_every: config.rotate_every,
            publish_before: config.publish_before,
            publish_after: config.publish_after,
        }
    }

    /// The first ring: its key signs at once, for nobody knows another.
    pub(super) fn first(&self, now: Timestamp) -> Result<Document, KeyringError> {
        let mut document = Document::new()?;
        document
            .signing_keys
            .push(Record::new(self.algorithm, now, now)?);
        Ok(document)
    }

    /// What the time makes of a ring; `None`: it stays as it is.
    pub(super) fn keep(
        &self,
        document: &Document,
        now: Timestamp,
    ) -> Result<Option<Document>, KeyringError> {
        let mut kept = document.clone();
        if self.wants_next(&kept.signing_keys, now) {
            if kept.signing_keys.len() < MOST {
                let next = Record::new(self.algorithm, now, after(now, self.publish_before))?;
                kept.signing_keys.push(next);
            } else {
                tracing::warn!("there are {MOST} signing keys; the next is made when one is gone");
            }
        }
        self.settle(&mut kept, now);
        Ok((kept != *document).then_some(kept))
    }

    /// A ring with a new key, the last one.
    pub(super) fn rotate(
        &self,
        document: &Document,
        immediately: bool,
        now: Timestamp,
    ) -> Result<Document, KeyringError> {
        let mut rotated = document.clone();
        if immediately {
            rotated.signing_keys = vec![Record::new(self.algorithm, now, now)?];
            return Ok(rotated);
        }
        self.settle(&mut rotated, now);
        if rotated.signing_keys.len() >= MOST {
            return Err(KeyringError::Full(MOST));
        }
        let next = Record::new(self.algorithm, now, after(now, self.publish_before))?;
        rotated.signing_keys.push(next);
        Ok(rotated)
    }

    /// Whether it is time to make the next key. One that a wrong clock put far ahead is not waited for.
    fn wants_next(&self, keys: &[Record], now: Timestamp) -> bool {
        let soon = after(now, self.publish_before.saturating_mul(2));
        let coming = || {
            keys.iter()
                .filter(|key| now < key.signs_from && key.signs_from <= soon)
        };
        let Some(present) = signer(keys, now).and_then(|place| keys.get(place)) else {
            return true;
        };
        let alone = self.rotate_every.saturating_sub(self.publish_before);
        // One that signs before its time was made by a wrong clock, and tells nothing of its age.
        let old = now < present.signs_from || after(present.signs_from, alone) <= now;
        let due = old && coming().next().is_none();
        // Any of them will do: of two instances with different settings, neither then undoes at once what the other did.
        let known = coming()
            .chain([present])
            .any(|key| key.algorithm == self.algorithm);
        due || !known
    }

    /// Notes who has stopped signing, and lets go of what is no longer published.
    fn settle(&self, document: &mut Document, now: Timestamp) {
        let starts: Vec<Timestamp> = document
            .signing_keys
            .iter()
            .map(|key| key.signs_from)
            .collect();
        for (place, key) in document.signing_keys.iter_mut().enumerate() {
            let followed = starts
                .iter()
                .enumerate()
                .filter(|&(other, &start)| start <= now && (key.signs_from, place) < (start, other))
                .map(|(_, &start)| start)
                .min();
            key.published_until = followed.map(|stopped| {
                let until = after(after(stopped, self.publish_after), MARGIN);
                key.published_until.unwrap_or(until)
            });
        }
        document
            .signing_keys
            .retain(|key| key.published_until.is_none_or(|until| now < until));
    }
}

/// Who signs: of those whose time has come the latest. Before the time of all of them (the clock was set back) the one that was made
/// first: whoever checks has known it longest.
pub(super) fn signer(keys: &[Record], now: Timestamp) -> Option<usize> {
    let begun = keys
        .iter()
        .enumerate()
        .filter(|(_, key)| key.signs_from <= now);
    begun
        .max_by_key(|&(place, key)| (key.signs_from, place))
        .map(|(place, _)| place)
        .or((!keys.is_empty()).then_some(0))
}

/// So much later, at the end of time at the latest.
fn after(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
