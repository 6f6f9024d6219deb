//! What programs see: tokens, metadata, registration, and the older face.
//!
//! | What | Here |
//! |---|---|
//! | what there is, and the keys | [`discovery`] |
//! | who asks, and how it is told no | [`call`], [`answer`], [`origins`] |
//! | a code, a refresh token or a device code for tokens | [`token`], [`polls`] |
//! | a device that begins | [`device_authorization`] |
//! | what is still good, and its end | [`introspection`], [`revocation`] |
//! | whose token it is | [`bearer`], [`userinfo`] |
//! | a client that registers itself | [`registration`] |
//! | the older face | [`pairing`], [`secured`] |

mod answer;
mod bearer;
mod call;
mod device_authorization;
mod discovery;
mod introspection;
mod origins;
mod pairing;
mod polls;
mod registration;
mod revocation;
mod secured;
mod token;
mod userinfo;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{MethodRouter, get, post},
};
use oarlock_oauth::Timestamp;

use super::super::{Broker, Parts};
use discovery::Document;
use polls::Polls;

/// What the endpoints work with.
#[derive(Debug)]
struct Endpoints {
    broker: Broker,
    metadata: Document,
    polls: Polls,
}

impl Endpoints {
    fn parts(&self) -> &Parts {
        self.broker.parts()
    }
}

pub(super) fn router(broker: Broker) -> Router {
    let endpoints = Arc::new(Endpoints {
        metadata: discovery::metadata(broker.parts()),
        polls: Polls::new(broker.parts()),
        broker,
    });
    // What a page elsewhere may ask, and, last, what only programs of their own have a use for.
    let metadata = || origins::any(refusing(get(discovery::answer)));
    Router::new()
        .route("/.well-known/openid-configuration", metadata())
        .route("/.well-known/oauth-authorization-server", metadata())
        .route("/jwks.json", origins::any(refusing(get(discovery::keys))))
        .route(
            "/token",
            origins::any(refusing(post(token::answer)))
                .get(pairing::poll)
                .head(answer::no_method),
        )
        .route(
            "/userinfo",
            origins::any(refusing(get(userinfo::answer).post(userinfo::answer))),
        )
        .route("/revoke", origins::any(refusing(post(revocation::answer))))
        .route(
            "/register",
            origins::any(refusing(post(registration::answer))),
        )
        .route(
            "/device_authorization",
            refusing(post(device_authorization::answer)),
        )
        .route("/introspect", refusing(post(introspection::answer)))
        .route("/cli_login", refusing(get(pairing::begin)))
        .route("/secured", refusing(get(secured::answer)))
        .with_state(endpoints)
}

/// Other methods; axum adds which there are.
fn refusing(methods: MethodRouter<Arc<Endpoints>>) -> MethodRouter<Arc<Endpoints>> {
    methods.fallback(answer::no_method)
}

/// So long from now; never past the end of time.
fn after(now: Timestamp, lasts: Duration) -> Timestamp {
    now.checked_add(lasts).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
