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
mod farewell;
mod link;
mod result;
mod settings;
mod waiter;

pub use address::{AddressError, RelayAddress};
pub use error::{RelayError, RelayFault};
pub use farewell::farewells;
pub use result::{RelayResult, wait_for_code};
pub use settings::{RelaySettings, SettingsError};
pub use waiter::{Delivered, Told, Waiter};
