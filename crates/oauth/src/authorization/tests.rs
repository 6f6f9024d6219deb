use super::*;
use crate::endpoint::{Endpoint, Issuer};
use proptest::prelude::*;

fn profile() -> ProviderProfile {
    ProviderProfile {
        issuer: Some(Issuer::parse("https://a.example").unwrap()),
        authorization_endpoint: Some(Endpoint::parse("https://a.example/authorize").unwrap()),
        client_id: Some("client 1".into()),
        ..ProviderProfile::named("x")
    }
}

fn random() -> AuthorizationRandom {
    AuthorizationRandom {
        state: [1; 32],
        verifier: [2; 32],
        nonce: [3; 32],
    }
}

fn request(profile: &ProviderProfile, scopes: &str) -> AuthorizationRequest {
    AuthorizationRequest::new(
        profile,
        "http://127.0.0.1:1/callback",
        &Scopes::parse(scopes),
        random(),
    )
    .unwrap()
}

fn sent(request: &AuthorizationRequest) -> Vec<(String, String)> {
    request.url().query_pairs().into_owned().collect()
}

fn value(request: &AuthorizationRequest, name: &str) -> Option<String> {
    let found: Vec<_> = sent(request)
        .into_iter()
        .filter(|(known, _)| known == name)
        .collect();
    assert!(found.len() <= 1, "{name} is there {} times", found.len());
    found.into_iter().next().map(|(_, value)| value)
}

fn check(request: &AuthorizationRequest, query: &str) -> Result<CodeGrant, AuthorizationError> {
    let query = query.replace("STATE", request.state().expose());
    request.check(&Parameters::parse(&query).unwrap())
}

