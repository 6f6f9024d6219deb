//! Codes.

use super::scene::{API, FAR, REDIRECT, SECRET, Scene, VERIFIER, code_form};
use crate::broker::request::Asked;
use http::StatusCode;
use std::time::Duration;

#[tokio::test]
async fn a_code_buys_tokens() {
    let scene = Scene::new().await;
    let code = scene.code_for("oarlock", "openid email deploy").await;
    let reply = scene.redeem("oarlock", code.expose()).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    let tokens = reply.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 600);
    assert_eq!(tokens["scope"], "openid email deploy");
    for token in ["access_token", "refresh_token", "id_token"] {
        assert!(tokens[token].is_string(), "{token}");
    }
    assert_eq!(scene.events(), ["redeemed"]);
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("deploy").await;
    assert!(tokens.get("id_token").is_none());
}

#[tokio::test]
async fn a_client_without_refresh_tokens_gets_none_and_its_session_ends_with_its_token() {
    let scene = Scene::with(|config| {
        config.clients[1].metadata.grant_types.pop();
    })
    .await;
    let code = scene.code_for("other", "openid").await;
    let tokens = scene.redeem("other", code.expose()).await.json();
    assert!(tokens.get("refresh_token").is_none());
    assert_eq!(tokens["expires_in"], 600);
}

#[tokio::test]
async fn hostile_15_wrong_verifier_client_or_redirect_uri_buys_nothing_and_spends_nothing() {
    let scene = Scene::new().await;
    let code = scene.code_for("oarlock", "openid").await;
    let wrong_verifier = "x".repeat(43);
    for (field, value) in [
        (4, wrong_verifier.as_str()),
        (3, "http://127.0.0.1:4711/other"),
        (3, "http://127.0.0.1:4712/callback"),
        (1, "other"),
    ] {
        let mut form = code_form("oarlock", code.expose());
        form[field].1 = value;
        let reply = scene.post("/token", &form).await;
        reply.is_refused(400, "invalid_grant");
    }
    // The secret that is missing, and the method that is another.
    let form = code_form("oarlock", code.expose());
    let reply = scene.post_as(("oarlock", SECRET), "/token", &form).await;
    reply.is_refused(401, "invalid_client");
    let reply = scene.post("/token", &form[..4]).await;
    reply.is_refused(400, "invalid_request");
    let reply = scene.redeem("oarlock", code.expose()).await;
    assert_eq!(reply.status, StatusCode::OK, "still there: {reply:?}");
}

#[tokio::test]
async fn hostile_11_a_replayed_code_is_refused_and_ends_what_it_bought() {
    let scene = Scene::new().await;
    let code = scene.code_for("oarlock", "openid").await;
    let tokens = scene.redeem("oarlock", code.expose()).await.json();
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let me = || scene.ask_with("/userinfo", http::header::AUTHORIZATION, &bearer);
    assert_eq!(me().await.status, StatusCode::OK);

    // Also long after the code itself has expired.
    scene.clock.advance(Duration::from_secs(300));
    let reply = scene.redeem("oarlock", code.expose()).await;
    reply.is_refused(400, "invalid_grant");
    assert_eq!(me().await.status, StatusCode::UNAUTHORIZED);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    scene
        .refresh(refresh)
        .await
        .is_refused(400, "invalid_grant");
    assert_eq!(scene.events(), ["redeemed", "code_replayed"]);
}

#[tokio::test]
async fn hostile_11_of_many_at_once_one_code_buys_one_session_at_most() {
    let scene = Scene::new().await;
    let code = scene.code_for("oarlock", "openid").await;
    let all = (0..8).map(|_| scene.redeem("oarlock", code.expose()));
    let replies = futures_util::future::join_all(all).await;
    let bought = replies
        .iter()
        .filter(|reply| reply.status == StatusCode::OK);
    assert_eq!(bought.count(), 1);
    // And what it bought is revoked, because the code came again.
    let bought = replies
        .iter()
        .find(|reply| reply.status == StatusCode::OK)
        .unwrap();
    scene
        .refresh(&bought.text("refresh_token"))
        .await
        .is_refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_code_expires() {
    let scene = Scene::new().await;
    let code = scene.code_for("oarlock", "openid").await;
    scene.clock.advance(Duration::from_secs(61));
    let reply = scene.redeem("oarlock", code.expose()).await;
    reply.is_refused(400, "invalid_grant");
    assert!(scene.events().is_empty());
}

#[tokio::test]
async fn resources_are_a_part_of_those_that_were_asked_for() {
    let scene = Scene::new().await;
    let mut request = scene.code_request("oarlock", "openid");
    if let Asked::Code(asked) = &mut request.asked {
        asked.resources = vec![API.into(), "https://two.example.com".into()];
    }
    let code = scene.agree(request, Duration::from_secs(60)).await;
    let asking = |resource| {
        let mut form = code_form("oarlock", code.expose()).to_vec();
        form.push(("resource", resource));
        form
    };
    let reply = scene
        .post("/token", &asking("https://three.example.com"))
        .await;
    reply.is_refused(400, "invalid_target");
    let reply = scene.post("/token", &asking(API)).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    let seen = scene
        .post_as(
            (API, SECRET),
            "/introspect",
            &[("token", &reply.text("access_token"))],
        )
        .await;
    assert_eq!(seen.json()["aud"], API);
}

#[tokio::test]
async fn hostile_20_a_code_is_of_no_use_without_the_program_that_asked() {
    let scene = Scene::new().await;
    let code = scene.code_for("oarlock", "openid").await;
    let mut form = code_form("oarlock", code.expose());
    let guessed = VERIFIER.to_lowercase();
    form[4].1 = &guessed;
    let mut request = super::scene::form("/token", &form);
    request.extensions_mut().insert(super::scene::from(FAR));
    let reply = scene.send(request).await;
    reply.is_refused(400, "invalid_grant");
    for secret in [code.expose(), VERIFIER, &guessed, REDIRECT] {
        assert!(!reply.body.contains(secret));
    }
}
