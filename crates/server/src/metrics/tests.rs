use std::time::Duration;

use http::StatusCode;

use super::{Face, Metrics, Refusal, Route};
use crate::outcome::Outcome;

#[test]
fn what_was_counted_is_told() {
    let metrics = Metrics::default();
    metrics.registered(Face::Protocol2);
    metrics.registered(Face::Protocol2);
    metrics.registered(Face::Https);
    metrics.ended(Face::Protocol2);
    metrics.callback(Outcome::Complete, Duration::from_micros(900));
    metrics.callback(Outcome::Denied, Duration::from_secs(60));
    metrics.callback(Outcome::NobodyWaiting, Duration::from_secs(3));
    metrics.refused(Refusal::StateInUse);
    metrics.held(1);
    metrics.connection(1);
    metrics.connection(1);
    metrics.connection(-1);
    metrics.request(Route::Callback, StatusCode::OK);
    metrics.request(Route::Other, StatusCode::IM_A_TEAPOT);
    let text = metrics.to_text().unwrap();
    for line in [
        "oarlock_relay_registrations{face=\"protocol_1\"} 0",
        "oarlock_relay_registrations{face=\"protocol_2\"} 1",
        "oarlock_relay_registrations{face=\"https\"} 1",
        "oarlock_relay_registered_total{face=\"protocol_2\"} 2",
        "oarlock_relay_callbacks_total{outcome=\"complete\"} 1",
        "oarlock_relay_callbacks_total{outcome=\"denied\"} 1",
        "oarlock_relay_callbacks_total{outcome=\"nobody_waiting\"} 1",
        "oarlock_relay_delivery_seconds_bucket{le=\"0.0005\"} 0",
        "oarlock_relay_delivery_seconds_bucket{le=\"0.001\"} 1",
        "oarlock_relay_delivery_seconds_bucket{le=\"10.0\"} 1",
        "oarlock_relay_delivery_seconds_bucket{le=\"+Inf\"} 2",
        "oarlock_relay_delivery_seconds_count 2",
        "oarlock_relay_delivery_seconds_sum 60.0009",
        "oarlock_relay_held 1",
        "oarlock_relay_connections 1",
        "oarlock_relay_refused_total{reason=\"state_in_use\"} 1",
        "oarlock_http_requests_total{route=\"callback\",status=\"200\"} 1",
        "oarlock_http_requests_total{route=\"other\",status=\"other\"} 1",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    assert!(text.contains("\nprocess_start_time_seconds 1"), "{text}");
    assert!(text.contains("\noarlock_build_info{version=\""), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn a_bound_belongs_to_its_bucket() {
    let metrics = Metrics::default();
    metrics.callback(Outcome::Complete, Duration::from_millis(1));
    let text = metrics.to_text().unwrap();
    assert!(
        text.contains("oarlock_relay_delivery_seconds_bucket{le=\"0.001\"} 1\n"),
        "{text}"
    );
}
