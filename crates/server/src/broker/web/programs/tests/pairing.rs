//! The older face.

use super::scene::{FAR, NEAR, Reply, Scene, address, form, from};
use crate::{
    broker::request::{Asked, LoginRequest},
    config::broker::{PairingConfig, PairingReturns},
};
use http::{Method, StatusCode, header};
use oarlock_io::Clock as _;
use oarlock_oauth::authorization_server::paircode::PaircodeDigest;
use std::time::Duration;

const PAIRCODE: &str = "k7qGd0sX9bVtRzL2mPwYcA";
const POLL: &str = "/token?paircode=k7qGd0sX9bVtRzL2mPwYcA";

fn request(scene: &Scene, from: &str) -> LoginRequest {
    LoginRequest {
        asked: Asked::Pairing(PaircodeDigest::of(PAIRCODE).unwrap()),
        at: scene.clock.now(),
        from: address(from),
    }
}

async fn agree(scene: &Scene) {
    let lasts = Duration::from_secs(900);
    scene.agree(request(scene, NEAR), lasts).await;
}

#[track_caller]
fn is_not_ready(reply: &Reply) {
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    assert_eq!(reply.body, "");
    assert!(reply.header("set-cookie").is_none());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

fn cookie(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_program_gets_its_identity_once() {
    let scene = Scene::new().await;
    let begun = scene.get(&format!("/cli_login?paircode={PAIRCODE}")).await;
    assert_eq!(begun.status, StatusCode::OK);
    assert_eq!(
        begun.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert!(
        begun
            .body
            .starts_with("http://127.0.0.1:5001/login?request=")
    );
    is_not_ready(&scene.get(POLL).await);
    agree(&scene).await;
    let ready = scene.get(POLL).await;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!(ready.body.len(), 26, "{ready:?}");
    let secured = scene
        .ask_with("/secured", header::COOKIE, &cookie(&ready))
        .await;
    assert_eq!(
        secured.body,
        format!("You are authenticated as: {}", ready.body)
    );
    is_not_ready(&scene.get(POLL).await);
    assert_eq!(scene.events(), ["redeemed"]);
}

#[tokio::test]
async fn a_program_may_post_its_paircode_so_that_no_log_has_it() {
    let scene = Scene::new().await;
    let fields = [("paircode", PAIRCODE)];
    is_not_ready(&scene.post("/token", &fields).await);
    agree(&scene).await;
    assert_eq!(scene.post("/token", &fields).await.body.len(), 26);
    is_not_ready(&scene.post("/token", &fields).await);
    // A token request is one, whatever else it has in it.
    let fields = [("paircode", PAIRCODE), ("grant_type", "refresh_token")];
    let reply = scene.post("/token", &fields).await;
    reply.is_refused(400, "invalid_request");
}

#[tokio::test]
async fn hostile_20_a_login_url_or_paircode_that_leaked_redeems_nothing_elsewhere() {
    let scene = Scene::new().await;
    agree(&scene).await;
    is_not_ready(&scene.ask_from(FAR, POLL).await);
    let mut request = form("/token", &[("paircode", PAIRCODE)]);
    request.extensions_mut().insert(from("2001:db8::1"));
    is_not_ready(&scene.send(request).await);
    let digest = "S256.E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let reply = scene.get(&format!("/token?paircode={digest}")).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    // Nothing was spent.
    assert_eq!(scene.get(POLL).await.body.len(), 26);
}

#[tokio::test]
async fn the_network_of_an_ipv6_address_is_its_first_half() {
    let scene = Scene::new().await;
    let lasts = Duration::from_secs(900);
    scene.agree(request(&scene, "2001:db8:1:2::7"), lasts).await;
    is_not_ready(&scene.ask_from("2001:db8:1:3::7", POLL).await);
    let reply = scene.ask_from("2001:db8:1:2:ffff::1", POLL).await;
    assert_eq!(reply.body.len(), 26);
}

#[tokio::test]
async fn hostile_10_unknown_undecided_denied_and_expired_look_the_same() {
    let scene = Scene::new().await;
    let unknown = scene.get(POLL).await;
    scene.deny(request(&scene, NEAR)).await;
    let denied = scene.get(POLL).await;
    agree(&scene).await;
    scene.clock.advance(Duration::from_secs(901));
    let expired = scene.get(POLL).await;
    for reply in [&unknown, &denied, &expired] {
        is_not_ready(reply);
        assert_eq!(reply.headers, unknown.headers);
    }
}

#[tokio::test]
async fn a_paircode_that_is_too_short_is_refused_with_a_sentence() {
    let scene = Scene::new().await;
    for path in ["/cli_login", "/token"] {
        for query in [
            "?paircode=tooshort",
            "?paircode=",
            "",
            "?paircode=a&paircode=b",
        ] {
            let reply = scene.get(&format!("{path}{query}")).await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}{query}");
            assert!(reply.body.starts_with("a paircode has 22 to 256"));
        }
    }
    let digest = "/cli_login?paircode=S256.E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert_eq!(scene.get(digest).await.status, StatusCode::OK);
    let reply = scene.get("/cli_login?paircode=S256.short").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn of_many_polls_at_once_one_gets_it() {
    let scene = Scene::new().await;
    agree(&scene).await;
    let replies = futures_util::future::join_all((0..16).map(|_| scene.get(POLL))).await;
    let got = replies.iter().filter(|reply| !reply.body.is_empty());
    assert_eq!(got.count(), 1);
    let cookies = replies
        .iter()
        .filter(|reply| reply.header("set-cookie").is_some());
    assert_eq!(cookies.count(), 1);
}

#[tokio::test]
async fn the_first_versions_mode_answers_the_providers_token() {
    let scene = Scene::with(|config| {
        config.pairing = Some(PairingConfig {
            returns: PairingReturns::AccessToken,
        });
    })
    .await;
    agree(&scene).await;
    let ready = scene.get(POLL).await;
    assert_eq!(ready.body, "token-of-the-provider");
    let cookie = cookie(&ready);
    let secured = scene.ask_with("/secured", header::COOKIE, &cookie).await;
    assert_eq!(secured.status, StatusCode::OK);
    is_not_ready(&scene.get(POLL).await);
}

#[tokio::test]
async fn hostile_08_a_head_of_a_poll_spends_nothing() {
    let scene = Scene::new().await;
    agree(&scene).await;
    let reply = scene.method(Method::HEAD, POLL).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(scene.get(POLL).await.body.len(), 26);
}

#[tokio::test]
async fn hostile_38_announcing_a_paircode_keeps_nothing_and_is_throttled() {
    let scene = Scene::with(|config| {
        config.limits.logins = 0;
        config.limits.logins_per_minute = 2;
    })
    .await;
    let path = format!("/cli_login?paircode={PAIRCODE}");
    for _ in 0..2 {
        assert_eq!(scene.get(&path).await.status, StatusCode::OK);
    }
    let reply = scene.get(&path).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(reply.header("retry-after").is_some());
    assert_eq!(scene.ask_from(FAR, &path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn where_it_is_off_nothing_of_it_is_there() {
    let scene = Scene::with(|config| config.pairing = None).await;
    for path in [&format!("/cli_login?paircode={PAIRCODE}"), "/secured"] {
        let reply = scene.get(path).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert!(reply.body.contains("pairing.paircode = true"));
    }
    let reply = scene.get(POLL).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    let reply = scene.post("/token", &[("paircode", PAIRCODE)]).await;
    reply.is_refused(400, "invalid_request");
}

#[tokio::test]
async fn secured_knows_cookies_and_tokens() {
    let scene = Scene::new().await;
    let nobody = scene.get("/secured").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        nobody.header("www-authenticate"),
        Some("Bearer realm=\"oarlock\"")
    );
    let stale = format!("oarlock-session={}", "A".repeat(43));
    let reply = scene.ask_with("/secured", header::COOKIE, &stale).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);

    let tokens = scene.tokens("openid").await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let reply = scene.ask_with("/secured", header::AUTHORIZATION, &bearer);
    assert!(reply.await.body.starts_with("You are authenticated as: "));

    agree(&scene).await;
    let ready = scene.get(POLL).await;
    let cookie = cookie(&ready);
    scene.clock.advance(Duration::from_secs(3600));
    let reply = scene.ask_with("/secured", header::COOKIE, &cookie).await;
    assert_eq!(reply.status, StatusCode::OK);
    scene.clock.advance(Duration::from_secs(91 * 24 * 60 * 60));
    let reply = scene.ask_with("/secured", header::COOKIE, &cookie).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}
