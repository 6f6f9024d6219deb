//! The rules of OAuth 2, pure.
//!
//! No sockets, no clock, no environment: time and randomness come in as arguments, HTTP messages
//! go out and come in as [`http`] types. Whoever knows RFC 6749 finds its words here.
//!
//! | Step | Here |
//! |---|---|
//! | what is known of a server | [`profile`], completed by [`metadata`] and [`registration`] |
//! | to the browser and back | [`authorization`], [`pkce`], [`pasted`] |
//! | without a browser | [`device`] |
//! | for tokens | [`token`], [`revocation`] |
//! | who it is | [`id_token`] with [`jwks`], [`userinfo`] |
//! | through a relay | [`relay`] |
//! | as a server | [`authorization_server`] |
//! | what is refused | [`parameters`], [`endpoint`], [`bearer`] |
//! | what is never shown | [`secret`], [`text`] |
//!
//! Functions named `request` make an HTTP request, those named `response` read its answer. Every parser takes
//! any input without a panic, and no error quotes a secret.
//!
//! ```
//! use oarlock_oauth::{
//!     authorization::{AuthorizationRandom, AuthorizationRequest},
//!     parameters::Parameters,
//!     profile::ProviderProfile,
//!     scope::Scopes,
//!     token::{self, Grant},
//!     Timestamp,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut profile = ProviderProfile::named("acme");
//! profile.client_id = Some("my-program".into());
//! profile.authorization_endpoint = Some("https://acme.example/authorize".parse()?);
//! profile.token_endpoint = Some("https://acme.example/token".parse()?);
//!
//! // 256 random bits each, from the operating system.
//! let random = AuthorizationRandom { state: [1; 32], verifier: [2; 32], nonce: [3; 32] };
//! let login = AuthorizationRequest::new(&profile, "http://127.0.0.1:8080/callback", &Scopes::parse("read"), random)?;
//! assert!(login.url().as_str().starts_with("https://acme.example/authorize?response_type=code&client_id=my-program&"));
//!
//! // The browser comes back with a query.
//! let query = format!("code=4711&state={}", login.state().expose());
//! let grant = login.check(&Parameters::parse(&query)?)?;
//! let request = token::request(&profile, &Grant::Code(&grant))?;
//! assert_eq!(request.uri(), "https://acme.example/token");
//!
//! // Whoever can send it gets an answer.
//! let answer = http::Response::new(br#"{"access_token":"secret","expires_in":3600}"#.to_vec());
//! let tokens = token::response(&profile, &answer, Timestamp::UNIX_EPOCH)?;
//! assert_eq!(tokens.expires_at, Some(Timestamp::from_second(3600)?));
//! assert_eq!(format!("{:?}", tokens.access_token), "AccessToken(redacted)");
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod answer;
pub mod authorization;
pub mod authorization_server;
pub mod bearer;
pub mod client_auth;
pub mod device;
pub mod endpoint;
pub mod id_token;
pub mod jwks;
mod jws;
pub mod metadata;
mod outgoing;
pub mod parameters;
pub mod pasted;
pub mod pkce;
pub mod profile;
pub mod registration;
pub mod relay;
pub mod revocation;
pub mod scope;
mod scrub;
pub mod secret;
pub mod text;
pub mod token;
mod token_error;
pub mod userinfo;

/// 256 random bits, made by the caller out of the operating system's generator; each used for one value only.
pub type Random = [u8; 32];

/// A point in time, UTC; always passed in, never asked for.
pub use jiff::Timestamp;
