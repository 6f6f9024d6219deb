//! Where an answer may go (hostile.md, 7).

use oarlock_oauth::{
    authorization_server::{
        client::{ClientMetadata, GrantType},
        redirect_uri::RedirectUri,
    },
    client_auth::ClientAuthentication,
};
use oarlock_server::config::broker::ClientConfig;

use crate::{
    person::Person,
    scene::{Scene, challenge, encode},
};

fn link(client: &str, redirect_uri: &str) -> String {
    let query = encode(&[
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", redirect_uri),
        ("scope", "openid"),
        ("state", "the-state"),
        (
            "code_challenge",
            &challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ),
        ("code_challenge_method", "S256"),
    ]);
    format!("/authorize?{query}")
}

async fn scene() -> Scene {
    let uris = [
        "https://app.example/callback",
        "com.example.app:/callback",
        "http://[::1]/callback",
    ];
    let client = ClientConfig {
        id: "app".into(),
        metadata: ClientMetadata {
            client_name: Some("App".into()),
            client_uri: None,
            redirect_uris: uris.map(|uri| RedirectUri::parse(uri).unwrap()).to_vec(),
            grant_types: vec![GrantType::AuthorizationCode],
            token_endpoint_auth_method: ClientAuthentication::None,
            scope: None,
        },
        secret: None,
        trusted: true,
    };
    Scene::with(|config| config.clients = vec![client]).await
}

#[tokio::test]
async fn hostile_07_an_address_that_is_not_the_clients_gets_neither_code_nor_error() {
    let scene = scene().await;
    let own = scene.url();
    for (client, bad) in [
        ("app", "https://app.example/callback/"),
        ("app", "https://app.example/callback?x=y"),
        ("app", "https://app.example/callback#"),
        ("app", "https://app.example/Callback"),
        ("app", "https://app.example/callback/../callback"),
        ("app", "https://app.example:443/callback"),
        ("app", "https://app.example:8443/callback"),
        ("app", "https://APP.example/callback"),
        ("app", "https://app.example.evil.example/callback"),
        ("app", "https://app.example@evil.example/callback"),
        ("app", "https://evil.example\\@app.example/callback"),
        ("app", "https:\\\\app.example\\callback"),
        ("app", "https:app.example/callback"),
        ("app", "//app.example/callback"),
        ("app", "http://app.example/callback"),
        ("app", "com.example.app://callback"),
        ("app", "com.example.app:/callback/x"),
        ("app", "http://localhost/callback"),
        ("app", "http://[::2]/callback"),
        ("app", " https://app.example/callback"),
        ("app", "https://app.example/callback\r\nset-cookie: a=b"),
        ("app", "javascript:alert(1)//app.example/callback"),
        ("app", "data:text/html,<script>alert(1)</script>"),
        ("app", ""),
        ("oarlock", "https://evil.example/callback"),
        ("oarlock", "http://127.0.0.1.evil.example:7/callback"),
        ("oarlock", "http://127.0.0.1@evil.example/callback"),
        ("oarlock", "http://127.0.0.1:7@evil.example/callback"),
        ("oarlock", "http://127.0.0.1:7\\@evil.example/callback"),
        ("oarlock", "http://0.0.0.0:7/callback"),
        ("oarlock", "http://127.1:7/callback"),
        ("oarlock", "http://2130706433:7/callback"),
        ("oarlock", "https://127.0.0.1:7/callback"),
        (
            "oarlock",
            "http://127.0.0.1:7/callback?next=https://evil.example",
        ),
        ("oarlock", "http://127.0.0.1:99999/callback"),
        ("oarlock", "http://127.0.0.1:7/callback/../../code"),
        ("oarlock", &format!("{own}/redirect")),
        ("oarlock", &format!("{own}/code/../redirect")),
        ("oarlock", "javascript:alert(document.domain)"),
        ("nobody", "https://app.example/callback"),
    ] {
        // Also where a right address would be told of an error.
        for further in ["", "&prompt=none", "&code_challenge_method=plain"] {
            let mut target = link(client, bad);
            if further == "&code_challenge_method=plain" {
                target = target.replace("method=S256", "method=plain");
            } else {
                target.push_str(further);
            }
            let reply = scene.get(&target).await;
            assert_eq!(reply.status, 400, "{bad}: {reply:?}");
            assert_eq!(reply.location(), None, "{bad}: {reply:?}");
            assert!(reply.field("request").is_none(), "{bad}: {reply:?}");
            assert!(!reply.body.contains("evil.example"), "{bad}: {reply:?}");
            assert!(!reply.body.contains("javascript:"), "{bad}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn hostile_07_the_registered_ones_and_loopbacks_ports_are_answered() {
    let scene = scene().await;
    for (client, right) in [
        ("app", "https://app.example/callback"),
        ("app", "com.example.app:/callback"),
        ("app", "http://[::1]/callback"),
        ("app", "http://[::1]:49152/callback"),
        ("oarlock", "http://127.0.0.1:1/callback"),
        ("oarlock", "http://127.0.0.1:65535/callback"),
        ("oarlock", "http://[::1]:7/callback"),
    ] {
        let mut ada = Person::default();
        let page = ada.get(&scene, &link(client, right)).await;
        assert_eq!(page.status, 200, "{right}: {page:?}");
        let left = ada.sign_in(&scene, &page, "ada").await;
        let told = left.location().unwrap();
        let rest = told
            .strip_prefix(right)
            .unwrap_or_else(|| panic!("{right}: {told}"));
        assert!(rest.starts_with("?code="), "{told}");
    }
}
