//! `POST /register`: a client registers itself (RFC 7591).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use oarlock_oauth::secret::RegistrationAccessToken;
use serde_json::Value;

use super::{
    Endpoints,
    answer::{self, Refused},
    bearer,
    call::{Sent, may_try},
};
use crate::broker::audit::{Event, What};

pub(super) async fn answer(
    State(endpoints): State<Arc<Endpoints>>,
    request: Request,
) -> Result<Response, Refused> {
    let parts = endpoints.parts();
    let sent = Sent::read(&endpoints, request).await?;
    let from = sent.from;
    may_try(parts, from)?;
    parts
        .throttles
        .registration(from)
        .map_err(Refused::TooOften)?;
    let token = bearer::token(&sent.headers)
        .ok()
        .map(RegistrationAccessToken::new);
    let registered = match parts.clients.register(&sent.body, token.as_ref()).await {
        Ok(registered) => registered,
        Err(refusal) if refusal.status == StatusCode::UNAUTHORIZED && token.is_some() => {
            // A token that is wrong is a guess.
            parts.throttles.miss(from).map_err(Refused::TooOften)?;
            return Err(refusal.into());
        }
        Err(refusal) => return Err(refusal.into()),
    };
    parts.note(&Event {
        what: What::ClientRegistered,
        client_id: registered.get("client_id").and_then(Value::as_str),
        from: Some(from),
        ..Event::default()
    });
    Ok(answer::json(StatusCode::CREATED, registered.to_string()))
}
