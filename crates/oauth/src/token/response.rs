use super::TokenResponse;
use crate::{
    Timestamp,
    answer::{self, Body, malformed, pointed, string},
    authorization::ErrorResponse,
    profile::ProviderProfile,
    scope::Scopes,
    secret::{AccessToken, IdToken, RefreshToken},
    text::Untrusted,
    token_error::TokenError,
};
use serde_json::Value;

/// Reads the answer: JSON, or a form where the provider sends one; errors with 200 too.
///
/// `now` is the local clock at receipt; `expires_in` is relative to it, so the server's clock does not matter. It
/// may be a number or a string; missing, zero or negative it says nothing about the lifetime (GitHub's tokens that
/// do not expire), and a huge one saturates. A missing `token_type` is Bearer. `scope` may be separated by spaces
/// or commas, or be a list (Twitch); an empty one means as asked. An empty refresh token is none.
///
/// # Errors
/// An OAuth error, a passing fault, an answer that is neither, or a token of another type than Bearer. A token with
/// characters beyond visible ASCII is refused: it would end in a header (RFC 6749, appendix A.12).
pub fn response(
    profile: &ProviderProfile,
    response: &http::Response<Vec<u8>>,
    now: Timestamp,
) -> Result<TokenResponse, TokenError> {
    let body = answer::read(response)?;
    if let Some(failure) = failure(profile, response, &body) {
        return Err(failure);
    }
    let fields = token_fields(profile, &body);
    let token = |name| match string(fields, name) {
        Some(token) if !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(malformed(response))
        }
        token => Ok(token),
    };
    Ok(TokenResponse {
        access_token: token("access_token")?
            .map(AccessToken::new)
            .ok_or_else(|| malformed(response))?,
        token_type: token_type(profile, response, fields)?,
        expires_at: fields
            .get("expires_in")
            .and_then(answer::seconds)
            .map(|seconds| later(now, seconds)),
        issued_at: now,
        refresh_token: token("refresh_token")?.map(RefreshToken::new),
        scope: scope(fields),
        id_token: token("id_token")?.map(IdToken::new),
    })
}

/// A 200 that its own `success_pointer` denies.
fn failure(
    profile: &ProviderProfile,
    response: &http::Response<Vec<u8>>,
    body: &Body,
) -> Option<TokenError> {
    let success = pointed(body, profile.success_pointer.as_deref()?)?;
    if *success == Value::Bool(true) {
        return None;
    }
    Some(ErrorResponse::from_json(body).map_or_else(
        || malformed(response),
        |error| answer::refusal(response, error),
    ))
}

/// The object with the token: where the profile points, else the whole body (Slack's refresh answers are flat).
fn token_fields<'a>(profile: &ProviderProfile, body: &'a Body) -> &'a Body {
    let nested = profile
        .token_pointer
        .as_deref()
        .and_then(|pointer| pointed(body, pointer));
    nested.and_then(Value::as_object).unwrap_or(body)
}

fn token_type(
    profile: &ProviderProfile,
    response: &http::Response<Vec<u8>>,
    fields: &Body,
) -> Result<String, TokenError> {
    let token_type = match fields.get("token_type") {
        None | Some(Value::Null) => "",
        Some(Value::String(token_type)) => token_type,
        Some(_) => return Err(malformed(response)),
    };
    let known = |alias: &String| alias.eq_ignore_ascii_case(token_type);
    if token_type.is_empty() || profile.token_type_aliases.iter().any(known) {
        return Ok("Bearer".to_owned());
    }
    // Compared without case (RFC 6749, section 5.1).
    if token_type.eq_ignore_ascii_case("bearer") {
        return Ok(token_type.to_owned());
    }
    Err(TokenError::UnsupportedType(Untrusted::new(token_type)))
}

fn scope(fields: &Body) -> Option<Scopes> {
    let scopes: Scopes = match fields.get("scope")? {
        Value::String(text) => Scopes::parse(text),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    (!scopes.is_empty()).then_some(scopes)
}

fn later(now: Timestamp, seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    now.checked_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}
