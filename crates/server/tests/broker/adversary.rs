//! What a specialist in breaking OAuth tries.

use std::time::Duration;

use oarlock_oauth::{
    authorization_server::{
        client::{ClientMetadata, GrantType},
        redirect_uri::RedirectUri,
    },
    client_auth::ClientAuthentication,
    endpoint::Endpoint,
    profile::ProviderProfile,
    secret::ClientSecret,
};
use oarlock_server::{
    broker::BrokerError,
    config::{
        HttpLimits, ListenAddress, ServerConfig,
        broker::{Algorithm, ClientConfig, RegistrationPolicy, UpstreamKind},
    },
    service::{ServeError, Server},
};
use serde_json::json;

use super::{
    flows::{authorize, code, redeem, tokens, userinfo},
    person::Person,
    scene::{Reply, Scene, broker_config, claims},
};

const PAIRCODE: &str = "a-paircode-that-is-sent-to-many";

fn client(id: &str, secret: Option<&str>) -> ClientConfig {
    ClientConfig {
        id: id.into(),
        metadata: ClientMetadata {
            client_name: None,
            client_uri: None,
            redirect_uris: vec![RedirectUri::parse("http://127.0.0.1/callback").unwrap()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            token_endpoint_auth_method: match secret {
                Some(_) => ClientAuthentication::Post,
                None => ClientAuthentication::None,
            },
            scope: None,
        },
        secret: secret.map(|secret| ClientConfig::secret_digest(&ClientSecret::new(secret))),
        trusted: false,
    }
}

async fn refresh(scene: &Scene, token: &str) -> Reply {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "oarlock"),
        ("refresh_token", token),
    ];
    scene.form("/token", &fields).await
}

fn all_of(replies: &[Reply], status: u16) -> usize {
    replies
        .iter()
        .filter(|reply| reply.status == status)
        .count()
}

#[tokio::test]
async fn hostile_21_one_paircode_address_that_is_sent_to_many_brings_one_identity() {
    let scene = Scene::new().await;
    let url = scene.get(&format!("/cli_login?paircode={PAIRCODE}")).await;
    let poll = async || scene.get(&format!("/token?paircode={PAIRCODE}")).await.body;
    let mut ada = Person::default();
    let page = ada.get(&scene, &url.body).await;
    ada.sign_in(&scene, &page, "ada").await;
    assert_ne!(poll().await, "");
    for again in ["bob", "ada"] {
        let mut next = Person::default();
        let page = next.get(&scene, &url.body).await;
        let over = next.sign_in(&scene, &page, again).await;
        assert_eq!(over.status, 409, "{over:?}");
        assert_eq!(poll().await, "", "{again}");
    }
    // Nor does whoever is signed in already, and presses the other button.
    let page = ada.get(&scene, &url.body).await;
    let over = ada.press(&scene, &page, "continue", "yes").await;
    assert_eq!(over.status, 409, "{over:?}");
    assert_eq!(poll().await, "");
}

