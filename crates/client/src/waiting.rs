//! Waiting by the monotonic clock, which goes on while the machine sleeps (hostile.md, 32).

use std::time::Duration;

use oarlock_io::Clock;

/// The runtime's timers stand still during suspension, so the clock is looked at this often.
const LOOK: Duration = Duration::from_millis(250);

/// Waits until the monotonic clock shows `moment`.
pub(crate) async fn until(clock: &dyn Clock, moment: Duration) {
    loop {
        let left = moment.saturating_sub(clock.monotonic());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK)).await;
    }
}
