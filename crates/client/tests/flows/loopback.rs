//! The loopback redirect as it should be, and its endings.

use std::time::Duration;

use oarlock::{Browser, Error, ErrorKind, Flow};
use oarlock_io::http_server::LoopbackListener;
use oarlock_oauth::authorization::AuthorizationError;
use oarlock_testkit::{Callback, Endpoint, FakeBrowser, Fault, Faults};

use crate::scene::{Scene, Setup, get, options, parameter, redirect_uri};

#[tokio::test]
async fn a_person_logs_in() {
    let scene = Scene::start().await;
    let (login, visit) = scene.login_with(Flow::Loopback, FakeBrowser::new()).await;
    let credential = login.unwrap();
    assert_eq!(
        credential.identity.unwrap().to_string(),
        "alice@example.com"
    );
    assert!(
        scene
            .server
            .takes_access_token(credential.access_token.expose())
    );
    assert_eq!(visit.status, 200);
    assert!(
        visit.page.contains("You are logged in to Example"),
        "{}",
        visit.page
    );
    let events = ["open-url", "waiting 300", "exchanging"];
    assert_eq!(scene.person.events(), events);
    let stored = scene.client.token("example").await.unwrap();
    assert_eq!(stored, credential.access_token);
}

#[tokio::test]
async fn the_page_keeps_to_itself() {
    let scene = Scene::start().await;
    let (login, visit) = scene.login_with(Flow::Loopback, FakeBrowser::new()).await;
    login.unwrap();
    let policy = visit.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none';") && !policy.contains("unsafe"),
        "{policy}"
    );
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(visit.headers[name], value, "{name}");
    }
    let answer = visit.redirect.unwrap();
    for secret in ["code", "state"] {
        assert!(
            !visit.page.contains(&parameter(&answer, secret).unwrap()),
            "{secret}"
        );
    }
}

#[tokio::test]
async fn each_login_has_a_port_a_state_a_nonce_and_a_challenge_of_its_own() {
    let scene = Scene::start().await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let login = scene.login(options(Flow::Loopback));
        let url = scene.person.url().await;
        for name in ["redirect_uri", "state", "nonce", "code_challenge"] {
            let value = parameter(&url, name).unwrap();
            assert!(
                name == "redirect_uri" || value.len() == 43,
                "{name} has not 256 bits: {value}"
            );
            assert!(seen.insert(value), "{name} was seen before");
        }
        login.abort();
    }
}

/// Ports that were free a moment ago; several, because others look for one too.
async fn free_ports() -> Vec<u16> {
    let mut listeners = Vec::new();
    for _ in 0..4 {
        listeners.push(LoopbackListener::bind(&[]).await.unwrap());
    }
    listeners.iter().map(LoopbackListener::port).collect()
}

#[tokio::test]
async fn the_redirect_uri_is_the_profiles() {
    let mut scene = Scene::start().await;
    let free = free_ports().await;
    let taken = LoopbackListener::bind(&[]).await.unwrap();
    scene.profile.redirect.host = "localhost".into();
    scene.profile.redirect.path = "/auth/callback".into();
    scene.profile.redirect.ports = [&[taken.port()], &free[..]].concat();
    let login = scene.login(options(Flow::Loopback));
    let uri = redirect_uri(&scene.person.url().await);
    assert_eq!(
        (uri.scheme(), uri.host_str(), uri.path()),
        ("http", Some("localhost"), "/auth/callback")
    );
    assert!(
        free.contains(&uri.port().unwrap()),
        "{uri} is none of {free:?}"
    );
    login.abort();
}

#[tokio::test]
async fn ports_of_the_options_go_before_the_profiles() {
    let mut scene = Scene::start().await;
    let free = free_ports().await;
    scene.profile.redirect.ports = vec![1];
    let mut options = options(Flow::Loopback);
    options.ports.clone_from(&free);
    let login = scene.login(options);
    let uri = redirect_uri(&scene.person.url().await);
    assert!(
        free.contains(&uri.port().unwrap()),
        "{uri} is none of {free:?}"
    );
    login.abort();
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let scene = Scene::start().await;
    let taken = LoopbackListener::bind(&[]).await.unwrap();
    let mut options = options(Flow::Loopback);
    options.ports = vec![taken.port()];
    let error = scene.login(options).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Bind(_)), "{error:?}");
    assert!(
        error.to_string().contains(&taken.port().to_string()),
        "{error}"
    );
    assert!(
        !scene.person.saw("open-url"),
        "nothing is shown that cannot work"
    );
}

