//! The flow that chooses by itself.

use oarlock::{Error, ErrorKind, Flow};
use oarlock_io::{environment::Place, http_server::LoopbackListener};
use oarlock_oauth::endpoint::Endpoint as Address;
use oarlock_testkit::{AuthorizationServer, Endpoint, FakeBrowser, Fault};

use crate::scene::{DESKTOP, Scene, Setup, get, options, redirect_uri};

/// A server without the device grant.
fn without_device() -> Setup {
    let server = AuthorizationServer::builder().without(Endpoint::DeviceAuthorization);
    Setup {
        server,
        terminal: true,
        ..Setup::default()
    }
}

const SSH: Place = Place {
    ssh: true,
    ..DESKTOP
};
const CONTAINER: Place = Place {
    container: true,
    display: false,
    ..DESKTOP
};

#[tokio::test]
async fn the_browser_wins_and_the_terminal_is_given_back() {
    let scene = Scene::with(without_device()).await;
    let login = scene.login(options(Flow::Auto));
    let url = scene.person.url().await;
    scene.person.event("waiting").await;
    while scene.person.readers() == 0 {
        tokio::task::yield_now().await;
    }
    FakeBrowser::new().visit(&url).await.unwrap();
    login.await.unwrap().unwrap();
    assert_eq!(scene.person.readers(), 0);
    assert_eq!(
        scene.person.events(),
        [
            "open-url",
            "paste-invited hosted=false",
            "waiting 300",
            "exchanging"
        ]
    );
}

#[tokio::test]
async fn the_paste_wins_and_the_listener_closes() {
    let scene = Scene::with(without_device()).await;
    let login = scene.login(options(Flow::Auto));
    let url = scene.person.url().await;
    let visit = FakeBrowser::new()
        .stop_at_redirect()
        .visit(&url)
        .await
        .unwrap();
    scene.person.paste(visit.redirect.unwrap().as_str());
    login.await.unwrap().unwrap();
    assert_eq!(scene.server.count(Endpoint::Token), 1);
    get(&redirect_uri(&url)).await.unwrap_err();
}

