//! Pasting: nobody listens, the person brings the answer.

use std::{io, time::Duration};

use oarlock::{Error, ErrorKind, Flow};
use oarlock_oauth::{endpoint::Endpoint as Address, pasted::PastedError};
use oarlock_testkit::{AuthorizationServer, Client, Endpoint, FakeBrowser, Fault};
use url::Url;

use crate::scene::{Scene, Setup, get, options, parameter, redirect_uri};

async fn terminal() -> Scene {
    Scene::with(Setup {
        terminal: true,
        ..Setup::default()
    })
    .await
}

/// What the browser ends at.
async fn answer(scene: &Scene) -> Url {
    let url = scene.person.url().await;
    let visit = FakeBrowser::new()
        .stop_at_redirect()
        .visit(&url)
        .await
        .unwrap();
    visit.redirect.unwrap()
}

#[tokio::test]
async fn every_form_of_the_answer_serves() {
    let forms: [fn(&Url) -> String; 6] = [
        |answer| answer.to_string(),
        |answer| answer.query().unwrap().to_owned(),
        |answer| format!("?{}", answer.query().unwrap()),
        |answer| parameter(answer, "code").unwrap(),
        |answer| format!("  \"{answer}\"\r\n"),
        |answer| format!("\u{1b}[200~{answer}\u{1b}[201~"),
    ];
    for form in forms {
        let scene = terminal().await;
        let login = scene.login(options(Flow::Paste));
        let text = form(&answer(&scene).await);
        scene.person.paste(text.clone());
        login
            .await
            .unwrap()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
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
}

#[tokio::test]
async fn nobody_listens_at_the_redirect_uri() {
    let scene = terminal().await;
    let login = scene.login(options(Flow::Paste));
    let url = scene.person.url().await;
    let redirect = redirect_uri(&url);
    assert_eq!(
        (redirect.host_str(), redirect.path()),
        (Some("127.0.0.1"), "/callback")
    );
    get(&redirect).await.unwrap_err();
    login.abort();
}

#[tokio::test]
async fn the_providers_page_is_used_where_there_is_one() {
    let server = AuthorizationServer::start().await.unwrap();
    let page = server.at("/shown");
    drop(server);
    let client = Client::public("hosted").redirect_uris([page.as_str()]);
    let server = AuthorizationServer::builder()
        .client(client)
        .port(page.port().unwrap());
    let mut scene = Scene::with(Setup {
        server,
        terminal: true,
        ..Setup::default()
    })
    .await;
    scene.profile.client_id = Some("hosted".into());
    scene.profile.redirect.hosted = Some(Address::parse(page.as_str()).unwrap());
    let login = scene.login(options(Flow::Paste));
    let answer = answer(&scene).await;
    assert!(answer.as_str().starts_with(page.as_str()), "{answer}");
    scene.person.event("paste-invited hosted=true").await;
    let (code, state) = (
        parameter(&answer, "code").unwrap(),
        parameter(&answer, "state").unwrap(),
    );
    scene.person.paste(format!("{code}#{state}"));
    login.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_wrong_paste_can_be_tried_again() {
    let scene = terminal().await;
    let login = scene.login(options(Flow::Paste));
    let url = scene.person.url().await;
    scene.person.paste(url.as_str());
    scene
        .person
        .event("paste-refused this is the address to open")
        .await;
    let visit = FakeBrowser::new()
        .stop_at_redirect()
        .visit(&url)
        .await
        .unwrap();
    let answer = visit.redirect.unwrap();
    let state = parameter(&answer, "state").unwrap();
    scene
        .person
        .paste(answer.as_str().replace(&state, "another"));
    scene
        .person
        .event("paste-refused this answer belongs to another login")
        .await;
    assert_eq!(scene.server.count(Endpoint::Token), 0);
    scene.person.paste(answer.as_str());
    login.await.unwrap().unwrap();
}

#[tokio::test]
async fn after_five_wrong_pastes_it_is_over() {
    let scene = terminal().await;
    let login = scene.login(options(Flow::Paste));
    let url = scene.person.url().await;
    for _ in 0..5 {
        scene.person.paste(url.as_str());
    }
    let error = login.await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Pasted(PastedError::RequestUrl)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_pipe_is_read_once() {
    let scene = Scene::start().await;
    let login = scene.login(options(Flow::Paste));
    let url = scene.person.url().await;
    scene.person.paste(url.as_str());
    let error = login.await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Pasted(PastedError::RequestUrl)),
        "{error:?}"
    );
}

#[tokio::test]
async fn ctrl_c_and_the_end_of_input_are_told_apart() {
    for (kind, expected) in [
        (io::ErrorKind::Interrupted, ErrorKind::Cancelled),
        (io::ErrorKind::UnexpectedEof, ErrorKind::Usage),
        (io::ErrorKind::PermissionDenied, ErrorKind::Failed),
    ] {
        let scene = terminal().await;
        let login = scene.login(options(Flow::Paste));
        scene.person.url().await;
        scene.person.end_input(kind);
        let error = login.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), expected, "{kind:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_pasted_denial_is_a_denial() {
    let scene = terminal().await;
    let login = scene.login(options(Flow::Paste));
    let url = scene.person.url().await;
    let visit = FakeBrowser::new()
        .deny()
        .stop_at_redirect()
        .visit(&url)
        .await
        .unwrap();
    scene.person.paste(visit.redirect.unwrap().as_str());
    assert_eq!(login.await.unwrap().unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn hostile_12_a_pasted_answer_of_another_issuer_buys_nothing() {
    let scene = terminal().await;
    scene.server.set_faults(Fault::WrongIss);
    let login = scene.login(options(Flow::Paste));
    scene.person.paste(answer(&scene).await.as_str());
    login.await.unwrap().unwrap_err();
    assert_eq!(scene.server.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn hostile_21_an_attackers_answer_is_refused_when_pasted() {
    let (victim, attacker) = (terminal().await, terminal().await);
    let login = victim.login(options(Flow::Paste));
    let attackers = attacker.login(options(Flow::Paste));
    victim.person.paste(answer(&attacker).await.as_str());
    victim
        .person
        .event("paste-refused this answer belongs to another login")
        .await;
    victim.person.paste(answer(&victim).await.as_str());
    login.await.unwrap().unwrap();
    attackers.abort();
}

#[tokio::test]
async fn nobody_pastes() {
    let scene = Scene::with(Setup {
        terminal: true,
        frozen: true,
        ..Setup::default()
    })
    .await;
    let login = scene.login(options(Flow::Paste));
    scene.person.event("waiting").await;
    let error = scene.while_time_flies(login).await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::TimedOut { after } if after == Duration::from_secs(300)),
        "{error:?}"
    );
    assert_eq!(scene.person.readers(), 0, "the terminal is free again");
}
