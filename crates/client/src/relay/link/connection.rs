//! Frames over a Unix socket or TCP.

use std::{io, time::Duration};

use futures_util::FutureExt as _;
use oarlock_io::socket::{SocketError, Stream};
use oarlock_oauth::relay::{
    CloseReason, Deliver, Delivery, LineReader, ProgramFrame, Protocol, Register, Registered,
    RelayFrame,
};
use tokio::time::timeout;

use super::{ANSWER, Owner, Trouble, Verdict, trouble};
use crate::relay::{
    address::RelayAddress,
    error::{RelayError, RelayFault},
};

/// For the last word of a program that leaves.
const LEAVING: Duration = Duration::from_secs(2);
/// Whatever a relay says of its heartbeat.
const SHORTEST_HEARTBEAT: Duration = Duration::from_secs(1);

/// A connection that is registered, or about to be.
pub(in crate::relay) struct Connection {
    stream: Stream,
    reader: LineReader,
}

impl Connection {
    /// Connects and registers.
    pub(super) async fn register(
        owner: &Owner,
        wanted: Duration,
    ) -> Result<(Self, Registered), Trouble> {
        let stream = match timeout(ANSWER, connect(&owner.address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(unconnected(error)),
            Err(_) => return Err(Trouble::lost("it does not take the connection")),
        };
        let mut connection = Self {
            stream,
            reader: LineReader::new(),
        };
        let register = Register {
            protocol: Protocol::Two,
            state: owner.state.clone(),
            secret: Some(owner.secret.clone()),
            timeout: Some(wanted),
            // The system vouches for the users of a Unix socket; nobody else need know the token.
            token: match owner.address {
                RelayAddress::Unix(_) => None,
                _ => owner.token.clone(),
            },
        };
        connection.send(&ProgramFrame::Register(register)).await?;
        let Ok(registered) = timeout(ANSWER, connection.registered(owner)).await else {
            return Err(Trouble::lost(
                "it did not answer the registration; it may be one that speaks protocol 1 alone",
            ));
        };
        Ok((connection, registered?))
    }

    async fn registered(&mut self, owner: &Owner) -> Result<Registered, Trouble> {
        loop {
            match self.frame(owner).await? {
                RelayFrame::Registered(registered) => return Ok(registered),
                RelayFrame::Ping => self.send(&ProgramFrame::Pong).await?,
                frame => {
                    if let Some(trouble) = trouble(owner, frame) {
                        return Err(trouble);
                    }
                }
            }
        }
    }

    /// Waits for the delivery.
    pub(super) async fn delivery(
        &mut self,
        owner: &Owner,
        heartbeat: Duration,
    ) -> Result<Deliver, Trouble> {
        // The relay asks after one heartbeat of silence; after three of them nobody is there.
        let patience = heartbeat.max(SHORTEST_HEARTBEAT).saturating_mul(3);
        loop {
            let Ok(frame) = timeout(patience, self.frame(owner)).await else {
                return Err(Trouble::lost("nothing was heard from it for too long"));
            };
            match frame? {
                RelayFrame::Deliver(deliver) => return Ok(deliver),
                RelayFrame::Ping => self.send(&ProgramFrame::Pong).await?,
                frame => {
                    if let Some(trouble) = trouble(owner, frame) {
                        return Err(trouble);
                    }
                }
            }
        }
    }

    /// Acknowledges or refuses, and waits for the last word.
    pub(super) async fn conclude(
        &mut self,
        owner: &Owner,
        delivery: &Delivery,
        verdict: Verdict,
    ) -> Result<CloseReason, Trouble> {
        self.send(&spoken(delivery, verdict)).await?;
        let concluded = timeout(ANSWER, self.concluded(owner, delivery, verdict)).await;
        concluded.unwrap_or_else(|_| Err(Trouble::lost("it did not answer the acknowledgement")))
    }

    async fn concluded(
        &mut self,
        owner: &Owner,
        delivery: &Delivery,
        verdict: Verdict,
    ) -> Result<CloseReason, Trouble> {
        loop {
            match self.frame(owner).await? {
                // Again, because the relay had not heard us; any other was never asked for.
                RelayFrame::Deliver(again) if again.delivery.as_ref() == Some(delivery) => {
                    self.send(&spoken(delivery, verdict)).await?;
                }
                RelayFrame::Deliver(_) => {}
                RelayFrame::Ping => self.send(&ProgramFrame::Pong).await?,
                frame => match trouble(owner, frame) {
                    None => {}
                    Some(Trouble::Closed(reason)) => return Ok(reason),
                    Some(trouble) => return Err(trouble),
                },
            }
        }
    }

    /// Says that nobody waits any more, or that what came was not taken.
    pub(super) async fn leave(&mut self, delivery: Option<&Delivery>) {
        let frame = farewell(delivery);
        if !matches!(timeout(LEAVING, self.send(&frame)).await, Ok(Ok(()))) {
            tracing::debug!("the relay finds out by itself that this program has left");
        }
    }

    /// The same for a drop: as far as the socket takes it at once, which is nearly always.
    pub(super) fn leave_now(&mut self, delivery: Option<&Delivery>) {
        let line = farewell(delivery).to_line();
        if !matches!(self.stream.write_all(&line).now_or_never(), Some(Ok(()))) {
            tracing::debug!("the relay finds out by itself that this program has left");
        }
    }

    async fn send(&self, frame: &ProgramFrame) -> Result<(), Trouble> {
        match timeout(ANSWER, self.stream.write_all(&frame.to_line())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(broken(&error)),
            Err(_) => Err(Trouble::lost("it does not read what is sent")),
        }
    }

    /// The next frame. Dropping the future loses none.
    async fn frame(&mut self, owner: &Owner) -> Result<RelayFrame, Trouble> {
        let malformed = |error| Trouble::fault(owner, RelayFault::Malformed(error));
        loop {
            if let Some(line) = self.reader.next_line() {
                return RelayFrame::parse(&line).map_err(malformed);
            }
            let mut buffer = [0; 4096];
            self.stream
                .readable()
                .await
                .map_err(|error| broken(&error))?;
            let read = match self.stream.try_read(&mut buffer) {
                Ok(0) => return Err(Trouble::lost("it closed the connection")),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(broken(&error)),
            };
            self.reader
                .push(buffer.get(..read).unwrap_or_default())
                .map_err(malformed)?;
        }
    }
}

fn spoken(delivery: &Delivery, verdict: Verdict) -> ProgramFrame {
    match verdict {
        Verdict::Taken => ProgramFrame::Acknowledge(delivery.clone()),
        Verdict::Refused => ProgramFrame::Reject(delivery.clone()),
    }
}

fn farewell(delivery: Option<&Delivery>) -> ProgramFrame {
    match delivery {
        None => ProgramFrame::Unregister,
        Some(delivery) => spoken(delivery, Verdict::Refused),
    }
}

fn broken(error: &io::Error) -> Trouble {
    Trouble::lost(format!("the connection broke ({error})"))
}

async fn connect(address: &RelayAddress) -> Result<Stream, SocketError> {
    match address {
        #[cfg(unix)]
        RelayAddress::Unix(path) => Stream::connect_unix(path).await,
        RelayAddress::Tcp { host, port } => Stream::connect_tcp(host, *port).await,
        other => Err(SocketError::Absent(other.to_string())),
    }
}

/// Who is not there may come; what is not safe stays so.
fn unconnected(error: SocketError) -> Trouble {
    match error {
        SocketError::Absent(_) => Trouble::lost("nobody listens there"),
        SocketError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            Trouble::lost(format!("only its own user and root get in ({source})"))
        }
        SocketError::Io { source, .. } => Trouble::lost(source.to_string()),
        error => Trouble::Final(RelayError::Unsafe(error)),
    }
}
