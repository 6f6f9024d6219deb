//! `POST /device_authorization`: a device begins (RFC 8628, section 3.1).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use oarlock_io::entropy;
use oarlock_oauth::{
    authorization::ErrorCode,
    authorization_server::{client::GrantType, token::DeviceRequest, user_code::UserCode},
    secret::DeviceCode,
};
use serde_json::json;

use super::{
    Endpoints, after,
    answer::{self, Refused},
    call::Call,
};
use crate::broker::{
    Parts,
    digest::{Digest, Purpose},
    id::LoginId,
    login::Stage,
    request::{Asked, DeviceAsked, LoginRequest},
    store::{Begun, NewLogin},
};

/// User codes that are tried: with 100,000 of 25,600,000,000 taken, a second is seldom needed.
const TRIES: usize = 5;

pub(super) async fn answer(
    State(endpoints): State<Arc<Endpoints>>,
    request: Request,
) -> Result<Response, Refused> {
    let call = Call::read(&endpoints, request).await?;
    if !call.client.metadata.uses(GrantType::DeviceCode) {
        return Err(Refused::new(
            ErrorCode::UnauthorizedClient,
            "this client is not registered for the device grant (grant_types)",
        ));
    }
    let parts = endpoints.parts();
    let asked = call.request.device()?;
    check_resources(parts, &asked)?;
    check_scopes(parts, &call, &asked)?;
    parts
        .throttles
        .login(call.from)
        .map_err(Refused::TooOften)?;
    let device_code = DeviceCode::from_random(entropy::random()?);
    for _ in 0..TRIES {
        let user_code = UserCode::from_random(entropy::random()?);
        let login = login(parts, &call, &asked, &device_code, &user_code)?;
        match parts.store.begin(login).await? {
            Begun::Yes => return Ok(begun(parts, &device_code, &user_code)),
            Begun::Taken => {}
            Begun::Full => return Err(full(parts)),
        }
    }
    Err(full(parts))
}

/// Resources that this server makes tokens for (RFC 8707, section 2).
fn check_resources(parts: &Parts, asked: &DeviceRequest) -> Result<(), Refused> {
    let known = &parts.config.resources;
    if known.is_empty() || asked.resources.iter().all(|asked| known.contains(asked)) {
        return Ok(());
    }
    Err(Refused::new(
        ErrorCode::InvalidTarget,
        "this server makes no tokens for this resource",
    ))
}

/// Scopes that cannot be had are left out; but nothing is not a part of what was asked for (RFC 6749, section 3.3).
fn check_scopes(parts: &Parts, call: &Call, asked: &DeviceRequest) -> Result<(), Refused> {
    let allowed = call.client.allowed(&asked.scopes, &parts.known_scopes);
    if asked.scopes.is_empty() || !allowed.is_empty() {
        return Ok(());
    }
    Err(Refused::new(
        ErrorCode::InvalidScope,
        "none of these scopes can be had here by this client",
    ))
}

fn login(
    parts: &Parts,
    call: &Call,
    asked: &DeviceRequest,
    device_code: &DeviceCode,
    user_code: &UserCode,
) -> Result<NewLogin, Refused> {
    let device = DeviceAsked {
        client_id: call.client.id.clone(),
        scopes: call.client.allowed(&asked.scopes, &parts.known_scopes),
        resources: asked.resources.clone(),
        user_code: user_code.to_string(),
    };
    let codes = (
        Digest::of(Purpose::Device, device_code.expose()),
        Digest::of(Purpose::UserCode, user_code.letters()),
    );
    Ok(NewLogin {
        id: LoginId::from_random(entropy::random()?),
        request: LoginRequest {
            asked: Asked::Device(device),
            at: call.now,
            from: call.from,
        },
        stage: Stage::Asked,
        browser: None,
        device: Some(codes),
        expires_at: after(call.now, parts.config.lifetimes.device),
        // A device costs a stranger one request, a browser some pages: the other half is left to them (hostile.md, 38).
        most: parts.config.limits.logins.div_ceil(2),
    })
}

fn begun(parts: &Parts, device_code: &DeviceCode, user_code: &UserCode) -> Response {
    let verification_uri = format!("{}/device", parts.issuer);
    let body = json!({
        "device_code": device_code.expose(),
        "user_code": user_code.to_string(),
        "verification_uri": verification_uri,
        "verification_uri_complete": format!("{verification_uri}?user_code={user_code}"),
        "expires_in": parts.config.lifetimes.device.as_secs(),
        "interval": parts.config.lifetimes.device_interval.as_secs(),
    });
    answer::json(StatusCode::OK, body.to_string())
}

fn full(parts: &Parts) -> Refused {
    tracing::warn!(
        most = parts.config.limits.logins,
        "a device was turned away: as many logins are under way as may"
    );
    Refused::new(
        ErrorCode::TemporarilyUnavailable,
        "too many logins are under way; try again in a few seconds",
    )
}
