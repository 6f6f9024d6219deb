//! Chance that can be had again.

use std::sync::{Arc, Mutex};

/// SplitMix64.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// Each who takes part has their own.
    pub(super) fn new(seed: u64, number: usize) -> Self {
        let own = u64::try_from(number).unwrap().wrapping_add(1);
        Self(seed ^ own.wrapping_mul(0xA076_1D64_78BD_642F))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(super) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A name that nobody else has.
    pub(super) fn name(&mut self) -> String {
        format!(
            "{:016x}{:016x}{:016x}",
            self.next(),
            self.next(),
            self.next()
        )
    }
}

/// How answers get lost on their way, as if the server had died a moment later: shared by all, until it is over.
#[derive(Clone, Debug)]
pub(super) struct Luck(Arc<Mutex<Option<Chance>>>);

impl Luck {
    pub(super) fn new(chance: Chance) -> Self {
        Self(Arc::new(Mutex::new(Some(chance))))
    }

    pub(super) fn is_bad(&self) -> bool {
        let mut chance = self.0.lock().unwrap();
        chance.as_mut().is_some_and(|chance| chance.one_in(60))
    }

    /// From now on every answer arrives.
    pub(super) fn is_good_from_now_on(&self) {
        self.0.lock().unwrap().take();
    }
}
