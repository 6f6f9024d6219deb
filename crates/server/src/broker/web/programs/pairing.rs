//! The older face: a login by paircode (docs/broker.md, "Logins by paircode").
//!
//! While a program polls it is told nothing but that it is not ready: no redirect, no error.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header::SET_COOKIE, request::Parts as Head};
use oarlock_io::entropy;
use oarlock_oauth::{
    authorization::ErrorCode,
    authorization_server::paircode::{BadPaircode, PaircodeDigest},
    parameters::Parameters,
    secret::{AccessToken, CookieSecret, Paircode},
};

use super::{
    Endpoints, after,
    answer::{self, Refused, text, text_refusal},
};
use crate::{
    broker::{
        Broker, Parts,
        audit::{Event, What},
        digest::{Digest, Purpose},
        id::SessionId,
        login::{Login, Stage},
        request::{Asked, LoginRequest},
        seal::Use,
        session::{NewSession, Session, SessionKind},
        store::{LoginKey, Redeemed},
        web::{address, cookies::Cookie},
    },
    config::broker::{PairingConfig, PairingReturns},
};

/// Name of the parameter.
const PAIRCODE: &str = "paircode";

/// `GET /cli_login?paircode=P`: where the person has to go. Nothing is kept: everything is sealed into the address.
pub(super) async fn begin(State(endpoints): State<Arc<Endpoints>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    announce(&endpoints, &head).unwrap_or_else(text_refusal)
}

fn announce(endpoints: &Endpoints, head: &Head) -> Result<Response, Refused> {
    let parts = endpoints.parts();
    if parts.config.pairing.is_none() {
        return Ok(off());
    }
    let from = address::of(&endpoints.broker, head);
    parts.throttles.login(from).map_err(Refused::TooOften)?;
    let query = head.uri.query().unwrap_or_default();
    let announced = match shown(query) {
        Some(paircode) => PaircodeDigest::announced(paircode.expose()),
        None => Err(BadPaircode::Paircode),
    };
    let paircode = match announced {
        Ok(paircode) => paircode,
        Err(bad) => return Ok(malformed(bad)),
    };
    let request = LoginRequest {
        asked: Asked::Pairing(paircode),
        at: parts.clock.now(),
        from,
    };
    let sealed = parts.seal.seal(Use::Request, &request)?;
    let url = format!("{}/login?request={sealed}", parts.issuer);
    Ok(text(StatusCode::OK, url))
}

/// `GET /token?paircode=P`.
pub(super) async fn poll(State(endpoints): State<Arc<Endpoints>>, request: Request) -> Response {
    if endpoints.parts().config.pairing.is_none() {
        return answer::no_method().await;
    }
    let (head, _) = request.into_parts();
    match shown(head.uri.query().unwrap_or_default()) {
        Some(paircode) => {
            let from = address::of(&endpoints.broker, &head);
            redeem(&endpoints, &paircode, from).await
        }
        None => malformed(BadPaircode::Paircode),
    }
}

/// The paircode of a `POST /token` that is no token request.
pub(super) fn paircode(endpoints: &Endpoints, body: &[u8]) -> Option<Paircode> {
    endpoints.parts().config.pairing?;
    let body = std::str::from_utf8(body).ok()?;
    // Token requests are not read twice.
    if !body.contains(PAIRCODE) || body.contains("grant_type") {
        return None;
    }
    shown(body)
}

/// The paircode in a query or form.
fn shown(parameters: &str) -> Option<Paircode> {
    let alone = parameters
        .strip_prefix("paircode=")
        .filter(|value| !value.contains(['&', '%', '+']));
    let value = match alone {
        Some(value) => Cow::Borrowed(value),
        None => {
            let parameters = Parameters::parse(parameters).ok()?;
            Cow::Owned(parameters.get(PAIRCODE)?.to_owned())
        }
    };
    Some(Paircode::new(value))
}

