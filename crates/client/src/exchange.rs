//! One token request: sent, answered, dated by the server's clock.

use jiff::SignedDuration;
use oarlock_io::{Clock, HttpClient, http_client::server_date};
use oarlock_oauth::{
    profile::ProviderProfile,
    token::{self, Grant, TokenResponse},
};

use crate::error::Error;

/// Differences below this are the `Date` header's resolution and the way of the answer, not a wrong clock.
const TOLERANCE: i64 = 30;

/// Exchanges a grant for tokens; beside them, the server's clock minus ours in seconds (0 where they agree).
pub(crate) async fn tokens(
    http: &HttpClient,
    clock: &dyn Clock,
    profile: &ProviderProfile,
    grant: &Grant<'_>,
) -> Result<(TokenResponse, i64), Error> {
    let request = token::request(profile, grant)?;
    let response = http.send(request).await?;
    let offset = clock_offset(&response, clock);
    let now = clock.now();
    let now = now
        .checked_add(SignedDuration::from_secs(offset))
        .unwrap_or(now);
    Ok((token::response(profile, &response, now)?, offset))
}

/// Server's clock minus ours, in seconds, by the `Date` header (RFC 9110, section 6.6.1).
pub(crate) fn clock_offset<B>(response: &http::Response<B>, clock: &dyn Clock) -> i64 {
    server_date(response)
        .map(|date| date.duration_since(clock.now()).as_secs())
        .filter(|offset| offset.abs() > TOLERANCE)
        .unwrap_or(0)
}
