//! Device authorization grant (RFC 8628).

mod poll;

pub use self::poll::{DeviceError, DevicePoll, DeviceStep, PollAnswer};

use crate::{
    answer::{self, Body, malformed},
    endpoint::Endpoint,
    outgoing::{Fields, authenticate, post_form},
    profile::{ProfileError, ProviderProfile},
    scope::Scopes,
    secret::DeviceCode,
    text::Untrusted,
    token_error::TokenError,
};
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// Between polls where the server names no interval (RFC 8628, section 3.2).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// Lifetime where the server names none, although it must: what GitHub and Entra give.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Longest lifetime and interval believed.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest user code, in characters: a person has to type it.
const LONGEST_USER_CODE: usize = 64;

/// What the person must do, and how to poll.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeviceAuthorization {
    /// For polling.
    pub device_code: DeviceCode,
    /// To type.
    pub user_code: Untrusted,
    /// To open.
    pub verification_uri: Endpoint,
    /// The same with the code inside; `None` where absent or unusable.
    pub verification_uri_complete: Option<Url>,
    /// Lifetime from receipt.
    pub expires_in: Duration,
    /// Between polls.
    pub interval: Duration,
}

/// The HTTP request (section 3.1): a form, whatever the format of token requests is.
///
/// `scopes` are sent as given, none if there is none.
///
/// # Errors
/// The profile lacks a client id, a device authorization endpoint, or a secret that its client authentication needs.
pub fn request(
    profile: &ProviderProfile,
    scopes: &Scopes,
) -> Result<http::Request<Vec<u8>>, ProfileError> {
    let endpoint = profile.device_authorization_endpoint()?;
    let mut fields = Fields::default();
    let authorization = authenticate(profile, &mut fields)?;
    if !scopes.is_empty() {
        fields.push("scope", &scopes.join(profile.scope_separator));
    }
    profile
        .resources
        .iter()
        .for_each(|resource| fields.push("resource", resource));
    post_form(endpoint, &fields, authorization)
        .map_err(|_| profile.unusable("device_authorization_endpoint", endpoint))
}

/// The answer (section 3.2), with Google's and the profile's aliases; interval 5 s when missing.
///
/// `verification_uri_complete` is taken only on the origin of `verification_uri`: it is opened without being read,
/// so it must not lead elsewhere than what the person is shown.
///
/// # Errors
/// An OAuth error, a passing fault, or an answer without usable codes and address.
pub fn response(
    profile: &ProviderProfile,
    response: &http::Response<Vec<u8>>,
) -> Result<DeviceAuthorization, TokenError> {
    let body = answer::read(response)?;
    read(profile, &body).ok_or_else(|| malformed(response))
}

fn read(profile: &ProviderProfile, body: &Body) -> Option<DeviceAuthorization> {
    let text = |name| {
        field(profile, body, name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let seconds = |name| {
        let seconds = field(profile, body, name).and_then(answer::seconds)?;
        Some(Duration::from_secs(seconds).min(LONGEST))
    };
    let verification_uri = Endpoint::parse(text("verification_uri")?).ok()?;
    let complete =
        text("verification_uri_complete").and_then(|complete| Endpoint::parse(complete).ok());
    Some(DeviceAuthorization {
        device_code: DeviceCode::new(text("device_code")?),
        user_code: text("user_code")
            .filter(|code| code.chars().count() <= LONGEST_USER_CODE)
            .map(Untrusted::from)?,
        verification_uri_complete: complete
            .filter(|complete| complete.origin() == verification_uri.origin())
            .map(|complete| complete.url().clone()),
        verification_uri,
        expires_in: seconds("expires_in").unwrap_or(DEFAULT_LIFETIME),
        interval: seconds("interval").unwrap_or(DEFAULT_INTERVAL),
    })
}

/// A field under the profile's name, its own, or `…_url` for `…_uri` (Google, older Entra).
fn field<'a>(profile: &ProviderProfile, body: &'a Body, name: &str) -> Option<&'a Value> {
    let aliased = profile
        .device_aliases
        .get(name)
        .and_then(|alias| body.get(alias));
    aliased
        .or_else(|| body.get(name))
        .or_else(|| body.get(&name.replace("_uri", "_url")))
}

/// The `interval` of a `slow_down` body (number or string).
pub fn interval_in(body: &[u8]) -> Option<Duration> {
    let body = answer::fields(body)?;
    body.get("interval")
        .and_then(answer::seconds)
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST))
}

#[cfg(test)]
mod tests;
