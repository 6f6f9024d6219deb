//! A server that is told to stop in the middle of it (hostile.md, 36).

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    flows::{authorize, code, redeem, tokens, userinfo},
    person::Person,
    provider::Provider,
    scene::{PATIENCE, Scene, exchange},
};

async fn scene(provider: &Provider) -> Scene {
    let upstream = provider.upstream("slow", false);
    Scene::with(|config| config.upstreams.insert(0, upstream)).await
}

/// The code is spent at the provider, so what it buys must not be lost.
#[tokio::test]
async fn hostile_36_an_exchange_that_is_under_way_is_waited_for_and_its_browser_answered() {
    let mut provider = Provider::start().await;
    provider.is_slow(Duration::from_secs(4));
    let mut scene = scene(&provider).await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let back = ada.is_at(&scene, &page, "slow").await;
    let address = scene.address;
    let cookies: Vec<_> = ada
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let browser = tokio::spawn(async move {
        let headers = [("cookie", &*cookies.join("; "))];
        exchange(address, "GET", &back, &headers, "").await
    });
    provider.is_asked().await;
    scene.begin_to_stop();
    let onward = timeout(PATIENCE, browser).await.unwrap().unwrap();
    let bought = code(&onward);
    let folder = timeout(PATIENCE, scene.stop()).await.unwrap();
    let upstream = provider.upstream("slow", false);
    let scene = Scene::within(folder, |config| config.upstreams.insert(0, upstream)).await;
    assert_eq!(redeem(&scene, &bought).await.status, 200);
    assert_eq!(provider.exchanges(), 1);
}

/// Whoever went away meanwhile finds it done.
#[tokio::test]
async fn hostile_36_nor_is_it_lost_when_its_browser_has_gone() {
    let mut provider = Provider::start().await;
    provider.is_slow(Duration::from_secs(4));
    let scene = scene(&provider).await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let back = ada.is_at(&scene, &page, "slow").await;
    let mut gone = ada.clone();
    tokio::select! {
        _ = gone.get(&scene, &back) => panic!("so soon"),
        () = provider.is_asked() => {}
    }
    let folder = timeout(PATIENCE, scene.stop()).await.unwrap();
    let upstream = provider.upstream("slow", false);
    let scene = Scene::within(folder, |config| config.upstreams.insert(0, upstream)).await;
    let onward = ada.get(&scene, &back).await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    assert_eq!(provider.exchanges(), 1);
}

/// A provider that never answers keeps nobody from stopping; its person is told to start again, and does.
#[tokio::test]
async fn hostile_36_a_stalled_provider_does_not_keep_the_server_from_ending() {
    let mut provider = Provider::start().await;
    provider.is_slow(Duration::from_secs(600));
    let scene = scene(&provider).await;
    let bought = tokens_by_dev(&scene).await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let back = ada.is_at(&scene, &page, "slow").await;
    let mut gone = ada.clone();
    tokio::select! {
        _ = gone.get(&scene, &back) => panic!("so soon"),
        () = provider.is_asked() => {}
    }
    // Ten seconds is what is promised.
    let folder = timeout(Duration::from_secs(15), scene.stop())
        .await
        .unwrap();
    let upstream = provider.upstream("slow", false);
    let scene = Scene::within(folder, |config| config.upstreams.insert(0, upstream)).await;
    let told = ada.get(&scene, &back).await;
    assert_eq!(told.status, 409, "{told:?}");
    assert!(told.body.contains("This login was interrupted"), "{told:?}");
    // Nothing is exchanged twice, and the page of before leads on.
    assert_eq!(provider.exchanges(), 1);
    provider.is_slow(Duration::ZERO);
    let back = ada.is_at(&scene, &page, "slow").await;
    let onward = ada.get(&scene, &back).await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    // Tokens are those of another address now, so only the session is asked for.
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "oarlock"),
        ("refresh_token", bought.as_str()),
    ];
    let access = scene.form("/token", &fields).await.json();
    let access = access["access_token"].as_str().unwrap().to_owned();
    assert_eq!(userinfo(&scene, &access).await.status, 200);
}

async fn tokens_by_dev(scene: &Scene) -> String {
    let told = tokens(scene, "openid").await;
    told["refresh_token"].as_str().unwrap().to_owned()
}
