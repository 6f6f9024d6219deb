//! The program against parties that are not ours: a certified OpenID provider, and a real browser.
//!
//! `cargo xtask setup` brings both; without them these tests fail and say so.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests change files behind the program's back, and measure how long they wait"
)]

#[cfg(test)]
mod broker;
#[cfg(test)]
mod broker_kills;
#[cfg(test)]
mod browser;
#[cfg(test)]
#[expect(dead_code, reason = "the end-to-end tests use all of it")]
#[path = "../end_to_end/sandbox/call.rs"]
mod call;
#[cfg(test)]
mod chromium;
#[cfg(test)]
mod http_client;
#[cfg(test)]
mod nginx;
#[cfg(test)]
mod oidc_provider;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod relay_kills;
#[cfg(test)]
mod relay_python;
#[cfg(test)]
mod sandbox;
