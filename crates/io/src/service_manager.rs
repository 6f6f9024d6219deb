//! The service manager (systemd): the sockets it passes, and what it is told.

use crate::Environment;
#[cfg(unix)]
use crate::socket::{Listener, SocketError};

/// What the service manager is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// Everything is bound; programs that depend on us may start.
    Ready,
    /// We are about to end.
    Stopping,
    /// A line for people, shown by `systemctl status`.
    Status(&'a str),
}

/// The sockets that were passed to this process and their names, in order (sd_listen_fds(3)); none when there is no service manager.
///
/// A socket without a name is called `unknown`. Ask once, and from within a runtime: the second time they are taken already.
///
/// # Errors
/// The variables contradict each other; something was passed that is not a listening stream socket.
#[cfg(unix)]
pub fn passed_sockets(environment: &Environment) -> Result<Vec<(String, Listener)>, SocketError> {
    passed::sockets(environment)
}

/// Tells the service manager (sd_notify(3)), if there is one, within 1 s. That it cannot be told is only logged.
pub fn notify(environment: &Environment, state: State<'_>) {
    let Some(address) = environment.get("NOTIFY_SOCKET") else {
        return;
    };
    let message = match state {
        State::Ready => "READY=1".to_owned(),
        State::Stopping => "STOPPING=1".to_owned(),
        // A second line would be another message.
        State::Status(status) => format!("STATUS={}", status.replace(['\n', '\r'], " ")),
    };
    if let Err(error) = send(address, message.as_bytes()) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}

#[cfg(unix)]
fn send(address: &str, message: &[u8]) -> std::io::Result<()> {
    use std::{os::unix::net::UnixDatagram, time::Duration};

    let socket = UnixDatagram::unbound()?;
    // It reads soon or never.
    socket.set_write_timeout(Some(Duration::from_secs(1)))?;
    let sent = match address.strip_prefix('@') {
        None if address.starts_with('/') => socket.send_to(message, address),
        None => Err(std::io::ErrorKind::Unsupported.into()),
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Some(name) => {
            #[cfg(target_os = "android")]
            use std::os::android::net::SocketAddrExt as _;
            #[cfg(target_os = "linux")]
            use std::os::linux::net::SocketAddrExt as _;
            use std::os::unix::net::SocketAddr;
            socket.send_to_addr(message, &SocketAddr::from_abstract_name(name)?)
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Some(_) => Err(std::io::ErrorKind::Unsupported.into()),
    };
    sent.map(drop)
}

#[cfg(not(unix))]
fn send(_: &str, _: &[u8]) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
mod passed {
    use super::{Environment, Listener, SocketError};
    use socket2::{Socket, Type};
    use std::{io, os::fd::OwnedFd};

    /// The number of the first passed descriptor.
    const FIRST: i32 = 3;

    /// More can be no more than a mistake.
    const MOST: i32 = 64;

    pub(super) fn sockets(
        environment: &Environment,
    ) -> Result<Vec<(String, Listener)>, SocketError> {
        let ours = std::process::id().to_string();
        if environment.get("LISTEN_PID") != Some(ours.as_str()) {
            // They were meant for a program that started us, if for anybody.
            return Ok(Vec::new());
        }
        let count = environment.get("LISTEN_FDS").unwrap_or("0");
        let count = count
            .parse()
            .ok()
            .filter(|count| (0..=MOST).contains(count))
            .ok_or_else(|| unusable("LISTEN_FDS", format!("{count:?} is not a small number")))?;
        let numbers = FIRST..FIRST + count;
        let names = match environment.get("LISTEN_FDNAMES") {
            Some(names) => names.split(':').map(str::to_owned).collect(),
            None => vec!["unknown".to_owned(); numbers.len()],
        };
        if names.len() != numbers.len() {
            let reason = format!("it has {} names for {count} sockets", names.len());
            return Err(unusable("LISTEN_FDNAMES", reason));
        }
        numbers
            .zip(names)
            .map(|(number, name)| match listener(number) {
                Ok(listener) => Ok((name, listener)),
                Err(error) => Err(unusable(
                    &format!("socket {name:?} (descriptor {number})"),
                    error.to_string(),
                )),
            })
            .collect()
    }

    fn listener(number: i32) -> io::Result<Listener> {
        let socket = Socket::from(crate::kernel::inherited(number)?);
        let invalid = |what| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        if socket.r#type()? != Type::STREAM {
            return invalid("it is not a stream socket");
        }
        // Where the system does not tell, accepting will.
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
        if !socket.is_listener()? {
            return invalid("it does not listen");
        }
        let address = socket.local_addr()?;
        let descriptor = OwnedFd::from(socket);
        if address.is_unix() {
            Listener::passed_unix(descriptor.into())
        } else if address.as_socket().is_some() {
            Listener::passed_tcp(descriptor.into())
        } else {
            invalid("it is neither a Unix socket nor TCP")
        }
    }

    fn unusable(what: &str, reason: String) -> SocketError {
        SocketError::Passed {
            what: what.to_owned(),
            reason,
        }
    }
}
