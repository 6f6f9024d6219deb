//! The token endpoint: exchange, refresh, expiry, client credentials.
use super::server;
use crate::plain_client::*;
use http::Request;
use oarlock_testkit::{AuthorizationServer, Client, DEFAULT_CLIENT_ID, FakeClock};
use serde_json::json;
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn a_wrong_verifier_redirect_uri_or_client_buys_nothing_and_spends_nothing() {
    let server = AuthorizationServer::builder()
        .client(Client::public("other"))
        .start()
        .await
        .unwrap();
    let code = code(&server).await;
    let good = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("client_id", DEFAULT_CLIENT_ID),
        ("code_verifier", VERIFIER),
    ];
    for (name, wrong) in [
        (
            "code_verifier",
            "another-verifier-of-more-than-forty-three-characters",
        ),
        ("code_verifier", ""),
        ("redirect_uri", "http://127.0.0.1:10/callback"),
        ("client_id", "other"),
    ] {
        let pairs = good.map(|(known, value)| (known, if known == name { wrong } else { value }));
        let answer = post(server.at("/token"), &pairs).await;
        assert_eq!(
            (answer.status, answer.text("error").as_str()),
            (400, "invalid_grant"),
            "{name}"
        );
    }
    assert_eq!(exchange(&server, &code).await.status, 200);
}

#[tokio::test]
async fn hostile_11_a_replayed_code_revokes_what_it_bought() {
    let server = server().await;
    let code = code(&server).await;
    let answer = exchange(&server, &code).await;
    let (access, refresh_token) = (answer.text("access_token"), answer.text("refresh_token"));
    assert!(server.takes_access_token(&access) && server.takes_refresh_token(&refresh_token));
    assert_eq!(
        exchange(&server, &code).await.text("error"),
        "invalid_grant"
    );
    assert!(!server.takes_access_token(&access) && !server.takes_refresh_token(&refresh_token));
    assert_eq!(
        with_token(server.at("/api/whoami"), &access).await.status,
        401
    );
}

#[tokio::test]
async fn hostile_11_a_replayed_refresh_token_revokes_the_family() {
    let server = server().await;
    let first = log_in(&server).await;
    let second = refresh(&server, &first.text("refresh_token")).await;
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    assert_ne!(second.text("access_token"), first.text("access_token"));
    let (_, claims) = decoded(&second.text("id_token"));
    assert_eq!(claims["sub"], "user-alice");
    assert!(claims.get("nonce").is_none());

    let replay = refresh(&server, &first.text("refresh_token")).await;
    assert_eq!(
        (replay.status, replay.text("error").as_str()),
        (400, "invalid_grant")
    );
    assert_eq!(
        refresh(&server, &second.text("refresh_token"))
            .await
            .text("error"),
        "invalid_grant"
    );
    assert!(!server.takes_access_token(&second.text("access_token")));
}

#[tokio::test]
async fn a_refresh_can_narrow_scopes_and_never_widen_them() {
    let server = server().await;
    let issued = server
        .issue(DEFAULT_CLIENT_ID, "alice", "read write")
        .unwrap();
    let mut token = issued.refresh_token.unwrap().expose().to_owned();
    for (scope, status) in [
        ("read write admin", 400),
        ("read", 200),
        ("read write", 200),
    ] {
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &token),
            ("client_id", DEFAULT_CLIENT_ID),
            ("scope", scope),
        ];
        let answer = post(server.at("/token"), &pairs).await;
        assert_eq!(answer.status, status, "{scope}");
        if status == 200 {
            assert_eq!(answer.text("scope"), scope);
            token = answer.text("refresh_token");
        } else {
            assert_eq!(answer.text("error"), "invalid_scope");
        }
    }
}

#[tokio::test]
async fn without_rotation_the_same_refresh_token_stays_good() {
    let server = AuthorizationServer::builder()
        .refresh_rotation(false)
        .start()
        .await
        .unwrap();
    let token = log_in(&server).await.text("refresh_token");
    for _ in 0..3 {
        assert_eq!(refresh(&server, &token).await.text("refresh_token"), token);
    }
}

