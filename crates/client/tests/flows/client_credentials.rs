//! The program as its own account.

use std::time::Duration;

use oarlock::{Error, Flow};
use oarlock_oauth::{scope::Scopes, secret::ClientSecret};
use oarlock_testkit::{AuthorizationServer, Client, Endpoint, Fault};

use crate::scene::{Scene, Setup, options};

async fn service() -> Scene {
    let server = AuthorizationServer::builder().client(Client::confidential("service", "secret"));
    let mut scene = Scene::with(Setup {
        server,
        ..Setup::default()
    })
    .await;
    scene.profile.client_id = Some("service".into());
    scene.profile.client_secret = Some(ClientSecret::new("secret"));
    scene.profile.scopes = Scopes::parse("read");
    scene
}

#[tokio::test]
async fn nobody_is_asked() {
    let scene = service().await;
    let credential = scene
        .login(options(Flow::ClientCredentials))
        .await
        .unwrap()
        .unwrap();
    assert!(
        scene
            .server
            .takes_access_token(credential.access_token.expose())
    );
    assert_eq!(scene.person.events(), [""; 0]);
}

#[tokio::test]
async fn a_public_client_cannot() {
    let mut scene = service().await;
    scene.profile.client_secret = None;
    let error = scene
        .login(options(Flow::ClientCredentials))
        .await
        .unwrap()
        .unwrap_err();
    assert!(matches!(error, Error::FlowUnavailable { .. }), "{error:?}");
    assert_eq!(scene.server.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn a_server_that_hangs_ends_at_the_timeout() {
    let scene = service().await;
    scene.server.set_faults(Fault::Hang);
    let mut options = options(Flow::ClientCredentials);
    options.timeout = Duration::from_millis(200);
    let error = scene.login(options).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
}
