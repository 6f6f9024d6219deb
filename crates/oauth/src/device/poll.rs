use super::DeviceAuthorization;
use crate::{
    authorization::{ErrorCode, ErrorResponse},
    token::{TokenError, TokenResponse},
};
use std::time::Duration;

/// What `slow_down` adds, for this and all later polls (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// Doubling ends here, so that one bad minute does not cost the rest of the login; and so much later than the
/// deadline a last poll may be.
const MINUTE: Duration = Duration::from_secs(60);

/// The polling state: consumed by each answer. Durations are monotonic time since the authorization was received.
#[derive(Debug)]
pub struct DevicePoll {
    interval: Duration,
    deadline: Duration,
    next: Duration,
}

/// What to do next.
#[derive(Debug)]
pub enum DeviceStep {
    /// Wait until `next_poll()` and ask again.
    Wait(DevicePoll),
    /// The tokens.
    Done(Box<TokenResponse>),
}

/// An answer to a poll.
pub enum PollAnswer {
    /// The token endpoint spoke. `interval` is the body's, if any (see [`interval_in`](super::interval_in)).
    Answered {
        /// Parsed.
        result: Result<TokenResponse, TokenError>,
        /// From the body.
        interval: Option<Duration>,
    },
    /// Connection failed or timed out.
    Unreachable,
}

/// How a device login ends badly.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// `access_denied`.
    #[error("the request was denied")]
    Denied(ErrorResponse),
    /// `expired_token`, or the deadline passed.
    #[error("the code expired before it was entered")]
    Expired,
    /// Anything else.
    #[error(transparent)]
    Token(TokenError),
}

impl DevicePoll {
    /// Starts; the first poll is one interval away.
    pub fn new(authorization: &DeviceAuthorization) -> Self {
        let interval = authorization.interval;
        Self {
            interval,
            deadline: authorization.expires_in,
            next: interval,
        }
    }

    /// When to poll next, since the start. It can lie up to one interval, or a minute, past the deadline: the
    /// server has the last word on whether the code is dead, because its clock counts.
    pub fn next_poll(&self) -> Duration {
        self.next
    }

    /// When the codes die, since the start.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Takes the answer to a poll made at `elapsed`.
    ///
    /// `authorization_pending`: same interval; `slow_down`: 5 s more, or the interval the answer names if it is
    /// longer (GitHub); passing faults (no connection, 429, 5xx): doubled up to a minute, as RFC 8628, section 3.5
    /// asks, and not before `Retry-After`. An interval that has grown stays.
    ///
    /// # Errors
    /// Denied, expired, or any other final error.
    pub fn answer(self, elapsed: Duration, answer: PollAnswer) -> Result<DeviceStep, DeviceError> {
        let (error, named) = match answer {
            PollAnswer::Answered {
                result: Ok(token), ..
            } => return Ok(DeviceStep::Done(Box::new(token))),
            PollAnswer::Answered {
                result: Err(error),
                interval,
            } => (error, interval),
            PollAnswer::Unreachable => return self.doubled(elapsed, None),
        };
        let refused = match error {
            TokenError::Unavailable { retry_after, .. } => {
                return self.doubled(elapsed, retry_after);
            }
            TokenError::Refused(refused) => refused,
            other => return Err(DeviceError::Token(other)),
        };
        match refused.code {
            ErrorCode::AuthorizationPending => self.wait(elapsed, Duration::ZERO),
            ErrorCode::SlowDown => self.slower(elapsed, named),
            ErrorCode::AccessDenied => Err(DeviceError::Denied(refused)),
            ErrorCode::ExpiredToken => Err(DeviceError::Expired),
            // Some servers forget a dead code, and then know of no grant.
            ErrorCode::InvalidGrant if elapsed >= self.deadline => Err(DeviceError::Expired),
            _ => Err(DeviceError::Token(TokenError::Refused(refused))),
        }
    }

    fn slower(
        mut self,
        elapsed: Duration,
        named: Option<Duration>,
    ) -> Result<DeviceStep, DeviceError> {
        self.interval = self
            .interval
            .saturating_add(SLOWER)
            .max(named.unwrap_or_default());
        self.wait(elapsed, Duration::ZERO)
    }

    fn doubled(
        mut self,
        elapsed: Duration,
        retry_after: Option<u64>,
    ) -> Result<DeviceStep, DeviceError> {
        self.interval = self
            .interval
            .saturating_mul(2)
            .min(MINUTE.max(self.interval));
        self.wait(
            elapsed,
            Duration::from_secs(retry_after.unwrap_or_default()),
        )
    }

    fn wait(mut self, elapsed: Duration, at_least: Duration) -> Result<DeviceStep, DeviceError> {
        self.next = elapsed.saturating_add(self.interval.max(at_least));
        // Past that the code is dead by every clock, and waiting would only keep the person.
        let last = self.deadline.saturating_add(self.interval.min(MINUTE));
        if elapsed >= self.deadline || self.next > last {
            return Err(DeviceError::Expired);
        }
        Ok(DeviceStep::Wait(self))
    }
}
