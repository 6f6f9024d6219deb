//! No more than there may be, and nobody put out for it (hostile.md, 38).

use std::time::Duration;

use oarlock_server::config::broker::RegistrationPolicy;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::{
    flows::{authorize, code, redeem},
    person::Person,
    scene::{Reply, Scene},
};

fn says_when_to_come_back(reply: &Reply) {
    assert_eq!(reply.status, 503, "{reply:?}");
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{reply:?}");
}

async fn device(scene: &Scene) -> Reply {
    scene
        .form("/device_authorization", &[("client_id", "oarlock")])
        .await
}

async fn poll(scene: &Scene, device: &Value) -> Reply {
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "oarlock"),
        ("device_code", device["device_code"].as_str().unwrap()),
    ];
    scene.form("/token", &fields).await
}

#[tokio::test]
async fn hostile_38_a_login_too_many_is_told_to_come_back_and_those_under_way_end_well() {
    let scene = Scene::with(|config| {
        config.limits.logins = 4;
        config.lifetimes.device_interval = Duration::ZERO;
    })
    .await;
    let waiting = device(&scene).await.json();
    let mut under_way = Vec::new();
    for _ in 0..3 {
        let mut ada = Person::default();
        let page = ada.get(&scene, &authorize("openid")).await;
        let back = ada.go_until_the_way_back(&scene, &page, "ada").await;
        under_way.push((ada, back));
    }
    // By every face, again and again.
    let mut late = Person::default();
    let page = late.get(&scene, &authorize("openid")).await;
    assert_eq!(page.status, 200, "a page is still to be had");
    for _ in 0..5 {
        says_when_to_come_back(&late.press(&scene, &page, "upstream", "dev").await);
        let full = device(&scene).await;
        says_when_to_come_back(&full);
        assert_eq!(full.json()["error"], "temporarily_unavailable");
    }
    let url = scene
        .get("/cli_login?paircode=a-paircode-of-22-chars")
        .await;
    let pairing = late.get(&scene, &url.body).await;
    says_when_to_come_back(&late.press(&scene, &pairing, "upstream", "dev").await);
    // Those who were first are not disturbed.
    let pending = poll(&scene, &waiting).await;
    assert_eq!(pending.json()["error"], "authorization_pending");
    for (ada, back) in &mut under_way {
        let onward = ada.get(&scene, back).await;
        assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    }
    // And there is room again, with the same page.
    let onward = late.sign_in(&scene, &page, "ada").await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    assert_eq!(device(&scene).await.status, 200);
}

#[tokio::test]
async fn hostile_38_programs_that_register_are_bounded_and_those_that_did_stay() {
    let scene = Scene::with(|config| {
        config.registration = RegistrationPolicy::Open;
        config.limits.clients = 3;
    })
    .await;
    let register = async || {
        let metadata = json!({
            "redirect_uris": ["http://127.0.0.1/callback"],
            "token_endpoint_auth_method": "none",
        });
        let kind = [("content-type", "application/json")];
        scene
            .send("POST", "/register", &kind, &metadata.to_string())
            .await
    };
    let mut ids = Vec::new();
    for _ in 0..3 {
        let registered = register().await;
        assert_eq!(registered.status, 201, "{registered:?}");
        ids.push(registered.json()["client_id"].as_str().unwrap().to_owned());
    }
    for _ in 0..3 {
        says_when_to_come_back(&register().await);
    }
    for id in ids {
        let link = authorize("openid").replace("client_id=oarlock", &format!("client_id={id}"));
        assert!(scene.get(&link).await.field("request").is_some());
    }
}

/// What is only looked at is not kept: neither rows nor bytes.
#[tokio::test]
async fn hostile_38_pages_that_nobody_goes_on_from_leave_nothing() {
    let scene = Scene::with(|config| config.limits.logins_per_minute = 0).await;
    let path = scene.folder.path().join("state").join("server.db");
    let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let kept = || {
        ["logins", "sessions", "users", "clients", "consents"].map(|table| {
            let count = format!("SELECT COUNT(*) FROM {table}");
            store
                .query_row(&count, [], |row| row.get::<_, i64>(0))
                .unwrap()
        })
    };
    let before = kept();
    let changes = |store: &Connection| {
        store
            .query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let version = changes(&store);
    for number in 0..100 {
        let paircode = format!("/cli_login?paircode=a-paircode-of-22-chars-{number}");
        let url = scene.get(&paircode).await.body;
        let path = url.strip_prefix(&scene.url()).unwrap().to_owned();
        for target in [
            authorize("openid"),
            path,
            "/device".into(),
            "/sessions".into(),
        ] {
            assert_eq!(scene.get(&target).await.status, 200, "{target}");
        }
        let poll = format!("/token?paircode=a-paircode-of-22-chars-{number}");
        assert_eq!(scene.get(&poll).await.body, "");
        assert_eq!(scene.get("/redirect?code=a&state=b").await.status, 400);
    }
    assert_eq!(kept(), before);
    assert_eq!(changes(&store), version, "something was written");
}

#[tokio::test]
async fn hostile_38_a_provider_that_keeps_all_its_turns_is_said_to_be_busy() {
    use crate::provider::Provider;
    let mut provider = Provider::start().await;
    let upstreams = vec![provider.upstream("slow", false)];
    let scene = Scene::with(|config| {
        let dev = config.upstreams.remove(0);
        config.upstreams = upstreams;
        config.upstreams.push(dev);
        config.limits.exchanges = 2;
    })
    .await;
    provider.is_slow(Duration::from_secs(3));
    let arriving = async || {
        let mut ada = Person::default();
        let page = ada.get(&scene, &authorize("openid")).await;
        let back = ada.is_at(&scene, &page, "slow").await;
        (ada, back)
    };
    let (mut first, first_back) = arriving().await;
    let (mut second, second_back) = arriving().await;
    let (mut third, third_back) = arriving().await;
    let slow = async {
        tokio::join!(
            first.get(&scene, &first_back),
            second.get(&scene, &second_back)
        )
    };
    let others = async {
        while provider.exchanges() < 2 {
            provider.is_asked().await;
        }
        let told = third.get(&scene, &third_back).await.location().unwrap();
        assert!(told.contains("error=temporarily_unavailable"), "{told}");
        // Another provider's people do not wait for it.
        let mut bob = Person::default();
        let page = bob.get(&scene, &authorize("openid")).await;
        let onward = bob.sign_in(&scene, &page, "bob").await;
        assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    };
    let ((one, other), ()) = tokio::join!(slow, others);
    for onward in [one, other] {
        assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    }
    assert_eq!(provider.exchanges(), 2);
}
