//! Device authorization grant (RFC 8628).
use crate::{
    authorization::ErrorResponse,
    profile::{ProfileError, ProviderProfile},
    scope::Scopes,
    secret::DeviceCode,
    text::Untrusted,
    token::{TokenError, TokenResponse},
};
use std::time::Duration;

/// The HTTP request (section 3.1).
/// # Errors
pub fn request(
    profile: &ProviderProfile,
    scopes: &Scopes,
) -> Result<http::Request<Vec<u8>>, ProfileError> {
    let _ = (profile, scopes);
    todo!()
}
/// The answer (section 3.2), with Google's and the profile's aliases; interval 5 s when missing.
/// # Errors
pub fn response(
    profile: &ProviderProfile,
    response: &http::Response<Vec<u8>>,
) -> Result<DeviceAuthorization, TokenError> {
    let _ = (profile, response);
    todo!()
}
/// What the person must do, and how to poll.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeviceAuthorization {
    /// For polling.
    pub device_code: DeviceCode,
    /// To type.
    pub user_code: Untrusted,
    /// To open.
    pub verification_uri: crate::endpoint::Endpoint,
    /// The same with the code inside; `None` where absent or unusable.
    pub verification_uri_complete: Option<url::Url>,
    /// Lifetime from receipt.
    pub expires_in: Duration,
    /// Between polls.
    pub interval: Duration,
}
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
impl DevicePoll {
    /// Starts; the first poll is one interval away.
    pub fn new(authorization: &DeviceAuthorization) -> Self {
        let _ = authorization;
        todo!()
    }
    /// When to poll next, since the start.
    pub fn next_poll(&self) -> Duration {
        self.next
    }
    /// When the codes die, since the start.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }
    /// Takes the answer to a poll made at `elapsed`. `authorization_pending`: same interval; `slow_down`: 5 s more, or the interval the answer names if it is longer (GitHub); passing faults (429, 5xx): doubled, as RFC 8628, section 3.5 asks.
    /// # Errors
    /// Denied, expired, or any other final error.
    pub fn answer(self, elapsed: Duration, answer: PollAnswer) -> Result<DeviceStep, DeviceError> {
        let _ = (elapsed, answer);
        todo!()
    }
}
/// An answer to a poll.
pub enum PollAnswer {
    /// The token endpoint spoke. `interval` is the body's, if any (see [`interval_in`]).
    Answered {
        /// Parsed.
        result: Result<TokenResponse, TokenError>,
        /// From the body.
        interval: Option<Duration>,
    },
    /// Connection failed or timed out.
    Unreachable,
}
/// The `interval` of a `slow_down` body (number or string).
pub fn interval_in(body: &[u8]) -> Option<Duration> {
    let _ = body;
    todo!()
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
