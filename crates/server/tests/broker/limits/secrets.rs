//! Canaries: everything secret that was said in a long day is in no log, no audit line, no other page, and in clear nowhere on the disk
//! (hostile.md, 23).

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use oarlock_oauth::{
    authorization_server::{
        client::{ClientMetadata, GrantType},
        redirect_uri::RedirectUri,
    },
    client_auth::ClientAuthentication,
    secret::{ClientSecret, RegistrationAccessToken},
};
use oarlock_server::{
    broker::digest::{Digest, Purpose},
    config::broker::{ClientConfig, PairingReturns, RegistrationPolicy},
};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    flows::{authorize, code},
    person::Person,
    provider::{self, Provider},
    scene::{Reply, Scene, challenge},
};

const VERIFIER: &str = "canary-verifier-dBjftJeZ4CVP-mB92K27uhbUJU1";
const SECRET: &str = "canary-client-secret-0123456789-0123456789";
const INITIAL: &str = "canary-initial-access-token-0123456789";
const PAIRCODE: &str = "canary-paircode-of-22-chars-or-more";
const NONCE: &str = "canary-nonce-of-the-program";

/// Everything that was logged on this thread, of every level and crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What must stay secret, and the answers that were not to have any of it.
#[derive(Default)]
struct Secrets {
    all: Vec<String>,
    /// What is the program's own, or a person's, but nothing for a log.
    of_logs: Vec<String>,
    refusals: Vec<Reply>,
}

impl Secrets {
    fn is(&mut self, secret: impl Into<String>) -> String {
        let secret = secret.into();
        assert!(secret.len() >= 9, "too short to be looked for: {secret}");
        self.all.push(secret.clone());
        secret
    }

    /// All of a token answer.
    fn of(&mut self, reply: &Reply) -> Value {
        assert_eq!(reply.status, 200, "{reply:?}");
        let json = reply.json();
        for name in ["access_token", "refresh_token", "id_token"] {
            if let Some(token) = json[name].as_str() {
                self.is(token);
                // A part would do: the secret half, the signature.
                self.is(token.rsplit('.').next().unwrap());
            }
        }
        json
    }

    fn cookies(&mut self, person: &Person) {
        for (_, value) in &person.cookies {
            self.is(value.as_str());
        }
    }

    #[track_caller]
    fn are_not_in(&self, bytes: &[u8], place: &str) {
        for (number, secret) in self.all.iter().enumerate() {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "secret {number} ({}…) is in {place}", &secret[..6]);
        }
    }
}

