//! Refresh tokens.

use super::scene::{API, SECRET, Scene, refresh_form};
use http::StatusCode;
use std::time::Duration;

#[tokio::test]
async fn a_refresh_token_buys_the_next() {
    let scene = Scene::new().await;
    let first = scene.tokens("openid deploy").await;
    let reply = scene
        .refresh(first["refresh_token"].as_str().unwrap())
        .await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    let second = reply.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_ne!(first["access_token"], second["access_token"]);
    assert_eq!(second["scope"], "openid deploy");
    assert!(second["id_token"].is_string());
    let third = scene.refresh(&reply.text("refresh_token")).await;
    assert_eq!(third.status, StatusCode::OK);
    assert_eq!(scene.events(), ["redeemed", "refreshed", "refreshed"]);
}

#[tokio::test]
async fn hostile_11_an_old_refresh_token_ends_its_family() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid").await;
    let old = tokens["refresh_token"].as_str().unwrap();
    let next = scene.refresh(old).await;
    scene.refresh(old).await.is_refused(400, "invalid_grant");
    let present = next.text("refresh_token");
    scene
        .refresh(&present)
        .await
        .is_refused(400, "invalid_grant");
    let bearer = format!("Bearer {}", next.text("access_token"));
    let me = scene.ask_with("/userinfo", http::header::AUTHORIZATION, &bearer);
    assert_eq!(me.await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        scene.events(),
        ["redeemed", "refreshed", "refresh_token_reused"]
    );
}

#[tokio::test]
async fn fewer_scopes_can_be_asked_for_and_more_cannot() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid email deploy").await;
    let first = tokens["refresh_token"].as_str().unwrap();
    let asking = |token, scope| {
        let mut form = refresh_form("oarlock", token).to_vec();
        form.push(("scope", scope));
        form
    };
    let reply = scene.post("/token", &asking(first, "openid profile")).await;
    reply.is_refused(400, "invalid_scope");
    // The refusal has spent nothing.
    let reply = scene.post("/token", &asking(first, "deploy")).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    assert_eq!(reply.text("scope"), "deploy");
    assert!(reply.json().get("id_token").is_none());
    // The grant is as wide as before (RFC 6749, section 6).
    let reply = scene.refresh(&reply.text("refresh_token")).await;
    assert_eq!(reply.text("scope"), "openid email deploy");
}

#[tokio::test]
async fn a_resource_that_was_not_granted_is_refused_and_spends_nothing() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid").await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let mut form = refresh_form("oarlock", token).to_vec();
    form.push(("resource", API));
    scene
        .post("/token", &form)
        .await
        .is_refused(400, "invalid_target");
    assert_eq!(scene.refresh(token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn another_clients_refresh_token_is_unknown_and_stays_good() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid").await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let reply = scene.post("/token", &refresh_form("other", token)).await;
    reply.is_refused(400, "invalid_grant");
    let form = refresh_form("web", token);
    let reply = scene.post_as(("web", SECRET), "/token", &form).await;
    reply.is_refused(400, "invalid_grant");
    let mut form = refresh_form("other", token).to_vec();
    form.push(("scope", "openid"));
    let reply = scene.post("/token", &form).await;
    reply.is_refused(400, "invalid_grant");
    assert_eq!(scene.refresh(token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_that_is_refreshed_lives_on_and_one_that_is_not_ends() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid").await;
    let day = Duration::from_secs(24 * 60 * 60);
    scene.clock.advance(89 * day);
    let reply = scene
        .refresh(tokens["refresh_token"].as_str().unwrap())
        .await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    scene.clock.advance(89 * day);
    let reply = scene.refresh(&reply.text("refresh_token")).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    scene.clock.advance(91 * day);
    scene
        .refresh(&reply.text("refresh_token"))
        .await
        .is_refused(400, "invalid_grant");
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let scene = Scene::new().await;
    for token in ["x", "a.b", "....", &"A".repeat(50_000)] {
        scene.refresh(token).await.is_refused(400, "invalid_grant");
    }
}
