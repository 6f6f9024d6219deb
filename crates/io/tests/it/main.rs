//! Tests against real files, processes, sockets and terminals.
//!
//! Where a test needs another process it runs this test program again, see [`child`].
// They look into /proc, and mount file systems.
#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests make files that the code under test must refuse, and measure time"
)]

#[cfg(test)]
mod child;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod http_client;
#[cfg(test)]
mod http_server;
#[cfg(test)]
mod lock;
#[cfg(test)]
mod open_files;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod private;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod service_manager;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod users;
#[cfg(test)]
mod web_server;

/// A directory of ours, closed to others.
#[cfg(test)]
fn home() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let private = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new()
        .permissions(private)
        .tempdir()
        .unwrap()
}
