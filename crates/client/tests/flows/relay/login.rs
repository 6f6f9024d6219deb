//! A whole login whose answer comes by a relay.

use std::{io, time::Duration};

use oarlock::{Credential, Error, ErrorKind, Flow, LoginOptions, relay::RelaySettings};
use oarlock_oauth::authorization::AuthorizationError;
use oarlock_testkit::{AuthorizationServer, Client, Endpoint, FakeBrowser, Fault};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;
use url::Url;

use super::scripted::{Program, ScriptedRelay, close, registered};
use crate::scene::{Scene, Setup, options, parameter, redirect_uri};

/// Nothing is ever sent there: the test is the browser's last step.
const CALLBACK: &str = "http://127.0.0.1:9/oauth/callback";
const CLIENT: &str = "headless";

/// A login under way, its relay's side, and what the program registered with.
struct Login {
    scene: Scene,
    relay: ScriptedRelay,
    program: Program,
    register: Value,
    ending: JoinHandle<Result<Credential, Error>>,
}

async fn scene(setup: Setup) -> Scene {
    let client = Client::public(CLIENT).redirect_uris([CALLBACK]);
    let server = setup.server.client(client);
    let mut scene = Scene::with(Setup { server, ..setup }).await;
    scene.profile.client_id = Some(CLIENT.into());
    scene
}

fn by(settings: RelaySettings) -> LoginOptions {
    let mut options = options(Flow::Relay);
    options.relay = Some(settings);
    options
}

impl Login {
    async fn start(setup: Setup) -> Self {
        Self::within(scene(setup).await).await
    }

    async fn within(scene: Scene) -> Self {
        let relay = ScriptedRelay::start().await;
        let ending = scene.login(by(relay.settings()));
        let mut program = relay.program().await;
        let register = program.hears().await;
        assert!(
            !scene.person.saw("open-url"),
            "first the relay, then the person"
        );
        program.says(&registered(CALLBACK, false)).await;
        Self {
            scene,
            relay,
            program,
            register,
            ending,
        }
    }

    /// What the provider sends the browser to.
    async fn callback(&self, browser: FakeBrowser) -> Url {
        let url = self.scene.person.url().await;
        assert_eq!(redirect_uri(&url).as_str(), CALLBACK);
        assert_eq!(
            parameter(&url, "state").as_deref(),
            self.register["state"].as_str()
        );
        let visit = browser.stop_at_redirect().visit(&url).await.unwrap();
        visit.redirect.unwrap()
    }

    /// The browser goes there; the relay delivers what it brought.
    async fn delivers(&mut self, callback: &Url) {
        self.program.says(&delivery(callback)).await;
    }

    async fn hears(&mut self, kind: &str) {
        let word = json!({"type": kind, "delivery": "d-1"});
        assert_eq!(self.program.hears().await, word);
    }

    async fn ends(mut self, reason: &str) -> (Scene, Result<Credential, Error>) {
        self.program.says(&close(reason)).await;
        (self.scene, self.ending.await.unwrap())
    }
}

fn delivery(callback: &Url) -> Value {
    let parameters: Map<String, Value> = callback
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    let mut frame = json!({"type": "DELIVER", "delivery": "d-1", "state": parameters["state"], "parameters": parameters});
    if let Some(code) = parameter(callback, "code") {
        frame["code"] = code.into();
    }
    frame
}

#[tokio::test]
async fn the_browser_is_told_when_the_login_is_saved() {
    let mut login = Login::start(Setup::default()).await;
    assert_eq!(login.register["state"].as_str().unwrap().len(), 43);
    let callback = login.callback(FakeBrowser::new()).await;
    assert!(login.scene.client.logins().unwrap().is_empty());
    login.delivers(&callback).await;
    login.hears("ACK").await;
    let saved = login.scene.client.token("example").await.unwrap();
    let (scene, ended) = login.ends("delivered").await;
    assert_eq!(ended.unwrap().access_token, saved);
    let events = scene.person.events();
    assert!(events[0].contains(CALLBACK), "{events:?}");
    assert_eq!(events[1..], ["open-url", "waiting 300", "exchanging"]);
}

