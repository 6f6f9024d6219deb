//! Clocks that jump (hostile.md, 32): what is timed is timed by the monotonic one, what expires expires by the wall's.

use std::time::Duration;

use jiff::SignedDuration;

use super::turned::{DAY, HOUR, MINUTE, Turned};
use crate::{
    flows::{authorize, code, redeem, tokens, userinfo},
    person::Person,
    scene::{Reply, Scene},
};

const PAIRCODE: &str = "a-paircode-of-a-bad-clock";

async fn refresh(scene: &Scene, token: &str) -> Reply {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "oarlock"),
        ("refresh_token", token),
    ];
    scene.form("/token", &fields).await
}

/// An hour back, as when a wrong clock is put right: whoever is under way comes to the end.
#[tokio::test]
async fn hostile_32_a_clock_that_is_set_back_ends_no_login_and_no_session() {
    let turned = Turned::new().await;
    let scene = &turned.scene;
    let before = tokens(scene, "openid").await;
    let mut ada = Person::default();
    let page = ada.get(scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(scene, &page, "ada").await;
    let url = scene.get(&format!("/cli_login?paircode={PAIRCODE}")).await;
    turned.clock.jump(SignedDuration::from_hours(-1));
    let onward = ada.get(scene, &back).await;
    let bought = code(&onward);
    turned.clock.jump(SignedDuration::from_hours(-1));
    assert_eq!(redeem(scene, &bought).await.status, 200);
    let list = ada.get(scene, "/sessions").await;
    assert!(list.body.contains("ada@example.com"), "{list:?}");
    let page = ada.get(scene, &url.body).await;
    assert_eq!(page.status, 200, "{page:?}");
    let done = ada.press(scene, &page, "continue", "yes").await;
    assert_eq!(done.status, 200, "{done:?}");
    let fetched = scene.get(&format!("/token?paircode={PAIRCODE}")).await;
    assert_ne!(fetched.body, "");
    let reply = refresh(scene, before["refresh_token"].as_str().unwrap()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let access = reply.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(userinfo(scene, &access).await.status, 200);
    // Nothing lives longer for it than it was to: the clock is right again, and a day later.
    turned.clock.jump(SignedDuration::from_hours(2));
    turned.clock.advance(DAY);
    let page = ada.get(scene, "/sessions").await;
    assert!(page.field("request").is_some(), "{page:?}");
    assert_eq!(userinfo(scene, &access).await.status, 401);
}

/// A year ahead for a while, and back: what would have expired then has not.
#[tokio::test]
async fn hostile_32_a_clock_that_was_a_year_ahead_ends_nobody() {
    let turned = Turned::new().await;
    let scene = &turned.scene;
    let before = tokens(scene, "openid").await;
    let access = before["access_token"].as_str().unwrap();
    let mut ada = Person::default();
    let page = ada.get(scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(scene, &page, "ada").await;
    turned.keeps_house().await;
    turned.clock.jump(SignedDuration::from_hours(365 * 24));
    assert_eq!(userinfo(scene, access).await.status, 401);
    assert_eq!(ada.get(scene, &back).await.status, 400);
    let refused = refresh(scene, before["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refused.json()["error"], "invalid_grant");
    // Nor is anything swept by it.
    turned.may_keep_house().await;
    turned.clock.jump(SignedDuration::from_hours(-365 * 24));
    turned.keeps_house().await;
    assert_eq!(userinfo(scene, access).await.status, 200);
    let onward = ada.get(scene, &back).await;
    assert_eq!(redeem(scene, &code(&onward)).await.status, 200);
    let reply = refresh(scene, before["refresh_token"].as_str().unwrap()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// How often a device may ask is no matter of the wall clock.
#[tokio::test]
async fn hostile_32_a_device_polls_by_the_clock_that_does_not_jump() {
    let turned = Turned::new().await;
    let scene = &turned.scene;
    let fields = [("client_id", "oarlock")];
    let device = scene.form("/device_authorization", &fields).await.json();
    let error = async || {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", "oarlock"),
            ("device_code", device["device_code"].as_str().unwrap()),
        ];
        let reply = scene.form("/token", &fields).await;
        reply.json()["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(error().await, "authorization_pending");
    turned.clock.jump(SignedDuration::from_mins(10));
    assert_eq!(error().await, "slow_down", "ten minutes that were none");
    turned.clock.jump(SignedDuration::from_hours(-24));
    turned.clock.advance(Duration::from_secs(10));
    assert_eq!(error().await, "authorization_pending");
    turned.clock.jump(SignedDuration::from_hours(24));
    turned.clock.advance(15 * MINUTE + HOUR);
    assert_eq!(error().await, "expired_token");
}
