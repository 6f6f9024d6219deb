//! A login by authorization code, from the request to the first tokens.
use super::server;
use crate::plain_client::*;
use oarlock_testkit::{AuthorizationServer, DEFAULT_CLIENT_ID, Endpoint};
use serde_json::json;

#[tokio::test]
async fn a_code_with_pkce_buys_tokens_that_open_the_resource() {
    let server = server().await;
    let response = authorize(&server).await;
    assert_eq!(value(&response, "state"), Some(STATE));
    assert_eq!(value(&response, "iss"), Some(server.issuer()));
    let answer = exchange(&server, value(&response, "code").unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["scope"], SCOPE);

    let access = answer.text("access_token");
    let who = with_token(server.at("/api/whoami"), &access).await.json();
    assert_eq!(who["sub"], "user-alice");
    assert_eq!(who["client_id"], DEFAULT_CLIENT_ID);
    let info = with_token(server.at("/userinfo"), &access).await.json();
    assert_eq!(
        info,
        json!({
            "sub": "user-alice", "email": "alice@example.com", "email_verified": true,
            "name": "Alice", "preferred_username": "alice",
        })
    );
    assert_eq!(server.count(Endpoint::Token), 1);
    let seen = server.grants_of("authorization_code");
    assert_eq!(seen[0].form("code_verifier"), Some(VERIFIER));
    assert!(
        !format!("{seen:?}").contains(VERIFIER),
        "Debug shows names only"
    );
}

#[tokio::test]
async fn the_id_token_is_signed_for_the_client_and_carries_the_nonce() {
    let server = server().await;
    let answer = log_in(&server).await;
    let id_token = answer.text("id_token");
    let jwks: jsonwebtoken::jwk::JwkSet =
        serde_json::from_str(&get(server.at("/jwks.json")).await.body).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwks.keys[0]).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.set_audience(&[DEFAULT_CLIENT_ID]);
    rules.set_issuer(&[server.issuer()]);
    let token = jsonwebtoken::decode::<serde_json::Value>(&id_token, &key, &rules).unwrap();
    assert_eq!(token.header.kid.as_deref(), Some("key-1"));
    let claims = token.claims;
    assert_eq!(claims["sub"], "user-alice");
    assert_eq!(claims["nonce"], NONCE);
    assert_eq!(claims["azp"], DEFAULT_CLIENT_ID);
    assert_eq!(claims["email"], "alice@example.com");
    assert!(claims["auth_time"].as_i64().unwrap() <= claims["iat"].as_i64().unwrap());
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_told() {
    let server = server().await;
    let url = authorization_url(&server, &[("scope", "read")]);
    let response = response_of(&stopping_browser().user("bob").visit(&url).await.unwrap());
    let answer = exchange(&server, value(&response, "code").unwrap()).await;
    assert_eq!(answer.json()["scope"], "read");
    assert!(answer.json().get("id_token").is_none());
    let info = with_token(server.at("/userinfo"), &answer.text("access_token")).await;
    assert_eq!(info.status, 403);
    assert!(
        info.header("www-authenticate")
            .unwrap()
            .contains("insufficient_scope")
    );
    assert_eq!(
        with_token(server.at("/api/whoami"), &answer.text("access_token"))
            .await
            .text("sub"),
        "user-bob"
    );
}

#[tokio::test]
async fn hostile_15_a_request_without_pkce_or_with_plain_is_refused() {
    let server = server().await;
    for changes in [
        [("code_challenge", ""), ("code_challenge_method", "")],
        [
            ("code_challenge", VERIFIER),
            ("code_challenge_method", "plain"),
        ],
        [
            ("code_challenge", "short"),
            ("code_challenge_method", "S256"),
        ],
    ] {
        let visit = stopping_browser()
            .visit(&authorization_url(&server, &changes))
            .await
            .unwrap();
        let response = response_of(&visit);
        assert_eq!(
            value(&response, "error"),
            Some("invalid_request"),
            "{changes:?}"
        );
        assert_eq!(value(&response, "state"), Some(STATE));
        assert_eq!(value(&response, "iss"), Some(server.issuer()));
        assert_eq!(value(&response, "code"), None);
    }
    let lenient = AuthorizationServer::builder()
        .pkce_required(false)
        .start()
        .await
        .unwrap();
    let url = authorization_url(
        &lenient,
        &[("code_challenge", ""), ("code_challenge_method", "")],
    );
    let response = response_of(&stopping_browser().visit(&url).await.unwrap());
    assert!(value(&response, "code").is_some());
}

#[tokio::test]
async fn hostile_07_an_untrusted_redirect_uri_gets_a_page_and_no_redirect() {
    let server = server().await;
    for changes in [
        ("redirect_uri", "http://127.0.0.1:9@evil.example/callback"),
        ("redirect_uri", "http://127.0.0.1:9/other"),
        ("redirect_uri", ""),
        ("client_id", "nobody"),
        ("client_id", ""),
    ] {
        let page = get(authorization_url(&server, &[changes])).await;
        assert_eq!(
            (page.status, page.header("location")),
            (400, None),
            "{changes:?}"
        );
    }
    let twice = authorization_url(&server, &[]).as_str().to_owned() + "&client_id=other";
    assert_eq!(get(twice).await.status, 400);
}

#[tokio::test]
async fn a_denial_and_a_prompt_of_none_come_back_as_errors() {
    let server = server().await;
    let visit = stopping_browser()
        .deny()
        .visit(&authorization_url(&server, &[]))
        .await
        .unwrap();
    let response = response_of(&visit);
    assert_eq!(value(&response, "error"), Some("access_denied"));
    assert_eq!(
        (value(&response, "state"), value(&response, "code")),
        (Some(STATE), None)
    );
    let silent = authorization_url(&server, &[("prompt", "none")]);
    let response = response_of(&stopping_browser().visit(&silent).await.unwrap());
    assert_eq!(value(&response, "error"), Some("login_required"));
}
