//! `POST /revoke`: a program is done with its token (RFC 7009).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use oarlock_oauth::{
    authorization_server::access_token,
    secret::{AccessToken, RefreshToken},
};

use super::{
    Endpoints, after,
    answer::{self, Refused},
    call::Call,
};
use crate::broker::{
    Parts,
    audit::{Event, What},
    id::{SessionId, UserId},
    store::SessionKey,
    tokens::Tokens,
};

/// 200 whether there was such a token or not (section 2.2); another client's is none.
pub(super) async fn answer(
    State(endpoints): State<Arc<Endpoints>>,
    request: Request,
) -> Result<Response, Refused> {
    let call = Call::read(&endpoints, request).await?;
    let parts = endpoints.parts();
    let token = call.request.token()?;
    if Tokens::shown(&token).is_some() {
        revoke_session(parts, &call, &token).await?;
    } else {
        revoke_access_token(parts, &call, &AccessToken::new(token.expose())).await?;
    }
    Ok(answer::json(StatusCode::OK, "{}"))
}

/// The session with all its tokens (section 2.1). An old refresh token does as well as the present one.
async fn revoke_session(parts: &Parts, call: &Call, token: &RefreshToken) -> Result<(), Refused> {
    let Some((family, _)) = Tokens::shown(token) else {
        return Ok(());
    };
    let Some((session, _)) = parts.store.session(SessionKey::Handle(family)).await? else {
        return Ok(());
    };
    if session.client_id != call.client.id || !session.is_alive(call.now) {
        return Ok(());
    }
    let revoked = parts
        .store
        .revoke_session(session.id.clone(), call.now)
        .await?;
    if revoked.is_some() {
        note(
            parts,
            call,
            What::SessionRevoked,
            &session.user,
            &session.id,
        );
    }
    Ok(())
}

/// This one alone: the program may have others.
async fn revoke_access_token(
    parts: &Parts,
    call: &Call,
    token: &AccessToken,
) -> Result<(), Refused> {
    let Some(claims) = parts.tokens.check(token) else {
        return Ok(());
    };
    if claims.client_id != call.client.id {
        return Ok(());
    }
    // As long as it would be taken for good.
    let until = after(claims.expires_at, access_token::SKEW);
    parts.store.revoke_access_token(claims.id, until).await?;
    let session = SessionId::known(claims.session.unwrap_or_default());
    let user = UserId::known(claims.subject);
    note(parts, call, What::AccessTokenRevoked, &user, &session);
    Ok(())
}

fn note(parts: &Parts, call: &Call, what: What, user: &UserId, session: &SessionId) {
    parts.note(&Event {
        what,
        user: Some(user),
        session: Some(session),
        client_id: Some(&call.client.id),
        from: Some(call.from),
        ..Event::default()
    });
}