#[tokio::test]
async fn a_denial_ends_the_login_and_its_page_says_so() {
    let scene = Scene::start().await;
    let (login, visit) = scene
        .login_with(Flow::Loopback, FakeBrowser::new().deny())
        .await;
    let error = login.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
    assert_eq!(visit.status, 403);
    assert!(visit.page.contains("Access was denied"), "{}", visit.page);
    assert_eq!(scene.server.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn a_failed_exchange_is_said_on_the_page() {
    for fault in [Fault::Prose500, Fault::TokenTypeMac, Fault::ReplyCutOff] {
        let scene = Scene::start().await;
        scene.server.set_faults(fault);
        let (login, visit) = scene.login_with(Flow::Loopback, FakeBrowser::new()).await;
        login.unwrap_err();
        assert_eq!(visit.status, 502, "{fault}");
        assert!(
            visit.page.contains("The login failed"),
            "{fault}: {}",
            visit.page
        );
        assert!(!visit.page.contains("You are logged in"), "{fault}");
    }
}

#[tokio::test]
async fn a_login_that_is_refused_after_the_exchange_is_no_success_either() {
    let scene = Scene::start().await;
    scene.server.set_faults(Fault::WrongNonce);
    let (login, visit) = scene.login_with(Flow::Loopback, FakeBrowser::new()).await;
    assert!(matches!(login, Err(Error::IdToken(_))), "{login:?}");
    assert!(visit.page.contains("The login failed"), "{}", visit.page);
    scene.client.token("example").await.unwrap_err();
}

#[tokio::test]
async fn a_late_exchange_delays_the_page() {
    let scene = Scene::start().await;
    scene
        .server
        .set_faults(Faults::none().and(Fault::LateAnswer(Duration::from_millis(700))));
    let (login, visit) = scene.login_with(Flow::Loopback, FakeBrowser::new()).await;
    login.unwrap();
    assert!(visit.page.contains("You are logged in"), "{}", visit.page);
}

#[tokio::test]
async fn whatever_a_browser_does_first_the_login_succeeds_once() {
    for callback in Callback::all() {
        let scene = Scene::start().await;
        scene.server.set_faults(Fault::ReplayedCodeAccepted);
        let browser = FakeBrowser::new().callback(callback);
        let (login, visit) = scene.login_with(Flow::Loopback, browser).await;
        login.unwrap_or_else(|error| panic!("{callback:?}: {error}"));
        let expected: &[u16] = match callback {
            Callback::Deliver | Callback::DropEarly => &[],
            Callback::Twice => &[200],
            Callback::HeadFirst => &[405],
            Callback::PrefetchFirst => &[403],
            Callback::WrongStateFirst => &[400, 400],
            Callback::WrongHost => &[421],
            Callback::ForeignOrigin => &[403, 403],
            Callback::ForeignPost => &[405],
            Callback::StrayFirst => &[400, 404],
            other => panic!("a new way to come: {other:?}"),
        };
        assert_eq!(visit.wrong, expected, "{callback:?}");
        assert!(callback == Callback::DropEarly || visit.page.contains("You are logged in"));
        assert_eq!(scene.server.count(Endpoint::Token), 1, "{callback:?}");
    }
}

#[tokio::test]
async fn only_what_could_be_an_answer_is_told_of() {
    let scene = Scene::start().await;
    let browser = FakeBrowser::new().callback(Callback::StrayFirst);
    let (login, _) = scene.login_with(Flow::Loopback, browser).await;
    login.unwrap();
    assert!(!scene.person.saw("foreign"), "{:?}", scene.person.events());
    let browser = FakeBrowser::new().callback(Callback::WrongStateFirst);
    let (login, _) = scene.login_with(Flow::Loopback, browser).await;
    login.unwrap();
    assert!(
        scene
            .person
            .saw("foreign this answer belongs to another login")
    );
}

#[tokio::test]
async fn nobody_comes() {
    let scene = Scene::with(Setup {
        frozen: true,
        ..Default::default()
    })
    .await;
    let mut options = options(Flow::Loopback);
    options.timeout = Duration::from_secs(90);
    let login = scene.login(options);
    let port = redirect_uri(&scene.person.url().await).port().unwrap();
    let error = scene.while_time_flies(login).await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::TimedOut { after } if after == Duration::from_secs(90)),
        "{error:?}"
    );
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    LoopbackListener::bind(&[port])
        .await
        .expect("the port is free again");
}

