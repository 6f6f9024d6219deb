//! What relay and program say to each other, and what a provider's callback says to the relay.
//!
//! The wire is described in `docs/relay-protocol.md`. Everything here is pure: bytes in, values out.

mod callback;
mod callback_error;
mod callback_parameters;
mod code_keys;
mod digest;
mod frame;
mod json;
mod line;

pub use callback::{Callback, MAX_CODE, MAX_STATE};
pub use callback_error::CallbackError;
pub use callback_parameters::CallbackParameters;
pub use code_keys::{CodeKeys, CodeKeysError};
pub use digest::StateDigest;
pub use frame::{
    CloseReason, Deliver, Delivery, ErrorWord, FrameError, ProgramFrame, Protocol, Register,
    Registered, RelayFrame,
};
pub use line::{Line, LineReader, MAX_LINE};