#[test]
fn a_request_has_what_rfc_6749_and_pkce_ask_for() {
    let request = request(&profile(), "openid,email");
    let verifier = CodeVerifier::from_random([2; 32]);
    let expected = [
        ("response_type", "code"),
        ("client_id", "client 1"),
        ("redirect_uri", "http://127.0.0.1:1/callback"),
        ("scope", "openid email"),
        ("state", State::from_random([1; 32]).expose()),
        ("nonce", Nonce::from_random([3; 32]).expose()),
        ("code_challenge", &pkce::challenge(&verifier)),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(sent(&request), expected);
    assert!(
        !request.url().as_str().contains(verifier.expose()),
        "the verifier is in no URL"
    );
    assert_eq!(request.redirect_uri(), "http://127.0.0.1:1/callback");
}

#[test]
fn without_openid_there_is_no_nonce_and_without_scopes_no_scope() {
    let request = request(&profile(), "");
    assert_eq!(value(&request, "nonce"), None);
    assert_eq!(value(&request, "scope"), None);
    assert!(
        request
            .grant_bare(AuthorizationCode::new("c"))
            .nonce
            .is_none()
    );
}

#[test]
fn an_endpoints_own_query_is_kept_and_nothing_is_there_twice() {
    let mut profile = profile();
    profile.authorization_endpoint =
        Some(Endpoint::parse("https://a.example/authorize?tenant=a%2Fb&x").unwrap());
    assert!(
        request(&profile, "a")
            .url()
            .as_str()
            .starts_with("https://a.example/authorize?tenant=a%2Fb&x&response_type=code&")
    );
    profile.authorization_endpoint = Some(
        Endpoint::parse("https://a.example/authorize?State=evil&tenant=t&prompt=none&scope=all")
            .unwrap(),
    );
    profile
        .authorization_parameters
        .insert("prompt".into(), "login".into());
    let request = request(&profile, "a");
    assert_eq!(value(&request, "tenant").as_deref(), Some("t"));
    assert_eq!(value(&request, "prompt").as_deref(), Some("login"));
    assert_eq!(value(&request, "scope").as_deref(), Some("a"));
    assert_eq!(value(&request, "State"), None);
    assert_eq!(
        value(&request, "state").as_deref(),
        Some(request.state().expose())
    );
}

#[test]
fn resources_and_extra_parameters_go_along() {
    let mut profile = profile();
    profile.scope_separator = ',';
    profile.resources = vec!["https://r.example/1".into(), "https://r.example/2".into()];
    profile
        .authorization_parameters
        .insert("access_type".into(), "offline".into());
    let first = request(&profile, "a b");
    assert_eq!(value(&first, "scope").as_deref(), Some("a,b"));
    assert_eq!(value(&first, "access_type").as_deref(), Some("offline"));
    assert_eq!(
        sent(&first)
            .iter()
            .filter(|(name, _)| name == "resource")
            .count(),
        2
    );
    profile
        .authorization_parameters
        .insert("resource".into(), "own".into());
    assert_eq!(
        value(&request(&profile, "a"), "resource").as_deref(),
        Some("own")
    );
}

#[test]
fn hostile_15_pkce_is_left_out_only_where_the_profile_has_none() {
    for pkce in [Pkce::Required, Pkce::Optional] {
        let request = request(&ProviderProfile { pkce, ..profile() }, "a");
        assert_eq!(
            value(&request, "code_challenge_method").as_deref(),
            Some("S256")
        );
        assert!(
            request
                .grant_bare(AuthorizationCode::new("c"))
                .verifier
                .is_some()
        );
    }
    let none = request(
        &ProviderProfile {
            pkce: Pkce::None,
            ..profile()
        },
        "a",
    );
    assert_eq!(value(&none, "code_challenge"), None);
    assert_eq!(value(&none, "code_challenge_method"), None);
    assert!(
        none.grant_bare(AuthorizationCode::new("c"))
            .verifier
            .is_none()
    );
    let mut downgraded = profile();
    downgraded
        .authorization_parameters
        .insert("code_challenge_method".into(), "plain".into());
    let made = AuthorizationRequest::new(
        &downgraded,
        "http://127.0.0.1/",
        &Scopes::default(),
        random(),
    );
    assert!(matches!(made, Err(ProfileError::Reserved { .. })));
}

#[test]
fn what_the_profile_lacks_is_an_error() {
    let made = |profile: &ProviderProfile| {
        AuthorizationRequest::new(profile, "http://127.0.0.1/", &Scopes::default(), random())
            .unwrap_err()
    };
    assert!(matches!(
        made(&ProviderProfile {
            client_id: None,
            ..profile()
        }),
        ProfileError::NoClientId { .. }
    ));
    let error = made(&ProviderProfile {
        authorization_endpoint: None,
        ..profile()
    });
    assert!(matches!(
        error,
        ProfileError::NoEndpoint {
            key: "authorization_endpoint",
            ..
        }
    ));
}

#[test]
fn a_right_answer_gives_the_code_and_what_its_exchange_needs() {
    let request = request(&profile(), "openid");
    let grant = check(
        &request,
        "code=c%2F1&state=STATE&session_state=x&iss=https%3A%2F%2Fa.example",
    )
    .unwrap();
    assert_eq!(grant.code, AuthorizationCode::new("c/1"));
    assert_eq!(grant.state, *request.state());
    assert_eq!(grant.verifier, Some(CodeVerifier::from_random([2; 32])));
    assert_eq!(grant.nonce, Some(Nonce::from_random([3; 32])));
    assert_eq!(grant.redirect_uri, request.redirect_uri());
    assert!(
        check(&request, "code=c&state=STATE").is_ok(),
        "borrowed: the same request can be checked again"
    );
}

#[test]
fn hostile_10_a_wrong_state_and_a_missing_one_are_answered_alike() {
    let request = request(&profile(), "openid");
    let wrong = [
        "code=c",
        "code=c&state=",
        "code=c&state=x",
        "code=c&state=STATEx",
        "code=c&State=STATE",
        "error=access_denied",
        "error=access_denied&state=x",
        "code=c&error=x&state=y",
        "code=c&state=x&iss=https://evil.example",
        "",
    ];
    for query in wrong {
        assert_eq!(
            check(&request, query).unwrap_err(),
            AuthorizationError::WrongState,
            "{query}"
        );
    }
}

#[test]
fn hostile_12_a_wrong_missing_or_normalised_iss_is_refused() {
    let silent = request(&profile(), "openid");
    let promised = ProviderProfile {
        authorization_response_iss_parameter_supported: true,
        ..profile()
    };
    let promising = request(&promised, "openid");
    for iss in [
        "https://evil.example",
        "https://a.example/",
        "HTTPS://a.example",
        "https://a.example:443",
        "a.example",
    ] {
        for request in [&silent, &promising] {
            let query = format!("code=c&state=STATE&iss={iss}");
            assert_eq!(
                check(request, &query).unwrap_err(),
                AuthorizationError::WrongIssuer,
                "{iss}"
            );
            let query = format!("error=access_denied&state=STATE&iss={iss}");
            assert_eq!(
                check(request, &query).unwrap_err(),
                AuthorizationError::WrongIssuer,
                "{iss}"
            );
        }
    }
    assert!(check(&silent, "code=c&state=STATE").is_ok());
    assert_eq!(
        check(&promising, "code=c&state=STATE").unwrap_err(),
        AuthorizationError::WrongIssuer
    );
    assert_eq!(
        check(&promising, "code=c&state=STATE&iss=").unwrap_err(),
        AuthorizationError::WrongIssuer
    );
    assert_eq!(
        check(&promising, "error=x&state=STATE").unwrap_err(),
        AuthorizationError::WrongIssuer
    );
    assert!(check(&promising, "code=c&state=STATE&iss=https://a.example").is_ok());
    let unknown = request(
        &ProviderProfile {
            issuer: None,
            ..profile()
        },
        "a",
    );
    assert!(check(&unknown, "code=c&state=STATE&iss=https://whoever.example").is_ok());
}

#[test]
fn hostile_04_error_and_code_together_are_ambiguous() {
    let request = request(&profile(), "a");
    assert_eq!(
        check(&request, "code=c&error=access_denied&state=STATE").unwrap_err(),
        AuthorizationError::Ambiguous
    );
    assert_eq!(
        check(&request, "state=STATE").unwrap_err(),
        AuthorizationError::NoCode
    );
    assert_eq!(
        check(&request, "code=&state=STATE").unwrap_err(),
        AuthorizationError::NoCode
    );
}

#[test]
fn an_error_is_told() {
    let request = request(&profile(), "a");
    let AuthorizationError::Refused(error) =
        check(&request, "error=access_denied&error_description=the+person+said+no%1b&error_uri=https://a.example/e&state=STATE").unwrap_err()
    else {
        panic!()
    };
    assert_eq!(error.code, ErrorCode::AccessDenied);
    assert_eq!(
        error.to_string(),
        "access_denied: the person said no\u{fffd}"
    );
    assert_eq!(error.uri.unwrap().raw(), "https://a.example/e");
}

#[test]
fn no_secret_is_in_debug() {
    let request = request(&profile(), "openid");
    let shown = format!(
        "{request:?} {:?}",
        check(&request, "code=canary&state=STATE").unwrap()
    );
    assert!(!shown.contains("canary"));
    for secret in [[1; 32], [2; 32], [3; 32]] {
        assert!(
            !shown.contains(State::from_random(secret).expose()),
            "{shown}"
        );
    }
}

#[test]
fn error_codes_by_every_name() {
    assert_eq!(ErrorCode::parse("slow_down"), ErrorCode::SlowDown);
    assert_eq!(
        ErrorCode::parse("authorization_declined"),
        ErrorCode::AccessDenied
    );
    assert_eq!(
        ErrorCode::parse("bad_refresh_token").to_string(),
        "invalid_grant"
    );
    assert_eq!(ErrorCode::parse("x\u{1b}[2J").to_string(), "x\u{fffd}[2J");
    assert_eq!(
        ErrorResponse::new("bad_refresh_token", None, None).to_string(),
        "invalid_grant: bad_refresh_token"
    );
    assert_eq!(
        ErrorResponse::new("invalid_grant", None, None).to_string(),
        "invalid_grant"
    );
}

#[test]
fn errors_in_json_in_all_shapes() {
    let read = |json: serde_json::Value| {
        ErrorResponse::from_json(json.as_object().unwrap()).map(|error| error.to_string())
    };
    assert_eq!(
        read(serde_json::json!({"error": "invalid_grant", "error_description": "old"})).as_deref(),
        Some("invalid_grant: old")
    );
    assert_eq!(
        read(serde_json::json!({"error": {"type": "t", "message": "m"}})).as_deref(),
        Some("t: m")
    );
    assert_eq!(read(serde_json::json!({"error": {"code": "refresh_token_reused", "type": "t", "message": "m"}})).as_deref(), Some("invalid_grant: m"));
    assert_eq!(
        read(serde_json::json!({"error": {"code": 190}})).as_deref(),
        Some("unknown_error")
    );
    for none in [
        serde_json::json!({}),
        serde_json::json!({"error": null}),
        serde_json::json!({"error": ""}),
        serde_json::json!({"error": false}),
    ] {
        assert_eq!(read(none), None);
    }
}

proptest! {
    #[test]
    fn only_the_right_state_passes(state in "\\PC{0,60}") {
        let request = request(&profile(), "openid");
        let encoded: String = form_urlencoded::Serializer::new(String::new()).append_pair("state", &state).append_pair("code", "c").finish();
        prop_assume!(state != request.state().expose());
        prop_assert_eq!(request.check(&Parameters::parse(&encoded).unwrap()).unwrap_err(), AuthorizationError::WrongState);
    }

    #[test]
    fn check_never_panics(query in ".*|((code|state|iss|error)=[a-z%0-9]*&)*") {
        if let Ok(parameters) = Parameters::parse(&query) {
            drop(request(&profile(), "openid").check(&parameters));
        }
    }

    #[test]
    fn no_parameter_is_there_twice(query in "((code|state|STATE|scope|a|b|nonce|prompt|response_type)=[a-z]*&){0,6}", prompt in "[a-z]*") {
        let mut profile = profile();
        profile.authorization_endpoint = Some(Endpoint::parse(&format!("https://a.example/authorize?{query}")).unwrap());
        profile.authorization_parameters.insert("prompt".into(), prompt);
        let request = request(&profile, "openid a");
        for (name, _) in sent(&request) {
            if !["a", "b"].contains(&name.as_str()) && name != "code" {
                let same = sent(&request).iter().filter(|(other, _)| other.eq_ignore_ascii_case(&name)).count();
                prop_assert_eq!(same, 1, "{}", name);
            }
        }
    }
}

#[test]
fn offline_access_is_asked_for_with_consent_unless_the_profile_says_otherwise() {
    let prompt =
        |profile: &ProviderProfile, scopes: &str| value(&request(profile, scopes), "prompt");
    let mut profile = profile();
    assert_eq!(
        prompt(&profile, "openid offline_access").as_deref(),
        Some("consent")
    );
    assert_eq!(prompt(&profile, "openid"), None);
    assert_eq!(prompt(&profile, "offline_access"), None);
    profile
        .authorization_parameters
        .insert("prompt".into(), "select_account".into());
    assert_eq!(
        prompt(&profile, "openid offline_access").as_deref(),
        Some("select_account")
    );
}