#[tokio::test]
async fn a_relay_that_is_named_is_the_way_by_itself() {
    let scene = scene(Setup::default()).await;
    let relay = ScriptedRelay::start().await;
    let mut options = by(relay.settings());
    options.flow = Flow::Auto;
    let ending = scene.login(options);
    let (_program, _) = relay.registered().await;
    let expected = super::scripted::CALLBACK;
    assert_eq!(redirect_uri(&scene.person.url().await).as_str(), expected);
    ending.abort();
}

#[tokio::test]
async fn the_environment_names_the_relay() {
    let relay = ScriptedRelay::start().await;
    let scene = scene(Setup {
        variables: vec![("OARLOCK_RELAY", relay.address())],
        ..Setup::default()
    })
    .await;
    let ending = scene.login(options(Flow::Relay));
    let (_program, _) = relay.registered().await;
    scene.person.url().await;
    ending.abort();
}

#[tokio::test]
async fn hostile_12_an_answer_of_another_issuer_buys_nothing() {
    for fault in [Fault::WrongIss, Fault::MissingIss, Fault::NormalisedIss] {
        let mut login = Login::start(Setup::default()).await;
        login.scene.server.set_faults(fault);
        let callback = login.callback(FakeBrowser::new()).await;
        login.delivers(&callback).await;
        login.hears("REJECT").await;
        let (scene, ended) = login.ends("rejected").await;
        let error = ended.unwrap_err();
        assert!(
            matches!(error, Error::Authorization(AuthorizationError::WrongIssuer)),
            "{error:?}"
        );
        assert_eq!(scene.server.count(Endpoint::Token), 0);
    }
}

#[tokio::test]
async fn hostile_10_an_answer_to_another_request_buys_nothing() {
    let mut login = Login::start(Setup::default()).await;
    let mut callback = login.callback(FakeBrowser::new()).await;
    let query = callback.query().unwrap().replace("state=", "state=x");
    callback.set_query(Some(&query));
    login.delivers(&callback).await;
    let ended = (&mut login.ending).await.unwrap();
    assert!(matches!(ended, Err(Error::Relay(_))), "{ended:?}");
    login.hears("REJECT").await;
    assert_eq!(login.scene.server.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn a_callback_that_is_no_answer_is_rejected_and_ends_the_login() {
    for (query, expected) in [
        ("foo=bar", AuthorizationError::NoCode),
        ("code=a&error=b", AuthorizationError::Ambiguous),
    ] {
        let mut login = Login::start(Setup::default()).await;
        let mut callback = login.callback(FakeBrowser::new()).await;
        let (state, iss) = (
            parameter(&callback, "state").unwrap(),
            parameter(&callback, "iss").unwrap(),
        );
        callback.set_query(Some(&format!("{query}&state={state}&iss={iss}")));
        login.delivers(&callback).await;
        login.hears("REJECT").await;
        let (scene, ended) = login.ends("rejected").await;
        match ended {
            Err(Error::Authorization(error)) => assert_eq!(error, expected, "{query}"),
            other => panic!("{query}: {other:?}"),
        }
        assert_eq!(scene.server.count(Endpoint::Token), 0);
    }
}

#[tokio::test]
async fn a_code_under_another_name_serves() {
    let mut login = Login::start(Setup::default()).await;
    let callback = login.callback(FakeBrowser::new()).await;
    let mut frame = delivery(&callback);
    let parameters = frame["parameters"].as_object_mut().unwrap();
    let code = parameters.remove("code").unwrap();
    parameters.insert("authorization_code".into(), code);
    login.program.says(&frame).await;
    login.hears("ACK").await;
    login.ends("delivered").await.1.unwrap();
}

#[tokio::test]
async fn a_denial_is_the_relays_to_show() {
    let mut login = Login::start(Setup::default()).await;
    let callback = login.callback(FakeBrowser::new().deny()).await;
    login.delivers(&callback).await;
    login.hears("ACK").await;
    let (scene, ended) = login.ends("delivered").await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Denied);
    assert!(!scene.person.saw("warning"), "{:?}", scene.person.events());
}

#[tokio::test]
async fn hostile_11_a_refused_code_is_rejected_and_not_sent_again() {
    let mut login = Login::start(Setup::default()).await;
    let mut callback = login.callback(FakeBrowser::new()).await;
    let query = callback.query().unwrap().replace("code=", "code=x");
    callback.set_query(Some(&query));
    login.delivers(&callback).await;
    login.hears("REJECT").await;
    let (scene, ended) = login.ends("rejected").await;
    assert!(matches!(ended, Err(Error::Token(_))), "{ended:?}");
    assert_eq!(scene.server.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn hostile_33_a_login_whose_browser_was_told_otherwise_says_so() {
    let mut login = Login::start(Setup::default()).await;
    let callback = login.callback(FakeBrowser::new()).await;
    login.delivers(&callback).await;
    login.hears("ACK").await;
    let (scene, ended) = login.ends("unconfirmed").await;
    ended.unwrap();
    assert!(
        scene
            .person
            .saw("warning the browser was told that the login failed"),
        "{:?}",
        scene.person.events()
    );
}

#[tokio::test]
async fn who_gives_up_is_not_waited_for_any_more() {
    let login = Login::start(Setup::default()).await;
    login.scene.person.url().await;
    login.ending.abort();
    assert_eq!(login.program.rest().await, "{\"type\":\"UNREGISTER\"}\n");
}

#[tokio::test]
async fn nobody_logs_in() {
    let mut login = Login::start(Setup {
        frozen: true,
        ..Setup::default()
    })
    .await;
    login.scene.person.event("waiting").await;
    let ended = login.scene.while_time_flies(&mut login.ending).await;
    let error = ended.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::TimedOut { after } if after == Duration::from_secs(300)),
        "{error:?}"
    );
    let word = login.program.hears().await;
    assert_eq!(word, json!({"type": "UNREGISTER"}));
}

#[tokio::test]
async fn a_relay_that_ends_it_ends_the_login() {
    let mut login = Login::start(Setup::default()).await;
    login.scene.person.url().await;
    login.program.says(&close("expired")).await;
    let error = login.ending.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("Timeout waiting for OAuth callback")
    );
    drop(login.relay);
}

