//! The local socket: connections, their first frame, and which protocol goes on.

mod first;
mod frames;
mod second;

use std::{net::IpAddr, sync::Arc, time::Duration};

use oarlock_io::{
    socket::{Listener, Peer, Stream},
    web_server::network,
};
use oarlock_oauth::{
    relay::{ErrorWord, ProgramFrame, Protocol, Register, RelayFrame, StateDigest},
    text::Untrusted,
};
use tokio::{task::JoinSet, time::timeout};

use super::{
    Relay,
    entry::Refused,
    mailbox::Mailbox,
    owner::{Fingerprint, Owner, Slot, User},
    quota::{Place, Quota},
    registry::{Registered, Ticket},
};
use crate::metrics::{Face, Metrics, Refusal};
use frames::{Frames, Heard};

/// For the first frame to come whole.
const FIRST: Duration = Duration::from_secs(10);
/// Connections without room that are told so at once; more are closed without a word.
const REFUSALS: usize = 64;
/// For an ERROR to be read.
const FAREWELL: Duration = Duration::from_secs(1);
/// For programs to be told that the relay stops, and for deliveries under way to end.
const DRAIN: Duration = Duration::from_secs(9);

/// Takes programs in until the relay stops, and then sees them off.
pub(super) async fn listen(relay: &Relay, listener: Listener, open: bool) {
    let address = listener.address();
    tracing::info!("relay listening on {address}");
    let mut stopping = relay.0.stopping.subscribe();
    let door = Door {
        places: Quota::new(relay.config().limits.connections),
        refusals: Quota::new(REFUSALS),
    };
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => break,
            // Before the next, so that a flood of connections leaves nothing behind.
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a connection's task failed");
                }
            }
            (stream, peer) = listener.accept() => {
                if let Some(connection) = door.admit(relay, peer) {
                    tasks.spawn(connection.run(relay.clone(), stream, open));
                }
            }
        }
    }
    // From here on a newer relay can have the address.
    drop(listener);
    let all = async { while tasks.join_next().await.is_some() {} };
    if timeout(DRAIN, all).await.is_err() {
        tracing::warn!("programs were still connected at the end");
    }
    tracing::info!("relay stopped on {address}");
}

/// Counts who is in.
struct Door {
    places: Arc<Quota<Option<IpAddr>>>,
    refusals: Arc<Quota<()>>,
}

/// A connection that was let in.
struct Connection {
    peer: Peer,
    room: Room,
}

enum Room {
    Taken {
        _place: Place<Option<IpAddr>>,
        _counted: Counted,
    },
    /// There is none, which is said and nothing else.
    None { _refusal: Place<()> },
}

/// Counted as long as it is there, however it ends.
struct Counted(Metrics);

impl Counted {
    fn new(metrics: Metrics) -> Self {
        metrics.connection(1);
        Self(metrics)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connection(-1);
    }
}

impl Door {
    /// Looks who it is and whether there is room; `None`: nothing is said.
    fn admit(&self, relay: &Relay, peer: Peer) -> Option<Connection> {
        if let Peer::User(user) = peer
            && !peer.is_self_or_root()
        {
            tracing::warn!(user, "another user at the socket, turned away");
            relay.0.metrics.refused(Refusal::OtherUser);
            return None;
        }
        let limits = &relay.config().limits;
        let key = counted(peer);
        let most = match key {
            Some(_) => limits.connections_per_address,
            None => limits.connections,
        };
        let room = match self.places.take(key, most) {
            Ok(place) => Room::Taken {
                _place: place,
                _counted: Counted::new(relay.0.metrics.clone()),
            },
            Err(_) => {
                relay.0.metrics.refused(Refusal::TooManyConnections);
                let refusal = self.refusals.take((), REFUSALS).ok()?;
                Room::None { _refusal: refusal }
            }
        };
        Some(Connection { peer, room })
    }
}

/// What the connections of a peer are counted by, as those of HTTP are; `None`: in all only.
fn counted(peer: Peer) -> Option<IpAddr> {
    match peer {
        Peer::Address(address) => {
            let address = address.ip().to_canonical();
            (!address.is_loopback()).then(|| network(address))
        }
        Peer::User(_) => None,
    }
}

/// A program that was let in and waits.
enum Waiting {
    First(Frames, Ticket, Arc<Mailbox>),
    Second(Frames, Registered, Arc<Mailbox>, Option<Duration>),
}

impl Connection {
    async fn run(self, relay: Relay, stream: Stream, open: bool) {
        // Each part is a future of its own, so that what waits holds nothing of what came before.
        match Box::pin(self.begin(&relay, Frames::new(stream), open)).await {
            Some(Waiting::First(frames, ticket, mailbox)) => {
                Box::pin(first::wait(&relay, frames, ticket, mailbox)).await;
            }
            Some(Waiting::Second(frames, registered, mailbox, wanted)) => {
                Box::pin(second::wait(&relay, frames, registered, mailbox, wanted)).await;
            }
            None => {}
        }
    }

