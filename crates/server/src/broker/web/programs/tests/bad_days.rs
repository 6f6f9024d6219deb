//! A store that cannot be used.

use crate::broker::{clients::store_refusal, store::StoreError};
use axum::response::IntoResponse as _;
use http::StatusCode;

use super::super::answer::{Refused, text_refusal};

#[test]
fn hostile_35_a_store_that_is_away_is_said_so_and_programs_come_back() {
    let error = StoreError::Unavailable("canary".into());
    for response in [
        Refused::from(error.clone()).into_response(),
        text_refusal(Refused::from(error.clone())),
    ] {
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "5");
    }
    let body = String::from_utf8(store_refusal(&error).body()).unwrap();
    assert!(body.contains("temporarily_unavailable"));
    assert!(!body.contains("canary"), "{body}");
}

#[test]
fn a_store_that_is_broken_is_the_operators() {
    let refusal = store_refusal(&StoreError::Broken("canary".into()));
    assert_eq!(refusal.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        !String::from_utf8(refusal.body())
            .unwrap()
            .contains("canary")
    );
}