#[tokio::test]
async fn both_at_once_are_one_login() {
    let scene = Scene::with(without_device()).await;
    scene.server.set_faults(Fault::ReplayedCodeAccepted);
    let login = scene.login(options(Flow::Auto));
    let url = scene.person.url().await;
    let visit = FakeBrowser::new()
        .stop_at_redirect()
        .visit(&url)
        .await
        .unwrap();
    let answer = visit.redirect.unwrap();
    scene.person.paste(answer.as_str());
    // It may come too late; what counts is that it buys nothing twice.
    drop(get(&answer).await);
    login.await.unwrap().unwrap();
    assert_eq!(scene.server.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn an_input_that_ends_leaves_the_browser() {
    for wrong_pastes in [0, 5] {
        let scene = Scene::with(without_device()).await;
        let login = scene.login(options(Flow::Auto));
        let url = scene.person.url().await;
        for _ in 0..wrong_pastes {
            scene.person.paste(url.as_str());
        }
        scene.person.end_input(std::io::ErrorKind::UnexpectedEof);
        while wrong_pastes > 0 && !scene.person.saw("warning") {
            tokio::task::yield_now().await;
        }
        FakeBrowser::new().visit(&url).await.unwrap();
        login.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn ctrl_c_ends_both() {
    let scene = Scene::with(without_device()).await;
    let login = scene.login(options(Flow::Auto));
    let url = scene.person.url().await;
    scene.person.end_input(std::io::ErrorKind::Interrupted);
    assert_eq!(
        login.await.unwrap().unwrap_err().kind(),
        ErrorKind::Cancelled
    );
    get(&redirect_uri(&url)).await.unwrap_err();
}

#[tokio::test]
async fn a_taken_port_leaves_the_paste() {
    let mut scene = Scene::with(without_device()).await;
    let taken = LoopbackListener::bind(&[]).await.unwrap();
    scene.profile.redirect.ports = vec![taken.port()];
    let login = scene.login(options(Flow::Auto));
    let url = scene.person.url().await;
    assert_eq!(redirect_uri(&url).port(), Some(taken.port()));
    let warned = scene.person.event("warning").await;
    assert!(
        warned.contains(&format!("port {} is taken", taken.port())),
        "{warned}"
    );
    let visit = FakeBrowser::new()
        .stop_at_redirect()
        .visit(&url)
        .await
        .unwrap();
    scene.person.paste(visit.redirect.unwrap().as_str());
    login.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_taken_port_without_a_terminal_leaves_the_device() {
    let mut scene = Scene::with(Setup {
        frozen: true,
        ..Setup::default()
    })
    .await;
    let taken = LoopbackListener::bind(&[]).await.unwrap();
    scene.profile.redirect.ports = vec![taken.port()];
    let login = scene.login(options(Flow::Auto));
    let (code, _) = scene.person.code().await;
    assert!(scene.server.approve_device(&code));
    scene.while_time_flies(login).await.unwrap().unwrap();
    assert!(scene.person.saw("warning"));
}

#[tokio::test]
async fn a_taken_port_and_nothing_else_is_an_error() {
    let mut scene = Scene::with(Setup {
        terminal: false,
        ..without_device()
    })
    .await;
    let taken = LoopbackListener::bind(&[]).await.unwrap();
    scene.profile.redirect.ports = vec![taken.port()];
    let error = scene.login(options(Flow::Auto)).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Bind(_)), "{error:?}");
}

#[tokio::test]
async fn far_from_a_browser_the_device_is_taken() {
    for place in [SSH, CONTAINER] {
        let scene = Scene::with(Setup {
            place,
            terminal: true,
            frozen: true,
            ..Setup::default()
        })
        .await;
        let login = scene.login(options(Flow::Auto));
        let (code, url) = scene.person.code().await;
        assert!(
            url.as_str().contains(&code),
            "the address has the code in it: {url}"
        );
        FakeBrowser::new().visit(&url).await.unwrap();
        scene.while_time_flies(login).await.unwrap().unwrap();
        assert!(!scene.person.saw("open-url"), "{:?}", scene.person.events());
    }
}

#[tokio::test]
async fn far_from_a_browser_without_device_the_address_is_shown() {
    for place in [SSH, CONTAINER] {
        let scene = Scene::with(Setup {
            place,
            ..without_device()
        })
        .await;
        let login = scene.login(options(Flow::Auto));
        let url = scene.person.url().await;
        // A forwarded port reaches the listener.
        FakeBrowser::new().visit(&url).await.unwrap();
        login.await.unwrap().unwrap();
        assert!(scene.person.saw("paste-invited"));
    }
}

#[tokio::test]
async fn a_client_that_the_provider_refuses_is_no_reason_for_another_flow() {
    let scene = Scene::with(Setup {
        place: SSH,
        terminal: true,
        ..Setup::default()
    })
    .await;
    scene.server.set_faults(
        oarlock_testkit::Faults::none().and_at(Fault::Prose401, Endpoint::DeviceAuthorization),
    );
    let error = scene.login(options(Flow::Auto)).await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Token(_)),
        "it is wrong for every flow: {error:?}"
    );
}

#[tokio::test]
async fn a_device_endpoint_that_does_not_serve_is_no_dead_end() {
    let mut scene = Scene::with(Setup {
        place: SSH,
        ..without_device()
    })
    .await;
    let endpoint = scene.server.at("/device_authorization");
    scene.profile.device_authorization_endpoint = Some(Address::parse(endpoint.as_str()).unwrap());
    let login = scene.login(options(Flow::Auto));
    let url = scene.person.url().await;
    scene.person.event("warning").await;
    FakeBrowser::new().visit(&url).await.unwrap();
    login.await.unwrap().unwrap();
    let offered = scene.person.saw("device-offered");
    assert!(!offered, "what does not serve is not offered");
}

#[tokio::test]
async fn a_dropped_login_gives_back_the_terminal_and_the_port() {
    let scene = Scene::with(without_device()).await;
    let options = options(Flow::Auto);
    let login = scene.client.login_with(scene.profile.clone(), &options);
    let reading = async {
        while scene.person.readers() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = login => panic!("nobody answered"),
        () = reading => {}
    }
    assert_eq!(scene.person.readers(), 0);
    get(&redirect_uri(&scene.person.url().await))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn near_a_browser_that_is_not_opened_the_device_is_offered() {
    let scene = Scene::with(Setup {
        terminal: true,
        ..Setup::default()
    })
    .await;
    let login = scene.login(options(Flow::Auto));
    scene.person.event("device-offered").await;
    login.abort();
    let scene = Scene::with(without_device()).await;
    let login = scene.login(options(Flow::Auto));
    scene.person.event("waiting").await;
    assert!(!scene.person.saw("device-offered"));
    login.abort();
}

#[tokio::test]
async fn where_nothing_can_work_it_is_said_at_once() {
    let scene = Scene::with(Setup {
        place: CONTAINER,
        terminal: false,
        ..without_device()
    })
    .await;
    let error = scene.login(options(Flow::Auto)).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    let said = error.to_string();
    assert!(said.contains("neither a browser nor a terminal"), "{said}");
    assert!(said.contains("Run it in a terminal"), "{said}");
    assert_eq!(scene.person.events(), [""; 0]);
}
