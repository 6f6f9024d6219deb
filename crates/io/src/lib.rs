//! The only door to the world: HTTP, listeners, private files, locks, clock, entropy, environment, terminal, signals.
//!
//! Everything above this crate takes the time, randomness and the environment as arguments, and
//! reaches files and the network through the hardened functions here. The modules that a short
//! command needs ([`environment`], [`directories`], [`private`], [`lock`]) start no runtime, no
//! thread and no TLS.

pub mod browser;
pub mod clock;
pub mod directories;
pub mod entropy;
pub mod environment;
pub mod http_client;
pub mod http_server;
mod kernel;
pub mod lock;
pub mod open_files;
pub mod private;
pub mod process;
pub mod provider;
pub mod service_manager;
mod serving;
pub mod shutdown;
pub mod socket;
pub mod telemetry;
pub mod terminal;
pub mod web_server;

pub use clock::{Clock, SystemClock};
pub use directories::Directories;
pub use environment::Environment;
pub use http_client::{HttpClient, HttpConfig, HttpError};
