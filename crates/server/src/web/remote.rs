//! Programs on other machines: register, wait, acknowledge over HTTPS (docs/relay-protocol.md, "Over HTTPS").

mod answer;
mod stream;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{FromRef, FromRequestParts, Path, Request, State},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use oarlock_io::web_server::read_body;
use oarlock_oauth::{
    relay::{Deliver, Delivery, Register, RelayFrame, StateDigest},
    secret::{OwnerSecret, RelayToken},
};
use tokio::sync::Semaphore;

use crate::relay::{
    Relay,
    desk::News,
    owner::{Fingerprint, Owner, User},
    registry::Ending,
};
use answer::Answer;

/// Below which everything here lies.
pub(super) const PREFIX: &str = "/relay/registrations";

/// The owner's secret, but for PUT.
const SECRET: &str = "relay-secret";

/// How long a GET waits unless it says otherwise, and at most.
const WAIT: Duration = Duration::from_secs(25);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The largest body: a secret or the name of a delivery.
const BODY: usize = 4 * 1024;

/// The relay, and places for requests that wait.
#[derive(Clone)]
struct Hall {
    relay: Relay,
    places: Arc<Semaphore>,
}

impl FromRef<Hall> for Relay {
    fn from_ref(hall: &Hall) -> Self {
        hall.relay.clone()
    }
}

/// Of so many connections, those that may wait: browsers need some too.
fn places(connections: usize) -> usize {
    let quarter = connections.div_ceil(4);
    (connections - quarter).clamp(1, Semaphore::MAX_PERMITS)
}

/// The routes, for a relay that has tokens; without one they answer 401 to everybody.
pub(super) fn router(relay: Relay, connections: usize) -> Router {
    let hall = Hall {
        relay,
        places: Arc::new(Semaphore::new(places(connections))),
    };
    Router::new()
        .route(
            &format!("{PREFIX}/{{digest}}"),
            get(visit)
                .head(no_head)
                .put(register)
                .delete(leave)
                .fallback(no_method),
        )
        .route(
            &format!("{PREFIX}/{{digest}}/acknowledgement"),
            post(acknowledge).fallback(no_method),
        )
        .route(
            &format!("{PREFIX}/{{digest}}/rejection"),
            post(reject).fallback(no_method),
        )
        .with_state(hall)
}

