//! What browsers see: from the authorization request to the page that says it is done.

use axum::Router;

use super::super::Broker;

pub(super) fn router(broker: Broker) -> Router {
    let _ = broker;
    todo!("core")
}
