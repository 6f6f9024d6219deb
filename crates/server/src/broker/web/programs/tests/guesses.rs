//! Whoever guesses.

use super::scene::{FAR, NEAR, SECRET, Scene, code_form, form, from, refresh_form};
use http::StatusCode;

#[tokio::test]
async fn hostile_10_unknown_clients_and_wrong_secrets_are_told_the_same() {
    let scene = Scene::new().await;
    let fields = [("token", "x")];
    let mut replies = Vec::new();
    for (id, secret) in [("web", "wrong"), ("nobody", "wrong"), ("oarlock", "wrong")] {
        let reply = scene.post_as((id, secret), "/revoke", &fields).await;
        reply.is_refused(401, "invalid_client");
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Basic realm=\"oarlock\"")
        );
        replies.push(reply.body);
    }
    // A confidential client without its secret, and one that is not there.
    for id in ["web", "nobody"] {
        let reply = scene
            .post("/revoke", &[("client_id", id), ("token", "x")])
            .await;
        reply.is_refused(401, "invalid_client");
        assert_eq!(reply.header("www-authenticate"), None);
        replies.push(reply.body);
    }
    assert!(replies.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(scene.events(), ["client_refused"; 3]);
}

#[tokio::test]
async fn hostile_10_unknown_codes_and_those_of_others_are_told_the_same() {
    let scene = Scene::new().await;
    let others = scene.code_for("other", "openid").await;
    let first = scene.redeem("oarlock", others.expose()).await;
    let unknown = scene.redeem("oarlock", &"A".repeat(43)).await;
    first.is_refused(400, "invalid_grant");
    assert_eq!(first.body, unknown.body);
    assert_eq!(first.headers, unknown.headers);
}

#[tokio::test]
async fn hostile_10_whoever_guesses_is_throttled_and_others_are_not() {
    let scene = Scene::with(|config| config.limits.misses_per_minute = 5).await;
    let code = scene.code_for("oarlock", "openid").await;
    for guess in 0..2 {
        let guess = format!("{guess}{}", "A".repeat(42));
        scene
            .redeem("oarlock", &guess)
            .await
            .is_refused(400, "invalid_grant");
    }
    let wrong = refresh_form("oarlock", "no.token");
    scene
        .post("/token", &wrong)
        .await
        .is_refused(400, "invalid_grant");
    for _ in 0..2 {
        let reply = scene.post_as(("web", "wrong"), "/introspect", &[("token", "x")]);
        reply.await.is_refused(401, "invalid_client");
    }
    // Not even what is right is heard now: a guesser would learn that it is.
    let reply = scene.redeem("oarlock", code.expose()).await;
    reply.is_refused(429, "temporarily_unavailable");
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    let mut request = form("/token", &code_form("oarlock", code.expose()));
    request.extensions_mut().insert(from(FAR));
    assert_eq!(scene.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_is_right_is_never_throttled() {
    let scene = Scene::with(|config| config.limits.misses_per_minute = 2).await;
    let mut token = scene.tokens("openid").await["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    for _ in 0..10 {
        let reply = scene.refresh(&token).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        token = reply.text("refresh_token");
    }
}

#[tokio::test]
async fn hostile_18_forwarded_addresses_of_strangers_are_ignored() {
    let scene = Scene::with(|config| config.limits.misses_per_minute = 2).await;
    for number in 0..3 {
        let mut request = form("/token", &code_form("oarlock", &"A".repeat(43)));
        let forwarded = format!("192.0.2.{number}").parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", forwarded);
        request.extensions_mut().insert(from(NEAR));
        let reply = scene.send(request).await;
        let expected = if number < 2 { 400 } else { 429 };
        assert_eq!(reply.status, expected, "{number}");
    }
}

#[tokio::test]
async fn hostile_23_nothing_secret_is_echoed_or_logged() {
    let scene = Scene::new().await;
    let canary = "canary-0123456789-0123456789-0123456789-4711";
    let code = form("/token", &code_form("oarlock", canary));
    let refresh = form("/token", &refresh_form("oarlock", canary));
    let device = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "oarlock"),
        ("device_code", canary),
    ];
    for request in [code, refresh, form("/token", &device)] {
        let reply = scene.send(request).await;
        assert!(!format!("{reply:?}").contains(canary), "{reply:?}");
    }
    for (id, secret) in [("web", canary), (canary, SECRET)] {
        let fields = [("token", canary)];
        let reply = scene.post_as((id, secret), "/introspect", &fields).await;
        assert!(!format!("{reply:?}").contains(canary));
    }
    let unknown = [("grant_type", canary), ("client_id", "oarlock")];
    let reply = scene.post("/token", &unknown).await;
    reply.is_refused(400, "unsupported_grant_type");
    assert!(!reply.body.contains(canary));
    for path in ["/cli_login", "/token"] {
        let reply = scene.get(&format!("{path}?paircode={canary}%00")).await;
        assert!(!reply.body.contains(canary));
    }
    let log = std::fs::read_to_string(&scene.audit).unwrap();
    // A client id is no secret; everything else of it is.
    let without_ids = log.replace(&format!("\"{canary}\""), "");
    assert!(!without_ids.contains(canary), "{log}");
}

#[tokio::test]
async fn hostile_24_a_session_id_is_no_token() {
    let scene = Scene::new().await;
    let tokens = scene.tokens("openid").await;
    let seen = scene
        .post(
            "/introspect",
            &[
                ("client_id", "oarlock"),
                ("token", tokens["access_token"].as_str().unwrap()),
            ],
        )
        .await;
    for id in [seen.text("sid"), seen.text("jti"), seen.text("sub")] {
        let bearer = format!("Bearer {id}");
        let reply = scene
            .ask_with("/userinfo", http::header::AUTHORIZATION, &bearer)
            .await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        let cookie = format!("oarlock-session={id}");
        let reply = scene
            .ask_with("/secured", http::header::COOKIE, &cookie)
            .await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        scene.refresh(&id).await.is_refused(400, "invalid_grant");
    }
}

#[tokio::test]
async fn hostile_04_a_parameter_that_is_there_twice_is_refused() {
    let scene = Scene::new().await;
    let code = scene.code_for("oarlock", "openid").await;
    let mut fields = code_form("oarlock", code.expose()).to_vec();
    fields.push(("code_verifier", super::scene::VERIFIER));
    let reply = scene.post("/token", &fields).await;
    reply.is_refused(400, "invalid_request");
    let reply = scene.redeem("oarlock", code.expose()).await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn hostile_16_documents_at_private_addresses_are_nothing_and_asking_for_them_is_throttled() {
    let scene = Scene::with(|config| config.limits.misses_per_minute = 3).await;
    for number in 0..4 {
        let client = format!("https://10.0.0.{number}/client.json");
        let reply = scene.redeem(&client, &"A".repeat(43)).await;
        let expected = if number < 3 { 503 } else { 429 };
        reply.is_refused(expected, "temporarily_unavailable");
    }
}