/// What is ready, once; else nothing.
pub(super) async fn redeem(endpoints: &Endpoints, paircode: &Paircode, from: IpAddr) -> Response {
    let parts = endpoints.parts();
    let digest = match PaircodeDigest::of(paircode.expose()) {
        Ok(digest) => digest,
        Err(bad) => return malformed(bad),
    };
    let Some(pairing) = parts.config.pairing else {
        return off();
    };
    match fetch(endpoints, pairing, digest, from).await {
        Ok(Some(ready)) => ready,
        Ok(None) => not_ready(),
        Err(refused) => text_refusal(refused),
    }
}

async fn fetch(
    endpoints: &Endpoints,
    pairing: PairingConfig,
    paircode: PaircodeDigest,
    from: IpAddr,
) -> Result<Option<Response>, Refused> {
    let parts = endpoints.parts();
    let now = parts.clock.now();
    let key = LoginKey::Pairing(paircode);
    let Some(login) = parts.store.login(key.clone(), now).await? else {
        return Ok(None);
    };
    // Who read the paircode or its digest in a log elsewhere gets what everybody gets who does not know it.
    if !is_granted(&login) || !address::is_same_place(login.request.from, from) {
        return Ok(None);
    }
    let cookie = CookieSecret::from_random(entropy::random()?);
    let session = NewSession {
        id: SessionId::from_random(entropy::random()?),
        kind: SessionKind::Pairing,
        handle: Some(Digest::of(Purpose::SessionCookie, cookie.expose())),
        secret: None,
        expires_at: after(now, parts.config.lifetimes.session),
        from,
    };
    let Redeemed::Now { session, login, .. } = parts.store.redeem(key, session, now).await? else {
        return Ok(None);
    };
    parts.note(&Event {
        what: What::Redeemed,
        user: Some(&session.user),
        session: Some(&session.id),
        from: Some(from),
        ..Event::default()
    });
    Ok(Some(ready(
        &endpoints.broker,
        pairing,
        &session,
        &login,
        &cookie,
    )))
}

fn is_granted(login: &Login) -> bool {
    matches!(login.stage, Stage::Granted { .. })
}

/// The session cookie, and the user's id or the provider's token.
fn ready(
    broker: &Broker,
    pairing: PairingConfig,
    session: &Session,
    login: &Login,
    cookie: &CookieSecret,
) -> Response {
    let parts = broker.parts();
    let mut response = match pairing.returns {
        PairingReturns::Identity => text(StatusCode::OK, session.user.to_string()),
        PairingReturns::AccessToken => match upstream_token(parts, login) {
            Some(token) => text(StatusCode::OK, token.expose().to_owned()),
            None => {
                tracing::error!(session = %session.id, "a program was to get its provider's token, and there is none");
                not_ready()
            }
        },
    };
    let cookie = Cookie::Session.set(broker, cookie, parts.config.lifetimes.session);
    let headers = response.headers_mut();
    headers.extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    response
}

/// The provider's token, as it was sealed when the person came back.
fn upstream_token(parts: &Parts, login: &Login) -> Option<AccessToken> {
    let Stage::Granted {
        upstream_token: Some(sealed),
        ..
    } = &login.stage
    else {
        return None;
    };
    let sealed = std::str::from_utf8(sealed).ok()?;
    parts.seal.open(Use::UpstreamToken, sealed).ok()
}

fn not_ready() -> Response {
    text(StatusCode::OK, "")
}

/// It was never announced, so nobody polls for it.
fn malformed(bad: BadPaircode) -> Response {
    text(StatusCode::BAD_REQUEST, format!("{bad}\n"))
}

/// The older face is not shown.
pub(super) fn off() -> Response {
    let refusal = Refused::new(
        ErrorCode::InvalidRequest,
        "logins by paircode are off here; the operator can allow them (pairing.paircode = true)",
    );
    let mut response = text_refusal(refusal);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.into_response()
}
