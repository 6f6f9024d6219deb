//! Revocation (RFC 7009) and introspection (RFC 7662).
use super::{
    answer::{self, Refusal},
    app::App,
    client_authentication::authenticate,
    endpoint::Endpoint,
    faults::Fault,
    parameters::Unique,
    record::RecordedRequest,
};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// POST /revoke: 200, also for tokens nobody knows.
pub(crate) fn revoke(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    if app.shows(Fault::RevocationFails, Endpoint::Revoke) {
        return Err(
            Refusal::new("temporarily_unavailable", "revocation is out of order")
                .status(StatusCode::SERVICE_UNAVAILABLE),
        );
    }
    let form = Unique::of(&request.form)?;
    let client = authenticate(app, request, &form)?;
    app.store().grants.revoke(form.need("token")?, &client.id)?;
    Ok(StatusCode::OK.into_response())
}

/// POST /introspect: what is known of a token, to registered clients.
pub(crate) fn introspect(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    let form = Unique::of(&request.form)?;
    authenticate(app, request, &form)?;
    let token = form.need("token")?;
    let store = app.store();
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    let live = store.grants.live_access(token, app.now());
    let (grant, scopes) = match (&live, store.grants.live_refresh(token)) {
        (Some(access), _) => {
            set("token_type", "Bearer".into());
            set("exp", access.expires_at.as_second().into());
            (&access.grant, &access.scopes)
        }
        (None, Some(grant)) => (grant, &grant.scopes),
        // Nothing else is told of a token that is not good (section 2.2).
        (None, None) => return Ok(answer::json(json!({ "active": false }))),
    };
    set("active", true.into());
    set("iss", app.issuer.clone().into());
    set("client_id", grant.client_id.clone().into());
    set("scope", scopes.join(" ").into());
    if let Some(user) = &grant.user {
        set("sub", user.subject.clone().into());
        set("username", user.login.clone().into());
    }
    Ok(answer::json(Value::Object(members)))
}
