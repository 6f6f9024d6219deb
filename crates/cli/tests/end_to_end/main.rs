//! The program as it is shipped: real processes, real files, an authorization server on loopback.
// They look into /proc, fill disks and /dev/full, and mount file systems.
#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests change files behind the program's back"
)]

#[cfg(test)]
mod broker_login;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod dead_logins;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod help;
#[cfg(test)]
mod impostors;
#[cfg(test)]
mod json;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod login;
#[cfg(test)]
mod logout;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod mix_ups;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod person;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod status;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod token;
