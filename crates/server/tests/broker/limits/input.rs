//! Parameters that are there twice, and texts that are more than texts (hostile.md, 4 to 6).

use oarlock_oauth::{
    authorization_server::{
        client::{ClientMetadata, GrantType},
        redirect_uri::RedirectUri,
    },
    client_auth::ClientAuthentication,
};
use oarlock_server::config::broker::{ClientConfig, RegistrationPolicy, UpstreamKind};
use serde_json::json;

use crate::{
    flows::{authorize, code, redeem},
    person::Person,
    scene::{Reply, Scene, encode},
};

const PAIRCODE: &str = "a-paircode-that-is-said-twice";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A page, and nothing that leads away from it.
fn is_a_page(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert!(reply.body.contains("<h1>"), "{reply:?}");
    assert_eq!(reply.location(), None, "{reply:?}");
}

#[tokio::test]
async fn hostile_04_an_authorization_request_that_says_something_twice_is_refused() {
    let scene = Scene::new().await;
    let link = authorize("openid");
    let query = link.split_once('?').unwrap().1;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        for again in [value.as_ref(), "another"] {
            let twice = format!("{link}&{}", encode(&[(&name, again)]));
            let reply = scene.get(&twice).await;
            // Of those that say where the answer goes, the person is told; of the others, the program may be.
            match (name.as_ref(), reply.location()) {
                ("client_id" | "redirect_uri", told) => {
                    assert_eq!(told, None, "{twice}: {reply:?}")
                }
                (_, Some(told)) => assert!(told.contains("error=invalid_request"), "{told}"),
                (_, None) => {}
            }
            assert!(reply.field("request").is_none(), "{twice}: {reply:?}");
            if reply.location().is_none() {
                is_a_page(&reply, 400);
            }
        }
    }
    is_a_page(
        &scene.get(&format!("{link}&unknown=1&unknown=2")).await,
        400,
    );
}

#[tokio::test]
async fn hostile_04_a_providers_answer_that_says_something_twice_is_refused_and_counts_later() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(&scene, &page, "ada").await;
    let state = back.split("state=").nth(1).unwrap().to_owned();
    for more in [
        "code=ada".to_owned(),
        "code=bob".to_owned(),
        format!("state={state}"),
        "state=another".to_owned(),
        "%63ode=bob".to_owned(),
        "co%64e=ada".to_owned(),
        "x=1&x=2".to_owned(),
    ] {
        is_a_page(&ada.get(&scene, &format!("{back}&{more}")).await, 400);
    }
    let onward = ada.get(&scene, &back).await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
}

/// `error` with `code` is no answer of a provider: the login comes to nothing, and nobody is signed in.
#[tokio::test]
async fn hostile_04_an_answer_that_is_yes_and_no_signs_nobody_in() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(&scene, &page, "ada").await;
    let reply = ada
        .get(&scene, &format!("{back}&error=access_denied"))
        .await;
    let told = reply.location().unwrap_or_default();
    assert!(!told.contains("code="), "{reply:?}");
    let page = ada.get(&scene, "/sessions").await;
    assert!(page.field("request").is_some(), "{page:?}");
}

#[tokio::test]
async fn hostile_04_a_form_that_says_something_twice_is_refused_and_spends_nothing() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let bought = code(&ada.sign_in(&scene, &page, "ada").await);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "oarlock"),
        ("code", bought.as_str()),
        ("redirect_uri", "http://127.0.0.1:7/callback"),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in fields {
        for again in [value, "another"] {
            let mut twice = fields.to_vec();
            twice.push((name, again));
            let reply = scene.form("/token", &twice).await;
            assert_eq!(reply.status, 400, "{name}: {reply:?}");
            assert_eq!(reply.json()["error"], "invalid_request", "{name}");
        }
    }
    let tokens = scene.form("/token", &fields).await.json();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "oarlock"),
        ("refresh_token", refresh),
    ];
    let mut twice = fields.to_vec();
    twice.push(("refresh_token", refresh));
    assert_eq!(
        scene.form("/token", &twice).await.json()["error"],
        "invalid_request"
    );
    assert_eq!(scene.form("/token", &fields).await.status, 200);

    // Persons' forms, each with a right one after it.
    let page = ada.get(&scene, &authorize("openid")).await;
    let token = page.field("form_token").unwrap();
    let request = page.field("request").unwrap();
    let fields = [
        ("request", request.as_str()),
        ("form_token", &token),
        ("upstream", "dev"),
    ];
    for (name, value) in fields {
        let mut twice = fields.to_vec();
        twice.push((name, value));
        is_a_page(&ada.post(&scene, "/login", &twice).await, 400);
    }
    let mut both = fields.to_vec();
    both.push(("cancel", "yes"));
    both.push(("cancel", "yes"));
    is_a_page(&ada.post(&scene, "/login", &both).await, 400);
    assert_eq!(ada.post(&scene, "/login", &fields).await.status, 200);

    let twice = format!("/cli_login?paircode={PAIRCODE}&paircode={PAIRCODE}");
    assert_eq!(scene.get(&twice).await.status, 400);
    let twice = format!("/token?paircode={PAIRCODE}&paircode={PAIRCODE}");
    assert_eq!(scene.get(&twice).await.status, 400);
}

