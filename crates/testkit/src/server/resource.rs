//! What a token opens: userinfo and a small protected resource (RFC 6750).
use super::{
    answer::{self, Refusal},
    app::App,
    endpoint::Endpoint,
    faults::Fault,
    grants::LiveAccess,
    id_token,
    record::RecordedRequest,
};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

/// GET or POST /userinfo (OpenID Connect Core, section 5.3).
pub(crate) fn userinfo(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    const HERE: Endpoint = Endpoint::Userinfo;
    if app.shows(Fault::UserinfoFails, HERE) {
        return Err(Refusal::server("userinfo is out of order"));
    }
    let access = bearer(app, request)?;
    let (Some(user), true) = (
        &access.grant.user,
        access.scopes.iter().any(|scope| scope == "openid"),
    ) else {
        return Err(
            Refusal::new("insufficient_scope", "userinfo needs the scope openid")
                .status(StatusCode::FORBIDDEN)
                .challenge("Bearer"),
        );
    };
    let mut claims = id_token::person(app, &access.grant, user, HERE);
    if app.shows(Fault::UserinfoWrongSubject, HERE) {
        claims.insert("sub".into(), "somebody-else".into());
        claims.insert("email".into(), "somebody-else@example.com".into());
    }
    Ok(answer::json(Value::Object(claims)))
}

/// GET or POST /api/whoami: whose token this is.
pub(crate) fn whoami(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    let access = bearer(app, request)?;
    let user = access.grant.user.as_ref();
    Ok(answer::json(json!({
        "sub": user.map(|user| &user.subject),
        "name": user.map(|user| &user.name),
        "email": user.map(|user| &user.email),
        "client_id": access.grant.client_id,
        "scope": access.scopes.join(" "),
        "expires_at": access.expires_at.to_string(),
    })))
}

/// Any method on /api/echo: what was sent, without the token.
pub(crate) fn echo(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    bearer(app, request)?;
    let secret = [http::header::AUTHORIZATION, http::header::COOKIE];
    let headers: serde_json::Map<String, Value> = request
        .headers
        .iter()
        .filter(|(name, _)| !secret.contains(name))
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into(),
            )
        })
        .collect();
    let query: Vec<_> = request
        .query
        .iter()
        .map(|(name, value)| json!([name, value]))
        .collect();
    Ok(answer::json(json!({
        "method": request.method.as_str(),
        "path": request.path,
        "query": query,
        "headers": headers,
        "body": String::from_utf8_lossy(&request.body),
    })))
}

/// The token of the request. Without one there is a challenge and no error (RFC 6750, section 3.1).
fn bearer(app: &App, request: &RecordedRequest) -> Result<LiveAccess, Refusal> {
    let challenge = |code, description: &str| {
        Refusal::new(code, description)
            .status(StatusCode::UNAUTHORIZED)
            .challenge("Bearer")
    };
    let token = request
        .bearer()
        .ok_or_else(|| challenge("", "a bearer token is needed"))?;
    let live = app.store().grants.live_access(token, app.now());
    live.ok_or_else(|| {
        challenge(
            "invalid_token",
            "the access token is unknown, expired or revoked",
        )
    })
}
