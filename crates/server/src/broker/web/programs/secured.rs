//! `GET /secured`: what a program of the older face gets for its cookie, or any program for its token.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header};
use oarlock_oauth::Timestamp;

use super::{
    Endpoints,
    answer::{Refused, text, text_refusal},
    bearer::{Bearer, Challenge},
    pairing,
};
use crate::broker::{
    Parts,
    digest::{Digest, Purpose},
    id::UserId,
    session::Session,
    store::SessionKey,
    web::cookies::Cookie,
};

/// A use is noted so often at most: a program may ask every second, and each note is a write.
const NOTED_EVERY: i64 = 60;

pub(super) async fn answer(
    State(endpoints): State<Arc<Endpoints>>,
    headers: HeaderMap,
) -> Response {
    let parts = endpoints.parts();
    if parts.config.pairing.is_none() {
        return pairing::off();
    }
    match user(&endpoints, &headers).await {
        Ok(user) => text(StatusCode::OK, format!("You are authenticated as: {user}")),
        Err(challenge) => refused(challenge),
    }
}

/// Whose cookie or token it is. A token that is shown counts, whatever cookies come with it.
async fn user(endpoints: &Endpoints, headers: &HeaderMap) -> Result<UserId, Challenge> {
    let parts = endpoints.parts();
    let now = parts.clock.now();
    if headers.contains_key(header::AUTHORIZATION) {
        return Bearer::of(parts, headers, now)
            .await
            .map(|bearer| bearer.user.id);
    }
    let Some(cookie) = Cookie::Session.read(&endpoints.broker, headers) else {
        return Err(Challenge::NoToken);
    };
    let handle = Digest::of(Purpose::SessionCookie, cookie.expose());
    let found = parts.store.session(SessionKey::Handle(handle)).await?;
    let session = found
        .filter(|(session, user)| session.is_alive(now) && parts.upstreams.admits(user))
        .map(|(session, _)| session)
        .ok_or(Challenge::NoToken)?;
    touch(parts, &session, now).await?;
    Ok(session.user)
}

async fn touch(parts: &Parts, session: &Session, now: Timestamp) -> Result<(), Challenge> {
    let since = now
        .as_second()
        .saturating_sub(session.last_used_at.as_second());
    if since >= NOTED_EVERY {
        parts.store.touch(session.id.clone(), now).await?;
    }
    Ok(())
}

fn refused(challenge: Challenge) -> Response {
    let refused = Refused::from(challenge);
    let challenge = match &refused {
        Refused::Endpoint(refusal) => refusal.challenge.clone(),
        Refused::TooOften(_) | Refused::Body(_) => None,
    };
    let mut response = text_refusal(refused);
    response
        .headers_mut()
        .extend(challenge.map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
    response.into_response()
}
