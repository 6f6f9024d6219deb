//! HTTP: the callback, the waiters of other machines, health.

use std::sync::Arc;

use axum::Router;

use crate::{config::ServerConfig, relay::Relay};

/// All routes.
pub fn router(_config: Arc<ServerConfig>, _relay: Relay) -> Router {
    todo!()
}
