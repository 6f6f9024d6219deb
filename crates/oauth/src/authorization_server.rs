//! The other side: what an authorization server reads, checks and answers.
//!
//! | Step | Here |
//! |---|---|
//! | who asks | [`client`], [`redirect_uri`] |
//! | for what | [`authorization`], [`token`] |
//! | by which code | [`user_code`], [`comparison`], [`paircode`] |
//! | what it gets | [`access_token`], [`error`] |
//! | what there is | [`metadata`] |
//!
//! Pure as everything here: who may have what, and what is still good, the server's store knows.

pub mod access_token;
pub mod authorization;
pub mod client;
pub mod comparison;
pub mod error;
pub mod metadata;
pub mod paircode;
pub mod redirect_uri;
mod resource;
pub mod token;
pub mod user_code;
