//! A refresh token for tokens, and the next refresh token (RFC 6749, section 6; RFC 9700, section 4.14).

use axum::response::Response;
use oarlock_oauth::{
    authorization::ErrorCode, authorization_server::token::RequestedGrant, scope::Scopes,
};

use super::{
    super::{Endpoints, after, answer::Refused, call::Call},
    issue::{self, Issue},
    part,
};
use crate::broker::{
    audit::{Event, What},
    digest::Digest,
    session::Session,
    store::{Rotate, Rotated, SessionKey},
    tokens::Tokens,
};

/// What is asked for is checked before anything is spent.
pub(super) async fn rotate(
    endpoints: &Endpoints,
    call: &Call,
    grant: &RequestedGrant,
) -> Result<Response, Refused> {
    let RequestedGrant::Refresh {
        token,
        scopes,
        resources,
    } = grant
    else {
        return Err(invalid());
    };
    let parts = endpoints.parts();
    let (handle, secret) = Tokens::shown(token).ok_or_else(invalid)?;
    let next = parts.tokens.next(token)?.ok_or_else(invalid)?;
    if scopes.is_some() || !resources.is_empty() {
        let session = look(endpoints, call, handle).await?;
        narrower(&session, scopes.as_ref())?;
        part(&session.resources, resources)?;
    }
    let rotate = Rotate {
        handle,
        secret,
        next: next.secret,
        client_id: call.client.id.clone(),
        expires_at: after(call.now, parts.config.lifetimes.session),
    };
    match parts.store.rotate(rotate, call.now).await? {
        Rotated::Now(found) => {
            let (session, user) = *found;
            if !parts.upstreams.admits(&user) {
                return shut_out(endpoints, call, session).await;
            }
            let scopes = narrower(&session, scopes.as_ref())?;
            issue::issue(
                endpoints,
                call,
                &Issue {
                    session: &session,
                    user: &user,
                    scopes,
                    resources: part(&session.resources, resources)?,
                    nonce: None,
                    refresh_token: Some(next.token),
                    what: What::Refreshed,
                },
            )
        }
        Rotated::Reused(session) => {
            issue::note_theft(parts, call, What::RefreshTokenReused, &session);
            Err(invalid())
        }
        Rotated::Unknown => Err(invalid()),
    }
}

/// The configuration no longer lets this person in: the session is over for good.
async fn shut_out(
    endpoints: &Endpoints,
    call: &Call,
    session: Session,
) -> Result<Response, Refused> {
    let parts = endpoints.parts();
    let revoked = parts.store.revoke_session(session.id.clone(), call.now);
    revoked.await?;
    parts.note(&Event {
        what: What::SessionRevoked,
        user: Some(&session.user),
        session: Some(&session.id),
        client_id: Some(&call.client.id),
        from: Some(call.from),
        why: Some("not_allowed"),
        ..Event::default()
    });
    Err(invalid())
}

/// The session of a family, before its token is spent.
async fn look(endpoints: &Endpoints, call: &Call, handle: Digest) -> Result<Session, Refused> {
    let found = endpoints
        .parts()
        .store
        .session(SessionKey::Handle(handle))
        .await?;
    found
        .map(|(session, _)| session)
        .filter(|session| session.client_id == call.client.id && session.is_alive(call.now))
        .ok_or_else(invalid)
}

/// The scopes that are asked for, if they are a part of the session's; where none is named, all of these.
fn narrower<'a>(session: &'a Session, asked: Option<&'a Scopes>) -> Result<&'a Scopes, Refused> {
    let Some(asked) = asked else {
        return Ok(&session.scopes);
    };
    if asked.iter().all(|scope| session.scopes.contains(scope)) {
        return Ok(asked);
    }
    Err(Refused::new(
        ErrorCode::InvalidScope,
        "a refresh cannot have scopes that were not granted; log in again for more",
    ))
}

/// The same whatever is wrong (hostile.md, 10).
fn invalid() -> Refused {
    Refused::new(
        ErrorCode::InvalidGrant,
        "the refresh token is unknown, expired, revoked, used before or another client's; log in again",
    )
}