#[tokio::test]
async fn hostile_20_what_was_sealed_for_something_else_or_elsewhere_opens_nothing() {
    let (scene, other) = (Scene::new().await, Scene::new().await);
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let request = page.field("request").unwrap();
    // A request for a code is not one of a pairing, whose address shows a page by itself.
    let link = format!("/login?request={request}");
    assert_eq!(ada.get(&scene, &link).await.status, 400);
    // Another server's.
    let url = other.get(&format!("/cli_login?paircode={PAIRCODE}")).await;
    let query = url.body.split_once("/login").unwrap().1;
    assert_eq!(ada.get(&scene, &format!("/login{query}")).await.status, 400);
    let mut foreign = page.clone();
    let sealed = other.get(&authorize("openid")).await.field("request");
    foreign.body = foreign.body.replace(&request, &sealed.unwrap());
    let refused = ada.press(&scene, &foreign, "upstream", "dev").await;
    assert_eq!(refused.status, 400, "{refused:?}");
    // Each bit counts.
    for place in [0, request.len() / 2, request.len() - 1] {
        let mut changed = request.clone();
        let with = if &request[place..=place] == "A" {
            "B"
        } else {
            "A"
        };
        changed.replace_range(place..=place, with);
        foreign.body = page.body.replace(&request, &changed);
        let refused = ada.press(&scene, &foreign, "cancel", "yes").await;
        assert_eq!(refused.status, 400, "{place}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_11_of_many_who_redeem_at_once_one_is_served_and_its_session_ends() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let code = code(&ada.sign_in(&scene, &page, "ada").await);
    let many = (0..12).map(|_| redeem(&scene, &code));
    let replies = futures_util::future::join_all(many).await;
    assert_eq!(all_of(&replies, 200), 1, "{replies:?}");
    assert_eq!(all_of(&replies, 400), 11, "{replies:?}");
    let bought = replies.iter().find(|reply| reply.status == 200).unwrap();
    let access = bought.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(userinfo(&scene, &access).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_11_of_many_who_refresh_at_once_one_is_served_and_the_family_ends() {
    let scene = Scene::new().await;
    let first = tokens(&scene, "openid").await;
    let token = first["refresh_token"].as_str().unwrap();
    let many = (0..12).map(|_| refresh(&scene, token));
    let replies = futures_util::future::join_all(many).await;
    assert_eq!(all_of(&replies, 200), 1, "{replies:?}");
    let bought = replies.iter().find(|reply| reply.status == 200).unwrap();
    let next = bought.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(refresh(&scene, &next).await.status, 400);
}

/// A confidential client serves many people from one address: one of them must not be able to lock the others out by made-up codes.
#[tokio::test]
async fn hostile_10_made_up_codes_that_a_web_application_passes_on_do_not_lock_it_out() {
    let scene = Scene::with(|config| {
        config.limits.misses_per_minute = 3;
        config.clients = vec![client("web", Some("the-secret-of-the-application"))];
    })
    .await;
    let redeem = async |code: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", "web"),
            ("client_secret", "the-secret-of-the-application"),
            ("code", code),
            ("redirect_uri", "http://127.0.0.1:7/callback"),
            (
                "code_verifier",
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            ),
        ];
        scene.form("/token", &fields).await
    };
    for number in 0..10 {
        let made_up = format!("{number}{}", "A".repeat(42));
        let reply = redeem(&made_up).await;
        assert_eq!(reply.status, 400, "{number}: {reply:?}");
    }
    let mut ada = Person::default();
    let link = authorize("openid").replace("client_id=oarlock", "client_id=web");
    let page = ada.get(&scene, &link).await;
    let asked = ada.sign_in(&scene, &page, "ada").await;
    let granted = ada.consent(&scene, &asked, "allow").await;
    assert_eq!(redeem(&code(&granted)).await.status, 200);
}

#[tokio::test]
async fn metadata_tells_of_every_algorithm_that_tokens_are_or_will_be_signed_by() {
    let scene = Scene::new().await;
    let folder = scene.stop().await;
    let scene = Scene::within(folder, |config| config.keys.algorithm = Algorithm::EdDsa).await;
    let metadata = scene.get("/.well-known/openid-configuration").await.json();
    // The old key signs until the new one is known; both are in the key set.
    let offered = &metadata["id_token_signing_alg_values_supported"];
    assert_eq!(*offered, json!(["ES256", "EdDSA"]));
}

#[tokio::test]
async fn a_device_that_asks_for_nothing_that_can_be_had_is_told_so() {
    let scene = Scene::new().await;
    let ask = async |scope: &str| {
        let fields = [("client_id", "oarlock"), ("scope", scope)];
        scene.form("/device_authorization", &fields).await
    };
    let refused = ask("made-up").await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(refused.json()["error"], "invalid_scope");
    assert_eq!(ask("made-up deploy").await.status, 200);
}

/// A device may ask less often than a code lives.
#[tokio::test]
async fn what_a_device_was_allowed_waits_for_it_as_long_as_it_was_told() {
    let scene = Scene::with(|config| {
        config.lifetimes.device_interval = Duration::ZERO;
        config.lifetimes.code = Duration::ZERO;
    })
    .await;
    let fields = [("client_id", "oarlock"), ("scope", "deploy")];
    let device = scene.form("/device_authorization", &fields).await.json();
    let mut ada = Person::default();
    let entry = ada.get(&scene, "/device").await;
    let token = entry.field("form_token").unwrap();
    let user_code = device["user_code"].as_str().unwrap();
    let fields = [("user_code", user_code), ("form_token", token.as_str())];
    let page = ada.post(&scene, "/device", &fields).await;
    let asked = ada.sign_in(&scene, &page, "ada").await;
    ada.consent(&scene, &asked, "allow").await;
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "oarlock"),
        ("device_code", device["device_code"].as_str().unwrap()),
    ];
    let tokens = scene.form("/token", &fields).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
}

