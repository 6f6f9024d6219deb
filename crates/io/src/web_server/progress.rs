//! How far a connection is, told without asking the clock for every request.
//!
//! A connection ticks every two seconds. What a tick finds as the tick before left it has lasted since then; what lasts too
//! long is ended. A request that comes and goes between two ticks costs nothing.

use super::framing::{Framing, Reading};
use std::time::Duration;

/// From tick to tick.
pub(super) const TICK: Duration = Duration::from_secs(2);

/// A head that is still not whole at this tick has taken 8 to 10 s.
const HEAD_TICKS: u32 = 5;

/// A connection without a request at this tick has been so for 2 to 4 s.
const IDLE_TICKS: u32 = 2;

/// An answer of which nothing could be sent at this tick has waited for 28 to 30 s.
const STALLED_TICKS: u32 = 15;

/// What is known of a connection while hyper has it.
#[derive(Debug, Default)]
pub(super) struct Progress {
    framing: Framing,
    /// Requests handed to the service.
    started: u32,
    /// Those of them whose answer has not ended.
    open: u32,
    /// The other side does not take what is to be sent.
    blocked: bool,
    phase: Phase,
    /// Heads, when the phase began.
    heads: u32,
    ticks: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    /// A request is coming.
    Receiving,
    /// The service has a request.
    Answering,
    /// The other side does not read the answer.
    Sending,
}

/// What a tick finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// All is well.
    Alive,
    /// Nothing is asked.
    Idle,
    /// A head does not arrive.
    SlowHead,
    /// Something else does not go on.
    Stalled,
}

impl Progress {
    /// Bytes came.
    pub(super) fn received(&mut self, bytes: &[u8]) {
        self.framing.follow(bytes);
    }

    /// Something was sent after all.
    pub(super) fn sent(&mut self) {
        self.blocked = false;
        self.ticks = 0;
    }

    /// Nothing could be sent.
    pub(super) fn could_not_send(&mut self) {
        self.blocked = true;
    }

    /// The service gets a request.
    pub(super) fn begin(&mut self) -> Reading {
        self.started = self.started.saturating_add(1);
        self.open = self.open.saturating_add(1);
        self.framing.reading(self.started)
    }

    /// An answer has ended.
    pub(super) fn end(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Whether anything was ever asked.
    pub(super) fn was_asked(&self) -> bool {
        self.started > 0
    }

    /// Time has passed.
    pub(super) fn tick(&mut self) -> Found {
        let (phase, heads) = (self.phase(), self.framing.heads());
        if (phase, heads) != (self.phase, self.heads) {
            (self.phase, self.heads, self.ticks) = (phase, heads, 0);
        }
        self.ticks = self.ticks.saturating_add(1);
        match phase {
            Phase::Idle if self.ticks >= IDLE_TICKS => Found::Idle,
            Phase::Receiving if self.ticks < HEAD_TICKS => Found::Alive,
            Phase::Receiving if self.framing.is_in_head() => Found::SlowHead,
            Phase::Receiving => Found::Stalled,
            Phase::Sending if self.ticks >= STALLED_TICKS => Found::Stalled,
            Phase::Idle | Phase::Answering | Phase::Sending => Found::Alive,
        }
    }

    fn phase(&self) -> Phase {
        if self.blocked {
            Phase::Sending
        } else if self.open > 0 {
            Phase::Answering
        } else if self.framing.is_between() {
            Phase::Idle
        } else {
            Phase::Receiving
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Progress, Reading};

    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    fn ticks(progress: &mut Progress, count: usize) -> Found {
        (0..count).map(|_| progress.tick()).last().unwrap()
    }

    #[test]
    fn hostile_01_a_slow_head_has_ten_seconds_whatever_drips() {
        let mut progress = Progress::default();
        assert_eq!(progress.tick(), Found::Alive);
        for _ in 0..4 {
            progress.received(b"G");
            assert_eq!(progress.tick(), Found::Alive);
        }
        assert_eq!(progress.tick(), Found::SlowHead);
        // The time begins anew with every request.
        let mut progress = Progress::default();
        for _ in 0..10 {
            progress.received(GET);
            assert_eq!(progress.begin(), Reading::One);
            progress.end();
            progress.received(b"GET");
            assert_eq!(ticks(&mut progress, 4), Found::Alive);
            progress.received(b" / HTTP/1.1\r\n\r\n");
            assert_eq!(progress.begin(), Reading::One);
            progress.end();
        }
    }

    #[test]
    fn an_answer_may_take_long_and_an_idle_connection_is_found() {
        let mut progress = Progress::default();
        progress.received(GET);
        progress.begin();
        assert_eq!(ticks(&mut progress, 100), Found::Alive);
        progress.end();
        assert_eq!(ticks(&mut progress, 1), Found::Alive);
        assert_eq!(progress.tick(), Found::Idle);
        assert!(progress.was_asked());
    }

    #[test]
    fn hostile_01_who_does_not_read_the_answer_is_left() {
        let mut progress = Progress::default();
        progress.received(GET);
        progress.begin();
        progress.could_not_send();
        assert_eq!(ticks(&mut progress, 14), Found::Alive);
        // A part of it goes, and so does the next one's head.
        progress.sent();
        progress.could_not_send();
        progress.end();
        progress.received(b"GET /");
        assert_eq!(ticks(&mut progress, 14), Found::Alive);
        assert_eq!(progress.tick(), Found::Stalled);
    }

    #[test]
    fn hostile_01_the_rest_of_a_body_that_nobody_reads_has_ten_seconds() {
        let mut progress = Progress::default();
        progress.received(b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc");
        progress.begin();
        progress.end();
        assert_eq!(ticks(&mut progress, 4), Found::Alive);
        assert_eq!(progress.tick(), Found::Stalled);
    }
}
