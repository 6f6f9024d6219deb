//! Waiting at a relay, against one that follows a script.

mod https;
mod login;
mod misbehaviour;
pub(crate) mod scripted;
mod waiting;
