//! What is still good, and its end.

use super::scene::{API, Reply, SECRET, Scene};
use crate::broker::request::Asked;
use http::{StatusCode, header};
use serde_json::Value;
use std::time::Duration;

async fn me(scene: &Scene, token: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    scene
        .ask_with("/userinfo", header::AUTHORIZATION, &bearer)
        .await
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

/// Tokens of the built-in client for a resource.
async fn for_api(scene: &Scene) -> Value {
    let mut request = scene.code_request("oarlock", "openid");
    if let Asked::Code(asked) = &mut request.asked {
        asked.resources = vec![API.into()];
    }
    let code = scene.agree(request, Duration::from_secs(60)).await;
    scene.redeem("oarlock", code.expose()).await.json()
}

#[tokio::test]
async fn userinfo_says_what_the_scopes_allow() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid email").await;
    let reply = me(&scene, text(&tokens, "access_token")).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    let claims = reply.json();
    assert_eq!(claims["email"], "ada@example.com");
    assert!(claims.get("name").is_none());
    assert_eq!(text(&claims, "sub").len(), 26);
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn userinfo_refuses_as_rfc_6750_says() {
    let scene = Scene::new().await;
    let none = scene.get("/userinfo").await;
    assert_eq!(none.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        none.header("www-authenticate"),
        Some("Bearer realm=\"oarlock\"")
    );
    for wrong in ["x", "a.b.c", &"A".repeat(9_000)] {
        let reply = me(&scene, wrong).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Bearer realm=\"oarlock\", error=\"invalid_token\"")
        );
    }
    let malformed = me(&scene, "two words").await;
    assert_eq!(malformed.status, StatusCode::BAD_REQUEST);

    let tokens = scene.tokens("deploy").await;
    let reply = me(&scene, text(&tokens, "access_token")).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(
        reply.header("www-authenticate"),
        Some("Bearer realm=\"oarlock\", error=\"insufficient_scope\", scope=\"openid\"")
    );
}

#[tokio::test]
async fn hostile_14_a_token_for_a_resource_is_not_for_this_server() {
    let scene = Scene::new().await;
    let tokens = for_api(&scene).await;
    let reply = me(&scene, text(&tokens, "access_token")).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(reply.error(), "invalid_token");
}

#[tokio::test]
async fn a_revoked_refresh_token_takes_everything_with_it() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid").await;
    let form = |token| [("client_id", "oarlock"), ("token", token)];
    let refresh = text(&tokens, "refresh_token");
    let reply = scene.post("/revoke", &form(refresh)).await;
    assert_eq!(reply.status, StatusCode::OK);
    let access = text(&tokens, "access_token");
    assert_eq!(me(&scene, access).await.status, StatusCode::UNAUTHORIZED);
    scene
        .refresh(refresh)
        .await
        .is_refused(400, "invalid_grant");
    assert_eq!(scene.events(), ["redeemed", "session_revoked"]);
    // Again, and of one that never was: the same.
    for token in [refresh, "never-was"] {
        let reply = scene.post("/revoke", &form(token)).await;
        assert_eq!(reply.status, StatusCode::OK);
    }
    assert_eq!(scene.events().len(), 2);
}

#[tokio::test]
async fn a_revoked_access_token_is_revoked_alone() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid").await;
    let access = text(&tokens, "access_token");
    let form = [("client_id", "oarlock"), ("token", access)];
    assert_eq!(scene.post("/revoke", &form).await.status, StatusCode::OK);
    assert_eq!(me(&scene, access).await.status, StatusCode::UNAUTHORIZED);
    let next = scene.refresh(text(&tokens, "refresh_token")).await;
    let reply = me(&scene, &next.text("access_token")).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(
        scene.events(),
        ["redeemed", "access_token_revoked", "refreshed"]
    );
}

#[tokio::test]
async fn another_clients_tokens_are_not_revoked() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid").await;
    for name in ["access_token", "refresh_token"] {
        let form = [("client_id", "other"), ("token", text(&tokens, name))];
        assert_eq!(scene.post("/revoke", &form).await.status, StatusCode::OK);
        let form = [("token", text(&tokens, name))];
        let reply = scene.post_as(("web", SECRET), "/revoke", &form).await;
        assert_eq!(reply.status, StatusCode::OK);
    }
    let reply = me(&scene, text(&tokens, "access_token")).await;
    assert_eq!(reply.status, StatusCode::OK);
    let reply = scene.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn introspection_tells_whom_it_concerns() {
    let scene = Scene::new().await;
    let tokens = for_api(&scene).await;
    let token = text(&tokens, "access_token");
    let own = [("client_id", "oarlock"), ("token", token)];
    let own = scene.post("/introspect", &own).await.json();
    let form = [("token", token)];
    let api = scene.post_as((API, SECRET), "/introspect", &form).await;
    assert_eq!(own, api.json());
    assert_eq!(own["active"], true);
    assert_eq!(own["client_id"], "oarlock");
    assert_eq!(own["aud"], API);
    assert_eq!(own["scope"], "openid");
    assert_eq!(own["iss"], "http://127.0.0.1:5001");

    let inactive = r#"{"active":false}"#;
    let web = scene.post_as(("web", SECRET), "/introspect", &form).await;
    assert_eq!(web.body, inactive);
    let other = [("client_id", "other"), ("token", token)];
    assert_eq!(scene.post("/introspect", &other).await.body, inactive);
    let unknown = scene.post_as((API, SECRET), "/introspect", &[("token", "x")]);
    assert_eq!(unknown.await.body, inactive);

    // No longer once it is revoked.
    let revoke = [("client_id", "oarlock"), ("token", token)];
    scene.post("/revoke", &revoke).await;
    let api = scene.post_as((API, SECRET), "/introspect", &form).await;
    assert_eq!(api.body, inactive);
}

#[tokio::test]
async fn an_access_token_expires() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid").await;
    let token = text(&tokens, "access_token");
    scene.clock.advance(Duration::from_secs(600 + 61));
    assert_eq!(me(&scene, token).await.status, StatusCode::UNAUTHORIZED);
    let form = [("client_id", "oarlock"), ("token", token)];
    let reply = scene.post("/introspect", &form).await;
    assert_eq!(reply.body, r#"{"active":false}"#);
}
