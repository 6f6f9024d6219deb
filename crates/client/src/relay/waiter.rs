//! A registration at a relay, from the first word to the last.

mod delivered;
mod patience;

use std::{fmt, sync::Arc, time::Duration};

use oarlock_io::{Clock, entropy};
use oarlock_oauth::{
    relay::{CallbackParameters, CloseReason, Deliver, Delivery, Registered},
    secret::{OwnerSecret, State},
};
use url::Url;

pub use self::delivered::{Delivered, Told};
use self::patience::Patience;
use super::{
    error::{RelayError, RelayFault},
    link::{Link, Owner, Trouble, Verdict},
    settings::RelaySettings,
};
use crate::waiting;

/// Pauses between the tries of the first registration, over HTTPS alone: a local relay is there or not.
const FIRST_PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];

/// What a program that comes back late asks for, so that its acknowledgement is still heard.
const SHORTEST: Duration = Duration::from_secs(15);

/// A registration at a relay: whoever holds it waits for one callback.
///
/// A lost connection is made anew, with the same secret, so that nothing is lost and nothing comes twice. Dropping it tells the
/// relay that nobody waits any more, and refuses a delivery that was not acknowledged.
pub struct Waiter {
    owner: Owner,
    link: Link,
    clock: Arc<dyn Clock>,
    registered: Registered,
    /// What was asked for.
    timeout: Duration,
    /// By the monotonic clock.
    deadline: Duration,
    patience: Patience,
    stage: Stage,
}

/// Where it stands; there is no way back.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    /// Something came and is not answered yet.
    Delivered(Delivery),
    /// The relay has had the last word, or ours.
    Over,
}

impl Waiter {
    /// Registers for a state (`None`: the single slot, for a callback without one), for at most `timeout`.
    ///
    /// # Errors
    /// The relay is not reached, is somebody else's, or refuses.
    pub async fn register(
        settings: &RelaySettings,
        clock: &Arc<dyn Clock>,
        state: Option<&State>,
        timeout: Duration,
    ) -> Result<Self, RelayError> {
        let random = entropy::random().map_err(RelayError::Randomness)?;
        let owner = Owner {
            address: settings.address.clone(),
            token: settings.token.clone(),
            secret: OwnerSecret::from_random(random),
            state: state.cloned(),
        };
        let mut link = Link::new(&owner, settings)?;
        let registered = first(&mut link, &owner, timeout).await?;
        let now = clock.monotonic();
        // The relay may have shortened it.
        let deadline = now.saturating_add(timeout.min(registered.expires_in));
        Ok(Self {
            patience: Patience::new(&registered, now),
            owner,
            link,
            clock: Arc::clone(clock),
            registered,
            timeout,
            deadline,
            stage: Stage::Waiting,
        })
    }

    /// The redirect URI that the provider must have.
    pub fn callback_url(&self) -> &Url {
        &self.registered.callback_url
    }

    /// How long the relay waits, from the registration on; it may be less than was asked for.
    pub fn expires_in(&self) -> Duration {
        self.registered.expires_in.min(self.timeout)
    }

