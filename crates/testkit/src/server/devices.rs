//! Device authorizations under way (RFC 8628).
use super::{answer::Refusal, grants::GrantId};
use jiff::Timestamp;
use std::time::Duration;

/// One of them.
pub(crate) struct Device {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) interval: Duration,
    pub(crate) decision: Decision,
    /// Monotonic time of the last poll.
    pub(crate) last_poll: Option<Duration>,
    pub(crate) polls: u32,
}

/// What the person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Pending,
    Allowed(GrantId),
    Denied,
    /// The tokens were fetched.
    Spent,
}

/// A poll.
pub(crate) struct Poll<'a> {
    pub(crate) device_code: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) monotonic: Duration,
    pub(crate) slow_down: SlowDown,
}

/// Whether a poll is told to slow down although it kept to the interval.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlowDown {
    /// No.
    WhenDue,
    /// The first two polls.
    Twice,
    /// The first poll, with the new interval.
    OnceWithInterval,
}

/// Added by each `slow_down` (RFC 8628, section 3.5).
const STEP: Duration = Duration::from_secs(5);

/// More than [`STEP`], so that a client which only adds five seconds is seen.
const GITHUB_STEP: Duration = Duration::from_secs(7);

/// Device authorizations kept at once.
const KEPT: usize = 1_000;

#[derive(Default)]
pub(crate) struct Devices(std::collections::VecDeque<Device>);

impl Devices {
    pub(crate) fn add(&mut self, device: Device) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(device);
    }

    /// The one that waits for this user code. Case, dashes and spaces do not matter (section 6.1).
    pub(crate) fn pending(&self, user_code: &str, now: Timestamp) -> Option<&Device> {
        self.0
            .iter()
            .find(|device| device.is_pending(user_code, now))
    }

    /// Decides; `false` when no such code waits.
    pub(crate) fn decide(&mut self, user_code: &str, decision: Decision, now: Timestamp) -> bool {
        let device = self
            .0
            .iter_mut()
            .find(|device| device.is_pending(user_code, now));
        let found = device.map(|device| device.decision = decision);
        found.is_some()
    }

    /// Answers a poll (section 3.5): the grant, or what the client must do.
    pub(crate) fn poll(&mut self, poll: &Poll<'_>) -> Result<GrantId, Refusal> {
        let unknown = || Refusal::grant("the device code is unknown or spent");
        let device = self
            .0
            .iter_mut()
            .find(|device| {
                device.device_code == poll.device_code && device.client_id == poll.client_id
            })
            .ok_or_else(unknown)?;
        if device.expires_at <= poll.now {
            return Err(expired());
        }
        let early = device.is_early(poll.monotonic);
        device.last_poll = Some(poll.monotonic);
        device.polls = device.polls.saturating_add(1);
        if let Some(refusal) = device.slow_down(poll.slow_down, early) {
            return Err(refusal);
        }
        match device.decision {
            Decision::Pending => Err(Refusal::new(
                "authorization_pending",
                "nobody has entered the code yet",
            )),
            Decision::Denied => Err(denied()),
            Decision::Spent => Err(unknown()),
            Decision::Allowed(grant) => {
                device.decision = Decision::Spent;
                Ok(grant)
            }
        }
    }
}

pub(crate) fn expired() -> Refusal {
    Refusal::new("expired_token", "the device code expired")
}

pub(crate) fn denied() -> Refusal {
    Refusal::new("access_denied", "the person said no")
}

impl Device {
    fn is_pending(&self, user_code: &str, now: Timestamp) -> bool {
        self.decision == Decision::Pending
            && self.expires_at > now
            && canonical(user_code) == canonical(&self.user_code)
    }

    /// Two requests do not take the same time on their way, hence the tolerance.
    fn is_early(&self, now: Duration) -> bool {
        let tolerance = (self.interval / 4).min(Duration::from_secs(1));
        self.last_poll
            .is_some_and(|last| now.saturating_sub(last) + tolerance < self.interval)
    }

    fn slow_down(&mut self, rule: SlowDown, early: bool) -> Option<Refusal> {
        let named = match rule {
            SlowDown::Twice if self.polls <= 2 => false,
            SlowDown::OnceWithInterval if self.polls == 1 => true,
            _ if early => false,
            _ => return None,
        };
        self.interval += if named { GITHUB_STEP } else { STEP };
        let mut refusal = Refusal::new("slow_down", "too many polls");
        refusal.interval = named.then(|| whole_seconds(self.interval));
        Some(refusal)
    }
}

/// Rounded up, since the protocol knows whole seconds only.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

fn canonical(user_code: &str) -> String {
    user_code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}
