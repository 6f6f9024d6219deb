//! `/userinfo`: who signed in (OpenID Connect Core, section 5.3).

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::{
    Endpoints, answer,
    bearer::{Bearer, Challenge},
};
use crate::broker::tokens::Tokens;

pub(super) async fn answer(
    State(endpoints): State<Arc<Endpoints>>,
    headers: HeaderMap,
) -> Result<Response, Challenge> {
    let parts = endpoints.parts();
    let bearer = Bearer::of(parts, &headers, parts.clock.now()).await?;
    if !bearer.claims.scopes.contains("openid") {
        return Err(Challenge::NeedsScope("openid"));
    }
    let claims = Tokens::claims(&bearer.user, &bearer.claims.scopes);
    let body = Value::Object(claims).to_string();
    Ok(answer::json(StatusCode::OK, body))
}