async fn register(
    State(relay): State<Relay>,
    Named(digest): Named,
    request: Request,
) -> Result<Response, Answer> {
    let (parts, body) = request.into_parts();
    let user = holder(&relay, &parts.headers)?;
    let digest = address(&digest)?;
    let body = read_body(&parts.headers, body, BODY)
        .await
        .map_err(Answer::Status)?;
    let register = Register::from_body(&body).map_err(|error| Answer::invalid(&error))?;
    let owner = Owner {
        user,
        secret: register.secret.as_ref().map(Fingerprint::of_secret),
    };
    let registered = relay.register_remote(digest, owner, register.timeout)?;
    let status = if registered.resumed {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok(answer::frame(status, &RelayFrame::Registered(registered)))
}

async fn visit(
    State(Hall { relay, places }): State<Hall>,
    Named(digest): Named,
    request: Request,
) -> Result<Response, Answer> {
    let (digest, owner) = owner(&relay, &digest, request.headers())?;
    let desk = relay.desk(digest, &owner).ok_or(Answer::Unknown)?;
    if wants_stream(request.headers()) {
        // Entered also without a place: the program was heard, and an older visit of its own makes room.
        let visit = desk.enter();
        let place = places.try_acquire_owned().map_err(|_| Answer::Crowded)?;
        return Ok(stream::response(relay, visit, place));
    }
    let wanted = patience(request.uri().query())?;
    // Without a place it may ask, but not wait.
    let place = places.try_acquire_owned().ok();
    let patience = place.as_ref().map_or(Duration::ZERO, |_| wanted);
    Ok(match desk.enter().wait(&relay, patience).await {
        News::Nothing if patience < wanted => return Err(Answer::Crowded),
        News::Nothing | News::Overtaken => StatusCode::NO_CONTENT.into_response(),
        News::Delivering(parcel) => {
            let deliver = Deliver::second(&parcel.callback, parcel.delivery.clone());
            answer::frame(StatusCode::OK, &RelayFrame::Deliver(deliver))
        }
        News::Over(reason) => answer::over(reason),
    })
}

async fn acknowledge(
    state: State<Relay>,
    digest: Named,
    request: Request,
) -> Result<Response, Answer> {
    settle(state, digest, request, Ending::Delivered).await
}

async fn reject(state: State<Relay>, digest: Named, request: Request) -> Result<Response, Answer> {
    settle(state, digest, request, Ending::Rejected).await
}

async fn settle(
    State(relay): State<Relay>,
    Named(digest): Named,
    request: Request,
    ending: Ending,
) -> Result<Response, Answer> {
    let (parts, body) = request.into_parts();
    let (digest, owner) = owner(&relay, &digest, &parts.headers)?;
    let desk = relay.desk(digest, &owner).ok_or(Answer::Unknown)?;
    let body = read_body(&parts.headers, body, BODY)
        .await
        .map_err(Answer::Status)?;
    let delivery = Delivery::from_body(&body).map_err(|error| Answer::invalid(&error))?;
    let reason = desk
        .settle(&relay, &delivery, ending)
        .ok_or(Answer::NoDelivery)?;
    let wanted = ending.reason();
    // It may have been over before, otherwise: then the browser was told something else.
    let status = if reason == wanted {
        StatusCode::OK
    } else {
        StatusCode::CONFLICT
    };
    Ok(answer::close(status, reason))
}

async fn leave(
    State(relay): State<Relay>,
    Named(digest): Named,
    request: Request,
) -> Result<Response, Answer> {
    let (digest, owner) = owner(&relay, &digest, request.headers())?;
    let desk = relay.desk(digest, &owner).ok_or(Answer::Unknown)?;
    Ok(answer::close(StatusCode::OK, desk.leave(&relay)))
}

/// axum would answer HEAD as a GET, and a HEAD that waits is of no use.
async fn no_head() -> Answer {
    Answer::Status(StatusCode::METHOD_NOT_ALLOWED)
}

async fn no_method() -> Answer {
    Answer::Status(StatusCode::METHOD_NOT_ALLOWED)
}

/// What an address ends in. Where it is no UTF-8 it is nothing: axum's own answer has no frame, and comes before the token's.
struct Named(String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::from_request_parts(parts, state).await;
        Ok(Self(path.map_or_else(|_| String::new(), |Path(name)| name)))
    }
}

fn address(digest: &str) -> Result<StateDigest, Answer> {
    StateDigest::parse(digest).ok_or(Answer::Invalid(
        "the address ends in the SHA-256 of the state, base64url, 43 characters".to_owned(),
    ))
}

/// Whoever holds the token and knows the secret.
fn owner(relay: &Relay, digest: &str, headers: &HeaderMap) -> Result<(StateDigest, Owner), Answer> {
    let user = holder(relay, headers)?;
    let digest = address(digest)?;
    let secret = single(headers, SECRET).ok_or(Answer::Unknown)?;
    let owner = Owner {
        user,
        secret: Some(Fingerprint::of_secret(&OwnerSecret::new(secret))),
    };
    Ok((digest, owner))
}

/// The token's holder (RFC 6750, section 2.1).
fn holder(relay: &Relay, headers: &HeaderMap) -> Result<User, Answer> {
    let value = single(headers, header::AUTHORIZATION.as_str()).ok_or(Answer::NoToken)?;
    let (scheme, token) = value.split_once(' ').ok_or(Answer::NoToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Answer::NoToken);
    }
    relay
        .holder(&RelayToken::new(token.trim_matches(' ')))
        .ok_or(Answer::WrongToken)
}

/// A header that is there once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn wants_stream(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|kind| {
            let kind = kind.split(';').next().unwrap_or_default();
            kind.trim().eq_ignore_ascii_case("text/event-stream")
        })
}

/// `?wait=25`, in seconds.
fn patience(query: Option<&str>) -> Result<Duration, Answer> {
    let Some(query) = query.filter(|query| !query.is_empty()) else {
        return Ok(WAIT);
    };
    query
        .strip_prefix("wait=")
        .and_then(|seconds| seconds.parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT))
        .ok_or(Answer::Invalid(
            "the query is wait=SECONDS and nothing else".to_owned(),
        ))
}
