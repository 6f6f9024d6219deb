//! The rules of OAuth 2, pure.
//!
//! No sockets, no clock, no environment: time and randomness come in as arguments, HTTP messages
//! go out and come in as [`http`] types. Whoever knows RFC 6749 finds its words here.

mod answer;
pub mod authorization;
pub mod bearer;
pub mod client_auth;
pub mod device;
pub mod endpoint;
pub mod id_token;
pub mod jwks;
pub mod metadata;
mod outgoing;
pub mod parameters;
pub mod pasted;
pub mod pkce;
pub mod profile;
pub mod registration;
pub mod revocation;
pub mod scope;
mod scrub;
pub mod secret;
pub mod text;
pub mod token;
mod token_error;
pub mod userinfo;

/// 256 random bits, made by the caller (`oarlock_io::entropy`).
pub type Random = [u8; 32];

pub use jiff::Timestamp;
