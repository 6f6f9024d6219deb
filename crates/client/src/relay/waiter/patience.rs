//! How soon and how long a lost relay is tried again.

use std::time::Duration;

use oarlock_oauth::relay::Registered;

/// Soon at first, because the grace time is short.
const PAUSES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    LONGEST_PAUSE,
];
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A connection that lived as long counts as a good one.
const GOOD: Duration = Duration::from_secs(10);
/// A relay that says less is tried as long all the same, as for a restart.
const SHORTEST: Duration = Duration::from_secs(10);
/// However long it says.
const LONGEST: Duration = Duration::from_secs(300);

/// Counts the tries since the relay was last there for a while.
#[derive(Debug)]
pub(super) struct Patience {
    tries: usize,
    /// When it was last reached, by the monotonic clock.
    reached: Duration,
    /// Until when an outage is borne; `None` while there is none.
    until: Option<Duration>,
    /// How long it may be away.
    span: Duration,
}

impl Patience {
    pub(super) fn new(registered: &Registered, now: Duration) -> Self {
        Self {
            tries: 0,
            reached: now,
            until: None,
            span: span(registered),
        }
    }

    /// It is there again.
    pub(super) fn connected(&mut self, registered: &Registered, now: Duration) {
        self.reached = now;
        self.until = None;
        self.span = span(registered);
    }

    /// How long to wait before the next try; `None`: it is given up. After what the relay itself says, it has its time again.
    pub(super) fn pause(
        &mut self,
        now: Duration,
        retry_after: Option<Duration>,
    ) -> Option<Duration> {
        if self.until.is_none() && now.saturating_sub(self.reached) >= GOOD {
            self.tries = 0;
        }
        let until = self.until.unwrap_or(now.saturating_add(self.span));
        let until = match retry_after {
            Some(later) => until.max(now.saturating_add(later).saturating_add(self.span)),
            None => until,
        };
        self.until = Some(until);
        let pause = PAUSES.get(self.tries).copied().unwrap_or(LONGEST_PAUSE);
        let pause = pause.max(retry_after.unwrap_or_default());
        self.tries = self.tries.saturating_add(1);
        (now.saturating_add(pause) <= until).then_some(pause)
    }
}

fn span(registered: &Registered) -> Duration {
    registered
        .heartbeat
        .max(registered.grace)
        .clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(heartbeat: u64) -> Registered {
        Registered {
            callback_url: "https://relay.example/oauth/callback".parse().unwrap(),
            expires_in: Duration::from_secs(300),
            heartbeat: Duration::from_secs(heartbeat),
            grace: Duration::from_secs(3),
            resumed: false,
        }
    }

    /// Tries until it is given up; the sum of the pauses.
    fn outage(patience: &mut Patience, start: Duration) -> Duration {
        let mut now = start;
        for _ in 0..10_000 {
            match patience.pause(now, None) {
                Some(pause) => now += pause,
                None => return now - start,
            }
        }
        panic!("it never ends");
    }

    #[test]
    fn the_first_try_is_at_once_and_there_is_an_end() {
        for (heartbeat, least, most) in [(30, 26, 30), (0, 8, 10), (1 << 40, 296, 300)] {
            let mut patience = Patience::new(&registered(heartbeat), Duration::ZERO);
            let start = Duration::from_secs(60);
            assert_eq!(patience.pause(start, None), Some(Duration::ZERO));
            let span = outage(&mut patience, start).as_secs();
            assert!((least..=most).contains(&span), "{heartbeat}: {span}");
        }
    }

    #[test]
    fn hostile_36_a_relay_that_names_its_return_is_waited_for() {
        let mut patience = Patience::new(&registered(30), Duration::ZERO);
        let later = Duration::from_secs(60);
        assert_eq!(patience.pause(GOOD, Some(later)), Some(later));
        let back = GOOD + later;
        assert!(patience.pause(back, None).is_some());
        assert!(outage(&mut patience, back) >= Duration::from_secs(20));
    }

    #[test]
    fn a_relay_that_takes_and_drops_is_not_tried_without_pause() {
        let mut patience = Patience::new(&registered(30), Duration::ZERO);
        let mut now = Duration::from_secs(1);
        let mut pauses = Duration::ZERO;
        for _ in 0..20 {
            let pause = patience.pause(now, None).unwrap();
            pauses += pause;
            now += pause;
            patience.connected(&registered(30), now);
        }
        assert!(pauses > Duration::from_secs(25), "{pauses:?}");
        now += GOOD;
        assert_eq!(patience.pause(now, None), Some(Duration::ZERO));
    }
}
