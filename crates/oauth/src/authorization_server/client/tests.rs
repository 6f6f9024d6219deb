use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const ADDRESS: &str = "https://app.example.com/oauth/client.json";

fn registered(body: &Value) -> Result<ClientMetadata, EndpointRefusal> {
    ClientMetadata::from_registration(body.to_string().as_bytes())
}

fn address() -> ClientIdUrl {
    ClientIdUrl::parse(ADDRESS).unwrap()
}

fn documented(body: &Value) -> Result<ClientMetadata, EndpointRefusal> {
    ClientMetadata::from_document(&address(), body.to_string().as_bytes())
}

fn code(result: Result<ClientMetadata, EndpointRefusal>) -> String {
    let refusal = result.unwrap_err();
    assert_eq!(refusal.status, http::StatusCode::BAD_REQUEST);
    refusal.code.as_str().to_owned()
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn minimal() -> Value {
    json!({"redirect_uris": ["https://app.example.com/cb"]})
}

fn document() -> Value {
    with(minimal(), "client_id", ADDRESS.into())
}

#[test]
fn a_registration_gets_the_defaults_of_rfc_7591() {
    let found = registered(&minimal()).unwrap();
    assert_eq!(
        found.token_endpoint_auth_method,
        ClientAuthentication::Basic
    );
    assert!(found.uses(GrantType::AuthorizationCode) && !found.uses(GrantType::DeviceCode));
    assert!(found.client_name.is_none() && found.client_uri.is_none() && found.scope.is_none());
    assert!(found.allows_redirect("https://app.example.com/cb"));
    assert!(!found.allows_redirect("https://app.example.com/cb/"));
    let nulls = json!({"redirect_uris": ["https://app.example.com/cb"], "scope": null, "client_name": "", "client_uri": "",
        "grant_types": null, "token_endpoint_auth_method": null});
    assert_eq!(registered(&nulls).unwrap(), found);
}

#[test]
fn a_registration_of_a_program_as_mcp_clients_send_it() {
    let found = registered(&json!({
        "client_name": " My tool ",
        "client_uri": "https://app.example.com",
        "redirect_uris": ["http://127.0.0.1/cb", "http://localhost:3334/oauth/callback"],
        "grant_types": ["authorization_code", "refresh_token", "implicit", "urn:ietf:params:oauth:grant-type:device_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "openid profile",
        "contacts": ["a@example.com"],
        "software_id": {"any": ["thing"]},
        "client_name#de": "Mein Werkzeug",
    }))
    .unwrap();
    assert_eq!(found.client_name, Some("My tool".into()));
    assert_eq!(
        found.client_uri.unwrap().as_str(),
        "https://app.example.com/"
    );
    assert_eq!(
        found.grant_types,
        [
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::DeviceCode
        ]
    );
    assert_eq!(found.token_endpoint_auth_method, ClientAuthentication::None);
    assert_eq!(found.scope, Some(Scopes::parse("openid profile")));
    assert_eq!(found.redirect_uris.len(), 2);
}

#[test]
fn a_device_needs_no_redirect_uri() {
    let device = json!({"grant_types": ["urn:ietf:params:oauth:grant-type:device_code"], "response_types": []});
    let found = registered(&device).unwrap();
    assert_eq!(
        found.grant_types,
        [GrantType::DeviceCode, GrantType::RefreshToken]
    );
    assert!(found.redirect_uris.is_empty());
}

#[test]
fn hostile_07_a_registration_cannot_bring_an_address_that_leads_elsewhere() {
    for uris in [
        json!(["javascript:alert(1)"]),
        json!(["https://app.example.com/cb", "http://evil.example/cb"]),
        json!(["https://*.example.com/cb"]),
        json!(["https://app.example.com/cb#x"]),
        json!([""]),
        json!([]),
        Value::Null,
        json!(vec!["https://app.example.com/cb"; 21]),
    ] {
        assert_eq!(
            code(registered(&with(minimal(), "redirect_uris", uris))),
            "invalid_redirect_uri"
        );
    }
}

#[test]
fn what_cannot_be_had_is_refused() {
    for (name, value) in [
        ("redirect_uris", json!("https://app.example.com/cb")),
        ("redirect_uris", json!([1])),
        ("grant_types", json!([])),
        ("grant_types", json!(["refresh_token"])),
        ("grant_types", json!(["implicit", "password"])),
        ("grant_types", json!("authorization_code")),
        ("response_types", json!(["token"])),
        ("response_types", json!(["code id_token"])),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("token_endpoint_auth_method", json!("")),
        ("token_endpoint_auth_method", json!(["none"])),
        ("client_uri", json!("javascript:alert(1)")),
        ("client_uri", json!("data:text/html,x")),
        ("client_uri", json!("https://bank.example@evil.example")),
        ("client_uri", json!("https://bank.example\\@evil.example")),
        ("client_uri", json!("https://a.example/\u{202e}")),
        ("client_uri", json!("//evil.example")),
        ("client_name", json!(["x"])),
        ("client_name", json!("x".repeat(201))),
        ("scope", json!(["openid"])),
        ("scope", json!("x".repeat(2001))),
    ] {
        assert_eq!(
            code(registered(&with(minimal(), name, value.clone()))),
            "invalid_client_metadata",
            "{name} {value}"
        );
    }
}

#[test]
fn hostile_03_garbage_depth_and_double_members_are_no_metadata() {
    let deep = |name: &str| {
        let value = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        format!(r#"{{"redirect_uris":["https://a.example/cb"],"{name}":{value}}}"#)
    };
    assert!(ClientMetadata::from_registration(deep("x").as_bytes()).is_ok());
    let deep = deep("scope");
    let long = with(minimal(), "x", "x".repeat(64 * 1024).into()).to_string();
    let double =
        r#"{"redirect_uris":["https://a.example/cb"],"redirect_uris":["https://evil.example/cb"]}"#;
    let list = r#"[null,null,null,null,null,["https://a.example/cb"],null,null,null,null]"#;
    for body in [
        "",
        "null",
        "7",
        "\"x\"",
        "{",
        "{}x",
        list,
        double,
        &deep,
        &long,
        "\u{feff}{}",
    ] {
        assert_eq!(
            code(ClientMetadata::from_registration(body.as_bytes())),
            "invalid_client_metadata"
        );
    }
    assert!(ClientMetadata::from_registration(b"{\"client_name\":\"\xff\"}").is_err());
}

#[test]
fn hostile_06_refusals_quote_nothing() {
    let refusal =
        registered(&with(minimal(), "redirect_uris", json!(["x:canary\u{1b}"]))).unwrap_err();
    assert!(!refusal.to_string().contains("canary") && !refusal.to_string().contains('\u{1b}'));
    let name = registered(&with(
        minimal(),
        "client_name",
        "a\u{1b}[2J\u{202e}b".into(),
    ))
    .unwrap();
    assert!(
        !name
            .client_name
            .unwrap()
            .to_string()
            .contains(['\u{1b}', '\u{202e}'])
    );
}

#[test]
fn a_document_is_a_public_clients() {
    let found = documented(&with(document(), "client_name", "App".into())).unwrap();
    assert_eq!(found.token_endpoint_auth_method, ClientAuthentication::None);
    assert_eq!(found.client_name, Some("App".into()));
    assert!(
        documented(&with(
            document(),
            "token_endpoint_auth_method",
            "none".into()
        ))
        .is_ok()
    );
    for (name, value) in [
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("token_endpoint_auth_method", json!("client_secret_post")),
        ("token_endpoint_auth_method", json!("client_secret_jwt")),
        ("client_secret", json!("s")),
        ("client_secret_expires_at", json!(0)),
    ] {
        assert_eq!(
            code(documented(&with(document(), name, value))),
            "invalid_client_metadata",
            "{name}"
        );
    }
}

#[test]
fn hostile_12_a_document_for_another_client_is_refused() {
    assert_eq!(code(documented(&minimal())), "invalid_client_metadata");
    for id in [
        json!("https://app.example.com/oauth/client.json/"),
        json!("https://app.example.com/oauth/client.json?"),
        json!("https://APP.example.com/oauth/client.json"),
        json!("https://app.example.com:443/oauth/client.json"),
        json!("https://app.example.com/oauth/%63lient.json"),
        json!("https://evil.example/oauth/client.json"),
        json!([ADDRESS]),
        Value::Null,
    ] {
        assert_eq!(
            code(documented(&with(document(), "client_id", id))),
            "invalid_client_metadata"
        );
    }
}

#[test]
fn hostile_16_a_client_id_is_an_address_in_one_spelling_alone() {
    for text in [
        ADDRESS,
        "https://app.example.com/",
        "https://app.example.com:8443/client?v=1",
    ] {
        assert_eq!(ClientIdUrl::parse(text).unwrap().url().as_str(), text);
    }
    for text in [
        "",
        "oarlock",
        "https://app.example.com",
        "http://app.example.com/client.json",
        "http://127.0.0.1/client.json",
        "HTTPS://app.example.com/client.json",
        "https://App.example.com/client.json",
        "https://app.example.com:443/client.json",
        "https://app.example.com/a/../client.json",
        "https://app.example.com/./client.json",
        "https://app.example.com/%2e%2e/client.json",
        "https://u@app.example.com/client.json",
        "https://u:p@app.example.com/client.json",
        "https://app.example.com/client.json#x",
        "https://app.example.com\\client.json",
        "https://app.example.com/cl ient.json",
        "https://app.example.com/client.json\n",
        " https://app.example.com/client.json",
        "https:app.example.com/client.json",
        "https://127.1/client.json",
        "https://0x7f000001/client.json",
        "https://\u{e4}pp.example.com/client.json",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ] {
        assert_eq!(ClientIdUrl::parse(text), None, "{text}");
    }
    assert!(ClientIdUrl::parse(&format!("https://a.example/{}", "x".repeat(2000))).is_none());
}

#[test]
fn a_configured_client_needs_little() {
    let read = |value: Value| serde_json::from_value::<ClientMetadata>(value);
    let found = read(minimal()).unwrap();
    assert_eq!(found.token_endpoint_auth_method, ClientAuthentication::None);
    assert_eq!(
        found.grant_types,
        [GrantType::AuthorizationCode, GrantType::RefreshToken]
    );
    assert!(read(json!({})).unwrap().redirect_uris.is_empty());
    for (name, value) in [
        ("redirect_uris", json!(["http://evil.example"])),
        ("grant_types", json!(["implicit"])),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("client_uri", json!("javascript:alert(1)")),
    ] {
        assert!(read(with(minimal(), name, value)).is_err(), "{name}");
    }
}

#[test]
fn grants_have_their_registered_names() {
    for grant in default_grants().into_iter().chain([GrantType::DeviceCode]) {
        assert_eq!(GrantType::parse(grant.as_str()), Some(grant));
        assert_eq!(serde_json::to_value(grant).unwrap(), grant.as_str());
    }
    assert_eq!(GrantType::parse("password"), None);
}

fn some_metadata() -> impl Strategy<Value = Value> {
    let uris = prop::collection::vec(
        prop::sample::select(vec![
            "https://a.example/cb",
            "http://localhost/x?y=1",
            "com.example.t:/cb",
        ]),
        1..4,
    );
    let grants = prop::sample::subsequence(
        vec![
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
            "implicit",
        ],
        0..4,
    );
    let method = prop::sample::select(vec!["none", "client_secret_basic", "client_secret_post"]);
    (uris, grants, method, ".{0,20}", "[a-z ]{0,20}").prop_map(|(uris, grants, method, name, scope)| {
        json!({"redirect_uris": uris, "grant_types": grants, "token_endpoint_auth_method": method, "client_name": name,
            "client_uri": "https://a.example/x", "scope": scope})
    })
}

proptest! {
    #[test]
    fn what_is_accepted_is_kept_as_it_is(body in some_metadata()) {
        if let Ok(found) = registered(&body) {
            let written = serde_json::to_string(&found).unwrap();
            prop_assert_eq!(&serde_json::from_str::<ClientMetadata>(&written).unwrap(), &found);
            // And registered again it is the same.
            prop_assert_eq!(&ClientMetadata::from_registration(written.as_bytes()).unwrap(), &found);
        }
    }

    #[test]
    fn never_panics(body in prop::collection::vec(any::<u8>(), 0..200), text in ".*|https://[a-z./%?#@:]*") {
        drop(ClientMetadata::from_registration(&body));
        drop(ClientMetadata::from_document(&address(), &body));
        if let Some(id) = ClientIdUrl::parse(&text) {
            prop_assert_eq!(id.url().as_str(), text);
        }
    }
}
