//! Tools to test OAuth clients with: an authorization server that behaves, and misbehaves on
//! demand; a fake browser; a fake clock; a proxy that spoils connections.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use oarlock_testkit::{AuthorizationServer, Endpoint, Fault};
//!
//! let server = AuthorizationServer::builder().faults(Fault::WrongIss).start().await?;
//! // … let a client log in at server.issuer() …
//! assert_eq!(server.count(Endpoint::Token), 0, "a code from an impostor must not be exchanged");
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod background;
mod browser;
mod clock;
pub mod plain;
mod programs;
mod proxy;
mod server;

pub use browser::{BrowserError, Callback, FakeBrowser, Visit};
pub use clock::FakeClock;
pub use programs::program;
pub use proxy::{FaultProxy, ProxyFault};
pub use server::{
    AuthorizationServer, AuthorizationServerBuilder, Client, DEFAULT_CLIENT_ID, Endpoint, Fault,
    FaultError, Faults, HOSTILE, IssuedTokens, RecordedRequest, Server, UnknownEndpoint, User,
};
