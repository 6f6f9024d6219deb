//! What every store has to do, and that its statements are those of both databases.

pub(in crate::broker::store) mod contract;
pub(in crate::broker::store) mod examples;
pub(in crate::broker::store) mod machine;
mod model;
mod postgresql;
mod statements;
