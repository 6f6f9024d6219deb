//! Every way to log in, from the first request to a used token.

use serde_json::Value;
use url::Url;

use super::{
    person::Person,
    scene::{Reply, Scene, challenge, claims, encode},
};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const REDIRECT_URI: &str = "http://127.0.0.1:7/callback";
const PAIRCODE: &str = "a-paircode-of-22-chars";

/// The authorization request of the built-in client.
pub(crate) fn authorize(scopes: &str) -> String {
    let query = encode(&[
        ("response_type", "code"),
        ("client_id", "oarlock"),
        ("redirect_uri", REDIRECT_URI),
        ("scope", scopes),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", &challenge(VERIFIER)),
        ("code_challenge_method", "S256"),
    ]);
    format!("/authorize?{query}")
}

/// The code of the redirect to the client.
pub(crate) fn code(reply: &Reply) -> String {
    let location = Url::parse(&reply.location().unwrap_or_else(|| panic!("{reply:?}"))).unwrap();
    assert!(location.as_str().starts_with(REDIRECT_URI), "{location}");
    let found = |name: &str| {
        let pair = location.query_pairs().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.into_owned())
    };
    assert_eq!(found("state").as_deref(), Some("the-state"));
    assert!(found("iss").is_some());
    found("code").unwrap_or_else(|| panic!("no code: {location}"))
}

/// Exchanges it.
pub(crate) async fn redeem(scene: &Scene, code: &str) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "oarlock"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    scene.form("/token", &fields).await
}

/// Signs Ada in and returns what the client gets.
pub(crate) async fn tokens(scene: &Scene, scopes: &str) -> Value {
    let mut ada = Person::default();
    let page = ada.get(scene, &authorize(scopes)).await;
    assert_eq!(page.status, 200, "{page:?}");
    let back = ada.sign_in(scene, &page, "ada").await;
    let reply = redeem(scene, &code(&back)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

pub(crate) async fn userinfo(scene: &Scene, token: &str) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    scene.send("GET", "/userinfo", &headers, "").await
}

#[tokio::test]
async fn a_code_buys_tokens_that_say_who_it_is() {
    let scene = Scene::new().await;
    let tokens = tokens(&scene, "openid profile email deploy unknown").await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "openid profile email deploy");
    let access = claims(tokens["access_token"].as_str().unwrap());
    let id = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(access["iss"], scene.url());
    assert_eq!(access["client_id"], "oarlock");
    assert_eq!(id["aud"], "oarlock");
    assert_eq!(id["nonce"], "the-nonce");
    assert_eq!(id["email"], "ada@example.com");
    assert_eq!(id["sub"], access["sub"]);
    let who = userinfo(&scene, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(who.status, 200);
    assert_eq!(who.json()["name"], "Ada Example");
}

#[tokio::test]
async fn hostile_11_a_refresh_token_is_changed_and_an_old_one_ends_the_session() {
    let scene = Scene::new().await;
    let first = tokens(&scene, "openid").await;
    let refresh = async |token: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", "oarlock"),
            ("refresh_token", token),
        ];
        scene.form("/token", &fields).await
    };
    let old = first["refresh_token"].as_str().unwrap();
    let second = refresh(old).await;
    assert_eq!(second.status, 200, "{second:?}");
    let new = second.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(new, old);
    let access = second.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(userinfo(&scene, &access).await.status, 200);

    let replayed = refresh(old).await;
    assert_eq!(replayed.status, 400);
    assert_eq!(replayed.json()["error"], "invalid_grant");
    assert_eq!(refresh(&new).await.json()["error"], "invalid_grant");
    assert_eq!(userinfo(&scene, &access).await.status, 401);
}

#[tokio::test]
async fn hostile_11_a_code_counts_once_and_its_replay_ends_what_it_bought() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let code = code(&ada.sign_in(&scene, &page, "ada").await);
    let tokens = redeem(&scene, &code).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(userinfo(&scene, access).await.status, 200);
    let replayed = redeem(&scene, &code).await;
    assert_eq!(replayed.json()["error"], "invalid_grant");
    assert_eq!(userinfo(&scene, access).await.status, 401);
    assert!(
        scene
            .audit()
            .iter()
            .any(|line| line["what"] == "code_replayed")
    );
}

