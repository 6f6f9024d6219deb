//! A clock that a test turns by hand.
use jiff::{SignedDuration, Timestamp};
use oarlock_io::Clock;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// A clock that stands still until it is told otherwise.
///
/// It starts at 2026-01-01T00:00:00Z, with the monotonic clock at zero.
#[derive(Debug)]
pub struct FakeClock(Mutex<Hands>);

#[derive(Clone, Copy, Debug)]
struct Hands {
    wall: Timestamp,
    monotonic: Duration,
}

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;

impl FakeClock {
    /// A clock whose wall shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(Hands {
            wall: now,
            monotonic: Duration::ZERO,
        }))
    }

    /// Lets time pass: both clocks move. The wall stops at the end of time instead of wrapping.
    pub fn advance(&self, by: Duration) {
        self.change(|hands| {
            hands.monotonic = hands.monotonic.saturating_add(by);
            hands.wall = moved(
                hands.wall,
                SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX),
            );
        });
    }

    /// Moves the wall clock alone, forwards or backwards, as a correction or a virtual machine does.
    pub fn jump(&self, by: SignedDuration) {
        self.change(|hands| hands.wall = moved(hands.wall, by));
    }

    /// Sets the wall clock alone.
    pub fn set(&self, now: Timestamp) {
        self.change(|hands| hands.wall = now);
    }

    fn change(&self, change: impl FnOnce(&mut Hands)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn read(&self) -> Hands {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn moved(wall: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    wall.checked_add(by).unwrap_or(end)
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new(Timestamp::from_second(START).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.read().wall
    }

    fn monotonic(&self) -> Duration {
        self.read().monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_moves_both_clocks_and_jumping_only_the_wall() {
        let clock = FakeClock::default();
        assert_eq!(clock.now().to_string(), "2026-01-01T00:00:00Z");
        clock.advance(Duration::from_secs(90));
        clock.jump(SignedDuration::from_hours(-1));
        assert_eq!(clock.now().to_string(), "2025-12-31T23:01:30Z");
        assert_eq!(clock.monotonic(), Duration::from_secs(90));
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        assert_eq!(clock.monotonic(), Duration::from_secs(90));
    }

    #[test]
    fn the_ends_of_time_are_not_passed() {
        let clock = FakeClock::default();
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
        clock.jump(SignedDuration::MIN);
        assert_eq!(clock.now(), Timestamp::MIN);
    }
}