/// Who was let in, and is no longer, stays out.
#[tokio::test]
async fn whom_the_configuration_no_longer_lets_in_is_out_at_once() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let code = code(&ada.sign_in(&scene, &page, "ada").await);
    let tokens = redeem(&scene, &code).await.json();
    let url = scene.get(&format!("/cli_login?paircode={PAIRCODE}")).await;
    let page = ada.get(&scene, &url.body).await;
    ada.press(&scene, &page, "continue", "yes").await;
    let fetched = scene.get(&format!("/token?paircode={PAIRCODE}")).await;
    let cookie = fetched.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();

    let folder = scene.stop().await;
    let scene = Scene::within(folder, |config| {
        config.upstreams[0].allow = vec!["bob@example.com".into()];
    })
    .await;
    let secured = scene
        .send("GET", "/secured", &[("cookie", cookie.as_str())], "")
        .await;
    assert_eq!(secured.status, 401, "{secured:?}");
    let page = ada.get(&scene, "/sessions").await;
    assert!(page.field("request").is_some(), "{page:?}");
    let page = ada.get(&scene, &authorize("openid")).await;
    assert!(!page.body.contains("ada@example.com"), "{page:?}");
    let refused = refresh(&scene, tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refused.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn hostile_06_of_a_site_that_a_program_only_claims_nothing_is_shown() {
    let scene = Scene::with(|config| config.registration = RegistrationPolicy::Open).await;
    let metadata = json!({
        "client_name": "GitHub",
        "client_uri": "https://github.com/",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "none",
    });
    let kind = [("content-type", "application/json")];
    let registered = scene
        .send("POST", "/register", &kind, &metadata.to_string())
        .await;
    assert_eq!(registered.status, 201, "{registered:?}");
    let id = registered.json()["client_id"].as_str().unwrap().to_owned();
    let mut ada = Person::default();
    let link = authorize("openid").replace("client_id=oarlock", &format!("client_id={id}"));
    let page = ada.get(&scene, &link).await;
    assert!(
        page.body.contains("Nobody has checked this name"),
        "{page:?}"
    );
    assert!(!page.body.contains("https://github.com"), "{page:?}");
}

/// Whoever asks a list of their sessions must not be kept waiting by a program's server, nor be shown whatever name that says today.
#[tokio::test]
async fn hostile_16_a_list_of_sessions_asks_no_programs_server() {
    let program = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    program.set_nonblocking(true).unwrap();
    let host = program.local_addr().unwrap().to_string();
    let scene = Scene::with(|config| {
        config.metadata_documents = true;
        config.network.allow_private_hosts = vec![host.clone()];
    })
    .await;
    let tokens = tokens(&scene, "openid").await;
    let session = claims(tokens["access_token"].as_str().unwrap())["sid"].clone();
    let id = format!("https://{host}/client.json");
    let path = scene.folder.path().join("state").join("server.db");
    rusqlite::Connection::open(path)
        .unwrap()
        .execute(
            "UPDATE sessions SET client_id = ?1 WHERE id = ?2",
            [id.as_str(), session.as_str().unwrap()],
        )
        .unwrap();
    let mut ada = Person::default();
    let page = ada.get(&scene, "/sessions").await;
    ada.sign_in(&scene, &page, "ada").await;
    let list = ada.get(&scene, "/sessions").await;
    assert!(list.body.contains(&id), "{list:?}");
    let came = program.accept();
    assert_eq!(
        came.unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock,
        "the list asked a program's server"
    );
}

#[tokio::test]
async fn hostile_16_many_documents_are_not_fetched_for_one_address() {
    let scene = Scene::with(|config| {
        config.metadata_documents = true;
        config.limits.logins_per_minute = 3;
        config.limits.misses_per_minute = 1_000;
    })
    .await;
    let ask = async |number: usize| {
        let id = format!("https://127.0.0.1/{number}.json");
        let fields = [("client_id", id.as_str()), ("token", "x")];
        scene.form("/revoke", &fields).await.status
    };
    for number in 0..3 {
        assert_eq!(ask(number).await, 503, "{number}");
    }
    assert_eq!(ask(3).await, 429);
    // What is remembered costs nobody anything.
    assert_eq!(ask(0).await, 503);
}

/// OpenID Connect Core, section 3.1.2.1: the provider must not wave somebody through who signed in there last week.
#[tokio::test]
async fn max_age_asks_the_provider_to_sign_the_person_in_anew() {
    let mut profile = ProviderProfile::named("company");
    let at = |path: &str| Endpoint::parse(&format!("https://login.example{path}")).ok();
    profile.authorization_endpoint = at("/authorize");
    profile.token_endpoint = at("/token");
    profile.userinfo_endpoint = at("/userinfo");
    profile.client_id = Some("broker".into());
    profile.prompt_to_sign_in = Some("login".into());
    let scene = Scene::with(|config| {
        config.upstreams[0].name = "company".into();
        config.upstreams[0].kind = UpstreamKind::Provider(Box::new(profile));
    })
    .await;
    let mut ada = Person::default();
    for (further, again) in [("", false), ("&max_age=600", true), ("&prompt=login", true)] {
        let link = format!("{}{further}", authorize("openid"));
        let page = ada.get(&scene, &link).await;
        let leaving = ada.press(&scene, &page, "upstream", "company").await;
        let location = leaving.location().unwrap_or_else(|| panic!("{leaving:?}"));
        assert_eq!(location.contains("prompt=login"), again, "{location}");
    }
}

/// Anybody may ask whether the server is ready; to find out is a write.
#[tokio::test]
async fn hostile_38_asking_whether_it_is_ready_fills_no_disk() {
    let scene = Scene::new().await;
    let log = scene.folder.path().join("state").join("server.db-wal");
    let length = || std::fs::metadata(&log).unwrap().len();
    assert_eq!(scene.get("/readyz").await.status, 200);
    let before = length();
    for _ in 0..100 {
        assert_eq!(scene.get("/readyz").await.status, 200);
    }
    // Each was a page and its frame, 4,120 bytes; a slow machine may have looked some times more.
    assert!(length() - before < 50 * 4_096, "{}", length() - before);
}

/// A socket that was passed, or a wrong setting: whoever can connect can say which host they mean.
#[tokio::test]
async fn the_upstream_that_signs_anybody_in_listens_on_loopback_alone() {
    let folder = tempfile::tempdir().unwrap();
    let config = ServerConfig {
        listen: ListenAddress::Bind(([0, 0, 0, 0], 0).into()),
        public_url: Some("http://127.0.0.1:5001/".parse().unwrap()),
        allowed_hosts: Vec::new(),
        trusted_proxies: Vec::new(),
        metrics_listen: None,
        http: HttpLimits::default(),
        tls: None,
        relay: None,
        broker: Some(broker_config(folder.path())),
    };
    let refused = Server::bind(config, Vec::new()).await;
    assert!(matches!(
        refused.err(),
        Some(ServeError::Broker(BrokerError::DevListens(_)))
    ));
}

#[tokio::test]
async fn hostile_23_nothing_that_opens_something_is_in_the_database() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let mut secrets = Vec::new();
    let page = ada.get(&scene, &authorize("openid")).await;
    let bought = code(&ada.sign_in(&scene, &page, "ada").await);
    let tokens = redeem(&scene, &bought).await.json();
    let page = ada.get(&scene, &authorize("openid")).await;
    secrets.push(code(&ada.press(&scene, &page, "continue", "yes").await));
    secrets.push(bought);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    secrets.extend(refresh.split('.').map(str::to_owned));
    secrets.push(tokens["access_token"].as_str().unwrap().to_owned());
    let url = scene.get(&format!("/cli_login?paircode={PAIRCODE}")).await;
    let page = ada.get(&scene, &url.body).await;
    ada.press(&scene, &page, "continue", "yes").await;
    secrets.push(PAIRCODE.to_owned());
    let device = scene
        .form("/device_authorization", &[("client_id", "oarlock")])
        .await
        .json();
    secrets.push(device["device_code"].as_str().unwrap().to_owned());
    let back = {
        let page = ada.get(&scene, &authorize("openid")).await;
        ada.go_until_the_way_back(&scene, &page, "ada").await
    };
    secrets.push(back.split("state=").nth(1).unwrap().to_owned());
    secrets.extend(ada.cookies.iter().map(|(_, value)| value.clone()));

    let folder = scene.stop().await;
    let state = folder.path().join("state");
    let mut all = Vec::new();
    for file in std::fs::read_dir(state).unwrap() {
        let path = file.unwrap().path();
        if path.to_string_lossy().contains("server.db") {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    for (place, secret) in secrets.iter().enumerate() {
        assert!(secret.len() >= 22, "{place}");
        let found = all
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "secret {place} is in the database");
    }
}
