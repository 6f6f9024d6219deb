//! Clients that register themselves.

use super::scene::{FAR, Reply, Scene, code_form, from};
use crate::{
    broker::digest::{Digest, Purpose},
    config::broker::RegistrationPolicy,
};
use axum::body::Body;
use http::{Request, StatusCode, header};

const PUBLIC: &str = r#"{"client_name":"A tool","redirect_uris":["http://127.0.0.1/callback"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}"#;
const CONFIDENTIAL: &str =
    r#"{"client_name":"A site","redirect_uris":["https://site.example/callback"]}"#;

async fn register(scene: &Scene, body: &str, token: Option<&str>) -> Reply {
    let mut request = Request::post("/register").header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    scene
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

#[tokio::test]
async fn a_public_client_registers_and_logs_in() {
    let scene = Scene::new().await;
    let reply = register(&scene, PUBLIC, None).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let client = reply.json();
    assert_eq!(client["client_id_issued_at"], 1_767_225_600);
    assert_eq!(client["client_name"], "A tool");
    assert_eq!(client["response_types"], serde_json::json!(["code"]));
    assert!(client.get("client_secret").is_none());
    let id = reply.text("client_id");
    let code = scene.code_for(&id, "openid").await;
    let tokens = scene.redeem(&id, code.expose()).await;
    assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
    assert_eq!(scene.events(), ["client_registered", "redeemed"]);
}

#[tokio::test]
async fn a_confidential_client_gets_a_secret_and_has_to_show_it() {
    let scene = Scene::new().await;
    let reply = register(&scene, CONFIDENTIAL, None).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{reply:?}");
    assert_eq!(reply.json()["client_secret_expires_at"], 0);
    assert_eq!(
        reply.text("token_endpoint_auth_method"),
        "client_secret_basic"
    );
    let (id, secret) = (reply.text("client_id"), reply.text("client_secret"));
    let code = scene.code_for(&id, "openid").await;
    let form = code_form(&id, code.expose());
    scene
        .post("/token", &form)
        .await
        .is_refused(401, "invalid_client");
    let mut posted = form.to_vec();
    posted.push(("client_secret", &secret));
    let reply = scene.post("/token", &posted).await;
    reply.is_refused(401, "invalid_client");
    let reply = scene.post_as((&id, &secret), "/token", &form).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    // Nothing that is kept holds the secret.
    let log = std::fs::read_to_string(&scene.audit).unwrap();
    assert!(!log.contains(&secret) && !log.contains(code.expose()));
}

#[tokio::test]
async fn metadata_that_cannot_be_is_refused() {
    let scene = Scene::new().await;
    for (body, error) in [
        ("", "invalid_client_metadata"),
        ("[]", "invalid_client_metadata"),
        (r#"{"redirect_uris":[]}"#, "invalid_redirect_uri"),
        (
            r#"{"redirect_uris":["javascript:alert(1)"]}"#,
            "invalid_redirect_uri",
        ),
    ] {
        let reply = register(&scene, body, None).await;
        reply.is_refused(400, error);
    }
    assert!(scene.events().is_empty());
}

#[tokio::test]
async fn the_policy_decides() {
    let off = Scene::with(|config| config.registration = RegistrationPolicy::Off).await;
    register(&off, PUBLIC, None)
        .await
        .is_refused(403, "access_denied");
    let metadata = off.get("/.well-known/openid-configuration").await;
    assert!(metadata.json().get("registration_endpoint").is_none());

    let known = Digest::of(Purpose::InitialAccessToken, "the-initial-access-token");
    let token = Scene::with(|config| {
        config.registration = RegistrationPolicy::Token(vec![Digest([9; 32]), known]);
    })
    .await;
    let none = register(&token, PUBLIC, None).await;
    none.is_refused(401, "invalid_token");
    assert_eq!(
        none.header("www-authenticate"),
        Some("Bearer realm=\"oarlock\"")
    );
    let wrong = register(&token, PUBLIC, Some("another")).await;
    wrong.is_refused(401, "invalid_token");
    let right = register(&token, PUBLIC, Some("the-initial-access-token")).await;
    assert_eq!(right.status, StatusCode::CREATED);
}

#[tokio::test]
async fn hostile_38_registrations_are_bounded_for_an_address_and_in_all() {
    let scene = Scene::with(|config| {
        config.limits.registrations_per_hour = 3;
        config.limits.clients = 4;
    })
    .await;
    for _ in 0..3 {
        let reply = register(&scene, PUBLIC, None).await;
        assert_eq!(reply.status, StatusCode::CREATED);
    }
    let reply = register(&scene, PUBLIC, None).await;
    reply.is_refused(429, "temporarily_unavailable");
    let elsewhere = || {
        let request = Request::post("/register").extension(from(FAR));
        scene.send(request.body(Body::from(PUBLIC)).unwrap())
    };
    assert_eq!(elsewhere().await.status, StatusCode::CREATED);
    let full = elsewhere().await;
    full.is_refused(503, "temporarily_unavailable");
    assert!(full.header("retry-after").is_some());
}

#[tokio::test]
async fn hostile_02_a_body_over_the_cap_is_refused() {
    let scene = Scene::new().await;
    let huge = "x".repeat(64 * 1024 + 1);
    for path in ["/register", "/token", "/revoke"] {
        let request = Request::post(path).body(Body::from(huge.clone())).unwrap();
        let reply = scene.send(request).await;
        reply.is_refused(413, "invalid_request");
    }
}
