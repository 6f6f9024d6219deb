//! Programs on other machines ("Over HTTPS" in docs/relay-protocol.md).
//!
//! What takes time is tried without sockets, on a clock that jumps; over sockets what is about them.

mod crowded;
mod delivering;
mod ending;
mod house;
mod refusing;
mod sockets;
