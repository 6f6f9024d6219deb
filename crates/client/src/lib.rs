//! OAuth for programs: log in by whichever way works here, keep the credential fresh, use the token.
//!
//! ```no_run
//! # async fn example() -> Result<(), oarlock::Error> {
//! let client = oarlock::Client::new("mytool")?;
//! client.login("https://login.example.com", &oarlock::LoginOptions::default()).await?;
//! let token = client.token("https://login.example.com").await?;
//! # drop(token);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

pub mod account;
mod built_in;
pub mod catalogue;
pub mod client;
pub mod config;
pub mod credential;
mod discovery;
pub mod duration;
pub mod error;
mod identity;
pub mod interaction;
pub mod login;
mod logout;
pub mod named;
pub mod options;
mod page;
pub mod probe;
mod refresh;
pub mod relay;
pub mod request;
mod server;
pub mod source;
pub mod store;
pub mod terminal;
pub mod tokens;
mod waiting;

pub use client::{Client, ClientBuilder};
pub use config::Config;
pub use credential::Credential;
pub use error::{Error, ErrorKind};
pub use interaction::Interaction;
pub use logout::Revocation;
pub use oarlock_oauth as oauth;
pub use options::{Browser, Flow, LoginOptions};
pub use source::{Source, Token};
pub use tokens::{TokenNow, TokenQuery};

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
