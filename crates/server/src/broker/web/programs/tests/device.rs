//! Devices.

use super::scene::{API, FAR, NEAR, Reply, Scene, address};
use crate::broker::{
    digest::{Digest, Purpose},
    request::LoginRequest,
    store::LoginKey,
};
use http::StatusCode;
use oarlock_io::Clock as _;
use serde_json::Value;
use std::time::Duration;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn begin(scene: &Scene) -> Value {
    let form = [("client_id", "oarlock"), ("scope", "openid deploy unknown")];
    let reply = scene.post("/device_authorization", &form).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    reply.json()
}

async fn poll(scene: &Scene, device: &Value) -> Reply {
    poll_as(scene, "oarlock", device).await
}

async fn poll_as(scene: &Scene, client_id: &str, device: &Value) -> Reply {
    let code = device["device_code"].as_str().unwrap();
    let form = [
        ("grant_type", GRANT),
        ("client_id", client_id),
        ("device_code", code),
    ];
    scene.post("/token", &form).await
}

async fn request(scene: &Scene, device: &Value) -> LoginRequest {
    let code = device["device_code"].as_str().unwrap();
    let key = LoginKey::Device(Digest::of(Purpose::Device, code));
    let store = &scene.broker.parts().store;
    let login = store.login(key, scene.clock.now()).await.unwrap();
    login.unwrap().request
}

const STEP: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_device_waits_for_its_person() {
    let scene = Scene::new().await;
    let device = begin(&scene).await;
    let user_code = device["user_code"].as_str().unwrap();
    assert_eq!(user_code.len(), 9);
    assert_eq!(device["verification_uri"], "http://127.0.0.1:5001/device");
    assert_eq!(
        device["verification_uri_complete"],
        format!("http://127.0.0.1:5001/device?user_code={user_code}")
    );
    assert_eq!(device["expires_in"], 900);
    assert_eq!(device["interval"], 5);

    poll(&scene, &device)
        .await
        .is_refused(400, "authorization_pending");
    let asked = request(&scene, &device).await;
    assert_eq!(asked.asked.scopes().join(' '), "openid deploy");
    assert_eq!(asked.from, address(NEAR));
    scene.clock.advance(STEP);
    scene.agree(asked, Duration::from_secs(60)).await;
    let reply = poll(&scene, &device).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    assert_eq!(reply.text("scope"), "openid deploy");
    assert!(reply.json()["refresh_token"].is_string());
    // Once.
    scene.clock.advance(STEP);
    poll(&scene, &device).await.is_refused(400, "expired_token");
    let refreshed = scene.refresh(&reply.text("refresh_token")).await;
    assert_eq!(refreshed.status, StatusCode::OK, "a late poll harms nobody");
}

#[tokio::test]
async fn a_device_that_asks_too_often_is_slowed_down() {
    let scene = Scene::new().await;
    let device = begin(&scene).await;
    let pending = "authorization_pending";
    poll(&scene, &device).await.is_refused(400, pending);
    scene.clock.advance(Duration::from_secs(1));
    poll(&scene, &device).await.is_refused(400, "slow_down");
    scene.clock.advance(STEP);
    poll(&scene, &device).await.is_refused(400, "slow_down");
    scene.clock.advance(3 * STEP);
    poll(&scene, &device).await.is_refused(400, pending);
}

#[tokio::test]
async fn a_device_learns_that_its_person_said_no_or_did_nothing() {
    let scene = Scene::new().await;
    let denied = begin(&scene).await;
    let late = begin(&scene).await;
    scene.deny(request(&scene, &denied).await).await;
    poll(&scene, &denied).await.is_refused(400, "access_denied");
    scene.clock.advance(Duration::from_secs(901));
    poll(&scene, &late).await.is_refused(400, "expired_token");
}

#[tokio::test]
async fn hostile_10_another_clients_device_code_is_as_unknown_as_a_made_up_one() {
    let scene = Scene::with(|config| {
        let device = oarlock_oauth::authorization_server::client::GrantType::DeviceCode;
        config.clients[1].metadata.grant_types.push(device);
    })
    .await;
    let device = begin(&scene).await;
    let asked = request(&scene, &device).await;
    scene.agree(asked, Duration::from_secs(60)).await;
    let others = poll_as(&scene, "other", &device).await;
    let made_up = serde_json::json!({"device_code": "A".repeat(43)});
    let unknown = poll_as(&scene, "other", &made_up).await;
    others.is_refused(400, "expired_token");
    assert_eq!(others.body, unknown.body);
    assert_eq!(poll(&scene, &device).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_a_client_or_this_server_has_not_is_refused() {
    let scene = Scene::new().await;
    let reply = scene.post("/device_authorization", &[("client_id", "other")]);
    reply.await.is_refused(400, "unauthorized_client");
    let form = [("client_id", "oarlock"), ("resource", API)];
    let reply = scene.post("/device_authorization", &form).await;
    assert_eq!(reply.status, StatusCode::OK);
    let form = [
        ("client_id", "oarlock"),
        ("resource", "https://elsewhere.example.com"),
    ];
    let reply = scene.post("/device_authorization", &form).await;
    reply.is_refused(400, "invalid_target");
}

#[tokio::test]
async fn hostile_38_when_there_is_no_room_a_device_is_turned_away_and_the_others_go_on() {
    let scene = Scene::with(|config| config.limits.logins = 4).await;
    let first = begin(&scene).await;
    begin(&scene).await;
    let form = [("client_id", "oarlock")];
    let reply = scene.post("/device_authorization", &form).await;
    reply.is_refused(503, "temporarily_unavailable");
    assert!(reply.header("retry-after").is_some());
    poll(&scene, &first)
        .await
        .is_refused(400, "authorization_pending");
}

#[tokio::test]
async fn hostile_38_one_address_begins_only_so_many_logins() {
    let scene = Scene::with(|config| config.limits.logins_per_minute = 3).await;
    for _ in 0..3 {
        begin(&scene).await;
    }
    let form = [("client_id", "oarlock")];
    let reply = scene.post("/device_authorization", &form).await;
    reply.is_refused(429, "temporarily_unavailable");
    assert!(reply.header("retry-after").is_some());
    let mut request = super::scene::form("/device_authorization", &form);
    request.extensions_mut().insert(super::scene::from(FAR));
    assert_eq!(scene.send(request).await.status, StatusCode::OK);
}
