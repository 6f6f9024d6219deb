//! The device grant.

use std::time::Duration;

use oarlock::{Browser, Error, ErrorKind, Flow};
use oarlock_oauth::device::DeviceError;
use oarlock_testkit::{
    AuthorizationServer, Endpoint, FakeBrowser, Fault, FaultProxy, Faults, ProxyFault,
};

use crate::scene::{Scene, Setup, options};

async fn frozen() -> Scene {
    Scene::with(Setup {
        frozen: true,
        ..Setup::default()
    })
    .await
}

/// Longer than the program looks away from the clock.
const LOOK: Duration = Duration::from_millis(400);

/// Turns the clock so that a poll would be seen that comes a second before one of these moments,
/// in seconds since the codes were issued.
async fn expect_polls(scene: &Scene, moments: &[u64]) {
    scene.person.event("waiting").await;
    let mut now = 0;
    for (polls, moment) in moments.iter().enumerate() {
        scene.clock.advance(Duration::from_secs(moment - 1 - now));
        tokio::time::sleep(LOOK).await;
        let early = scene.server.count(Endpoint::Token);
        assert_eq!(early, polls, "polled before second {moment}");
        scene.clock.advance(Duration::from_secs(1));
        now = *moment;
        while scene.server.count(Endpoint::Token) == polls {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_person_enters_the_code_elsewhere() {
    let scene = frozen().await;
    let login = scene.login(options(Flow::Device));
    let (_, url) = scene.person.code().await;
    FakeBrowser::new().user("bob").visit(&url).await.unwrap();
    let credential = scene.while_time_flies(login).await.unwrap().unwrap();
    assert_eq!(credential.identity.unwrap().to_string(), "bob@example.com");
    assert_eq!(scene.person.events(), ["device-code", "waiting 300"]);
}

#[tokio::test]
async fn polling_waits_first_and_keeps_the_pace() {
    let scene = frozen().await;
    let login = scene.login(options(Flow::Device));
    let (code, _) = scene.person.code().await;
    expect_polls(&scene, &[5, 10]).await;
    assert!(scene.server.approve_device(&code));
    scene.while_time_flies(login).await.unwrap().unwrap();
}

#[tokio::test]
async fn slow_down_is_heeded() {
    for (faults, moments) in [
        (Faults::from(Fault::SlowDown), [5, 15, 30]),
        (Faults::from(Fault::SlowDownWithInterval), [5, 17, 29]),
        // RFC 8628, section 3.5: back off when the server fails.
        (Faults::none().and(Fault::Prose500).once(), [5, 15, 25]),
    ] {
        let scene = frozen().await;
        scene.server.set_faults(faults);
        let login = scene.login(options(Flow::Device));
        scene.person.code().await;
        expect_polls(&scene, &moments).await;
        login.abort();
    }
}

#[tokio::test]
async fn a_denial_ends_it() {
    let scene = frozen().await;
    let login = scene.login(options(Flow::Device));
    let (code, _) = scene.person.code().await;
    assert!(scene.server.deny_device(&code));
    let error = scene.while_time_flies(login).await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Device(DeviceError::Denied(_))),
        "{error:?}"
    );
    assert_eq!(error.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn an_expired_code_ends_it() {
    let scene = frozen().await;
    scene.server.set_faults(Fault::DeviceExpiresAtOnce);
    let login = scene.login(options(Flow::Device));
    let error = scene.while_time_flies(login).await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Device(DeviceError::Expired)),
        "{error:?}"
    );
    assert_eq!(
        scene.server.count(Endpoint::Token),
        1,
        "polled on after the end"
    );
}

#[tokio::test]
async fn the_shorter_of_code_and_patience_ends_it() {
    let lifetime =
        |seconds| AuthorizationServer::builder().device_lifetime(Duration::from_secs(seconds));
    let scene = Scene::with(Setup {
        frozen: true,
        server: lifetime(60),
        ..Setup::default()
    })
    .await;
    let login = scene.login(options(Flow::Device));
    scene.person.event("waiting 60").await;
    let error = scene.while_time_flies(login).await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Device(DeviceError::Expired)),
        "{error:?}"
    );

    let scene = Scene::with(Setup {
        frozen: true,
        server: lifetime(600),
        ..Setup::default()
    })
    .await;
    let mut options = options(Flow::Device);
    options.timeout = Duration::from_secs(30);
    let login = scene.login(options);
    scene.person.event("waiting 30").await;
    let error = scene.while_time_flies(login).await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::TimedOut { after } if after == Duration::from_secs(30)),
        "{error:?}"
    );
}