#[tokio::test]
async fn hostile_32_the_deadline_is_the_monotonic_clocks() {
    let scene = Scene::with(Setup {
        frozen: true,
        ..Default::default()
    })
    .await;
    let login = scene.login(options(Flow::Loopback));
    scene.person.event("waiting").await;
    scene.clock.jump(jiff::SignedDuration::from_hours(48));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!login.is_finished(), "the wall clock ended the login");
    scene.clock.jump(jiff::SignedDuration::from_hours(-96));
    let error = scene.while_time_flies(login).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn a_dropped_login_leaves_nothing_behind() {
    let scene = Scene::start().await;
    let options = options(Flow::Loopback);
    let login = scene.client.login_with(scene.profile.clone(), &options);
    let url = tokio::select! {
        _ = login => panic!("nobody answered"),
        url = scene.person.url() => url,
    };
    let refused = get(&redirect_uri(&url)).await;
    assert!(refused.is_err(), "somebody still listens");
    LoopbackListener::bind(&[redirect_uri(&url).port().unwrap()])
        .await
        .unwrap();
}

#[tokio::test]
async fn the_address_is_shown_before_a_browser_is_tried() {
    let scene = Scene::start().await;
    let mut options = options(Flow::Loopback);
    options.browser = Browser::Command("/nonexistent/browser".into());
    let login = scene.login(options);
    let url = scene.person.url().await;
    scene.person.event("browser-failed").await;
    FakeBrowser::new().visit(&url).await.unwrap();
    login.await.unwrap().unwrap();
    let events = scene.person.events();
    assert_eq!(events[0], "open-url");
    assert!(events[1].starts_with("browser-failed"), "{events:?}");
}

#[tokio::test]
async fn a_browser_command_gets_the_address() {
    let scene = Scene::start().await;
    let browser = oarlock_testkit::program("oarlock-fake-browser").unwrap();
    let mut options = options(Flow::Loopback);
    options.browser = Browser::Command(browser.to_str().unwrap().into());
    let credential = scene.login(options).await.unwrap().unwrap();
    assert!(
        scene
            .server
            .takes_access_token(credential.access_token.expose())
    );
    assert!(scene.person.saw("browser-opened"));
}

#[tokio::test]
async fn an_exchange_that_reached_nobody_is_tried_again() {
    let mut scene = Scene::start().await;
    let port = LoopbackListener::bind(&[]).await.unwrap().port();
    let token_endpoint = format!("http://127.0.0.1:{port}/token");
    scene.profile.token_endpoint =
        Some(oarlock_oauth::endpoint::Endpoint::parse(&token_endpoint).unwrap());
    let login = scene.login(options(Flow::Loopback));
    let url = scene.person.url().await;
    let visit = tokio::spawn(async move { FakeBrowser::new().visit(&url).await.unwrap() });
    scene.person.event("exchanging").await;
    // The server comes up between the first try and the second.
    let server = scene.server.address();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .unwrap();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(server).await.unwrap();
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    login.await.unwrap().unwrap();
    let visit = visit.await.unwrap();
    assert!(visit.page.contains("You are logged in"), "{}", visit.page);
}

#[tokio::test]
async fn an_answer_without_our_state_keeps_the_login_waiting() {
    for fault in [
        Fault::StateDropped,
        Fault::StateChanged,
        Fault::DuplicateParameters,
        Fault::CodeAndError,
    ] {
        let scene = Scene::start().await;
        scene.server.set_faults(fault);
        let login = scene.login(options(Flow::Loopback));
        let url = scene.person.url().await;
        let visit = FakeBrowser::new().visit(&url).await.unwrap();
        assert_eq!(visit.status, 400, "{fault}");
        assert!(
            visit.page.contains("This is not the answer"),
            "{fault}: {}",
            visit.page
        );
        scene.person.event("foreign").await;
        assert_eq!(scene.server.count(Endpoint::Token), 0, "{fault}");
        scene.server.set_faults(Faults::none());
        FakeBrowser::new().visit(&url).await.unwrap();
        login
            .await
            .unwrap()
            .unwrap_or_else(|error| panic!("{fault}: {error}"));
    }
}

#[tokio::test]
async fn hostile_12_another_issuers_answer_is_refused() {
    for fault in [Fault::WrongIss, Fault::MissingIss, Fault::NormalisedIss] {
        let scene = Scene::start().await;
        scene.server.set_faults(fault);
        let (login, visit) = scene.login_with(Flow::Loopback, FakeBrowser::new()).await;
        let error = login.unwrap_err();
        assert!(
            matches!(error, Error::Authorization(AuthorizationError::WrongIssuer)),
            "{fault}: {error:?}"
        );
        assert!(
            visit.page.contains("The login failed"),
            "{fault}: {}",
            visit.page
        );
        assert_eq!(scene.server.count(Endpoint::Token), 0, "{fault}");
    }
}
