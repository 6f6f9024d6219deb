//! `POST /token`: a code, a refresh token or a device code for tokens (RFC 6749, section 3.2; RFC 8628, section 3.4).

mod code;
mod device;
mod issue;
mod refresh;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use oarlock_oauth::{
    authorization::ErrorCode,
    authorization_server::{client::GrantType, token::RequestedGrant},
};

use super::{
    Endpoints,
    answer::Refused,
    call::{Call, Sent, counted},
    pairing,
};

pub(super) async fn answer(State(endpoints): State<Arc<Endpoints>>, request: Request) -> Response {
    let sent = match Sent::read(&endpoints, request).await {
        Ok(sent) => sent,
        Err(refused) => return refused.into_response(),
    };
    if let Some(paircode) = pairing::paircode(&endpoints, &sent.body) {
        return pairing::redeem(&endpoints, &paircode, sent.from).await;
    }
    tokens(&endpoints, sent)
        .await
        .unwrap_or_else(Refused::into_response)
}

async fn tokens(endpoints: &Endpoints, sent: Sent) -> Result<Response, Refused> {
    let call = Call::of(endpoints, sent).await?;
    let grant = call.request.grant()?;
    let issued = match &grant {
        RequestedGrant::Code { .. } => {
            uses(&call, GrantType::AuthorizationCode)?;
            code::redeem(endpoints, &call, &grant).await
        }
        RequestedGrant::Refresh { .. } => {
            uses(&call, GrantType::RefreshToken)?;
            refresh::rotate(endpoints, &call, &grant).await
        }
        RequestedGrant::Device { code } => {
            uses(&call, GrantType::DeviceCode)?;
            device::poll(endpoints, &call, code).await
        }
    };
    // A client that proved who it is asks for many people from one address. Were made-up codes that it passes on counted there, one of them
    // could shut out the others; and it guesses nothing, for what it shows has 256 random bits.
    issued.map_err(|refused| match call.client.is_confidential() {
        true => refused,
        false => counted(endpoints.parts(), call.from, refused),
    })
}

fn uses(call: &Call, grant: GrantType) -> Result<(), Refused> {
    if call.client.metadata.uses(grant) {
        return Ok(());
    }
    Err(Refused::new(
        ErrorCode::UnauthorizedClient,
        "this client is not registered for this grant (grant_types)",
    ))
}

/// Of what was granted, what is asked for now: a part, or, where nothing is named, all (RFC 8707, section 2.2).
fn part<'a>(granted: &'a [String], asked: &'a [String]) -> Result<&'a [String], Refused> {
    if asked.is_empty() {
        return Ok(granted);
    }
    if asked.iter().all(|resource| granted.contains(resource)) {
        return Ok(asked);
    }
    Err(Refused::new(
        ErrorCode::InvalidTarget,
        "the resource was not among those that were asked for when the login began",
    ))
}
