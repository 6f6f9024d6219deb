//! Time: wall clock for expiry, monotonic clock for timers.
use jiff::Timestamp;
use std::time::Duration;
/// A source of time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall clock, UTC.
    fn now(&self) -> Timestamp;
    /// Monotonic time since an arbitrary start; on Linux it counts suspension (CLOCK_BOOTTIME).
    fn monotonic(&self) -> Duration;
}
/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;
impl Clock for SystemClock { fn now(&self) -> Timestamp { todo!() } fn monotonic(&self) -> Duration { todo!() } }
