//! Access tokens that are shown to this server itself (RFC 6750).

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use oarlock_oauth::{
    Timestamp,
    authorization::ErrorCode,
    authorization_server::{access_token::AccessTokenClaims, error::EndpointRefusal},
    secret::AccessToken,
    text::Untrusted,
};

use super::answer::Refused;
use crate::broker::{Parts, id::SessionId, session::Session, store::StoreError, user::User};

/// Whose token it is, and what it allows.
#[derive(Debug)]
pub(super) struct Bearer {
    pub(super) user: User,
    pub(super) claims: AccessTokenClaims,
}

/// Why a request with or without a token goes no further (section 3.1).
#[derive(Debug)]
pub(super) enum Challenge {
    /// There is none.
    NoToken,
    /// Two, or what is no bearer token.
    Malformed,
    /// It is not good, or not for this server.
    Invalid,
    /// It does not allow this.
    NeedsScope(&'static str),
    /// The store.
    Refused(Refused),
}

impl Bearer {
    /// Whoever a request's token belongs to.
    pub(super) async fn of(
        parts: &Parts,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Self, Challenge> {
        let token = shown(headers)?;
        let claims = parts.tokens.check(&token).ok_or(Challenge::Invalid)?;
        // One that was made for a resource is not for us: the resource could show it here (hostile.md, 14; RFC 8707, section 2).
        let is_ours = |audience: &String| audience == parts.issuer.as_str();
        if !claims.audience.iter().any(is_ours) {
            return Err(Challenge::Invalid);
        }
        match alive(parts, &claims, now).await? {
            Some((_, user)) => Ok(Self { user, claims }),
            None => Err(Challenge::Invalid),
        }
    }
}

/// Session and user of a token that is signed by us, if it and its session are not revoked, and the user may still come in.
pub(super) async fn alive(
    parts: &Parts,
    claims: &AccessTokenClaims,
    now: Timestamp,
) -> Result<Option<(Session, User)>, StoreError> {
    let Some(session) = &claims.session else {
        return Ok(None);
    };
    let session = SessionId::known(session.as_str());
    let found = parts
        .store
        .access_token(claims.id.clone(), session, now)
        .await?;
    Ok(found.filter(|(_, user)| parts.upstreams.admits(user)))
}

/// The token of a request's one `Authorization` header.
pub(super) fn token(headers: &HeaderMap) -> Result<&str, Challenge> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let line = match (lines.next(), lines.next()) {
        (None, _) => return Err(Challenge::NoToken),
        (Some(line), None) => line.to_str().map_err(|_| Challenge::Malformed)?,
        (Some(_), Some(_)) => return Err(Challenge::Malformed),
    };
    let (scheme, token) = line.split_once(' ').ok_or(Challenge::Malformed)?;
    let token = token.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Challenge::NoToken);
    }
    if token.is_empty() || token.contains(' ') {
        return Err(Challenge::Malformed);
    }
    Ok(token)
}

fn shown(headers: &HeaderMap) -> Result<AccessToken, Challenge> {
    token(headers).map(AccessToken::new)
}

impl From<StoreError> for Challenge {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Challenge> for Refused {
    fn from(challenge: Challenge) -> Self {
        let (status, code, description, scope) = match challenge {
            Challenge::Refused(refused) => return refused,
            Challenge::NoToken => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "an access token is needed (Authorization: Bearer)",
                None,
            ),
            Challenge::Malformed => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "there must be one Authorization header, with one bearer token",
                None,
            ),
            Challenge::Invalid => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "the access token is expired, revoked, or not for this server",
                None,
            ),
            Challenge::NeedsScope(scope) => (
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                "the access token does not allow this",
                Some(scope),
            ),
        };
        let mut value = "Bearer realm=\"oarlock\"".to_owned();
        // Without a token nothing is said of an error (section 3.1).
        if !matches!(challenge, Challenge::NoToken) {
            value.push_str(&format!(", error=\"{code}\""));
        }
        if let Some(scope) = scope {
            value.push_str(&format!(", scope=\"{scope}\""));
        }
        Self::Endpoint(EndpointRefusal {
            code: ErrorCode::Other(Untrusted::new(code)),
            description,
            status,
            challenge: HeaderValue::from_str(&value).ok(),
        })
    }
}

impl IntoResponse for Challenge {
    fn into_response(self) -> Response {
        Refused::from(self).into_response()
    }
}
