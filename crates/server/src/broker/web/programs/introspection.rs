//! `POST /introspect`: whether a token is good still (RFC 7662).
//!
//! Of access tokens alone: whether a refresh token is the present one of its family nobody learns without spending it.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use oarlock_oauth::{authorization_server::access_token::AccessTokenClaims, secret::AccessToken};
use serde_json::{Value, json};

use super::{
    Endpoints,
    answer::{self, Refused},
    bearer,
    call::Call,
};

/// Section 2.2: why a token is not active is nobody's business.
const INACTIVE: &str = r#"{"active":false}"#;

pub(super) async fn answer(
    State(endpoints): State<Arc<Endpoints>>,
    request: Request,
) -> Result<Response, Refused> {
    let call = Call::read(&endpoints, request).await?;
    let token = call.request.token()?;
    let token = AccessToken::new(token.expose());
    let Some(claims) = endpoints
        .parts()
        .tokens
        .check(&token)
        .filter(|claims| may_see(&call, claims))
    else {
        return Ok(answer::json(StatusCode::OK, INACTIVE));
    };
    if bearer::alive(endpoints.parts(), &claims, call.now)
        .await?
        .is_none()
    {
        return Ok(answer::json(StatusCode::OK, INACTIVE));
    }
    Ok(answer::json(StatusCode::OK, active(&claims).to_string()))
}

/// Its own tokens every client; those that are for it, a client that proves who it is: its id is its resource indicator then.
fn may_see(call: &Call, claims: &AccessTokenClaims) -> bool {
    claims.client_id == call.client.id
        || call.client.is_confidential() && claims.audience.contains(&call.client.id)
}

/// Section 2.2.
fn active(claims: &AccessTokenClaims) -> Value {
    let audience = match claims.audience.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let mut body = json!({
        "active": true,
        "token_type": "Bearer",
        "client_id": claims.client_id,
        "sub": claims.subject,
        "iss": claims.issuer,
        "aud": audience,
        "exp": claims.expires_at.as_second(),
        "iat": claims.issued_at.as_second(),
        "jti": claims.id,
    });
    if let Some(members) = body.as_object_mut() {
        let scope = (!claims.scopes.is_empty()).then(|| json!(claims.scopes));
        members.extend(scope.map(|scope| ("scope".to_owned(), scope)));
        let session = claims.session.as_ref().map(|session| json!(session));
        members.extend(session.map(|session| ("sid".to_owned(), session)));
    }
    body
}
