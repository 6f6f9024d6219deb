//! Time: wall clock for expiry, monotonic clock for timers.

use jiff::Timestamp;
use std::time::Duration;

/// A source of time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall clock, UTC.
    fn now(&self) -> Timestamp;
    /// Monotonic time since an arbitrary start.
    ///
    /// On Linux it counts the time the machine was suspended (`CLOCK_BOOTTIME`), so that a timer
    /// that ran out during the night has run out in the morning.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the wall clock")]
        let now = std::time::SystemTime::now();
        // Out of jiff's range (years -9999 to 9999) only where the machine's clock is nonsense:
        // the epoch then makes nothing look expired, and servers correct us.
        Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn monotonic(&self) -> Duration {
        monotonic()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn monotonic() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[expect(clippy::disallowed_methods, reason = "this is the monotonic clock")]
fn monotonic() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::{Clock, SystemClock};
    use jiff::Timestamp;

    #[test]
    fn monotonic_time_does_not_go_back() {
        let first = SystemClock.monotonic();
        assert!(SystemClock.monotonic() >= first);
    }

    #[test]
    fn the_wall_clock_is_utc_and_recent() {
        let built: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        assert!(SystemClock.now() > built);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn hostile_32_monotonic_time_counts_suspension() {
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let seconds: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let ours = SystemClock.monotonic().as_secs_f64();
        // /proc/uptime is the boot-time clock with two digits.
        assert!(
            (ours - seconds).abs() < 5.0,
            "{ours} is not the boot time clock ({seconds})"
        );
    }
}
