//! What strangers and bad days do to a relay.

mod bad_days;
mod crowds;
mod impostors;
mod input;

pub(crate) use bad_days::serve_with_few_descriptors;
pub(crate) use impostors::be_a_stranger;
