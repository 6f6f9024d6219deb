//! A herd under way.

use std::{env, time::SystemTime};

use super::life::Life;
use crate::{
    call::Running,
    relay::Relay,
    relay_python::{python, repository},
};

/// The seed of this run.
pub(crate) fn seed() -> u64 {
    if let Ok(named) = env::var("OARLOCK_TEST_SEED") {
        return named.parse().expect("OARLOCK_TEST_SEED is no number");
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::from(now.unwrap().subsec_nanos())
}

/// `herd.py`; its programs die with it.
pub(super) struct Herd {
    running: Running,
    amount: usize,
}

impl Herd {
    /// So many programs at this relay; in some modes, so many of each kind.
    pub(super) fn start(relay: &Relay, mode: &str, amount: usize, seed: u64) -> Self {
        let script = repository("peers/relay-waiters/herd.py");
        let place = ["--http", relay.http(), "--place", relay.programs()];
        let (number, seed) = (amount.to_string(), seed.to_string());
        let numbers = ["--amount", &number, "--seed", &seed];
        let arguments = [script.as_str(), mode].into_iter().chain(place);
        Self {
            running: python(arguments.chain(numbers)).spawn_with_input(),
            amount,
        }
    }

    /// Until the relay is to be killed.
    pub(super) fn waits_for_the_fall(&self) {
        self.running.told(|line| (line == "fall").then_some(()));
    }

    /// Tells where the next relay is.
    pub(super) fn goes_on_at(&mut self, relay: &Relay) {
        let places = format!("{} {}", relay.http(), relay.programs());
        self.running.type_line(&places);
    }

    /// What happened, when all of it has.
    pub(super) fn lives(self) -> Vec<Life> {
        // Nobody has to be quick; it is enough that it goes on.
        for hundred in 1..=self.amount / 100 {
            let over = format!("{} over", hundred * 100);
            self.running.told(|line| (line == over).then_some(()));
        }
        let finished = self.running.finish().ended_with(0);
        let lives = finished.stdout.lines();
        lives
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}
