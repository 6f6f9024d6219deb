use super::*;
use crate::authorization_server::client::GrantType;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use url::form_urlencoded::Serializer;

const REDIRECT: &str = "https://app.example/cb?tenant=a%20b";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client() -> ClientMetadata {
    serde_json::from_value(json!({
        "redirect_uris": [REDIRECT, "http://127.0.0.1/cb", "com.example.tool:/cb"],
        "scope": "openid profile deploy secret",
    }))
    .unwrap()
}

fn known() -> Scopes {
    Scopes::parse("openid profile email deploy")
}

fn issuer() -> Issuer {
    Issuer::parse("https://login.example").unwrap()
}

fn right() -> Vec<(&'static str, &'static str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "c1"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid deploy"),
        ("state", "s +&1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// The right request with one parameter as given, or without it.
fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut pairs: Vec<(&str, &str)> = right()
        .into_iter()
        .filter(|(known, _)| *known != name)
        .collect();
    pairs.push((name, value));
    pairs
}

fn query(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn checked(pairs: &[(&str, &str)]) -> Result<AuthorizationRequest, AuthorizationRefusal> {
    UncheckedRequest::parse(&query(pairs))
        .map_err(AuthorizationRefusal::Page)?
        .check(&client(), &known(), &issuer())
}

/// The parameters of an answer; each is there once.
fn answered(location: &Url) -> BTreeMap<String, String> {
    let pairs: Vec<(String, String)> = location.query_pairs().into_owned().collect();
    let map: BTreeMap<String, String> = pairs.iter().cloned().collect();
    assert_eq!(map.len(), pairs.len(), "{location}");
    map
}

/// The code of a refusal that the client is told, with everything that belongs to it.
fn told(pairs: &[(&str, &str)]) -> String {
    let Err(AuthorizationRefusal::Client { location, code }) = checked(pairs) else {
        panic!("{pairs:?}")
    };
    assert!(
        location
            .as_str()
            .starts_with("https://app.example/cb?tenant=a%20b&"),
        "{location}"
    );
    let answer = answered(&location);
    assert_eq!(answer["error"], code.as_str());
    assert_eq!(answer["iss"], "https://login.example");
    assert_eq!(answer["state"], "s +&1");
    assert!(!answer["error_description"].is_empty() && !answer.contains_key("code"));
    code.as_str().to_owned()
}

fn page(pairs: &[(&str, &str)]) -> UntrustedRequest {
    let Err(AuthorizationRefusal::Page(refusal)) = checked(pairs) else {
        panic!("{pairs:?}")
    };
    refusal
}

#[test]
fn a_right_request_is_read_whole() {
    let mut pairs = right();
    pairs.extend([
        ("nonce", "n1"),
        ("prompt", "login consent"),
        ("max_age", "0"),
        ("response_mode", "query"),
        ("resource", "https://api.example/a"),
        ("resource", "urn:example:b"),
        ("resource", "https://api.example/a"),
        ("resource", ""),
        ("login_hint", "ada"),
    ]);
    let unchecked = UncheckedRequest::parse(&query(&pairs)).unwrap();
    assert_eq!(unchecked.client_id(), "c1");
    let found = unchecked.check(&client(), &known(), &issuer()).unwrap();
    let expected = AuthorizationRequest {
        client_id: "c1".into(),
        redirect_uri: REDIRECT.into(),
        scopes: Scopes::parse("openid deploy"),
        state: Some(State::new("s +&1")),
        nonce: Some(Nonce::new("n1")),
        code_challenge: CHALLENGE.into(),
        resources: vec!["https://api.example/a".into(), "urn:example:b".into()],
        prompt: Prompt {
            login: true,
            consent: true,
            ..Prompt::default()
        },
        max_age: Some(0),
    };
    assert_eq!(found, expected);
    let written = serde_json::to_string(&found).unwrap();
    assert_eq!(
        serde_json::from_str::<AuthorizationRequest>(&written).unwrap(),
        found
    );
}

#[test]
fn what_may_be_missing_may_be_empty() {
    for name in [
        "scope",
        "state",
        "nonce",
        "prompt",
        "max_age",
        "resource",
        "response_mode",
        "request",
    ] {
        let found = checked(&with(name, "")).expect(name);
        assert_eq!(
            found,
            checked(
                &right()
                    .into_iter()
                    .filter(|(known, _)| *known != name)
                    .collect::<Vec<_>>()
            )
            .unwrap()
        );
    }
}

#[test]
fn hostile_07_where_an_answer_may_not_go_the_person_is_told() {
    for asked in [
        "",
        "https://evil.example/cb",
        "https://app.example/cb",
        "https://app.example/cb?tenant=a b",
        "https://app.example/cb?tenant=a%20b&x=1",
        "https://app.example/cb?tenant=a%20b#x",
        "https://app.example:443/cb?tenant=a%20b",
        "https://App.example/cb?tenant=a%20b",
        "https://app.example@evil.example/cb?tenant=a%20b",
        "https://app.example\\@evil.example/cb?tenant=a%20b",
        "//app.example/cb?tenant=a%20b",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1:1/cb2",
        "javascript:alert(1)",
        "com.example.tool:/cb/",
    ] {
        // Whatever else is wrong, the redirect URI is looked at first.
        for more in [
            ("response_type", "code"),
            ("response_type", "token"),
            ("code_challenge_method", "plain"),
        ] {
            let mut pairs = with("redirect_uri", asked);
            pairs.retain(|(name, _)| *name != more.0);
            pairs.push(more);
            assert_eq!(page(&pairs), UntrustedRequest::RedirectUri, "{asked}");
        }
    }
    let found = checked(&with("redirect_uri", "http://127.0.0.1:4711/cb")).unwrap();
    assert_eq!(found.redirect_uri, "http://127.0.0.1:4711/cb");
}

#[test]
fn hostile_04_nothing_but_a_resource_is_there_twice() {
    for (name, value) in right()
        .into_iter()
        .chain([("nonce", "n"), ("prompt", "none"), ("x", "1")])
    {
        let text = format!("{}&{}", query(&with(name, value)), query(&[(name, value)]));
        assert!(
            matches!(
                UncheckedRequest::parse(&text),
                Err(UntrustedRequest::Parameters(ParametersError::Repeated(_)))
            ),
            "{text}"
        );
    }
    let shouted = format!("{}&CLIENT_ID=other", query(&right()));
    assert!(UncheckedRequest::parse(&shouted).is_err());
}

#[test]
fn hostile_05_control_characters_and_bad_encodings_are_the_persons() {
    for bad in [
        "state=%0d%0aSet-Cookie:%20x",
        "state=%00",
        "resource=%0a",
        "state=%c0%ae",
        "state=%",
        "re%73ource=%0d",
    ] {
        let text = format!("{}&{bad}", query(&[("client_id", "c1")]));
        assert_eq!(
            UncheckedRequest::parse(&text).unwrap_err(),
            UntrustedRequest::Parameters(ParametersError::Malformed)
        );
    }
    // Decoded once.
    assert_eq!(
        page(&with("redirect_uri", "https%3A%2F%2Fapp.example%2Fcb")),
        UntrustedRequest::RedirectUri
    );
}

#[test]
fn a_request_names_one_client() {
    assert_eq!(page(&[("state", "s")]), UntrustedRequest::NoClient);
    assert_eq!(page(&[("client_id", "")]), UntrustedRequest::NoClient);
    for id in ["a\u{1b}[2J", "\u{202e}", "\u{e4}"] {
        assert_eq!(
            page(&with("client_id", id)),
            UntrustedRequest::UnknownClient
        );
    }
    assert_eq!(
        page(&with("client_id", &"x".repeat(2001))),
        UntrustedRequest::UnknownClient
    );
}

#[test]
fn hostile_15_pkce_is_neither_left_out_nor_downgraded() {
    for (name, value) in [
        ("code_challenge", ""),
        ("code_challenge_method", ""),
        ("code_challenge_method", "plain"),
        ("code_challenge_method", "s256"),
        ("code_challenge_method", "S512"),
        ("code_challenge", "short"),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
        ),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
        ),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
        ),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMAA",
        ),
        (
            "code_challenge",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk~",
        ),
    ] {
        assert_eq!(
            told(&with(name, value)),
            "invalid_request",
            "{name}={value}"
        );
    }
}