#[tokio::test]
async fn hostile_32_a_wall_clock_that_jumps_does_not_end_it() {
    let scene = frozen().await;
    let login = scene.login(options(Flow::Device));
    let (code, _) = scene.person.code().await;
    assert!(scene.server.approve_device(&code));
    scene.clock.jump(jiff::SignedDuration::from_mins(-30));
    scene.while_time_flies(login).await.unwrap().unwrap();
}

#[tokio::test]
async fn passing_faults_are_borne() {
    for fault in [
        Fault::Prose500,
        Fault::RateLimited429,
        Fault::Unavailable503,
    ] {
        let scene = frozen().await;
        scene.server.set_faults(Faults::none().and(fault).times(2));
        let login = scene.login(options(Flow::Device));
        let (code, _) = scene.person.code().await;
        assert!(scene.server.approve_device(&code));
        scene
            .while_time_flies(login)
            .await
            .unwrap()
            .unwrap_or_else(|error| panic!("{fault}: {error}"));
    }
}

#[tokio::test]
async fn a_network_that_is_away_is_borne_and_said_once() {
    let proxy = FaultProxy::unconnected().unwrap();
    let server = AuthorizationServer::builder().issuer(proxy.url().clone());
    let scene = Scene::with(Setup {
        frozen: true,
        server,
        ..Setup::default()
    })
    .await;
    proxy.forward_to(scene.server.address());
    let login = scene.login(options(Flow::Device));
    let (code, _) = scene.person.code().await;
    proxy.set(ProxyFault::Reset);
    let back = async {
        scene.person.event("warning").await;
        let before = proxy.connections();
        while proxy.connections() < before + 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        proxy.set(ProxyFault::Pass);
        assert!(scene.server.approve_device(&code));
        login.await.unwrap()
    };
    scene.while_time_flies(back).await.unwrap();
    let warned = scene
        .person
        .events()
        .iter()
        .filter(|event| event.starts_with("warning"))
        .count();
    assert_eq!(warned, 1, "{:?}", scene.person.events());
}

#[tokio::test]
async fn a_network_that_stays_away_is_the_error() {
    let proxy = FaultProxy::unconnected().unwrap();
    let server = AuthorizationServer::builder().issuer(proxy.url().clone());
    let scene = Scene::with(Setup {
        frozen: true,
        server,
        ..Setup::default()
    })
    .await;
    proxy.forward_to(scene.server.address());
    let login = scene.login(options(Flow::Device));
    scene.person.code().await;
    proxy.set(ProxyFault::Reset);
    let error = scene.while_time_flies(login).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
}

#[tokio::test]
async fn a_browser_here_gets_the_address_with_the_code() {
    let scene = frozen().await;
    let browser = oarlock_testkit::program("oarlock-fake-browser").unwrap();
    let mut options = options(Flow::Device);
    options.browser = Browser::Command(browser.to_str().unwrap().into());
    let login = scene.login(options);
    scene.person.event("browser-opened").await;
    assert_eq!(scene.person.events().first().unwrap(), "device-code");
    scene.while_time_flies(login).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_qr_code_is_drawn_where_it_was_asked_for() {
    let scene = frozen().await;
    let mut options = options(Flow::Device);
    options.qr = true;
    let login = scene.login(options);
    scene.person.event("device-code with-qr").await;
    login.abort();
}

#[tokio::test]
async fn a_provider_without_the_endpoint_says_so() {
    let server = AuthorizationServer::builder().without(Endpoint::DeviceAuthorization);
    let scene = Scene::with(Setup {
        server,
        ..Setup::default()
    })
    .await;
    let error = scene
        .login(options(Flow::Device))
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(
        error.to_string().contains("device_authorization_endpoint"),
        "{error}"
    );
}

#[tokio::test]
async fn hostile_07_a_verification_address_that_is_none_is_neither_shown_nor_opened() {
    let scene = frozen().await;
    scene.server.set_faults(Fault::DeviceHostileVerificationUri);
    let mut options = options(Flow::Device);
    options.browser = Browser::Auto;
    scene.login(options).await.unwrap().unwrap_err();
    assert_eq!(scene.person.events(), [""; 0]);
}
