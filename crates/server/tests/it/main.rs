//! The relay as it is met: over its sockets, by programs and browsers of any kind.

mod delivery;
mod hostile;
mod remote;
mod scene;
mod shutdown;
