//! Paths and their handlers.
use super::{
    answer::Refusal,
    app::{App, lock},
    authorization, device,
    endpoint::Endpoint,
    metadata, pages, pipeline,
    record::RecordedRequest,
    registration, resource, revocation, token,
};
use axum::{
    Extension, Router,
    body::to_bytes,
    extract::{Request, State},
    middleware,
    response::Response,
    routing::{MethodFilter, MethodRouter, any, on},
};
use serde_json::json;
use std::sync::Arc;

type Handler = fn(&App, &RecordedRequest) -> Result<Response, Refusal>;

/// The server.
pub(crate) fn server(app: &Arc<App>) -> Router {
    let answered = |filter, handler| route(app, filter, handler);
    let (read, write) = (MethodFilter::GET, MethodFilter::POST);
    Router::new()
        .route("/", answered(read, front))
        .route(
            "/.well-known/oauth-authorization-server",
            answered(read, metadata::document),
        )
        .route(
            "/.well-known/openid-configuration",
            answered(read, metadata::document),
        )
        .route("/jwks.json", answered(read, metadata::keys))
        .route(
            "/authorize",
            answered(read, authorization::show).merge(answered(write, authorization::decide)),
        )
        .route("/token", answered(write, token::answer))
        .route("/device_authorization", answered(write, device::begin))
        .route(
            "/device",
            answered(read, device::show).merge(answered(write, device::decide)),
        )
        .route("/revoke", answered(write, revocation::revoke))
        .route("/introspect", answered(write, revocation::introspect))
        .route("/userinfo", answered(read.or(write), resource::userinfo))
        .route("/register", answered(write, registration::register))
        .route("/api/whoami", answered(read.or(write), resource::whoami))
        .route("/api/echo", any_method(app, resource::echo))
        .layer(middleware::from_fn_with_state(
            Arc::clone(app),
            pipeline::run,
        ))
}

/// The other origin: records what arrives, and answers as if it were everything at once, so that
/// a client which follows a redirect is not saved by an error.
pub(crate) fn elsewhere(app: &Arc<App>) -> Router {
    Router::new()
        .fallback(any(trap))
        .with_state(Arc::clone(app))
}

async fn trap(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let record = pipeline::record(&app, Endpoint::Elsewhere, &parts, &body);
    lock(&app.records).add(record);
    super::answer::json(json!({
        "issuer": app.issuer,
        "authorization_endpoint": format!("{}/authorize", app.elsewhere),
        "token_endpoint": format!("{}/token", app.elsewhere),
        "access_token": "token-from-elsewhere",
        "token_type": "Bearer",
        "expires_in": 3600,
        "sub": "elsewhere",
        "keys": [app.foreign_key.jwk()],
    }))
}

fn front(app: &App, _: &RecordedRequest) -> Result<Response, Refusal> {
    Ok(pages::front(&app.issuer))
}

fn route(app: &Arc<App>, filter: MethodFilter, handler: Handler) -> MethodRouter {
    let app = Arc::clone(app);
    on(
        filter,
        move |Extension(request): Extension<Arc<RecordedRequest>>| async move {
            answer(&app, &request, handler)
        },
    )
}

fn any_method(app: &Arc<App>, handler: Handler) -> MethodRouter {
    let app = Arc::clone(app);
    any(
        move |Extension(request): Extension<Arc<RecordedRequest>>| async move {
            answer(&app, &request, handler)
        },
    )
}

fn answer(app: &App, request: &RecordedRequest, handler: Handler) -> Response {
    handler(app, request).unwrap_or_else(|refusal| app.refuse(request.endpoint, refusal))
}
