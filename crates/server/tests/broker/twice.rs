//! What is sent twice is answered twice, and done once (hostile.md, 9).

use std::time::Duration;

use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    flows::{authorize, code, redeem},
    person::Person,
    scene::{Reply, Scene, encode},
};

/// Ada before the consent page of the built-in client: her browser, and the form's login.
async fn asked(scene: &Scene) -> (Person, String, String) {
    let mut ada = Person::default();
    let address = format!("{}&prompt=consent", authorize("openid"));
    let page = ada.get(scene, &address).await;
    let asked = ada.sign_in(scene, &page, "ada").await;
    let page = ada.get(scene, &asked.location().unwrap()).await;
    let field = |name: &str| page.field(name).unwrap_or_else(|| panic!("{page:?}"));
    let (login, token) = (field("login"), field("form_token"));
    (ada, login, token)
}

async fn decide(
    scene: &Scene,
    (ada, login, token): &mut (Person, String, String),
    decision: &str,
) -> Reply {
    let fields = [
        ("login", login.as_str()),
        ("decision", decision),
        ("form_token", token.as_str()),
    ];
    ada.post(scene, "/consent", &fields).await
}

#[tokio::test]
async fn hostile_09_a_doubled_yes_has_one_code_until_the_program_has_it() {
    let scene = Scene::new().await;
    let mut ada = asked(&scene).await;
    let first = decide(&scene, &mut ada, "allow").await;
    let second = decide(&scene, &mut ada, "allow").await;
    assert_eq!(second.body, first.body);
    let back = format!("/consent?login={}", ada.1);
    assert_eq!(ada.0.get(&scene, &back).await.body, first.body);
    // A no comes too late, and hands nothing out either.
    let late = decide(&scene, &mut ada, "deny").await;
    assert!(late.location().is_none(), "{late:?}");
    // Nor is it anybody else's.
    let mut other = Person::default();
    other.get(&scene, "/device").await;
    let stranger = other.get(&scene, &back).await;
    assert_eq!(stranger.status, 400, "{stranger:?}");

    assert_eq!(redeem(&scene, &code(&first)).await.status, 200);
    for over in [
        decide(&scene, &mut ada, "allow").await,
        ada.0.get(&scene, &back).await,
    ] {
        assert_eq!(over.status, 200);
        assert!(over.location().is_none(), "{over:?}");
    }
    let granted = |line: &&serde_json::Value| line["what"] == "granted";
    assert_eq!(scene.audit().iter().filter(granted).count(), 1);
}

/// Sends a yes and does not wait for the answer.
async fn leave_at_once(scene: &Scene, (ada, login, token): &(Person, String, String)) {
    let body = encode(&[
        ("login", login),
        ("decision", "allow"),
        ("form_token", token),
    ]);
    let cookies: Vec<_> = ada
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request = format!(
        "POST /consent HTTP/1.1\r\nhost: {address}\r\norigin: {origin}\r\ncookie: {cookies}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}",
        address = scene.address,
        origin = scene.url(),
        cookies = cookies.join("; "),
        length = body.len(),
    );
    let mut stream = TcpStream::connect(scene.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// What is done for a browser that goes away is done whole: it is written down too.
#[tokio::test]
async fn hostile_09_a_yes_whose_browser_has_gone_is_in_the_audit_log_once() {
    let scene = Scene::new().await;
    let granted = || {
        let is_it = |line: &&serde_json::Value| line["what"] == "granted";
        scene.audit().iter().filter(is_it).count()
    };
    for round in 1..=12 {
        let mut ada = asked(&scene).await;
        leave_at_once(&scene, &ada).await;
        let again = decide(&scene, &mut ada, "allow").await;
        assert_eq!(redeem(&scene, &code(&again)).await.status, 200);
        let written = async {
            while u64::try_from(granted()).unwrap() < round {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let written = timeout(Duration::from_secs(10), written).await;
        assert!(written.is_ok(), "a yes is missing in round {round}");
        assert_eq!(u64::try_from(granted()).unwrap(), round);
    }
}

#[tokio::test]
async fn hostile_09_a_doubled_no_is_told_again_and_a_yes_comes_too_late() {
    let scene = Scene::new().await;
    let mut ada = asked(&scene).await;
    let first = decide(&scene, &mut ada, "deny").await;
    let told = first.location().unwrap();
    assert!(told.contains("error=access_denied"), "{told}");
    assert_eq!(decide(&scene, &mut ada, "deny").await.body, first.body);
    let late = decide(&scene, &mut ada, "allow").await;
    assert!(late.location().is_none(), "{late:?}");
    // The back button does not bring the program anything a second time.
    let back = format!("/consent?login={}", ada.1);
    let back = ada.0.get(&scene, &back).await;
    assert!(back.location().is_none(), "{back:?}");
}

#[tokio::test]
async fn hostile_09_an_answer_of_the_provider_that_comes_twice_has_one_code() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(&scene, &page, "ada").await;
    let first = ada.get(&scene, &back).await;
    let second = ada.get(&scene, &back).await;
    assert_eq!(code(&second), code(&first));
    assert_eq!(redeem(&scene, &code(&second)).await.status, 200);
    assert!(ada.get(&scene, &back).await.location().is_none());
}
