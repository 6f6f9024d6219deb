use super::*;
use crate::metadata;

fn metadata(json: serde_json::Value) -> ServerMetadata {
    serde_json::from_value(json).unwrap()
}

fn issuer() -> Issuer {
    Issuer::parse("https://login.example.com").unwrap()
}

#[test]
fn defaults_are_the_standard() {
    let profile = ProviderProfile::default();
    assert_eq!(profile.scope_separator, ' ');
    assert!(profile.refresh_without_scope);
    assert_eq!(profile.pkce, Pkce::Required);
    assert_eq!(
        profile.identity_claims,
        ["email", "preferred_username", "login", "name", "sub"]
    );
    assert_eq!(profile.redirect.uri(8080), "http://127.0.0.1:8080/callback");
}

#[test]
fn a_profile_survives_serialisation_whole() {
    let profile = ProviderProfile {
        issuer: Some(issuer()),
        token_endpoint: Some(Endpoint::parse("https://login.example.com/token?x=y").unwrap()),
        client_secret: Some(ClientSecret::new("s")),
        client_authentication: Some(ClientAuthentication::Post),
        scopes: Scopes::parse("openid email"),
        scope_separator: ',',
        pkce: Pkce::Optional,
        token_request_format: BodyFormat::Json,
        origins: vec![Origin::parse("https://api.example.com").unwrap()],
        redirect: Redirect {
            ports: vec![1455, 1457],
            path: "/auth/callback".into(),
            ..Redirect::default()
        },
        ..ProviderProfile::named("x")
    };
    let json = serde_json::to_string(&profile).unwrap();
    assert_eq!(
        serde_json::from_str::<ProviderProfile>(&json).unwrap(),
        profile
    );
}

