//! The machine's clock, which the demo can turn forward for itself and its server.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use oarlock_io::{Clock, SystemClock};

/// Ahead of the machine's clock by what it was turned.
#[derive(Debug, Default)]
pub(super) struct DemoClock(Mutex<Duration>);

impl DemoClock {
    /// Lets time pass for whoever looks at this clock.
    pub(super) fn turn(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    fn ahead(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        SystemClock
            .now()
            .checked_add(self.ahead())
            .unwrap_or(Timestamp::MAX)
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() + self.ahead()
    }
}