#[tokio::test]
async fn a_device_waits_is_allowed_once_and_served_once() {
    let scene =
        Scene::with(|config| config.lifetimes.device_interval = std::time::Duration::ZERO).await;
    let fields = [("client_id", "oarlock"), ("scope", "openid deploy")];
    let device = scene.form("/device_authorization", &fields).await;
    assert_eq!(device.status, 200, "{device:?}");
    let device = device.json();
    let poll = async || {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", "oarlock"),
            ("device_code", device["device_code"].as_str().unwrap()),
        ];
        scene.form("/token", &fields).await
    };
    assert_eq!(poll().await.json()["error"], "authorization_pending");

    let mut ada = Person::default();
    let complete = device["verification_uri_complete"].as_str().unwrap();
    let entry = ada.get(&scene, complete).await;
    let token = entry.field("form_token").unwrap();
    let user_code = device["user_code"].as_str().unwrap();
    let fields = [("user_code", user_code), ("form_token", token.as_str())];
    let page = ada.post(&scene, "/device", &fields).await;
    assert!(page.body.contains(user_code), "{page:?}");
    let asked = ada.sign_in(&scene, &page, "ada").await;
    assert_eq!(poll().await.json()["error"], "authorization_pending");
    let done = ada.consent(&scene, &asked, "allow").await;
    assert_eq!(done.status, 200, "{done:?}");

    let tokens = poll().await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(tokens.json()["scope"], "openid deploy");
    assert_eq!(poll().await.json()["error"], "expired_token");
}

#[tokio::test]
async fn a_paircode_fetches_the_identity_once() {
    let scene = Scene::new().await;
    let url = scene.get(&format!("/cli_login?paircode={PAIRCODE}")).await;
    assert_eq!(url.status, 200, "{url:?}");
    assert!(!url.body.contains(PAIRCODE));
    let poll = async || scene.get(&format!("/token?paircode={PAIRCODE}")).await;
    let waiting = poll().await;
    assert_eq!((waiting.status, waiting.body.as_str()), (200, ""));

    let mut ada = Person::default();
    let page = ada.get(&scene, &url.body).await;
    let done = ada.sign_in(&scene, &page, "ada").await;
    assert_eq!(done.status, 200, "{done:?}");

    let fetched = poll().await;
    assert_eq!(fetched.status, 200);
    assert!(!fetched.body.is_empty());
    let cookie = fetched.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let secured = scene
        .send("GET", "/secured", &[("cookie", cookie)], "")
        .await;
    assert_eq!(
        secured.body,
        format!("You are authenticated as: {}", fetched.body)
    );
    assert_eq!(scene.get("/secured").await.status, 401);
    assert_eq!(poll().await.body, "");
}

#[tokio::test]
async fn a_person_sees_their_sessions_and_ends_one() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let code = code(&ada.sign_in(&scene, &page, "ada").await);
    let tokens = redeem(&scene, &code).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    let list = ada.get(&scene, "/sessions").await;
    assert!(list.body.contains("ada@example.com"), "{list:?}");
    let session = claims(access)["sid"].as_str().unwrap().to_owned();
    assert!(list.body.contains(&session));
    let token = list.field("form_token").unwrap();
    let fields = [("revoke", session.as_str()), ("form_token", &token)];
    let revoked = ada.post(&scene, "/sessions", &fields).await;
    assert_eq!(revoked.status, 303);
    assert_eq!(userinfo(&scene, access).await.status, 401);

    // Somebody else's cannot be ended.
    let others = self::tokens(&scene, "openid").await;
    let others = others["access_token"].as_str().unwrap();
    let mut bob = Person::default();
    let page = bob.get(&scene, "/sessions").await;
    bob.sign_in(&scene, &page, "bob").await;
    let list = bob.get(&scene, "/sessions").await;
    let token = list.field("form_token").unwrap();
    let session = claims(others)["sid"].as_str().unwrap().to_owned();
    let fields = [("revoke", session.as_str()), ("form_token", &token)];
    bob.post(&scene, "/sessions", &fields).await;
    assert_eq!(userinfo(&scene, others).await.status, 200);
}

#[tokio::test]
async fn users_and_sessions_are_there_after_a_restart() {
    let scene = Scene::new().await;
    let tokens = tokens(&scene, "openid").await;
    let folder = scene.stop().await;
    let scene = Scene::within(folder, |_| {}).await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "oarlock"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let refreshed = scene.form("/token", &fields).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let before = claims(tokens["access_token"].as_str().unwrap());
    let after = claims(refreshed.json()["access_token"].as_str().unwrap());
    assert_eq!(before["sub"], after["sub"]);
    assert_eq!(before["sid"], after["sid"]);
}