async fn scene(provider: &Provider) -> Scene {
    let upstream = provider.upstream("company", false);
    let client = ClientConfig {
        id: "web".into(),
        metadata: ClientMetadata {
            client_name: Some("Web".into()),
            client_uri: None,
            redirect_uris: vec![RedirectUri::parse("http://127.0.0.1/callback").unwrap()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            token_endpoint_auth_method: ClientAuthentication::Post,
            scope: None,
        },
        secret: Some(ClientConfig::secret_digest(&ClientSecret::new(SECRET))),
        trusted: true,
    };
    let initial = RegistrationAccessToken::new(INITIAL);
    Scene::with(|config| {
        config.upstreams[0] = upstream;
        config.upstreams[0].hand_out_tokens = true;
        config.pairing.as_mut().unwrap().returns = PairingReturns::AccessToken;
        config.clients = vec![client];
        config.lifetimes.device_interval = Duration::ZERO;
        config.registration = RegistrationPolicy::Token(vec![Digest::of(
            Purpose::InitialAccessToken,
            initial.expose(),
        )]);
    })
    .await
}

/// By code: a confidential client, its code, tokens, refreshes, mistakes, and its end.
async fn by_code(scene: &Scene, secrets: &mut Secrets) {
    let mut ada = Person::default();
    let link = authorize("openid profile email deploy")
        .replace("client_id=oarlock", "client_id=web")
        .replace("the-nonce", NONCE)
        .replace(
            &challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            &challenge(VERIFIER),
        );
    let page = ada.get(scene, &link).await;
    let back = ada.is_at(scene, &page, "company").await;
    let state = back.split("state=").nth(1).unwrap();
    secrets.is(state);
    secrets.is("upstream-code-of-ada");
    let mut other = Person::default();
    secrets.refusals.push(other.get(scene, &back).await);
    let onward = ada.get(scene, &back).await;
    secrets.cookies(&ada);
    let bought = secrets.is(code(&onward));
    let redeeming = |verifier: &str, secret: &str| {
        [
            ("grant_type", "authorization_code".to_owned()),
            ("client_id", "web".to_owned()),
            ("client_secret", secret.to_owned()),
            ("code", bought.clone()),
            ("redirect_uri", "http://127.0.0.1:7/callback".to_owned()),
            ("code_verifier", verifier.to_owned()),
        ]
    };
    let ask = async |path: &str, fields: &[(&str, String)]| {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        scene.form(path, &fields).await
    };
    let wrong = "canary-of-a-wrong-verifier-0123456789-0123456";
    secrets.is(wrong);
    secrets
        .refusals
        .push(ask("/token", &redeeming(wrong, SECRET)).await);
    secrets
        .refusals
        .push(ask("/token", &redeeming(VERIFIER, wrong)).await);
    let told = secrets.of(&ask("/token", &redeeming(VERIFIER, SECRET)).await);
    let refreshing = |token: &str| {
        [
            ("grant_type", "refresh_token".to_owned()),
            ("client_id", "web".to_owned()),
            ("client_secret", SECRET.to_owned()),
            ("refresh_token", token.to_owned()),
        ]
    };
    let old = told["refresh_token"].as_str().unwrap();
    let next = secrets.of(&ask("/token", &refreshing(old)).await);
    let access = next["access_token"].as_str().unwrap();
    let shown = [
        ("client_id", "web".to_owned()),
        ("client_secret", SECRET.to_owned()),
        ("token", access.to_owned()),
    ];
    let seen = ask("/introspect", &shown).await;
    assert_eq!(seen.json()["active"], true, "{seen:?}");
    secrets.refusals.push(seen);
    assert_eq!(crate::flows::userinfo(scene, access).await.status, 200);
    // A thief's turn, and the end.
    secrets.refusals.push(ask("/token", &refreshing(old)).await);
    secrets
        .refusals
        .push(ask("/token", &redeeming(VERIFIER, SECRET)).await);
    secrets.refusals.push(ask("/revoke", &shown).await);
    secrets
        .refusals
        .push(crate::flows::userinfo(scene, access).await);
    // One that stays open, so that a row of it is there at the end.
    let page = ada.get(scene, &link).await;
    let onward = ada.press(scene, &page, "continue", "yes").await;
    secrets.is(code(&onward));
    let page = ada.get(scene, &link).await;
    let back = ada.is_at(scene, &page, "company").await;
    secrets.is(back.split("state=").nth(1).unwrap());
}

/// By device and by paircode.
async fn elsewhere(scene: &Scene, secrets: &mut Secrets) {
    let begin = async || {
        let fields = [("client_id", "oarlock"), ("scope", "openid deploy")];
        scene.form("/device_authorization", &fields).await.json()
    };
    let poll = async |device: &Value| {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", "oarlock"),
            ("device_code", device["device_code"].as_str().unwrap()),
        ];
        scene.form("/token", &fields).await
    };
    let waiting = begin().await;
    secrets.is(waiting["device_code"].as_str().unwrap());
    let device = begin().await;
    secrets.is(device["device_code"].as_str().unwrap());
    let user_code = device["user_code"].as_str().unwrap().to_owned();
    let mut ada = Person::default();
    let entry = ada.get(scene, "/device").await;
    let token = secrets.is(entry.field("form_token").unwrap());
    let fields = [("user_code", user_code.as_str()), ("form_token", &token)];
    let page = ada.post(scene, "/device", &fields).await;
    let back = ada.is_at(scene, &page, "company").await;
    let asked = ada.get(scene, &back).await;
    ada.consent(scene, &asked, "allow").await;
    secrets.of(&poll(&device).await);
    secrets.refusals.push(poll(&device).await);
    secrets.cookies(&ada);
    // They open nothing for whoever reads them on this disk: they are kept as they are shown.
    secrets.of_logs.push(user_code);
    secrets
        .of_logs
        .push(waiting["user_code"].as_str().unwrap().to_owned());

    let url = scene.get(&format!("/cli_login?paircode={PAIRCODE}")).await;
    let page = ada.get(scene, &url.body).await;
    let back = ada.is_at(scene, &page, "company").await;
    assert_eq!(ada.get(scene, &back).await.status, 200);
    let fetched = scene.get(&format!("/token?paircode={PAIRCODE}")).await;
    assert!(fetched.body.starts_with(provider::TOKEN), "{fetched:?}");
    let cookie = fetched.header("set-cookie").unwrap();
    let cookie = cookie.split_once('=').unwrap().1.split(';').next();
    secrets.is(cookie.unwrap());
    secrets
        .refusals
        .push(scene.get(&format!("/token?paircode={PAIRCODE}")).await);
    // One whose token of the provider still lies there, sealed.
    let second = format!("{PAIRCODE}-2");
    let url = scene.get(&format!("/cli_login?paircode={second}")).await;
    let page = ada.get(scene, &url.body).await;
    let back = ada.is_at(scene, &page, "company").await;
    assert_eq!(ada.get(scene, &back).await.status, 200);
}

