//! Logs in by every flow, against the testkit's authorization server and through its fake browser.
//!
//! The modules say `cfg(test)` because that is how Clippy knows that their helpers may unwrap.

#[cfg(test)]
mod auto;
#[cfg(test)]
mod broker;
#[cfg(test)]
mod client_credentials;
#[cfg(test)]
mod device;
#[cfg(test)]
mod loopback;
#[cfg(test)]
mod loopback_hostile;
#[cfg(test)]
mod paste;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod scene;
