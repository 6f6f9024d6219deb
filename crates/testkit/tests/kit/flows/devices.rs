//! The device grant, from the code to the tokens.
use crate::plain_client::*;
use oarlock_testkit::{AuthorizationServer, FakeBrowser, FakeClock};
use std::{sync::Arc, time::Duration};

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
