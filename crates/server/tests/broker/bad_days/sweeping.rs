//! What has expired goes, and nothing that is alive.

use std::time::Duration;

use oarlock_server::config::broker::RegistrationPolicy;
use serde_json::json;

use super::turned::{DAY, MINUTE, Turned};
use crate::{
    flows::{authorize, code, redeem, tokens, userinfo},
    person::Person,
    scene::{Reply, Scene},
};

const SECOND: Duration = Duration::from_secs(1);

async fn refresh(scene: &Scene, token: &str) -> Reply {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "oarlock"),
        ("refresh_token", token),
    ];
    scene.form("/token", &fields).await
}

async fn device(scene: &Scene) -> serde_json::Value {
    scene
        .form("/device_authorization", &[("client_id", "oarlock")])
        .await
        .json()
}

async fn poll(scene: &Scene, device: &serde_json::Value) -> Reply {
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "oarlock"),
        ("device_code", device["device_code"].as_str().unwrap()),
    ];
    scene.form("/token", &fields).await
}

#[tokio::test]
async fn logins_stay_to_their_last_second_and_go_then() {
    let turned = Turned::with(|config| config.lifetimes.device_interval = Duration::ZERO).await;
    let scene = &turned.scene;
    let mut ada = Person::default();
    let page = ada.get(scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(scene, &page, "ada").await;
    let waiting = device(scene).await;
    assert_eq!(turned.count("logins", "true"), 2);

    // A login lasts ten minutes, a device's fifteen.
    turned.clock.advance(10 * MINUTE - SECOND);
    turned.keeps_house().await;
    assert_eq!(turned.count("logins", "true"), 2);
    let mut in_time = ada.clone();
    let onward = in_time.get(scene, &back).await;
    let bought = code(&onward);
    turned.clock.advance(MINUTE - SECOND);
    turned.keeps_house().await;
    assert_eq!(
        redeem(scene, &bought).await.status,
        200,
        "a code lasts a minute"
    );
    turned.clock.advance(4 * MINUTE);
    turned.keeps_house().await;
    assert_eq!(
        poll(scene, &waiting).await.json()["error"],
        "authorization_pending"
    );
    turned.clock.advance(2 * SECOND);
    assert_eq!(poll(scene, &waiting).await.json()["error"], "expired_token");
    turned.keeps_house().await;
    assert_eq!(turned.count("logins", "true"), 0);

    // Of one that nobody finished, and of a page that lay about, the same is said.
    let late = ada.get(scene, &back).await;
    assert_eq!(late.status, 400, "{late:?}");
    let late = ada.press(scene, &page, "upstream", "dev").await;
    assert_eq!(late.status, 400, "{late:?}");
    assert!(late.body.contains("This login is over"), "{late:?}");
}

/// It is said to be over where nothing comes of it: not that somebody is signed in.
#[tokio::test]
async fn a_code_that_nobody_fetched_in_time_is_no_login() {
    let turned = Turned::new().await;
    let scene = &turned.scene;
    let mut ada = Person::default();
    let page = ada.get(scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(scene, &page, "ada").await;
    let onward = ada.get(scene, &back).await;
    let bought = code(&onward);
    assert_eq!(ada.get(scene, &back).await.location(), onward.location());
    turned.clock.advance(MINUTE);
    let told = ada.get(scene, &back).await;
    assert!(told.body.contains("This login is over"), "{told:?}");
    assert_eq!(
        redeem(scene, &bought).await.json()["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn sessions_and_what_was_revoked_go_when_they_are_over() {
    let turned = Turned::new().await;
    let scene = &turned.scene;
    let used = tokens(scene, "openid").await;
    let unused = tokens(scene, "openid").await;
    let access = unused["access_token"].as_str().unwrap();
    let fields = [("client_id", "oarlock"), ("token", access)];
    assert_eq!(scene.form("/revoke", &fields).await.status, 200);
    assert_eq!(turned.count("revoked_access_tokens", "true"), 1);
    assert_eq!(turned.count("sessions", "kind = 'client'"), 2);
    assert_eq!(turned.count("sessions", "kind = 'browser'"), 2);

    // A token is borne for a minute after its end, for clocks that differ; one that was revoked is not.
    turned.clock.advance(10 * MINUTE + SECOND);
    turned.keeps_house().await;
    let borne = used["access_token"].as_str().unwrap();
    assert_eq!(userinfo(scene, borne).await.status, 200);
    assert_eq!(
        userinfo(scene, access).await.status,
        401,
        "revoked, and good again"
    );
    turned.clock.advance(MINUTE);
    turned.keeps_house().await;
    assert_eq!(turned.count("revoked_access_tokens", "true"), 0);
    assert_eq!(userinfo(scene, borne).await.status, 401);
    assert_eq!(userinfo(scene, access).await.status, 401);
    let mut present = used["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..4 {
        turned.clock.advance(30 * DAY);
        turned.keeps_house().await;
        let reply = refresh(scene, &present).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        present = reply.json()["refresh_token"].as_str().unwrap().to_owned();
    }
    // 120 days: who came stays, who did not is gone, and its people stay as well.
    assert_eq!(turned.count("sessions", "kind = 'browser'"), 0);
    assert_eq!(turned.count("sessions", "kind = 'client'"), 1);
    assert_eq!(turned.count("users", "true"), 1);
    let gone = refresh(scene, unused["refresh_token"].as_str().unwrap()).await;
    assert_eq!(gone.json()["error"], "invalid_grant");
    turned.clock.advance(90 * DAY + SECOND);
    assert_eq!(
        refresh(scene, &present).await.json()["error"],
        "invalid_grant"
    );
    turned.keeps_house().await;
    assert_eq!(turned.count("sessions", "true"), 0);
}

/// Replays are known for as long as there is something to be ended.
#[tokio::test]
async fn hostile_11_a_code_is_known_to_be_used_long_after_its_login_was_swept() {
    let turned = Turned::new().await;
    let scene = &turned.scene;
    let mut ada = Person::default();
    let page = ada.get(scene, &authorize("openid")).await;
    let onward = ada.sign_in(scene, &page, "ada").await;
    let bought = code(&onward);
    let told = redeem(scene, &bought).await.json();
    let mut present = told["refresh_token"].as_str().unwrap().to_owned();
    turned.clock.advance(60 * DAY);
    turned.keeps_house().await;
    assert_eq!(turned.count("logins", "true"), 0);
    let reply = refresh(scene, &present).await;
    present = reply.json()["refresh_token"].as_str().unwrap().to_owned();
    let replayed = redeem(scene, &bought).await;
    assert_eq!(replayed.json()["error"], "invalid_grant");
    assert_eq!(
        refresh(scene, &present).await.json()["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn programs_that_registered_go_when_nobody_uses_them() {
    let turned = Turned::with(|config| config.registration = RegistrationPolicy::Open).await;
    let scene = &turned.scene;
    let register = async || {
        let metadata = json!({
            "redirect_uris": ["http://127.0.0.1/callback"],
            "token_endpoint_auth_method": "none",
        });
        let kind = [("content-type", "application/json")];
        let registered = scene
            .send("POST", "/register", &kind, &metadata.to_string())
            .await;
        registered.json()["client_id"].as_str().unwrap().to_owned()
    };
    let (used, unused) = (register().await, register().await);
    let asks = async |id: &str| {
        let link = authorize("openid").replace("client_id=oarlock", &format!("client_id={id}"));
        scene.get(&link).await
    };
    for _ in 0..4 {
        turned.clock.advance(30 * DAY);
        assert_eq!(asks(&used).await.status, 200);
        turned.keeps_house().await;
    }
    assert_eq!(turned.count("clients", "true"), 1);
    assert_eq!(asks(&used).await.status, 200);
    assert_eq!(asks(&unused).await.status, 400);
}
