//! What programs see: tokens, metadata, registration, and the older face.

use axum::Router;

use super::super::Broker;

pub(super) fn router(broker: Broker) -> Router {
    let _ = broker;
    todo!("helper: programs")
}