#[tokio::test]
async fn tokens_and_codes_expire_by_the_given_clock() {
    let clock = Arc::new(FakeClock::default());
    let server = AuthorizationServer::builder()
        .clock(clock.clone())
        .access_token_lifetime(Duration::from_secs(100))
        .start()
        .await
        .unwrap();
    let tokens = log_in(&server).await;
    assert_eq!(tokens.json()["expires_in"], 100);
    assert_eq!(tokens.header("date"), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
    let access = tokens.text("access_token");
    clock.advance(Duration::from_secs(99));
    assert_eq!(
        with_token(server.at("/api/whoami"), &access).await.status,
        200
    );
    clock.advance(Duration::from_secs(1));
    let late = with_token(server.at("/api/whoami"), &access).await;
    assert_eq!(late.status, 401);
    assert!(
        late.header("www-authenticate")
            .unwrap()
            .contains("error=\"invalid_token\"")
    );
    assert_eq!(
        refresh(&server, &tokens.text("refresh_token")).await.status,
        200
    );

    let code = code(&server).await;
    clock.advance(Duration::from_secs(60));
    assert_eq!(
        exchange(&server, &code).await.text("error"),
        "invalid_grant"
    );
}

#[tokio::test]
async fn the_test_can_expire_and_revoke_by_hand() {
    let server = server().await;
    let issued = server.issue(DEFAULT_CLIENT_ID, "bob", SCOPE).unwrap();
    let (access, refresh_token) = (
        issued.access_token.expose(),
        issued.refresh_token.as_ref().unwrap().expose(),
    );
    assert_eq!(
        with_token(server.at("/api/whoami"), access)
            .await
            .text("sub"),
        "user-bob"
    );
    server.expire_access_tokens();
    assert!(!server.takes_access_token(access) && server.takes_refresh_token(refresh_token));
    server.revoke_all();
    assert!(!server.takes_refresh_token(refresh_token));
    assert_eq!(
        refresh(&server, refresh_token).await.text("error"),
        "invalid_grant"
    );
    assert!(
        server.issue("nobody", "bob", "").is_err()
            && server.issue(DEFAULT_CLIENT_ID, "nobody", "").is_err()
    );
}

#[tokio::test]
async fn a_program_with_a_secret_gets_a_token_of_its_own() {
    let server = AuthorizationServer::builder()
        .client(Client::confidential("robot", "s3cret:&="))
        .start()
        .await
        .unwrap();
    let token = server.at("/token");
    let grant = ("grant_type", "client_credentials");
    let answer = post_basic(
        &token,
        "robot",
        "s3cret%3A%26%3D",
        &[grant, ("scope", "read")],
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.json().get("refresh_token").is_none());
    let who = with_token(server.at("/api/whoami"), &answer.text("access_token"))
        .await
        .json();
    assert_eq!(
        (&who["sub"], &who["client_id"]),
        (&json!(null), &json!("robot"))
    );

    let body = [
        grant,
        ("client_id", "robot"),
        ("client_secret", "s3cret:&="),
    ];
    assert_eq!(post(&token, &body).await.status, 200);
    let wrong = post_basic(&token, "robot", "wrong", &[grant]).await;
    assert_eq!(
        (wrong.status, wrong.text("error").as_str()),
        (401, "invalid_client")
    );
    assert!(
        wrong
            .header("www-authenticate")
            .unwrap()
            .starts_with("Basic")
    );
    let both = post_basic(&token, "robot", "s3cret%3A%26%3D", &body).await;
    assert_eq!(both.text("error"), "invalid_request");
    let public = post(&token, &[grant, ("client_id", DEFAULT_CLIENT_ID)]).await;
    assert_eq!(public.text("error"), "unauthorized_client");
}

#[tokio::test]
async fn token_requests_may_be_json_and_repeat_nothing() {
    let server = server().await;
    let issued = server.issue(DEFAULT_CLIENT_ID, "alice", "read").unwrap();
    let body = json!({
        "grant_type": "refresh_token", "client_id": DEFAULT_CLIENT_ID,
        "refresh_token": issued.refresh_token.unwrap().expose(),
    });
    let request =
        Request::post(server.at("/token").as_str()).header("content-type", "application/json");
    assert_eq!(send(request, body.to_string()).await.unwrap().status, 200);
    let twice = [
        ("grant_type", "refresh_token"),
        ("grant_type", "authorization_code"),
    ];
    assert_eq!(
        post(server.at("/token"), &twice).await.text("error"),
        "invalid_request"
    );
    assert_eq!(get(server.at("/token")).await.status, 405);
}