async fn registration(scene: &Scene, secrets: &mut Secrets) {
    let metadata = json!({
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let register = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("content-type", "application/json"),
            ("authorization", &*bearer),
        ];
        scene
            .send("POST", "/register", &headers, &metadata.to_string())
            .await
    };
    secrets
        .refusals
        .push(register("canary-wrong-initial-access-token").await);
    secrets.is("canary-wrong-initial-access-token");
    let registered = register(INITIAL).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    secrets.is(registered.json()["client_secret"].as_str().unwrap());
}

/// On one thread, because this thread alone logs here.
#[tokio::test]
async fn hostile_23_nothing_secret_is_logged_audited_shown_again_or_kept_in_clear() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let provider = Provider::start().await;
    let scene = scene(&provider).await;
    let mut secrets = Secrets::default();
    for known in [
        VERIFIER,
        SECRET,
        INITIAL,
        PAIRCODE,
        provider::SECRET,
        provider::TOKEN,
    ] {
        secrets.is(known);
    }
    by_code(&scene, &mut secrets).await;
    elsewhere(&scene, &mut secrets).await;
    registration(&scene, &mut secrets).await;
    assert!(secrets.all.len() >= 40, "{}", secrets.all.len());
    for refusal in &secrets.refusals {
        secrets.are_not_in(
            format!("{refusal:?}").as_bytes(),
            "an answer that was a refusal",
        );
    }
    let folder = scene.stop().await;
    drop(guard);
    let text = log.0.lock().unwrap().clone();
    // It is heard at all.
    let heard = String::from_utf8_lossy(&text);
    assert!(
        heard.contains("a code or refresh token came a second time"),
        "{heard}"
    );
    let mut of_logs = Secrets {
        all: secrets.all.clone(),
        ..Secrets::default()
    };
    of_logs.all.extend(secrets.of_logs.clone());
    of_logs.all.push(NONCE.to_owned());
    of_logs.are_not_in(&text, "the log");
    let audit = std::fs::read(folder.path().join("audit.jsonl")).unwrap();
    assert!(audit.len() > 1_000);
    of_logs.are_not_in(&audit, "the audit log");
    let mut files = 0;
    for file in std::fs::read_dir(folder.path().join("state")).unwrap() {
        let path = file.unwrap().path();
        secrets.are_not_in(&std::fs::read(&path).unwrap(), &path.display().to_string());
        files += 1;
    }
    assert!(files >= 2, "a database and keys");
}
