//! One way to a relay: a socket's connection, or requests over HTTPS.

mod connection;
mod resource;

use std::time::Duration;

use oarlock_oauth::{
    relay::{CloseReason, Deliver, Delivery, ErrorWord, Registered, RelayFrame},
    secret::{OwnerSecret, RelayToken, State},
};

use self::{connection::Connection, resource::Resource};
use super::{
    address::RelayAddress,
    error::{RelayError, RelayFault},
    settings::RelaySettings,
};

/// For a relay to answer, where the answer does not depend on anybody else.
const ANSWER: Duration = Duration::from_secs(10);

/// Who waits, for what, and where.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) address: RelayAddress,
    pub(super) token: Option<RelayToken>,
    pub(super) secret: OwnerSecret,
    pub(super) state: Option<State>,
}

/// What the program thinks of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has it.
    Taken,
    /// It refuses it.
    Refused,
}

/// Why there is nothing (more) to hear.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Coming back makes sense.
    Lost {
        reason: String,
        retry_after: Option<Duration>,
    },
    /// The relay ended the registration.
    Closed(CloseReason),
    /// Trying again would change nothing.
    Final(RelayError),
}

impl Trouble {
    fn lost(reason: impl Into<String>) -> Self {
        Self::Lost {
            reason: reason.into(),
            retry_after: None,
        }
    }

    fn fault(owner: &Owner, fault: RelayFault) -> Self {
        Self::Final(owner.fault(fault))
    }
}

impl Owner {
    pub(super) fn fault(&self, fault: RelayFault) -> RelayError {
        RelayError::Relay {
            address: self.address.to_string(),
            fault,
        }
    }

    pub(super) fn unreachable(&self, reason: String) -> RelayError {
        RelayError::Connection {
            address: self.address.to_string(),
            reason,
        }
    }
}

/// One way to a relay.
pub(super) enum Link {
    /// Lines over a socket; `None` while there is no connection.
    Socket(Option<Connection>),
    /// Requests.
    Https(Resource),
}

impl Link {
    /// Opens nothing yet.
    pub(super) fn new(owner: &Owner, settings: &RelaySettings) -> Result<Self, RelayError> {
        match &owner.address {
            RelayAddress::Unix(_) | RelayAddress::Tcp { .. } => Ok(Self::Socket(None)),
            RelayAddress::Https(url) => Resource::new(owner, url, settings).map(Self::Https),
        }
    }

    /// Registers, or comes back with the same secret.
    pub(super) async fn register(
        &mut self,
        owner: &Owner,
        timeout: Duration,
    ) -> Result<Registered, Trouble> {
        match self {
            Self::Socket(connection) => {
                *connection = None;
                let (fresh, registered) = Connection::register(owner, timeout).await?;
                *connection = Some(fresh);
                Ok(registered)
            }
            Self::Https(resource) => resource.register(owner, timeout).await,
        }
    }

    /// Waits for the delivery. Dropping the future loses nothing.
    pub(super) async fn delivery(
        &mut self,
        owner: &Owner,
        heartbeat: Duration,
    ) -> Result<Deliver, Trouble> {
        match self {
            Self::Socket(None) => Err(Trouble::lost("there is no connection")),
            Self::Socket(Some(connection)) => connection.delivery(owner, heartbeat).await,
            Self::Https(resource) => resource.delivery(owner).await,
        }
    }

    /// Says what the program thinks of a delivery, and waits for the relay's last word.
    pub(super) async fn conclude(
        &mut self,
        owner: &Owner,
        delivery: &Delivery,
        verdict: Verdict,
    ) -> Result<CloseReason, Trouble> {
        match self {
            Self::Socket(None) => Err(Trouble::lost("there is no connection")),
            Self::Socket(Some(connection)) => connection.conclude(owner, delivery, verdict).await,
            Self::Https(resource) => resource.conclude(owner, delivery, verdict).await,
        }
    }

    /// Ends the registration as well as it can: a relay that does not hear it finds out by itself.
    pub(super) async fn unregister(&mut self, delivery: Option<&Delivery>) {
        match self {
            Self::Socket(None) => {}
            Self::Socket(Some(connection)) => connection.leave(delivery).await,
            Self::Https(resource) => resource.clone().leave(delivery.cloned()).await,
        }
    }

    /// The same without waiting, for a drop.
    pub(super) fn abandon(&mut self, delivery: Option<&Delivery>) {
        match self {
            Self::Socket(None) => {}
            Self::Socket(Some(connection)) => connection.leave_now(delivery),
            Self::Https(resource) => {
                super::farewell::say(resource.clone().leave(delivery.cloned()));
            }
        }
    }
}

/// What a frame means that is neither an answer nor a delivery; `None` for a PING or PONG.
fn trouble(owner: &Owner, frame: RelayFrame) -> Option<Trouble> {
    Some(match frame {
        RelayFrame::Ping | RelayFrame::Pong => return None,
        RelayFrame::Close {
            reason: CloseReason::Silent,
            retry_after,
        } => Trouble::Lost {
            reason: "it heard nothing from this program for too long".into(),
            retry_after,
        },
        RelayFrame::Close {
            reason: CloseReason::Shutdown,
            retry_after,
        } => Trouble::Lost {
            reason: "it is about to stop".into(),
            retry_after,
        },
        RelayFrame::Close {
            reason: CloseReason::Other,
            retry_after: retry_after @ Some(_),
        } => Trouble::Lost {
            reason: "it ended the registration for a while".into(),
            retry_after,
        },
        RelayFrame::Close { reason, .. } => Trouble::Closed(reason),
        RelayFrame::Error {
            word: word @ Some(ErrorWord::TooManyRegistrations | ErrorWord::TemporarilyUnavailable),
            description,
            retry_after,
        } => Trouble::Lost {
            reason: RelayFault::Refused { word, description }.to_string(),
            retry_after,
        },
        RelayFrame::Error {
            word, description, ..
        } => Trouble::fault(owner, RelayFault::Refused { word, description }),
        RelayFrame::Registered(_) | RelayFrame::Deliver(_) => {
            Trouble::fault(owner, RelayFault::Unexpected("a frame came out of turn"))
        }
    })
}
