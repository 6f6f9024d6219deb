//! How often devices ask (RFC 8628, section 3.5): in memory, bounded, forgotten with the code.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::broker::{Parts, digest::Digest};

/// What `slow_down` adds to the interval (section 3.5); here once, however often it is said. Were it added each time, a device that has missed
/// one `slow_down` would be a step behind for ever, and its person would wait for nothing.
const STEP: Duration = Duration::from_secs(5);

/// Two polls that were sent in time may arrive closer to each other than they were sent.
const JITTER: Duration = Duration::from_millis(500);

/// Devices that are watched at once; more are let poll as they like, which costs one look each.
const WATCHED: usize = 65_536;

/// Devices that wait, each with its own interval.
#[derive(Debug)]
pub(super) struct Polls {
    interval: Duration,
    /// How long a device code lives.
    lasts: Duration,
    watched: Mutex<HashMap<Digest, Pace>>,
}

#[derive(Clone, Copy, Debug)]
struct Pace {
    last: Duration,
    interval: Duration,
}

/// Whether a device may ask now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    /// `slow_down`.
    TooSoon,
}

impl Polls {
    pub(super) fn new(parts: &Parts) -> Self {
        let lifetimes = &parts.config.lifetimes;
        Self::with(lifetimes.device_interval, lifetimes.device)
    }

    fn with(interval: Duration, lasts: Duration) -> Self {
        Self {
            interval,
            lasts,
            watched: Mutex::default(),
        }
    }

    /// A device asks; of one that is not watched nothing is known.
    pub(super) fn ask(&self, device: &Digest, now: Duration) -> Turn {
        let mut watched = self.watched();
        let Some(pace) = watched.get_mut(device) else {
            return Turn::Now;
        };
        let is_soon = now.saturating_sub(pace.last).saturating_add(JITTER) < pace.interval;
        pace.last = now;
        if is_soon {
            pace.interval = self.interval.saturating_add(STEP);
            return Turn::TooSoon;
        }
        Turn::Now
    }

    /// A device that exists asked, and has to wait: it is watched from now on.
    pub(super) fn watch(&self, device: Digest, now: Duration) {
        let mut watched = self.watched();
        if watched.contains_key(&device) {
            return;
        }
        if watched.len() >= WATCHED {
            watched.retain(|_, pace| now.saturating_sub(pace.last) < self.lasts);
        }
        if watched.len() < WATCHED {
            let pace = Pace {
                last: now,
                interval: self.interval,
            };
            watched.insert(device, pace);
        }
    }

    /// A device has its answer.
    pub(super) fn forget(&self, device: &Digest) {
        self.watched().remove(device);
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<Digest, Pace>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: usize) -> Digest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        Digest(digest)
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_device_that_asks_too_soon_has_to_ask_less_often() {
        let polls = Polls::with(seconds(5.0), seconds(900.0));
        assert_eq!(polls.ask(&device(1), seconds(0.0)), Turn::Now);
        polls.watch(device(1), seconds(0.0));
        assert_eq!(polls.ask(&device(1), seconds(4.6)), Turn::Now, "jitter");
        assert_eq!(polls.ask(&device(1), seconds(8.0)), Turn::TooSoon);
        // Ten seconds now.
        assert_eq!(polls.ask(&device(1), seconds(17.0)), Turn::TooSoon);
        assert_eq!(polls.ask(&device(1), seconds(26.9)), Turn::Now);
        assert_eq!(polls.ask(&device(2), seconds(27.0)), Turn::Now);
        polls.forget(&device(1));
        assert_eq!(polls.ask(&device(1), seconds(27.1)), Turn::Now);
    }

    #[test]
    fn a_device_that_missed_a_word_gets_back_into_step() {
        let polls = Polls::with(seconds(5.0), seconds(900.0));
        polls.watch(device(1), seconds(0.0));
        for _ in 0..1_000 {
            assert_eq!(polls.ask(&device(1), seconds(0.0)), Turn::TooSoon);
        }
        // None of these was heard; this one is.
        assert_eq!(polls.ask(&device(1), seconds(5.0)), Turn::TooSoon);
        assert_eq!(polls.ask(&device(1), seconds(15.0)), Turn::Now);
    }

    #[test]
    fn hostile_38_devices_that_are_watched_are_bounded_and_forgotten() {
        let polls = Polls::with(seconds(5.0), seconds(900.0));
        for number in 0..WATCHED + 10 {
            polls.watch(device(number), seconds(0.0));
        }
        assert_eq!(polls.watched().len(), WATCHED);
        // Those that are watched stay so, a newcomer is served.
        assert_eq!(polls.ask(&device(0), seconds(1.0)), Turn::TooSoon);
        assert_eq!(polls.ask(&device(WATCHED + 5), seconds(1.0)), Turn::Now);
        polls.watch(device(WATCHED + 5), seconds(900.5));
        assert_eq!(polls.watched().len(), 2);
    }
}
