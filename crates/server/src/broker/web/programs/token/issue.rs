//! What a program gets for its grant (RFC 6749, section 5.1).

use axum::response::Response;
use http::StatusCode;
use oarlock_io::entropy;
use oarlock_oauth::{
    authorization::ErrorCode,
    authorization_server::client::GrantType,
    scope::Scopes,
    secret::{AccessToken, IdToken, Nonce, RefreshToken},
};
use serde::Serialize;

use super::super::{
    Endpoints, after,
    answer::{self, Refused},
    call::Call,
};
use crate::broker::{
    Parts,
    audit::{Event, What},
    id::SessionId,
    session::{NewSession, Session, SessionKind},
    user::User,
};

/// A session that a program is about to get, and the refresh token of it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) session: NewSession,
    pub(super) refresh_token: Option<RefreshToken>,
}

/// What is issued, and for whom.
#[derive(Debug)]
pub(super) struct Issue<'a> {
    pub(super) session: &'a Session,
    pub(super) user: &'a User,
    /// The session's, or a part of them.
    pub(super) scopes: &'a Scopes,
    pub(super) resources: &'a [String],
    pub(super) nonce: Option<&'a Nonce>,
    pub(super) refresh_token: Option<RefreshToken>,
    pub(super) what: What,
}

/// The answer.
#[derive(Serialize)]
struct Body<'a> {
    access_token: &'a AccessToken,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Scopes::is_empty")]
    scope: &'a Scopes,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a RefreshToken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a IdToken>,
}

/// A session for a client. One that uses no refresh tokens gets none, and its session is over with its access token.
///
/// `offline_access` is not asked for: a terminal that has to log in anew every ten minutes is what nobody wants from this server.
pub(super) fn prepare(parts: &Parts, call: &Call) -> Result<Prepared, Refused> {
    let lifetimes = &parts.config.lifetimes;
    let refresh = match call.client.metadata.uses(GrantType::RefreshToken) {
        true => Some(parts.tokens.refresh()?),
        false => None,
    };
    let lasts = match refresh {
        Some(_) => lifetimes.session,
        None => lifetimes.access_token,
    };
    let session = NewSession {
        id: SessionId::from_random(entropy::random()?),
        kind: SessionKind::Client,
        handle: refresh.as_ref().map(|refresh| refresh.family),
        secret: refresh.as_ref().map(|refresh| refresh.secret),
        expires_at: after(call.now, lasts),
        from: call.from,
    };
    Ok(Prepared {
        session,
        refresh_token: refresh.map(|refresh| refresh.token),
    })
}

/// Signs the tokens and says what happened.
pub(super) fn issue(
    endpoints: &Endpoints,
    call: &Call,
    issue: &Issue<'_>,
) -> Result<Response, Refused> {
    let parts = endpoints.parts();
    let (access_token, expires_in) =
        parts
            .tokens
            .access(issue.session, issue.scopes, issue.resources)?;
    let id_token = match issue.scopes.contains("openid") {
        true => Some(
            parts
                .tokens
                .id(issue.session, issue.user, issue.nonce, &access_token)?,
        ),
        false => None,
    };
    let body = serde_json::to_vec(&Body {
        access_token: &access_token,
        token_type: "Bearer",
        expires_in,
        scope: issue.scopes,
        refresh_token: issue.refresh_token.as_ref(),
        id_token: id_token.as_ref(),
    });
    let body =
        body.map_err(|_| Refused::new(ErrorCode::ServerError, "the tokens cannot be written"))?;
    note(parts, call, issue.what, issue.session);
    Ok(answer::json(StatusCode::OK, body))
}

/// What happened to a session of a program.
pub(super) fn note(parts: &Parts, call: &Call, what: What, session: &Session) {
    parts.note(&Event {
        what,
        user: Some(&session.user),
        session: Some(&session.id),
        client_id: Some(&call.client.id),
        from: Some(call.from),
        ..Event::default()
    });
}

/// A session that was revoked because what bought it came again (hostile.md, 11).
pub(super) fn note_theft(parts: &Parts, call: &Call, what: What, session: &SessionId) {
    tracing::warn!(%session, "a code or refresh token came a second time; its session is revoked");
    parts.note(&Event {
        what,
        session: Some(session),
        client_id: Some(&call.client.id),
        from: Some(call.from),
        ..Event::default()
    });
}
