//! The server behaves: every flow, walked by a client without any OAuth library.
use crate::plain_client::*;
use http::Request;
use oarlock_testkit::{
    AuthorizationServer, Client, DEFAULT_CLIENT_ID, Endpoint, FakeBrowser, FakeClock, Server,
};

use serde_json::json;
use std::{sync::Arc, time::Duration};

async fn server() -> Server {
    AuthorizationServer::start().await.unwrap()
}

#[tokio::test]
async fn metadata_names_what_there_is() {
    let server = AuthorizationServer::builder()
        .without(Endpoint::Revoke)
        .start()
        .await
        .unwrap();
    let openid = get(server.at("/.well-known/openid-configuration"))
        .await
        .json();
    let oauth = get(server.at("/.well-known/oauth-authorization-server"))
        .await
        .json();
    assert_eq!(openid, oauth);
    assert_eq!(openid["issuer"], server.issuer());
    assert!(!server.issuer().ends_with('/'));
    assert_eq!(
        openid["token_endpoint"],
        format!("{}/token", server.issuer())
    );
    assert_eq!(openid["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(
        openid["authorization_response_iss_parameter_supported"],
        true
    );
    assert!(openid.get("revocation_endpoint").is_none());
    assert_eq!(
        post(server.at("/revoke"), &[("token", "x")]).await.status,
        404
    );
}

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
    let who = get_with(server.at("/api/whoami"), &access).await.json();
    assert_eq!(who["sub"], "user-alice");
    assert_eq!(who["client_id"], DEFAULT_CLIENT_ID);
    let info = get_with(server.at("/userinfo"), &access).await.json();
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
    let info = get_with(server.at("/userinfo"), &answer.text("access_token")).await;
    assert_eq!(info.status, 403);
    assert!(
        info.header("www-authenticate")
            .unwrap()
            .contains("insufficient_scope")
    );
    assert_eq!(
        get_with(server.at("/api/whoami"), &answer.text("access_token"))
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
        get_with(server.at("/api/whoami"), &access).await.status,
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
        get_with(server.at("/api/whoami"), &access).await.status,
        200
    );
    clock.advance(Duration::from_secs(1));
    let late = get_with(server.at("/api/whoami"), &access).await;
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
        get_with(server.at("/api/whoami"), access).await.text("sub"),
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
async fn a_device_is_polled_allowed_and_served_once() {
    let clock = Arc::new(FakeClock::default());
    let server = AuthorizationServer::builder()
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    let begun = begin_device(&server).await;
    assert_eq!(begun.json()["interval"], 5);
    let (device_code, user_code) = (begun.text("device_code"), begun.text("user_code"));
    assert_eq!(user_code.len(), 9, "{user_code}");
    assert_eq!(
        poll(&server, &device_code).await.text("error"),
        "authorization_pending"
    );
    // The next one comes at once, so the interval grows to ten seconds.
    assert_eq!(poll(&server, &device_code).await.text("error"), "slow_down");
    clock.advance(Duration::from_secs(6));
    assert_eq!(poll(&server, &device_code).await.text("error"), "slow_down");
    clock.advance(Duration::from_secs(15));
    assert_eq!(
        poll(&server, &device_code).await.text("error"),
        "authorization_pending"
    );

    let page = url::Url::parse(&begun.text("verification_uri_complete")).unwrap();
    let visit = FakeBrowser::new().user("bob").visit(&page).await.unwrap();
    assert!(visit.page.contains("Device connected"), "{}", visit.page);
    clock.advance(Duration::from_secs(15));
    let tokens = poll(&server, &device_code).await;
    assert_eq!(decoded(&tokens.text("id_token")).1["sub"], "user-bob");
    clock.advance(Duration::from_secs(15));
    assert_eq!(
        poll(&server, &device_code).await.text("error"),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_device_can_be_denied_and_expires() {
    let clock = Arc::new(FakeClock::default());
    let server = AuthorizationServer::builder()
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    let begun = begin_device(&server).await;
    let page = url::Url::parse(&begun.text("verification_uri_complete")).unwrap();
    let visit = FakeBrowser::new().deny().visit(&page).await.unwrap();
    assert!(visit.page.contains("Access denied"), "{}", visit.page);
    assert_eq!(
        poll(&server, &begun.text("device_code"))
            .await
            .text("error"),
        "access_denied"
    );

    let begun = begin_device(&server).await;
    clock.advance(Duration::from_secs(600));
    assert!(!server.approve_device(&begun.text("user_code")));
    assert_eq!(
        poll(&server, &begun.text("device_code"))
            .await
            .text("error"),
        "expired_token"
    );

    let begun = begin_device(&server).await;
    let typed = begun.text("user_code").to_lowercase().replace('-', " ");
    assert!(
        server.approve_device(&typed),
        "case, dashes and spaces do not matter"
    );
    assert!(!server.deny_device(&typed), "it is decided");
    assert_eq!(poll(&server, &begun.text("device_code")).await.status, 200);
}

#[tokio::test]
async fn hostile_10_wrong_and_expired_user_codes_look_the_same() {
    let clock = Arc::new(FakeClock::default());
    let server = AuthorizationServer::builder()
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    let known = begin_device(&server).await.text("user_code");
    clock.advance(Duration::from_secs(600));
    let expired = get(server.at("/device").as_str().to_owned() + "?user_code=" + &known).await;
    let wrong = get(server.at("/device").as_str().to_owned() + "?user_code=BBBB-BBBB").await;
    assert_eq!((expired.status, expired.body), (wrong.status, wrong.body));
}

#[tokio::test]
async fn revocation_ends_an_access_token_alone_and_a_refresh_token_with_its_family() {
    let server = AuthorizationServer::builder()
        .client(Client::public("other"))
        .start()
        .await
        .unwrap();
    let tokens = log_in(&server).await;
    let (access, refresh_token) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let revoke = async |token: &str, client: &str| {
        post(
            server.at("/revoke"),
            &[("token", token), ("client_id", client)],
        )
        .await
        .status
    };
    assert_eq!(revoke("unknown", DEFAULT_CLIENT_ID).await, 200);
    assert_eq!(revoke(&refresh_token, "other").await, 400);
    assert!(server.takes_refresh_token(&refresh_token));
    assert_eq!(revoke(&access, DEFAULT_CLIENT_ID).await, 200);
    assert!(!server.takes_access_token(&access) && server.takes_refresh_token(&refresh_token));
    let access = refresh(&server, &refresh_token).await;
    assert_eq!(
        revoke(&access.text("refresh_token"), DEFAULT_CLIENT_ID).await,
        200
    );
    assert!(!server.takes_access_token(&access.text("access_token")));
}

#[tokio::test]
async fn introspection_tells_of_good_tokens_only() {
    let server = server().await;
    let tokens = log_in(&server).await;
    let ask = async |token: &str| {
        post(
            server.at("/introspect"),
            &[("token", token), ("client_id", DEFAULT_CLIENT_ID)],
        )
        .await
        .json()
    };
    let access = ask(&tokens.text("access_token")).await;
    assert_eq!(
        (&access["active"], &access["sub"]),
        (&json!(true), &json!("user-alice"))
    );
    assert_eq!(ask(&tokens.text("refresh_token")).await["active"], true);
    server.revoke_all();
    assert_eq!(
        ask(&tokens.text("access_token")).await,
        json!({ "active": false })
    );
    let nobody = post(
        server.at("/introspect"),
        &[("token", "x"), ("client_id", "nobody")],
    )
    .await;
    assert_eq!(
        (nobody.status, nobody.text("error").as_str()),
        (401, "invalid_client")
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
    let who = get_with(server.at("/api/whoami"), &answer.text("access_token"))
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
async fn a_client_registers_itself_and_logs_in() {
    let server = server().await;
    let register = async |body: serde_json::Value| {
        let request = Request::post(server.at("/register").as_str())
            .header("content-type", "application/json");
        send(request, body.to_string()).await.unwrap()
    };
    let answer = register(json!({
        "client_name": "A <b>program</b>", "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/callback", "com.example.app:/callback"],
    }))
    .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert!(answer.json().get("client_secret").is_none());
    let id = answer.text("client_id");
    let url = authorization_url(&server, &[("client_id", &id)]);
    let page = get(&url).await.body;
    assert!(
        page.contains("A &lt;b&gt;program&lt;/b&gt;") && !page.contains("<b>"),
        "{page}"
    );
    assert!(
        value(
            &response_of(&stopping_browser().visit(&url).await.unwrap()),
            "code"
        )
        .is_some()
    );

    let secret = register(json!({ "redirect_uris": ["https://app.example/cb"] })).await;
    assert_eq!(
        secret.text("token_endpoint_auth_method"),
        "client_secret_basic"
    );
    let (id, secret) = (secret.text("client_id"), secret.text("client_secret"));
    let token = post_basic(
        server.at("/token"),
        &id,
        &secret,
        &[("grant_type", "client_credentials")],
    )
    .await;
    assert_eq!(token.status, 200);

    for bad in [
        json!([]),
        json!(["javascript:alert(1)"]),
        json!(["http://app.example/cb"]),
        json!(["https://a/#x"]),
    ] {
        let answer = register(json!({ "redirect_uris": bad })).await;
        assert_eq!(answer.text("error"), "invalid_redirect_uri");
    }
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

/// The sign-in page's hidden field and cookie.
async fn opened(server: &Server) -> (String, String) {
    let page = get(authorization_url(server, &[])).await;
    let id = page
        .body
        .split("name=\"interaction\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let cookie = page.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    (id.to_owned(), cookie.split(';').next().unwrap().to_owned())
}

async fn submit(server: &Server, id: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::post(server.at("/authorize").as_str());
    request = request.header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(
        request,
        format!("interaction={id}&user=alice&decision=allow"),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn hostile_09_a_double_submit_gets_the_same_answer() {
    let server = server().await;
    let (id, cookie) = opened(&server).await;
    let first = submit(&server, &id, &[("cookie", &cookie)]).await;
    let second = submit(&server, &id, &[("cookie", &cookie)]).await;
    assert_eq!((first.status, second.status), (303, 303));
    assert_eq!(first.header("location"), second.header("location"));
}

#[tokio::test]
async fn hostile_22_a_form_from_another_browser_or_page_decides_nothing() {
    let server = server().await;
    let (id, cookie) = opened(&server).await;
    let cookie = cookie.as_str();
    for headers in [
        vec![],
        vec![("cookie", "oarlock_sign_in=guessed")],
        vec![("cookie", cookie), ("origin", "https://evil.example")],
        vec![("cookie", cookie), ("origin", "null")],
        vec![("cookie", cookie), ("sec-fetch-site", "cross-site")],
    ] {
        let answer = submit(&server, &id, &headers).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, None),
            "{headers:?}"
        );
    }
    assert_eq!(
        submit(&server, "guessed", &[("cookie", cookie)])
            .await
            .status,
        400
    );
    let own = [
        ("cookie", cookie),
        ("origin", server.issuer()),
        ("sec-fetch-site", "same-origin"),
    ];
    assert_eq!(submit(&server, &id, &own).await.status, 303);
}

#[tokio::test]
async fn hostile_17_a_foreign_host_header_is_refused() {
    let server = server().await;
    for (host, status) in [
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost:1", 200),
        ("[::1]:1", 200),
        ("127.0.0.1", 200),
    ] {
        let request = Request::get(server.at("/jwks.json").as_str()).header("host", host);
        assert_eq!(send(request, "").await.unwrap().status, status, "{host}");
    }
}

#[tokio::test]
async fn pages_allow_one_style_and_nothing_else() {
    let server = server().await;
    let page = get(authorization_url(&server, &[])).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        policy.contains("form-action 'self' http://127.0.0.1:9;"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!page.body.contains("<script"));
    let style = page
        .body
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let sum = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, sum);
    assert!(policy.contains(&format!("'sha256-{sum}'")), "{policy}");
    let six = get(authorization_url(
        &server,
        &[("redirect_uri", "http://[::1]:9/callback")],
    ))
    .await;
    assert!(
        six.header("content-security-policy")
            .unwrap()
            .contains("form-action 'self' http:;")
    );
}

#[tokio::test]
async fn the_echo_says_what_was_sent_but_never_the_token() {
    let server = server().await;
    let issued = server.issue(DEFAULT_CLIENT_ID, "alice", "").unwrap();
    let token = issued.access_token.expose();
    let request = Request::put(server.at("/api/echo").as_str().to_owned() + "?a=1&a=2")
        .header("authorization", format!("Bearer {token}"))
        .header("x-extra", "yes");
    let answer = send(request, "body").await.unwrap();
    let echo = answer.json();
    assert_eq!(
        (&echo["method"], &echo["body"]),
        (&json!("PUT"), &json!("body"))
    );
    assert_eq!(echo["query"], json!([["a", "1"], ["a", "2"]]));
    assert_eq!(echo["headers"]["x-extra"], "yes");
    assert!(!answer.body.contains(token));
    let bare = get(server.at("/api/echo")).await;
    assert_eq!(
        (bare.status, bare.header("www-authenticate")),
        (401, Some("Bearer realm=\"oarlock\""))
    );
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

#[tokio::test]
async fn the_server_ends_when_it_is_dropped() {
    let server = server().await;
    let address = server.address();
    drop(server);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
