//! Whether to remove what has expired: not by a clock that has just jumped ahead (hostile.md, 32).
//!
//! What a wrong clock removes is not there again when it is put right. What is removed an hour later is refused meanwhile all the same.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use oarlock_oauth::Timestamp;

/// By so much more than has passed a clock may be ahead at once.
const JUMP: SignedDuration = SignedDuration::from_hours(1);
/// So long one that is further ahead is doubted: after it this is the time.
const DOUBT: Duration = Duration::from_secs(60 * 60);

/// What is known of the clock.
#[derive(Debug, Default)]
pub(crate) struct Broom(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The wall's time and the monotonic one when it was last believed.
    believed: Option<(Timestamp, Duration)>,
    doubted_since: Option<Duration>,
}

impl Broom {
    /// Whether to sweep now. A clock that nothing is known of is believed, and one that was set back.
    pub(crate) fn may_sweep(&self, now: Timestamp, monotonic: Duration) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ahead = known.believed.is_some_and(|(then, since)| {
            let passed = SignedDuration::try_from(monotonic.saturating_sub(since));
            let most = passed.map_or(SignedDuration::MAX, |passed| passed.saturating_add(JUMP));
            now.duration_since(then) > most
        });
        if is_ahead {
            if known.doubted_since.is_none() {
                tracing::warn!(%now, "the clock has jumped ahead; nothing is removed for an hour, in case it is wrong");
            }
            let since = *known.doubted_since.get_or_insert(monotonic);
            if monotonic.saturating_sub(since) < DOUBT {
                return false;
            }
        }
        known.believed = Some((now, monotonic));
        known.doubted_since = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;
    const YEAR: i64 = 365 * 24 * 60 * 60;

    fn may(broom: &Broom, wall: i64, monotonic: u64) -> bool {
        let now = Timestamp::from_second(1_800_000_000 + wall).unwrap();
        broom.may_sweep(now, Duration::from_secs(monotonic))
    }

    #[test]
    fn hostile_32_a_clock_that_jumps_ahead_is_doubted_for_an_hour() {
        let broom = Broom::default();
        assert!(may(&broom, 0, 0));
        assert!(may(&broom, 30, 30));
        assert!(!may(&broom, YEAR, MINUTE));
        assert!(!may(&broom, YEAR + 3540, 60 * MINUTE));
        // Put right in time, it was nothing.
        assert!(may(&broom, 3700, 3700));
        assert!(!may(&broom, YEAR, 3730));
        assert!(!may(&broom, YEAR + 3599, 3730 + 3599));
        assert!(may(&broom, YEAR + 3600, 3730 + 3600));
        assert!(may(&broom, YEAR + 3630, 3730 + 3630));
    }

    #[test]
    fn hostile_32_a_clock_that_is_set_back_or_goes_wrong_by_little_is_believed() {
        let broom = Broom::default();
        assert!(may(&broom, 0, 0));
        assert!(may(&broom, -YEAR, 30));
        assert!(may(&broom, -YEAR + 1800, 60));
        assert!(!may(&broom, 0, 90), "and put right again it is ahead");
    }
}
