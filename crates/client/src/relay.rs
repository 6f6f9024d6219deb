//! Waiting at a relay for a provider's callback: for programs without a browser.
//!
//! ```no_run
//! # async fn example() -> Result<(), oarlock::relay::RelayError> {
//! use std::time::Duration;
//! // The relay of this machine, or what OARLOCK_RELAY names.
//! let result = oarlock::relay::wait_for_code(Some("state-of-the-request"), Some(Duration::from_secs(300))).await?;
//! if let Some(code) = &result.code {
//!     // Exchange it for tokens.
//! #   let _ = code;
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod error;
mod waiter;

pub use address::{RelayAddress, RelaySettings};
pub use error::RelayError;
pub use waiter::{Delivered, Waiter, wait_for_code};