    /// Everything up to the wait; `None`: there is none.
    async fn begin(&self, relay: &Relay, mut frames: Frames, open: bool) -> Option<Waiting> {
        if matches!(self.room, Room::None { .. }) {
            let refusal = Refusal::TooManyConnections;
            let description = "the relay is full; try again later";
            dismiss(&frames, Protocol::One, refusal, description).await;
            return None;
        }
        let register = first_frame(relay, &mut frames).await?;
        let protocol = register.protocol;
        let Some(user) = self.user(relay, &register, open) else {
            let description = "this address needs a token of the relay's configuration";
            refuse(relay, &frames, protocol, Refusal::InvalidToken, description).await;
            return None;
        };
        let secret = match protocol {
            Protocol::One => None,
            Protocol::Two => register.secret.as_ref().map(Fingerprint::of_secret),
        };
        let owner = Owner { user, secret };
        let slot = register
            .state
            .as_ref()
            .map_or(Slot::Single, |state| Slot::State(StateDigest::of(state)));
        let mailbox = Arc::new(Mailbox::default());
        let face = match protocol {
            Protocol::One => Face::Protocol1,
            Protocol::Two => Face::Protocol2,
        };
        let registered = match relay.registry().register(slot, owner, face, &mailbox) {
            Ok(registered) => registered,
            Err(refused) => {
                turn_away(relay, &frames, protocol, refused).await;
                return None;
            }
        };
        tracing::info!(
            state = slot.short(),
            resumed = registered.resumed,
            "client registered for state"
        );
        Some(match protocol {
            Protocol::One => Waiting::First(frames, registered.ticket, mailbox),
            Protocol::Two => Waiting::Second(frames, registered, mailbox, register.timeout),
        })
    }

    fn user(&self, relay: &Relay, register: &Register, open: bool) -> Option<User> {
        match (self.peer, &register.token) {
            (Peer::User(user), _) => Some(User::Local(user)),
            (Peer::Address(_), Some(token)) => relay.holder(token),
            (Peer::Address(_), None) => open.then_some(User::Tcp),
        }
    }
}

/// The REGISTER that a connection begins with; what else it begins with is answered.
async fn first_frame(relay: &Relay, frames: &mut Frames) -> Option<Register> {
    let mut stopping = relay.0.stopping.subscribe();
    let heard = tokio::select! {
        biased;
        heard = timeout(FIRST, frames.next()) => Some(heard),
        _ = stopping.wait_for(|stopping| *stopping) => None,
    };
    let Some(heard) = heard else {
        turn_away(relay, frames, Protocol::One, Refused::Stopping).await;
        return None;
    };
    let (protocol, refusal, description) = match heard {
        Ok(Heard::Frame(ProgramFrame::Register(register))) => return Some(register),
        Ok(Heard::Frame(_)) => (
            Protocol::One,
            Refusal::InvalidRequest,
            "the first frame must be REGISTER".to_owned(),
        ),
        Ok(Heard::Malformed(error, protocol)) => {
            (protocol, Refusal::from(error.word()), error.to_string())
        }
        Ok(Heard::End) => return None,
        Err(_) => (
            Protocol::One,
            Refusal::Silent,
            "no REGISTER came within 10 seconds".to_owned(),
        ),
    };
    refuse(relay, frames, protocol, refusal, &description).await;
    None
}

/// Says why a registration is refused.
async fn turn_away(relay: &Relay, frames: &Frames, protocol: Protocol, refused: Refused) {
    let (refusal, description) = match refused {
        Refused::InUse => (Refusal::StateInUse, "somebody else waits for this state"),
        Refused::Full(_) => (
            Refusal::TooManyRegistrations,
            "too many programs wait; try again later",
        ),
        Refused::Stopping => (
            Refusal::Stopping,
            "the relay is about to stop; try again in a second",
        ),
        Refused::Over(reason) => {
            frames
                .close(
                    &RelayFrame::Close {
                        reason,
                        retry_after: None,
                    },
                    FAREWELL,
                )
                .await;
            return;
        }
    };
    refuse(relay, frames, protocol, refusal, description).await;
}

/// ERROR, and the end.
async fn refuse(
    relay: &Relay,
    frames: &Frames,
    protocol: Protocol,
    refusal: Refusal,
    description: &str,
) {
    relay.0.metrics.refused(refusal);
    tracing::info!(reason = description, "client refused");
    dismiss(frames, protocol, refusal, description).await;
}

/// The frame that says why, and the end.
async fn dismiss(frames: &Frames, protocol: Protocol, refusal: Refusal, description: &str) {
    let (word, retry_after) = match refusal {
        Refusal::InvalidToken => (ErrorWord::InvalidToken, None),
        Refusal::UnsupportedProtocol => (ErrorWord::UnsupportedProtocol, None),
        Refusal::StateInUse => (ErrorWord::StateInUse, None),
        Refusal::TooManyRegistrations | Refusal::TooManyConnections => {
            (ErrorWord::TooManyRegistrations, Some(super::RETRY_AFTER))
        }
        Refusal::Stopping => (ErrorWord::TemporarilyUnavailable, Some(super::RETRY_AFTER)),
        _ => (ErrorWord::InvalidRequest, None),
    };
    let frame = match protocol {
        Protocol::One => RelayFrame::Error {
            word: None,
            description: Untrusted::new(description),
            retry_after: None,
        },
        Protocol::Two => RelayFrame::Error {
            word: Some(word),
            description: Untrusted::new(description),
            retry_after,
        },
    };
    frames.close(&frame, FAREWELL).await;
}

#[cfg(test)]
mod tests {
    use super::{Peer, counted};

    #[test]
    fn hostile_38_an_ipv6_customer_is_one_peer_and_this_machine_is_none() {
        let of = |address: &str| counted(Peer::Address(address.parse().unwrap()));
        assert_eq!(of("[2001:db8:1:2:3::4]:1"), of("[2001:db8:1:2:ffff::]:2"));
        assert_ne!(of("[2001:db8:1:2::]:1"), of("[2001:db8:1:3::]:1"));
        assert_eq!(of("[::ffff:192.0.2.1]:1"), of("192.0.2.1:2"));
        assert_ne!(of("192.0.2.1:1"), of("192.0.2.2:1"));
        for here in ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert_eq!(of(here), None, "{here}");
        }
        assert_eq!(counted(Peer::User(0)), None);
    }
}