#[tokio::test]
async fn hostile_05_what_is_encoded_is_decoded_once_and_never_a_line_of_its_own() {
    let scene = Scene::new().await;
    for bad in [
        "%00",
        "%0d%0aset-cookie:%20x=y",
        "%0a",
        "%c0%af",
        "%ff",
        "%zz",
        "%",
    ] {
        let link = authorize("openid").replace("the-state", &format!("a{bad}b"));
        let reply = scene.get(&link).await;
        assert!(
            reply
                .header("set-cookie")
                .is_none_or(|cookie| !cookie.contains("x=y"))
        );
        if let Some(told) = reply.location() {
            // The program's own words come back to it as it said them, encoded.
            assert!(
                told.contains("error=") && !told.contains(['\r', '\n', '\0']),
                "{told}"
            );
        } else if reply.status == 200 {
            panic!("{bad}: {reply:?}");
        }
        for path in [
            format!("/redirect?code=ada&state={bad}"),
            format!("/login?request={bad}"),
            format!("/consent?login={bad}"),
            format!("/code?code={bad}&state=a"),
            format!("/dev?state={bad}&state"),
            format!("/authorize?client_id={bad}"),
        ] {
            let reply = scene.get(&path).await;
            is_a_page(&reply, 400);
        }
        for path in ["/cli_login", "/token"] {
            let reply = scene
                .get(&format!("{path}?paircode=aaaaaaaaaaaaaaaaaaaaaaaa{bad}"))
                .await;
            assert_eq!(reply.status, 400, "{path} {bad}: {reply:?}");
        }
    }
    // Once: `%2525` is `%25` and no `%`.
    let link = authorize("openid").replace("the-state", "%2525");
    let mut ada = Person::default();
    let page = ada.get(&scene, &link).await;
    let left = ada.press(&scene, &page, "cancel", "yes").await;
    assert!(left.location().unwrap().contains("state=%2525"), "{left:?}");
}

const NAME: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}txt.exe\u{1b}[31m\u{2066}\u{200b}\r\n";

fn is_inert(reply: &Reply) {
    let page = &reply.body;
    for bad in [
        "<script", "<img", "\u{202e}", "\u{1b}", "\u{2066}", "\u{200b}",
    ] {
        assert!(!page.contains(bad), "{bad:?}: {page}");
    }
}

#[tokio::test]
async fn hostile_06_names_of_programs_people_and_providers_words_are_inert() {
    let client = ClientConfig {
        id: "named".into(),
        metadata: ClientMetadata {
            client_name: Some(NAME.into()),
            client_uri: None,
            redirect_uris: vec![RedirectUri::parse("http://127.0.0.1/callback").unwrap()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            token_endpoint_auth_method: ClientAuthentication::None,
            scope: None,
        },
        secret: None,
        trusted: false,
    };
    let scene = Scene::with(|config| {
        config.clients = vec![client];
        config.registration = RegistrationPolicy::Open;
        let UpstreamKind::Dev(people) = &mut config.upstreams[0].kind else {
            panic!()
        };
        people[0].profile.name = Some(NAME.into());
        people[0].profile.email = Some(NAME.into());
    })
    .await;
    // One that names itself is refused, or its name is made harmless.
    let metadata = json!({
        "client_name": NAME,
        "client_uri": "https://example.com/<script>",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "none",
    });
    let kind = [("content-type", "application/json")];
    let registered = scene
        .send("POST", "/register", &kind, &metadata.to_string())
        .await;
    let mut ids = vec!["named".to_owned()];
    if registered.status == 201 {
        ids.push(registered.json()["client_id"].as_str().unwrap().to_owned());
    }
    for id in ids {
        let link = authorize("openid").replace("client_id=oarlock", &format!("client_id={id}"));
        let mut ada = Person::default();
        let page = ada.get(&scene, &link).await;
        assert_eq!(page.status, 200, "{page:?}");
        is_inert(&page);
        let asked = ada.sign_in(&scene, &page, "ada").await;
        let consent = ada.get(&scene, &asked.location().unwrap()).await;
        assert!(consent.field("login").is_some(), "{consent:?}");
        is_inert(&consent);
        is_inert(&ada.consent(&scene, &asked, "allow").await);
        is_inert(&ada.get(&scene, "/sessions").await);
        is_inert(&ada.get(&scene, &link).await);
    }
    // What a provider, or whoever says to be one, writes for the person.
    let mut bob = Person::default();
    for words in ["error_description", "error", "error_uri"] {
        let page = bob.get(&scene, &authorize("openid")).await;
        let back = bob.go_until_the_way_back(&scene, &page, "bob").await;
        let state = back.split("state=").nth(1).unwrap();
        let mut fields = vec![("state", state), (words, NAME.trim_end())];
        if words != "error" {
            fields.push(("error", "access_denied"));
        }
        let reply = bob
            .get(&scene, &format!("/redirect?{}", encode(&fields)))
            .await;
        is_inert(&reply);
        let told = reply.location().unwrap_or_default();
        assert!(!told.contains("alert"), "{told}");
    }
}
