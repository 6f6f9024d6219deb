//! A broker of our own kind: its address is all that a login needs.

use oarlock::{Credential, Error, Flow, LoginOptions, Revocation};
use oarlock_io::environment::Place;
use oarlock_oauth::authorization_server::comparison;
use oarlock_testkit::{
    AuthorizationServer, AuthorizationServerBuilder, Client, Endpoint, FakeBrowser,
};
use tokio::task::JoinHandle;

use crate::scene::{DESKTOP, Scene, Setup, options, parameter, redirect_uri};

const SSH: Place = Place {
    ssh: true,
    ..DESKTOP
};

fn broker() -> AuthorizationServerBuilder {
    AuthorizationServer::builder()
        .built_in("oarlock-cli", "/code")
        .device_interval(std::time::Duration::ZERO)
}

async fn scene(place: Place, terminal: bool) -> Scene {
    Scene::with(Setup {
        server: broker(),
        place,
        terminal,
        ..Setup::default()
    })
    .await
}

/// `oarlock login ADDRESS`, and nothing else.
fn login(scene: &Scene, options: LoginOptions) -> JoinHandle<Result<Credential, Error>> {
    let (client, issuer) = (scene.client.clone(), scene.server.issuer().to_owned());
    tokio::spawn(async move { client.login(&issuer, &options).await })
}

#[tokio::test]
async fn its_address_is_enough_with_a_browser_near() {
    let scene = scene(DESKTOP, true).await;
    let login = login(&scene, options(Flow::Auto));
    let url = scene.person.url().await;
    assert_eq!(parameter(&url, "client_id").as_deref(), Some("oarlock-cli"));
    assert_eq!(redirect_uri(&url).host_str(), Some("127.0.0.1"));
    FakeBrowser::new().visit(&url).await.unwrap();
    let credential = login.await.unwrap().unwrap();
    assert_eq!(credential.identity.unwrap().raw(), "alice@example.com");
    assert_eq!(scene.server.count(Endpoint::Register), 0);
    assert_eq!(
        credential.profile.redirect.hosted, None,
        "the next login asks again where the page is"
    );
}

#[tokio::test]
async fn hostile_21_the_code_to_compare_is_that_of_the_page() {
    let scene = scene(DESKTOP, true).await;
    let login = login(&scene, options(Flow::Auto));
    let url = scene.person.url().await;
    let code = comparison::code(&parameter(&url, "code_challenge").unwrap());
    scene.person.event("waiting").await;
    assert_eq!(
        scene.person.events()[..2],
        ["open-url".to_owned(), format!("compare {code}")],
        "before any browser"
    );
    login.abort();
}

#[tokio::test]
async fn without_a_browser_near_its_page_shows_a_code_to_paste() {
    let scene = scene(SSH, true).await;
    let login = login(&scene, options(Flow::Auto));
    let url = scene.person.url().await;
    let page = format!("{}/code", scene.server.issuer());
    assert_eq!(redirect_uri(&url).as_str(), page);
    scene.person.event("compare ").await;
    scene.person.event("paste-invited hosted=true").await;
    let visit = FakeBrowser::new()
        .stop_at_redirect()
        .visit(&url)
        .await
        .unwrap();
    let answer = visit.redirect.unwrap();
    let (code, state) = (parameter(&answer, "code"), parameter(&answer, "state"));
    scene
        .person
        .paste(format!("{}#{}", code.unwrap(), state.unwrap()));
    login.await.unwrap().unwrap();
}

#[tokio::test]
async fn where_nobody_can_paste_it_is_a_code_for_another_device() {
    let scene = scene(SSH, false).await;
    let login = login(&scene, options(Flow::Auto));
    let (_, url) = scene.person.code().await;
    assert!(
        !scene.person.saw("compare "),
        "the user code is the one to compare"
    );
    FakeBrowser::new().visit(&url).await.unwrap();
    login.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_of_ones_own_wins_and_does_not_use_the_page() {
    let mut scene = Scene::with(Setup {
        server: broker().client(Client::public("mytool")),
        place: SSH,
        terminal: true,
        ..Setup::default()
    })
    .await;
    scene.profile.client_id = Some("mytool".into());
    let login = scene.login(options(Flow::Paste));
    let url = scene.person.url().await;
    assert_eq!(parameter(&url, "client_id").as_deref(), Some("mytool"));
    assert_eq!(redirect_uri(&url).path(), "/callback");
    scene.person.event("compare ").await;
    login.abort();
}

#[tokio::test]
async fn another_server_registers_and_has_nothing_to_compare() {
    let scene = Scene::with(Setup {
        terminal: true,
        ..Setup::default()
    })
    .await;
    let login = login(&scene, options(Flow::Auto));
    let url = scene.person.url().await;
    scene.person.event("waiting").await;
    assert_eq!(scene.server.count(Endpoint::Register), 1);
    assert!(!scene.person.saw("compare "));
    FakeBrowser::new().visit(&url).await.unwrap();
    login.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_second_login_and_a_logout_need_the_address_alone_too() {
    let scene = scene(DESKTOP, false).await;
    for _ in 0..2 {
        let login = login(&scene, options(Flow::Auto));
        let url = scene.person.url().await;
        assert_eq!(parameter(&url, "client_id").as_deref(), Some("oarlock-cli"));
        FakeBrowser::new().visit(&url).await.unwrap();
        login.await.unwrap().unwrap();
    }
    let key = scene
        .client
        .account_at(scene.server.issuer(), None)
        .unwrap();
    let token = scene.client.store().load(&key).unwrap().unwrap();
    let ended = scene.client.logout(&key, true).await.unwrap();
    assert!(matches!(ended, Some(Revocation::Revoked)), "{ended:?}");
    assert!(!scene.server.takes_access_token(token.access_token.expose()));
}

#[tokio::test]
async fn another_name_of_this_machine_is_told_with_the_right_one() {
    let scene = scene(DESKTOP, true).await;
    let issuer = scene.server.issuer();
    let alias = issuer.replace("127.0.0.1", "localhost");
    let error = scene
        .client
        .login(&alias, &options(Flow::Auto))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Discovery { .. }), "{error}");
    let hint = error.hint().unwrap();
    assert!(hint.ends_with(issuer), "{hint}");
}