#[test]
fn unknown_keys_are_refused() {
    assert!(
        serde_json::from_str::<ProviderProfile>(
            r#"{"name":"x","tokenendpoint":"https://x.example"}"#
        )
        .is_err()
    );
    assert!(
        serde_json::from_str::<ProviderProfile>(r#"{"name":"x","redirect":{"port":1}}"#).is_err()
    );
}

#[test]
fn debug_shows_no_secret() {
    let mut profile = ProviderProfile::named("x");
    profile.client_secret = Some(ClientSecret::new("canary"));
    profile.token_parameters.insert("k".into(), "canary".into());
    profile
        .authorization_parameters
        .insert("k".into(), "canary".into());
    profile.manual_token = Some(AccessToken::new("canary"));
    assert!(!format!("{profile:?}").contains("canary"));
}

#[test]
fn metadata_fills_gaps_and_overrides_nothing() {
    let mut profile = ProviderProfile {
        issuer: Some(issuer()),
        client_secret: Some(ClientSecret::new("s")),
        ..ProviderProfile::named("x")
    };
    profile.token_endpoint = Some(Endpoint::parse("https://own.example/token").unwrap());
    let found = metadata(serde_json::json!({
        "issuer": "https://login.example.com",
        "authorization_endpoint": "https://login.example.com/authorize",
        "token_endpoint": "https://login.example.com/token",
        "jwks_uri": "https://login.example.com/jwks",
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "grant_types_supported": ["authorization_code"],
        "authorization_response_iss_parameter_supported": true,
    }));
    profile.complete(&found).unwrap();
    assert_eq!(
        profile.token_endpoint().unwrap().url().as_str(),
        "https://own.example/token"
    );
    assert_eq!(
        profile.authorization_endpoint().unwrap().url().as_str(),
        "https://login.example.com/authorize"
    );
    assert_eq!(
        profile.client_authentication,
        Some(ClientAuthentication::Post)
    );
    assert_eq!(profile.id_token_signing_alg_values_supported, ["ES256"]);
    assert!(profile.authorization_response_iss_parameter_supported);
}

#[test]
fn hostile_12_metadata_of_another_issuer_changes_nothing() {
    let mut profile = ProviderProfile {
        issuer: Some(issuer()),
        ..ProviderProfile::named("x")
    };
    let before = profile.clone();
    for other in ["https://login.example.com/", "https://evil.example"] {
        let found = metadata(
            serde_json::json!({"issuer": other, "token_endpoint": "https://evil.example/token"}),
        );
        assert!(
            matches!(
                profile.complete(&found),
                Err(metadata::MetadataError::WrongIssuer { .. })
            ),
            "{other}"
        );
        assert_eq!(profile, before);
    }
}

#[test]
fn hostile_15_a_server_without_s256_is_refused_unless_the_profile_says_otherwise() {
    let with = |methods: serde_json::Value| {
        metadata(
            serde_json::json!({"issuer": "https://login.example.com", "code_challenge_methods_supported": methods}),
        )
    };
    let complete = |pkce, methods| {
        ProviderProfile {
            pkce,
            ..ProviderProfile::named("x")
        }
        .complete(&with(methods))
    };
    assert_eq!(
        complete(Pkce::Required, serde_json::json!(["plain"])),
        Err(metadata::MetadataError::NoPkce)
    );
    assert_eq!(
        complete(Pkce::Required, serde_json::json!([])),
        Err(metadata::MetadataError::NoPkce)
    );
    assert_eq!(
        complete(Pkce::Required, serde_json::json!(["plain", "S256"])),
        Ok(())
    );
    assert_eq!(complete(Pkce::Required, serde_json::Value::Null), Ok(()));
    assert_eq!(
        complete(Pkce::Optional, serde_json::json!(["plain"])),
        Ok(())
    );
    assert_eq!(complete(Pkce::None, serde_json::json!(["plain"])), Ok(()));
}

#[test]
fn what_is_missing_is_named() {
    let mut profile = ProviderProfile::named("acme");
    assert_eq!(
        profile.client_id().unwrap_err().to_string(),
        "provider \"acme\" has no client id"
    );
    profile.registration_page = Some("https://acme.example/apps".into());
    assert!(
        profile
            .client_id()
            .unwrap_err()
            .to_string()
            .ends_with("register one at https://acme.example/apps")
    );
    assert_eq!(
        profile.token_endpoint().unwrap_err().to_string(),
        "provider \"acme\" has no token_endpoint"
    );
}

#[test]
fn a_token_may_go_to_named_origins_only() {
    let profile = ProviderProfile {
        issuer: Some(issuer()),
        userinfo_endpoint: Some(Endpoint::parse("https://api.example.com/me").unwrap()),
        token_endpoint: Some(Endpoint::parse("https://token.example.com/").unwrap()),
        origins: vec![Origin::parse("https://api.example.com").unwrap()],
        resources: vec![
            "https://mcp.example.com/v1".into(),
            "urn:x".into(),
            "http://plain.example".into(),
        ],
        ..ProviderProfile::named("x")
    };
    let allowed: Vec<_> = profile
        .allowed_origins()
        .iter()
        .map(|origin| origin.as_str().to_owned())
        .collect();
    assert_eq!(
        allowed,
        [
            "https://api.example.com",
            "https://login.example.com",
            "https://mcp.example.com"
        ]
    );
}

#[test]
fn names_are_fit_for_files() {
    for name in ["github", "a", "9.x_y-z"] {
        assert_eq!(ProviderProfile::named(name).validate(), Ok(()), "{name}");
    }
    for name in [
        "",
        ".x",
        "-x",
        "A",
        "a/b",
        "a\\b",
        "é",
        "a b",
        &"x".repeat(65),
    ] {
        assert!(
            matches!(
                ProviderProfile::named(name).validate(),
                Err(ProfileError::BadName(_))
            ),
            "{name}"
        );
    }
}

#[test]
fn hostile_15_extra_parameters_cannot_weaken_the_request() {
    for parameter in [
        "state",
        "code_challenge",
        "Code_Challenge_Method",
        "client_id",
        "redirect_uri",
        "response_type",
        "nonce",
        "scope",
        "request",
        "request_uri",
        "",
    ] {
        let mut profile = ProviderProfile::named("x");
        profile
            .authorization_parameters
            .insert(parameter.into(), "v".into());
        assert!(
            matches!(
                profile.validate(),
                Err(ProfileError::Reserved {
                    table: "authorization_parameters",
                    ..
                })
            ),
            "{parameter}"
        );
    }
    for parameter in [
        "code_verifier",
        "grant_type",
        "client_secret",
        "refresh_token",
    ] {
        let mut profile = ProviderProfile::named("x");
        profile
            .token_parameters
            .insert(parameter.into(), "v".into());
        assert!(
            matches!(
                profile.validate(),
                Err(ProfileError::Reserved {
                    table: "token_parameters",
                    ..
                })
            ),
            "{parameter}"
        );
    }
    let mut profile = ProviderProfile::named("x");
    profile
        .authorization_parameters
        .insert("access_type".into(), "offline".into());
    profile
        .token_parameters
        .insert("audience".into(), "x".into());
    assert_eq!(profile.validate(), Ok(()));
}

#[test]
fn values_that_cannot_be_used_are_named() {
    let key = |change: fn(&mut ProviderProfile)| {
        let mut profile = ProviderProfile::named("x");
        change(&mut profile);
        match profile.validate() {
            Err(ProfileError::BadValue { key, .. } | ProfileError::BadUrl { key, .. }) => key,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(key(|p| p.redirect.host = "0.0.0.0".into()), "redirect.host");
    assert_eq!(
        key(|p| p.redirect.path = "callback".into()),
        "redirect.path"
    );
    assert_eq!(
        key(|p| p.redirect.path = "//evil.example".into()),
        "redirect.path"
    );
    assert_eq!(key(|p| p.redirect.path = "/a?b".into()), "redirect.path");
    assert_eq!(key(|p| p.redirect.ports = vec![0]), "redirect.ports");
    assert_eq!(key(|p| p.scope_separator = 'x'), "scope_separator");
    assert_eq!(
        key(|p| p.token_pointer = Some("authed_user".into())),
        "token_pointer"
    );
    assert_eq!(
        key(|p| p.success_pointer = Some("ok".into())),
        "success_pointer"
    );
    assert_eq!(key(|p| p.resources = vec!["not a uri".into()]), "resources");
    assert_eq!(
        key(|p| p.resources = vec!["https://x.example/#f".into()]),
        "resources"
    );
    assert_eq!(
        key(|p| p.registration_page = Some("javascript:alert(1)".into())),
        "registration_page"
    );
}

#[test]
fn redirect_uris_to_register() {
    assert_eq!(
        Redirect::default().registered_uris(),
        [
            "http://127.0.0.1/callback",
            "http://[::1]/callback",
            "http://localhost/callback"
        ]
    );
    let fixed = Redirect {
        host: "localhost".into(),
        ports: vec![1455, 1457],
        ..Redirect::default()
    };
    assert_eq!(
        fixed.registered_uris().first().unwrap(),
        "http://localhost:1455/callback"
    );
    assert_eq!(fixed.registered_uris().len(), 6);
}

#[test]
fn a_login_asks_for_the_usual_scopes_that_the_server_lists() {
    let metadata = |scopes: &str| {
        let json = format!(
            r#"{{"issuer":"https://a.example","jwks_uri":"https://a.example/jwks","scopes_supported":[{scopes}]}}"#
        );
        serde_json::from_str::<ServerMetadata>(&json).unwrap()
    };
    let asked = |scopes: &str| {
        let mut profile = ProviderProfile::named("a");
        profile.complete(&metadata(scopes)).unwrap();
        profile.scopes.join(' ')
    };
    assert_eq!(
        asked(r#""email","offline_access","openid","phone""#),
        "openid email offline_access"
    );
    assert_eq!(asked(r#""openid""#), "openid");
    assert_eq!(asked(r#""repo""#), "");
    assert_eq!(asked(""), "openid");
    let mut own = ProviderProfile::named("a");
    own.scopes = Scopes::parse("mine");
    own.complete(&metadata(r#""openid""#)).unwrap();
    assert_eq!(own.scopes.join(' '), "mine");
}
