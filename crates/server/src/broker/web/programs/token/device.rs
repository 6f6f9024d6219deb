//! A device code for tokens, as soon as its person has agreed (RFC 8628, sections 3.4 and 3.5).

use axum::response::Response;
use oarlock_oauth::{authorization::ErrorCode, secret::DeviceCode};

use super::{
    super::{Endpoints, answer::Refused, call::Call, polls::Turn},
    issue::{self, Issue},
};
use crate::broker::{
    audit::What,
    digest::{Digest, Purpose},
    login::Stage,
    store::{LoginKey, Redeemed},
};

/// While it waits, one look at the store and nothing written.
pub(super) async fn poll(
    endpoints: &Endpoints,
    call: &Call,
    code: &DeviceCode,
) -> Result<Response, Refused> {
    let parts = endpoints.parts();
    let device = Digest::of(Purpose::Device, code.expose());
    if endpoints.polls.ask(&device, parts.clock.monotonic()) == Turn::TooSoon {
        return Err(Refused::new(
            ErrorCode::SlowDown,
            "poll less often: wait five seconds longer from now on",
        ));
    }
    let key = LoginKey::Device(device);
    let login = parts.store.login(key.clone(), call.now).await?;
    // Another client's is as good as none.
    let login = login
        .filter(|login| login.request.asked.client_id() == Some(&call.client.id))
        .ok_or_else(expired)?;
    match login.stage {
        Stage::Asked | Stage::Upstream(_) | Stage::Exchanging { .. } | Stage::Identified { .. } => {
            let now = parts.clock.monotonic();
            endpoints.polls.watch(device, now);
            return Err(Refused::new(
                ErrorCode::AuthorizationPending,
                "the person has not finished yet",
            ));
        }
        Stage::Granted { .. } => {}
        Stage::Denied | Stage::Failed => {
            endpoints.polls.forget(&device);
            return Err(Refused::new(
                ErrorCode::AccessDenied,
                "the person or their provider said no",
            ));
        }
        Stage::Redeemed { .. } => return Err(expired()),
    }
    let prepared = issue::prepare(parts, call)?;
    match parts.store.redeem(key, prepared.session, call.now).await? {
        Redeemed::Now { session, user, .. } => {
            endpoints.polls.forget(&device);
            issue::issue(
                endpoints,
                call,
                &Issue {
                    session: &session,
                    user: &user,
                    scopes: &session.scopes,
                    resources: &session.resources,
                    nonce: None,
                    refresh_token: prepared.refresh_token,
                    what: What::Redeemed,
                },
            )
        }
        Redeemed::Replayed { .. } | Redeemed::Nothing => Err(expired()),
    }
}

/// The same for one that never was, one that is over, one that was used (hostile.md, 10).
fn expired() -> Refused {
    Refused::new(
        ErrorCode::ExpiredToken,
        "the device code has expired, was used, or never was; begin again",
    )
}