#[tokio::test]
async fn what_is_pasted_serves_too() {
    let mut login = Login::start(Setup {
        terminal: true,
        ..Setup::default()
    })
    .await;
    let callback = login.callback(FakeBrowser::new()).await;
    login.scene.person.paste(callback.as_str());
    login.ending.await.unwrap().unwrap();
    assert_eq!(login.program.hears().await, json!({"type": "UNREGISTER"}));
    assert_eq!(login.scene.person.readers(), 0);
}

#[tokio::test]
async fn ctrl_c_while_pasting_ends_it() {
    let mut login = Login::start(Setup {
        terminal: true,
        ..Setup::default()
    })
    .await;
    login.scene.person.url().await;
    login.scene.person.end_input(io::ErrorKind::Interrupted);
    let error = login.ending.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(login.program.hears().await, json!({"type": "UNREGISTER"}));
}

#[tokio::test]
async fn a_client_that_is_registered_knows_the_relays_callback() {
    let mut scene = scene(Setup::default()).await;
    scene.profile.client_id = None;
    let mut login = Login::within(scene).await;
    let callback = login.callback(FakeBrowser::new()).await;
    login.delivers(&callback).await;
    login.hears("ACK").await;
    login.ends("delivered").await.1.unwrap();
}

#[tokio::test]
async fn who_must_register_a_client_is_told_the_relays_callback() {
    let server = AuthorizationServer::builder().without(Endpoint::Register);
    let mut scene = scene(Setup {
        server,
        ..Setup::default()
    })
    .await;
    scene.profile.client_id = None;
    let relay = ScriptedRelay::start().await;
    let ending = scene.login(by(relay.settings()));
    let mut program = relay.program().await;
    program.hears().await;
    program.says(&registered(CALLBACK, false)).await;
    let error = ending.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, Error::NoClientId { redirect_uri, .. } if redirect_uri == CALLBACK),
        "{error:?}"
    );
    assert_eq!(program.hears().await, json!({"type": "UNREGISTER"}));
}
