//! Too much, and too slowly (hostile.md, 1 and 2).

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    flows::{authorize, code, redeem, userinfo},
    person::Person,
    scene::{PATIENCE, Scene},
};

/// Begins a form and never ends it; what comes back.
async fn dawdles(scene: &Scene, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(scene.address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n{headers}content-length: 100\r\n\r\ngrant_",
        scene.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    timeout(PATIENCE, reading).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn hostile_01_a_slow_form_is_answered_408_and_nobody_else_waits() {
    let scene = Scene::new().await;
    let origin = format!("origin: {}\r\n", scene.url());
    let slow = async {
        let paths = [
            "/token",
            "/device_authorization",
            "/revoke",
            "/register",
            "/introspect",
        ];
        let programs = paths.map(|path| dawdles(&scene, path, ""));
        let paths = [
            "/login",
            "/consent",
            "/device",
            "/sessions",
            "/dev",
            "/authorize",
        ];
        let browsers = paths.map(|path| dawdles(&scene, path, &origin));
        futures_util::future::join(
            futures_util::future::join_all(programs),
            futures_util::future::join_all(browsers),
        )
        .await
    };
    let others = async {
        // They have no time to give away: all of it while the slow ones are there.
        for _ in 0..5 {
            let mut ada = Person::default();
            let page = ada.get(&scene, &authorize("openid")).await;
            let back = ada.sign_in(&scene, &page, "ada").await;
            assert_eq!(redeem(&scene, &code(&back)).await.status, 200);
        }
    };
    let mut slow = Box::pin(slow);
    tokio::select! {
        answers = &mut slow => panic!("the others waited: {answers:?}"),
        () = others => {}
    }
    let (programs, browsers) = slow.await;
    for answer in programs.into_iter().chain(browsers) {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

#[tokio::test]
async fn hostile_02_what_is_too_large_is_refused_and_spends_nothing() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let bought = code(&ada.sign_in(&scene, &page, "ada").await);

    let long = "a".repeat(40 * 1024);
    for path in [
        "/authorize?state=",
        "/redirect?code=",
        "/cli_login?paircode=",
        "/device?user_code=",
    ] {
        let reply = scene.get(&format!("{path}{long}")).await;
        assert_eq!(reply.status, 414, "{path}");
        assert!(!reply.body.contains("aaaa"), "{path}");
    }
    for name in ["cookie", "authorization", "x-forwarded-for"] {
        let headers = [(name, &*"a".repeat(60 * 1024))];
        let reply = scene.send("GET", "/sessions", &headers, "").await;
        assert_eq!(reply.status, 431, "{name}");
    }
    let large = format!("code={bought}&filler={}", "a".repeat(70 * 1024));
    let kind = ("content-type", "application/x-www-form-urlencoded");
    for path in [
        "/token",
        "/device_authorization",
        "/revoke",
        "/introspect",
        "/register",
    ] {
        let reply = scene.send("POST", path, &[kind], &large).await;
        assert_eq!(reply.status, 413, "{path}: {reply:?}");
        assert!(!reply.body.contains(&bought), "{path}");
    }
    let origin = scene.url();
    let headers = [kind, ("origin", origin.as_str())];
    for path in [
        "/login",
        "/consent",
        "/device",
        "/sessions",
        "/dev",
        "/authorize",
    ] {
        let reply = ada.send(&scene, "POST", path, &headers, &large).await;
        assert_eq!(reply.status, 413, "{path}: {reply:?}");
        assert!(reply.body.contains("<h1>"), "{path}: {reply:?}");
    }
    // In chunks nobody says beforehand how much it is.
    let mut stream = TcpStream::connect(scene.address).await.unwrap();
    let head = format!(
        "POST /token HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\ntransfer-encoding: chunked\r\n\r\n",
        scene.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("4000\r\n{}\r\n", "a".repeat(0x4000));
    for _ in 0..5 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    let mut answer = vec![0; 12];
    let reading = stream.read_exact(&mut answer);
    timeout(Duration::from_secs(60), reading)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");

    let tokens = redeem(&scene, &bought).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let access = tokens.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(userinfo(&scene, &access).await.status, 200);
}