    /// Waits for the callback. Dropping the future loses nothing: it can be waited again.
    ///
    /// # Errors
    /// Nobody came in time; the relay is lost for longer than it keeps the registration; it ended the registration.
    pub async fn wait(&mut self) -> Result<Delivered<'_>, RelayError> {
        if self.stage != Stage::Waiting {
            return Err(self.over());
        }
        let (clock, deadline) = (Arc::clone(&self.clock), self.deadline);
        let deliver = tokio::select! {
            biased;
            came = self.came() => came?,
            () = waiting::until(&*clock, deadline) => {
                return Err(self.timed_out());
            }
        };
        self.taken(deliver)
    }

    /// Tells the relay that nobody waits any more, and waits until it can be known that it was told, two seconds at most.
    pub async fn unregister(mut self) {
        if let Stage::Waiting | Stage::Delivered(_) = &self.stage {
            let delivery = self.unanswered();
            self.stage = Stage::Over;
            let told = self.link.unregister(delivery.as_ref());
            // Late: it finds out by itself.
            drop(tokio::time::timeout(Duration::from_secs(2), told).await);
        }
    }

    /// The delivery, across lost connections.
    async fn came(&mut self) -> Result<Deliver, RelayError> {
        loop {
            let heartbeat = self.registered.heartbeat;
            match self.link.delivery(&self.owner, heartbeat).await {
                Ok(deliver) => return Ok(deliver),
                Err(trouble) => match self.come_back(trouble).await {
                    Ok(()) => {}
                    Err(Trouble::Closed(CloseReason::Expired)) => {
                        self.stage = Stage::Over;
                        return Err(self.timed_out());
                    }
                    Err(Trouble::Closed(ended)) => {
                        self.stage = Stage::Over;
                        return Err(self.owner.fault(RelayFault::Ended(ended)));
                    }
                    Err(Trouble::Lost { reason, .. }) => {
                        return Err(self.owner.unreachable(reason));
                    }
                    Err(Trouble::Final(error)) => return Err(error),
                },
            }
        }
    }

    /// Registers again after a loss; anything else comes back as it is, and so does a loss that lasts.
    async fn come_back(&mut self, trouble: Trouble) -> Result<(), Trouble> {
        let mut trouble = trouble;
        loop {
            let Trouble::Lost {
                reason,
                retry_after,
            } = trouble
            else {
                return Err(trouble);
            };
            let now = self.clock.monotonic();
            let Some(pause) = self.patience.pause(now, retry_after) else {
                return Err(Trouble::Final(self.owner.unreachable(reason)));
            };
            tracing::debug!(%reason, "the relay is lost; coming back");
            tokio::time::sleep(pause).await;
            let left = self.deadline.saturating_sub(self.clock.monotonic());
            match self.link.register(&self.owner, left.max(SHORTEST)).await {
                Ok(registered) => {
                    self.patience.connected(&registered, self.clock.monotonic());
                    self.registered = registered;
                    return Ok(());
                }
                Err(next) => trouble = next,
            }
        }
    }

    /// Takes what came, if it is what was waited for.
    fn taken(&mut self, deliver: Deliver) -> Result<Delivered<'_>, RelayError> {
        let Some(delivery) = deliver.delivery else {
            return Err(self
                .owner
                .fault(RelayFault::Unexpected("a delivery has no name")));
        };
        self.stage = Stage::Delivered(delivery.clone());
        // The single slot is for callbacks without a state.
        if deliver.state != self.owner.state {
            return Err(self.owner.fault(RelayFault::Foreign));
        }
        let parameters = deliver
            .parameters
            .unwrap_or_else(|| CallbackParameters(serde_json::Map::new()));
        Ok(Delivered::new(self, delivery, deliver.code, parameters))
    }

    fn timed_out(&self) -> RelayError {
        RelayError::Timeout {
            after: self.expires_in(),
        }
    }

    fn over(&self) -> RelayError {
        self.owner
            .fault(RelayFault::Unexpected("the callback was delivered before"))
    }

    fn unanswered(&self) -> Option<Delivery> {
        match &self.stage {
            Stage::Delivered(delivery) => Some(delivery.clone()),
            Stage::Waiting | Stage::Over => None,
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if self.stage != Stage::Over {
            let delivery = self.unanswered();
            self.link.abandon(delivery.as_ref());
        }
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("address", &self.owner.address)
            .field("callback_url", &self.registered.callback_url.as_str())
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

async fn first(
    link: &mut Link,
    owner: &Owner,
    timeout: Duration,
) -> Result<Registered, RelayError> {
    let pauses: &[Duration] = match link {
        Link::Socket(_) => &[],
        Link::Https(_) => &FIRST_PAUSES,
    };
    let mut pauses = pauses.iter();
    loop {
        let reason = match link.register(owner, timeout).await {
            Ok(registered) => return Ok(registered),
            Err(Trouble::Lost { reason, .. }) => reason,
            Err(Trouble::Closed(ended)) => return Err(owner.fault(RelayFault::Ended(ended))),
            Err(Trouble::Final(error)) => return Err(error),
        };
        match pauses.next() {
            Some(pause) => tokio::time::sleep(*pause).await,
            None => return Err(owner.unreachable(reason)),
        }
    }
}
