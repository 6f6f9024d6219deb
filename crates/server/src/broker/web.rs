//! What browsers and programs see. What each is for: docs/broker.md.

pub(crate) mod address;
mod browser;
pub(crate) mod cookies;
mod programs;

use axum::Router;

use super::Broker;
pub(crate) use browser::front;

/// Every path that is the broker's; whatever is not among these is the relay's or nobody's.
pub const PATHS: &[&str] = &[
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/authorize",
    "/login",
    "/redirect",
    "/consent",
    "/device",
    "/dev",
    "/code",
    "/sessions",
    "/token",
    "/device_authorization",
    "/revoke",
    "/introspect",
    "/userinfo",
    "/jwks.json",
    "/register",
    "/cli_login",
    "/secured",
];

/// All routes of the broker.
pub fn router(broker: &Broker) -> Router {
    browser::router(broker.clone()).merge(programs::router(broker.clone()))
}
