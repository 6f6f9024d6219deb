//! A code for tokens (RFC 6749, section 4.1.3; RFC 7636, section 4.6).

use axum::response::Response;
use oarlock_oauth::{
    authorization::ErrorCode,
    authorization_server::{authorization::AuthorizationRequest, token::RequestedGrant},
    pkce,
    secret::CodeVerifier,
};
use subtle::ConstantTimeEq as _;

use super::{
    super::{Endpoints, answer::Refused, call::Call},
    issue::{self, Issue},
    part,
};
use crate::broker::{
    audit::What,
    digest::{Digest, Purpose},
    login::{Login, Stage},
    request::Asked,
    store::{LoginKey, Redeemed},
};

/// Whoever asks wrongly gets nothing and spends nothing; whoever asks a second time ends what the code bought.
pub(super) async fn redeem(
    endpoints: &Endpoints,
    call: &Call,
    grant: &RequestedGrant,
) -> Result<Response, Refused> {
    let RequestedGrant::Code {
        code,
        redirect_uri,
        verifier,
        resources,
    } = grant
    else {
        return Err(invalid());
    };
    let parts = endpoints.parts();
    let key = LoginKey::Code(Digest::of(Purpose::Code, code.expose()));
    let login = parts.store.login(key.clone(), call.now).await?;
    let Some((login, request)) = login.as_ref().and_then(granted) else {
        return replayed(endpoints, call, key).await;
    };
    if request.client_id != call.client.id
        || request.redirect_uri != *redirect_uri
        || !is_proven(request, verifier)
    {
        tracing::info!(login = %login.id, "a code was shown by somebody else, or with another redirect URI or verifier");
        return Err(invalid());
    }
    let resources = part(&request.resources, resources)?;
    let prepared = issue::prepare(parts, call)?;
    match parts.store.redeem(key, prepared.session, call.now).await? {
        Redeemed::Now { session, user, .. } => issue::issue(
            endpoints,
            call,
            &Issue {
                session: &session,
                user: &user,
                scopes: &session.scopes,
                resources,
                nonce: request.nonce.as_ref(),
                refresh_token: prepared.refresh_token,
                what: What::Redeemed,
            },
        ),
        Redeemed::Replayed { session } => {
            issue::note_theft(parts, call, What::CodeReplayed, &session);
            Err(invalid())
        }
        Redeemed::Nothing => Err(invalid()),
    }
}

/// A login whose program has to fetch it.
fn granted(login: &Login) -> Option<(&Login, &AuthorizationRequest)> {
    match (&login.stage, &login.request.asked) {
        (Stage::Granted { .. }, Asked::Code(request)) => Some((login, request)),
        _ => None,
    }
}

fn is_proven(request: &AuthorizationRequest, verifier: &CodeVerifier) -> bool {
    let challenge = pkce::challenge(verifier);
    let is_same = challenge
        .as_bytes()
        .ct_eq(request.code_challenge.as_bytes());
    is_same.into()
}

/// A code that buys nothing: unknown, expired, or used before.
async fn replayed(endpoints: &Endpoints, call: &Call, key: LoginKey) -> Result<Response, Refused> {
    let parts = endpoints.parts();
    let prepared = issue::prepare(parts, call)?;
    match parts.store.redeem(key, prepared.session, call.now).await? {
        Redeemed::Replayed { session } => {
            issue::note_theft(parts, call, What::CodeReplayed, &session);
        }
        // Granted in the moment between: nobody can know the code yet, and nothing of it was checked.
        Redeemed::Now { session, .. } => {
            parts.store.revoke_session(session.id, call.now).await?;
        }
        Redeemed::Nothing => {}
    }
    Err(invalid())
}

/// The same whatever is wrong (hostile.md, 10).
fn invalid() -> Refused {
    Refused::new(
        ErrorCode::InvalidGrant,
        "the code is unknown, expired, used, or was issued for another client, redirect_uri or code_verifier; log in again",
    )
}
