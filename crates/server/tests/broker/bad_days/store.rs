//! The store is away for a while (hostile.md, 35).

use std::time::Duration;

use rusqlite::Connection;

use crate::{
    flows::{authorize, code, redeem, tokens, userinfo},
    person::Person,
    scene::{Reply, Scene},
};

const PAIRCODE: &str = "a-paircode-of-a-bad-day";

fn says_when_to_come_back(reply: &Reply) {
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!(reply.header("retry-after"), Some("5"), "{reply:?}");
    assert!(!reply.body.is_empty());
}

async fn refresh(scene: &Scene, token: &str) -> Reply {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "oarlock"),
        ("refresh_token", token),
    ];
    scene.form("/token", &fields).await
}

/// Another process holds it for longer than anybody is kept waiting.
#[tokio::test]
async fn hostile_35_while_the_store_is_held_programs_and_people_are_told_and_then_it_goes_on() {
    let scene = Scene::with(|config| config.lifetimes.device_interval = Duration::ZERO).await;
    let bought = tokens(&scene, "openid").await;
    let access = bought["access_token"].as_str().unwrap();
    let present = bought["refresh_token"].as_str().unwrap();
    // One of everything under way.
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let onward = ada.sign_in(&scene, &page, "ada").await;
    let unspent = code(&onward);
    let mut bob = Person::default();
    let page = bob.get(&scene, &authorize("openid")).await;
    let back = bob.go_until_the_way_back(&scene, &page, "bob").await;
    let device = scene
        .form("/device_authorization", &[("client_id", "oarlock")])
        .await
        .json();
    let poll = async || {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", "oarlock"),
            ("device_code", device["device_code"].as_str().unwrap()),
        ];
        scene.form("/token", &fields).await
    };
    let url = scene.get(&format!("/cli_login?paircode={PAIRCODE}")).await;
    let mut carol = Person::default();
    let pairing = carol.get(&scene, &url.body).await;
    carol.sign_in(&scene, &pairing, "bob").await;

    let path = scene.folder.path().join("state").join("server.db");
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let fields = [("client_id", "oarlock")];
    let revoking = [("client_id", "oarlock"), ("token", present)];
    let poll_paircode = format!("/token?paircode={PAIRCODE}");
    let mut dora = Person::default();
    let entry = dora.get(&scene, "/device").await;
    let token = entry.field("form_token").unwrap();
    let user_code = device["user_code"].as_str().unwrap();
    let typed = [("user_code", user_code), ("form_token", token.as_str())];
    let devices = dora.post(&scene, "/device", &typed).await;
    let fresh = dora.get(&scene, &authorize("openid")).await;
    let mut erna = dora.clone();
    let told = tokio::join!(
        redeem(&scene, &unspent),
        refresh(&scene, present),
        scene.form("/device_authorization", &fields),
        scene.form("/revoke", &revoking),
        scene.get(&poll_paircode),
        bob.get(&scene, &back),
        dora.press(&scene, &devices, "upstream", "dev"),
        erna.press(&scene, &fresh, "upstream", "dev"),
    );
    let programs = [&told.0, &told.1, &told.2, &told.3];
    for reply in programs {
        says_when_to_come_back(reply);
        assert_eq!(reply.json()["error"], "temporarily_unavailable");
    }
    for reply in [&told.4, &told.5, &told.6, &told.7] {
        says_when_to_come_back(reply);
    }
    for page in [&told.5, &told.6, &told.7] {
        assert!(page.body.contains("Not possible right now"), "{page:?}");
    }
    // What is only looked at is there.
    assert_eq!(userinfo(&scene, access).await.status, 200);
    assert_eq!(poll().await.json()["error"], "authorization_pending");
    assert_eq!(scene.get("/healthz").await.status, 200);
    let ready = scene.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.body.contains("\"broker\":\"store\""), "{ready:?}");

    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    // Everybody does again what they did, and nothing was lost or spent.
    assert_eq!(scene.get("/readyz").await.status, 200);
    assert_eq!(redeem(&scene, &unspent).await.status, 200);
    assert_eq!(refresh(&scene, present).await.status, 200);
    let onward = bob.get(&scene, &back).await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    let fetched = scene.get(&poll_paircode).await;
    assert_eq!(fetched.status, 200);
    assert_ne!(fetched.body, "");
    let asked = dora.sign_in(&scene, &devices, "bob").await;
    assert_eq!(dora.consent(&scene, &asked, "allow").await.status, 200);
    assert_eq!(poll().await.status, 200);
    let onward = erna.sign_in(&scene, &fresh, "ada").await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
}

/// A moment's hold, as by a command of the operator's, is not even noticed.
#[tokio::test]
async fn hostile_35_who_holds_the_store_for_a_moment_is_waited_for() {
    let scene = Scene::new().await;
    let bought = tokens(&scene, "openid").await;
    let path = scene.folder.path().join("state").join("server.db");
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        other.execute_batch("COMMIT").unwrap();
    };
    let present = bought["refresh_token"].as_str().unwrap();
    let (refreshed, ()) = tokio::join!(refresh(&scene, present), release);
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
}

/// The file is whole after a server that was stopped, and has all of it.
#[tokio::test]
async fn hostile_35_after_a_restart_all_is_as_before() {
    let scene = Scene::new().await;
    let bought = tokens(&scene, "openid").await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let onward = ada.sign_in(&scene, &page, "ada").await;
    let unspent = code(&onward);
    let mut late = Person::default();
    let page = late.get(&scene, &authorize("openid")).await;
    let back = late.go_until_the_way_back(&scene, &page, "bob").await;
    let back = back.strip_prefix(&scene.url()).unwrap().to_owned();

    let scene = Scene::within(scene.stop().await, |_| {}).await;
    let list = ada.get(&scene, "/sessions").await;
    assert!(list.body.contains("ada@example.com"), "{list:?}");
    assert_eq!(redeem(&scene, &unspent).await.status, 200);
    let onward = late.get(&scene, &back).await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    // A page that was open in a browser is good still.
    let onward = late.sign_in(&scene, &page, "bob").await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    let present = bought["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(&scene, present).await.status, 200);
}