#[test]
fn other_kinds_of_requests_are_refused_by_name() {
    for (name, value, error) in [
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        (
            "response_type",
            "code id_token",
            "unsupported_response_type",
        ),
        ("response_type", "CODE", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("response_mode", "form_post", "invalid_request"),
        ("request", "e30.e30.", "request_not_supported"),
        (
            "request_uri",
            "https://evil.example/r",
            "request_uri_not_supported",
        ),
        ("prompt", "none login", "invalid_request"),
        ("prompt", "create", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "+1", "invalid_request"),
        ("max_age", "1.5", "invalid_request"),
        ("max_age", "99999999999999999999", "invalid_request"),
        ("resource", "api", "invalid_target"),
        ("resource", "/api", "invalid_target"),
        ("resource", "https://api.example/#x", "invalid_target"),
        ("resource", "https://api.example/ x", "invalid_target"),
        ("resource", "https://", "invalid_target"),
        ("scope", "unknown", "invalid_scope"),
        ("scope", "\"", "invalid_scope"),
    ] {
        assert_eq!(told(&with(name, value)), error, "{name}={value}");
    }
    let nonce = "n".repeat(2001);
    assert_eq!(told(&with("nonce", &nonce)), "invalid_request");
    assert!(checked(&with("nonce", &nonce[1..])).is_ok());
}

#[test]
fn a_state_that_is_too_long_is_not_sent_back() {
    let state = "s".repeat(2001);
    let Err(AuthorizationRefusal::Client { location, code }) = checked(&with("state", &state))
    else {
        panic!()
    };
    assert_eq!(code, ErrorCode::InvalidRequest);
    assert!(!answered(&location).contains_key("state"));
    assert!(checked(&with("state", &state[1..])).is_ok());
}

#[test]
fn a_client_without_the_grant_is_told_so() {
    let mut client = client();
    client.grant_types = vec![GrantType::DeviceCode];
    let refusal =
        UncheckedRequest::parse(&query(&right()))
            .unwrap()
            .check(&client, &known(), &issuer());
    assert!(matches!(
        refusal,
        Err(AuthorizationRefusal::Client {
            code: ErrorCode::UnauthorizedClient,
            ..
        })
    ));
}

#[test]
fn scopes_that_the_server_or_the_client_lacks_are_left_out() {
    let scopes = |asked: &str| checked(&with("scope", asked)).unwrap().scopes.join(' ');
    assert_eq!(
        scopes("deploy unknown openid email secret"),
        "deploy openid"
    );
    assert_eq!(scopes("openid openid"), "openid");
    let mut client = client();
    client.scope = None;
    let unchecked = UncheckedRequest::parse(&query(&with("scope", "email secret"))).unwrap();
    let found = unchecked.check(&client, &known(), &issuer()).unwrap();
    assert_eq!(found.scopes.join(' '), "email");
}

#[test]
fn hostile_12_every_answer_says_who_answers() {
    let request = checked(&right()).unwrap();
    let granted = request.granted(&AuthorizationCode::new("c/+ &"), &issuer());
    assert_eq!(
        granted.as_str(),
        "https://app.example/cb?tenant=a%20b&code=c%2F%2B+%26&state=s+%2B%261&iss=https%3A%2F%2Flogin.example"
    );
    let refused = request.refused(&ErrorCode::AccessDenied, "the person said no", &issuer());
    assert_eq!(
        refused.as_str(),
        "https://app.example/cb?tenant=a%20b&error=access_denied&error_description=the+person+said+no&state=s+%2B%261&iss=https%3A%2F%2Flogin.example"
    );
    let stateless = checked(&with("state", ""))
        .unwrap()
        .granted(&AuthorizationCode::new("c"), &issuer());
    assert!(!answered(&stateless).contains_key("state"));
    let private = checked(&with("redirect_uri", "com.example.tool:/cb")).unwrap();
    assert!(
        private
            .granted(&AuthorizationCode::new("c"), &issuer())
            .as_str()
            .starts_with("com.example.tool:/cb?code=c&")
    );
}

#[test]
fn hostile_05_a_description_is_in_the_characters_of_the_rfc() {
    let location = checked(&right()).unwrap().refused(
        &ErrorCode::ServerError,
        "a\r\n\"b\\\u{1b}\u{202e}\u{e4}",
        &issuer(),
    );
    assert_eq!(answered(&location)["error_description"], "a???b????");
}

#[test]
fn hostile_04_a_redirect_uri_cannot_bring_an_answer_of_its_own() {
    let client: ClientMetadata = serde_json::from_value(json!({
        "redirect_uris": ["https://app.example/cb?code=theirs&state=theirs&iss=https://evil.example&x=1"],
    }))
    .unwrap();
    let pairs = with("redirect_uri", client.redirect_uris[0].as_str());
    let request = UncheckedRequest::parse(&query(&pairs))
        .unwrap()
        .check(&client, &known(), &issuer())
        .unwrap();
    let answer = answered(&request.granted(&AuthorizationCode::new("ours"), &issuer()));
    assert_eq!(
        (
            answer["code"].as_str(),
            answer["iss"].as_str(),
            answer["x"].as_str()
        ),
        ("ours", "https://login.example", "1")
    );
}

#[test]
fn hostile_23_what_is_shown_of_a_request_has_no_secret() {
    let pairs = [
        ("client_id", "c1"),
        ("state", "canary"),
        ("nonce", "canary"),
        ("code_challenge", "canary"),
    ];
    let unchecked = UncheckedRequest::parse(&query(&pairs)).unwrap();
    assert!(!format!("{unchecked:?}").contains("canary"));
    let mut request = checked(&right()).unwrap();
    (request.state, request.nonce) = (Some(State::new("canary")), Some(Nonce::new("canary")));
    assert!(!format!("{request:?}").contains("canary"));
}

proptest! {
    #[test]
    fn what_the_client_sent_comes_back(state in "[^\\x00\\r\\n]{1,100}", code in "[!-~]{1,50}") {
        let request = checked(&with("state", &state)).unwrap();
        let answer = answered(&request.granted(&AuthorizationCode::new(&code), &issuer()));
        prop_assert_eq!(&answer["state"], &state);
        prop_assert_eq!(&answer["code"], &code);
    }

    #[test]
    fn whoever_is_told_is_the_client(name in "response_type|scope|state|prompt|max_age|resource|code_challenge|redirect_uri|response_mode", value in "[^\\x00\\r\\n]{0,40}") {
        match checked(&with(&name, &value)) {
            Ok(request) => prop_assert!(client().allows_redirect(&request.redirect_uri)),
            Err(AuthorizationRefusal::Client { location, .. }) => prop_assert!(location.as_str().starts_with(REDIRECT)),
            Err(AuthorizationRefusal::Page(refusal)) => prop_assert_eq!(refusal, UntrustedRequest::RedirectUri),
        }
    }

    #[test]
    fn never_panics(text in ".*|[a-z_]{0,20}=[a-zA-Z0-9%+:/.]{0,30}(&client_id=c1)?") {
        if let Ok(unchecked) = UncheckedRequest::parse(&text) {
            drop(unchecked.check(&client(), &known(), &issuer()));
        }
    }
}
