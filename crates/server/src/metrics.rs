//! Numbers for Prometheus: counted with atomics, without a lock or an allocation, and put into words only when they are asked for.

mod exposition;
mod labels;
mod page;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use oarlock_io::{Clock, SystemClock};

pub use labels::{Face, Refusal, Route};
pub use page::router;

use crate::{event::What, outcome::Outcome};
use labels::{Label, Status};

/// All of them; cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Numbers>);

/// Upper bounds of the buckets, in microseconds; above them is one more.
const BOUNDS: [u64; 15] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

#[derive(Debug)]
struct Numbers {
    started: i64,
    registrations: PerLabel<Face, AtomicI64>,
    registered: PerLabel<Face, AtomicU64>,
    callbacks: PerLabel<Outcome, AtomicU64>,
    refused: PerLabel<Refusal, AtomicU64>,
    requests: Vec<PerLabel<Status, AtomicU64>>,
    events: PerLabel<What, AtomicU64>,
    held: AtomicI64,
    connections: AtomicI64,
    delivery: Vec<AtomicU64>,
    delivery_micros: AtomicU64,
}

/// One number for each value of a label.
#[derive(Debug)]
struct PerLabel<L, N> {
    numbers: Vec<N>,
    label: std::marker::PhantomData<L>,
}

impl<L: Label, N: Default> PerLabel<L, N> {
    fn new() -> Self {
        Self {
            numbers: L::ALL.iter().map(|_| N::default()).collect(),
            label: std::marker::PhantomData,
        }
    }

    fn at(&self, label: L) -> Option<&N> {
        let position = L::ALL.iter().position(|other| *other == label)?;
        self.numbers.get(position)
    }

    fn iter(&self) -> impl Iterator<Item = (L, &N)> {
        L::ALL.iter().copied().zip(&self.numbers)
    }
}

impl<L: Label> PerLabel<L, AtomicU64> {
    fn count(&self, label: L) {
        if let Some(number) = self.at(label) {
            number.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<L: Label> PerLabel<L, AtomicI64> {
    fn change(&self, label: L, by: i64) {
        if let Some(number) = self.at(label) {
            number.fetch_add(by, Ordering::Relaxed);
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self(Arc::new(Numbers {
            started: SystemClock.now().as_second(),
            registrations: PerLabel::new(),
            registered: PerLabel::new(),
            callbacks: PerLabel::new(),
            refused: PerLabel::new(),
            requests: Route::ALL.iter().map(|_| PerLabel::new()).collect(),
            events: PerLabel::new(),
            held: AtomicI64::default(),
            connections: AtomicI64::default(),
            delivery: (0..=BOUNDS.len()).map(|_| AtomicU64::default()).collect(),
            delivery_micros: AtomicU64::default(),
        }))
    }
}

impl Metrics {
    /// A program has registered; not said of one that came back.
    pub fn registered(&self, face: Face) {
        self.0.registered.count(face);
        self.0.registrations.change(face, 1);
    }

    /// A registration has ended, however it did; once for each [`registered`](Self::registered).
    pub fn ended(&self, face: Face) {
        self.0.registrations.change(face, -1);
    }

    /// A callback has ended; `elapsed` is from its arrival to the program's confirmation.
    pub fn callback(&self, outcome: Outcome, elapsed: Duration) {
        self.0.callbacks.count(outcome);
        if !matches!(outcome, Outcome::Complete | Outcome::Denied) {
            return;
        }
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        if let Some(bucket) = self.0.delivery.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.0.delivery_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Somebody was refused.
    pub fn refused(&self, reason: Refusal) {
        self.0.refused.count(reason);
    }

    /// Something happened at the broker.
    pub fn event(&self, what: What) {
        self.0.events.count(what);
    }

    /// One more (`1`) or one less (`-1`) callback waits for its program.
    pub fn held(&self, by: i64) {
        self.0.held.fetch_add(by, Ordering::Relaxed);
    }

    /// One more (`1`) or one less (`-1`) connection to the local socket.
    pub fn connection(&self, by: i64) {
        self.0.connections.fetch_add(by, Ordering::Relaxed);
    }

    /// A request was answered.
    pub fn request(&self, route: Route, status: StatusCode) {
        let position = Route::ALL.iter().position(|other| *other == route);
        if let Some(route) = position.and_then(|position| self.0.requests.get(position)) {
            route.count(Status::of(status));
        }
    }

    /// All of it, as OpenMetrics text.
    ///
    /// # Errors
    /// Never in practice: text is written to memory.
    pub fn to_text(&self) -> Result<String, std::fmt::Error> {
        exposition::text(&self.0)
    }
}

#[cfg(test)]
mod tests;
