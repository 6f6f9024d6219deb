//! The relay as it is met: over its sockets, by programs and browsers of any kind.
//!
//! Where a test needs another process it runs this test program again, see [`child`].
// They look into /proc, and into what a socket tells of its other side.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod child;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod shutdown;
