//! What relay and program say to each other, and what a provider's callback says to the relay.
//!
//! The wire is described in `docs/relay-protocol.md`. Everything here is pure: bytes in, values out.

mod callback;
mod digest;
mod frame;
mod line;

pub use callback::{Callback, CallbackError, CodeKeys, CodeKeysError};
pub use digest::StateDigest;
pub use frame::{
    CallbackParameters, CloseReason, Deliver, Delivery, ErrorWord, FrameError, ProgramFrame, Protocol, Register,
    Registered, RelayFrame,
};
pub use line::{LineReader, MAX_LINE};
