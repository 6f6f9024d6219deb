//! What is sent twice is answered twice, and done once (hostile.md, 9).

use super::{
    flows::{authorize, code, redeem},
    person::Person,
    scene::{Reply, Scene},
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
