use super::*;
use http::{HeaderName, HeaderValue};
use oarlock_oauth::{
    authorization::{AuthorizationRandom, ErrorCode},
    endpoint::{Endpoint, Issuer},
    profile::ProviderProfile,
    scope::Scopes,
};

const PORT: u16 = 50_123;

/// An authorization request of its own, told apart by a byte.
pub(in crate::login) fn authorization(byte: u8) -> AuthorizationRequest {
    let mut profile = ProviderProfile::named("example");
    profile.client_id = Some("client".into());
    profile.issuer = Some(Issuer::parse("https://op.example.com").unwrap());
    profile.authorization_endpoint =
        Some(Endpoint::parse("https://op.example.com/authorize").unwrap());
    profile.authorization_response_iss_parameter_supported = true;
    let random = AuthorizationRandom {
        state: [byte; 32],
        verifier: [byte ^ 0x55; 32],
        nonce: [byte ^ 0xaa; 32],
    };
    AuthorizationRequest::new(
        &profile,
        "http://127.0.0.1:50123/callback",
        &Scopes::parse("openid"),
        random,
    )
    .unwrap()
}

pub(in crate::login) fn get(query: &str) -> LoopbackRequest {
    LoopbackRequest {
        method: Method::GET,
        path: "/callback".into(),
        query: Some(query.into()),
        headers: HeaderMap::new(),
        body: Vec::new(),
        peer: ([127, 0, 0, 1], 40_000).into(),
    }
}

/// The query of a good answer.
pub(in crate::login) fn good(authorization: &AuthorizationRequest) -> String {
    format!(
        "code=abc&state={}&iss=https%3A%2F%2Fop.example.com",
        authorization.state().expose()
    )
}

fn judged(request: &LoopbackRequest) -> Verdict {
    judge(request, &authorization(1), PORT, "/callback")
}

fn refusal(request: &LoopbackRequest) -> Refusal {
    match judged(request) {
        Verdict::Foreign(refusal) => refusal,
        Verdict::Answer(answer) => panic!("taken as an answer: {:?}", answer.map(drop)),
    }
}

fn state() -> String {
    authorization(1).state().expose().to_owned()
}

fn with(name: &str, value: &str) -> LoopbackRequest {
    let mut request = get(&good(&authorization(1)));
    request.headers.append(
        HeaderName::from_bytes(name.as_bytes()).unwrap(),
        HeaderValue::from_str(value).unwrap(),
    );
    request
}

#[test]
fn the_providers_answer_is_taken() {
    let Verdict::Answer(Ok(grant)) = judged(&get(&good(&authorization(1)))) else {
        panic!("refused")
    };
    assert_eq!(grant.code.expose(), "abc");
    assert!(grant.verifier.is_some() && grant.nonce.is_some());
}

#[test]
fn a_browsers_own_headers_are_no_obstacle() {
    for (name, value) in [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-dest", "document"),
        ("referer", "https://op.example.com/"),
        ("upgrade-insecure-requests", "1"),
        ("origin", "http://127.0.0.1:50123"),
    ] {
        assert!(
            matches!(judged(&with(name, value)), Verdict::Answer(Ok(_))),
            "{name}: {value}"
        );
    }
}

#[test]
fn the_providers_refusal_is_an_answer_too() {
    let query = format!(
        "error=access_denied&state={}&iss=https%3A%2F%2Fop.example.com",
        state()
    );
    let Verdict::Answer(Err(AuthorizationError::Refused(response))) = judged(&get(&query)) else {
        panic!("no refusal")
    };
    assert_eq!(response.code, ErrorCode::AccessDenied);
}

#[test]
fn a_refusal_without_our_state_ends_nothing() {
    let refused = refusal(&get("error=access_denied&iss=https%3A%2F%2Fop.example.com"));
    assert_eq!(refused, Refusal::NoAnswer(AuthorizationError::WrongState));
}

#[test]
fn no_code_is_no_answer() {
    let refused = refusal(&get(&format!(
        "state={}&iss=https%3A%2F%2Fop.example.com",
        state()
    )));
    assert_eq!(refused, Refusal::NoAnswer(AuthorizationError::NoCode));
    assert_eq!(refusal(&get("")), Refusal::Empty);
    assert_eq!(
        refusal(&LoopbackRequest {
            query: None,
            ..get("")
        }),
        Refusal::Empty
    );
}

#[test]
fn other_paths_are_not_found() {
    for path in [
        "/",
        "/favicon.ico",
        "/callback/",
        "/Callback",
        "//callback",
        "/callback%2f",
        "/x/../callback",
        "/%63allback",
    ] {
        let refused = refusal(&LoopbackRequest {
            path: path.into(),
            ..get(&good(&authorization(1)))
        });
        assert_eq!(refused, Refusal::Path, "{path}");
        assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    }
}

#[test]
fn hostile_02_a_query_beyond_the_cap_is_refused() {
    let refused = refusal(&get(&format!(
        "{}&x={}",
        good(&authorization(1)),
        "y".repeat(70_000)
    )));
    assert_eq!(refused, Refusal::Parameters(ParametersError::TooLong));
}

#[test]
fn hostile_04_ambiguous_parameters_are_refused() {
    let (state, good) = (state(), good(&authorization(1)));
    for query in [
        format!("{good}&code=abc"),
        format!("{good}&code=other"),
        format!("{good}&CODE=other"),
        format!("{good}&state={state}"),
        format!("{good}&iss=https%3A%2F%2Fevil.example"),
        format!("{good}&error=access_denied"),
        format!("code=abc&state[]={state}&iss=https%3A%2F%2Fop.example.com"),
        format!("code=abc&state=%5B%22{state}%22%5D&iss=https%3A%2F%2Fop.example.com"),
        "code=abc&state=1&iss=https%3A%2F%2Fop.example.com".to_owned(),
    ] {
        assert_eq!(
            refusal(&get(&query)).status(),
            StatusCode::BAD_REQUEST,
            "{query}"
        );
    }
}

#[test]
fn hostile_05_encodings_are_decoded_once_and_strictly() {
    let state = state();
    let twice: String = state.bytes().map(|byte| format!("%25{byte:02X}")).collect();
    let once: String = state.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let iss = "iss=https%3A%2F%2Fop.example.com";
    assert!(matches!(
        judged(&get(&format!("code=abc&state={once}&{iss}"))),
        Verdict::Answer(Ok(_))
    ));
    for query in [
        format!("code=abc&state={twice}&{iss}"),
        format!("code=a%00b&state={state}&{iss}"),
        format!("code=a%0d%0aX-Header:%20y&state={state}&{iss}"),
        format!("code=a%c0%afb&state={state}&{iss}"),
        format!("code=a%ff&state={state}&{iss}"),
        format!("code=a%2&state={state}&{iss}"),
        format!("code=abc&state={state}%00&{iss}"),
    ] {
        assert_eq!(
            refusal(&get(&query)).status(),
            StatusCode::BAD_REQUEST,
            "{query}"
        );
    }
}

#[test]
fn hostile_08_scanners_and_prefetchers_are_refused() {
    for method in [
        "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let refused = refusal(&LoopbackRequest {
            method: method.clone(),
            ..get(&good(&authorization(1)))
        });
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("sec-purpose", "Prefetch;anonymous-client-ip"),
        ("purpose", "prefetch"),
        ("x-purpose", "preview"),
        ("x-moz", "prefetch"),
    ] {
        let refused = refusal(&with(name, value));
        assert_eq!(refused, Refusal::Prefetch, "{name}: {value}");
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    }
}

#[test]
fn hostile_12_another_issuers_answer_ends_the_login_without_a_grant() {
    let state = state();
    for iss in [
        "",
        "&iss=https%3A%2F%2Fevil.example",
        "&iss=https%3A%2F%2Fop.example.com%2F",
        "&iss=https%3A%2F%2FOP.example.com",
        "&iss=https%3A%2F%2Fop.example.com%3A443",
    ] {
        let verdict = judged(&get(&format!("code=abc&state={state}{iss}")));
        assert!(
            matches!(
                verdict,
                Verdict::Answer(Err(AuthorizationError::WrongIssuer))
            ),
            "{iss:?}: {verdict:?}"
        );
    }
}

#[test]
fn hostile_12_a_strangers_mixed_up_answer_ends_nothing() {
    let refused = refusal(&get("code=abc&state=guess&iss=https%3A%2F%2Fevil.example"));
    assert_eq!(refused, Refusal::NoAnswer(AuthorizationError::WrongState));
}

#[test]
fn hostile_17_requests_of_other_pages_scripts_are_refused() {
    for (name, value) in [
        ("origin", "null"),
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1"),
        ("origin", "http://127.0.0.1:50124"),
        ("origin", "https://127.0.0.1:50123"),
        ("origin", "http://127.0.0.1:50123.evil.example"),
        ("origin", ""),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-mode", "websocket"),
    ] {
        let refused = refusal(&with(name, value));
        assert_eq!(refused, Refusal::Origin, "{name}: {value}");
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    }
    let mut two = with("origin", "http://127.0.0.1:50123");
    two.headers
        .append(ORIGIN, HeaderValue::from_static("https://evil.example"));
    assert_eq!(refusal(&two), Refusal::Origin);
}

#[test]
fn hostile_21_the_answer_to_an_attackers_login_is_refused() {
    let attackers = authorization(2);
    let refused = refusal(&get(&good(&attackers)));
    assert_eq!(refused, Refusal::NoAnswer(AuthorizationError::WrongState));
    assert!(refused.to_string().contains("another login"), "{refused}");
}

#[test]
fn refusals_say_nothing_that_was_sent() {
    for query in [
        "code=SECRET&state=CANARY",
        "code=SECRET&code=CANARY",
        "code=%zzSECRET&state=CANARY",
    ] {
        let said = refusal(&get(query)).to_string();
        assert!(
            !said.contains("SECRET") && !said.contains("CANARY"),
            "{said}"
        );
    }
}

proptest::proptest! {
    /// Nothing that lacks the state is an answer, whatever it is.
    #[test]
    fn hostile_10_guesses_are_never_answers(
        method in "GET|HEAD|POST",
        path in "/callback|/[a-z]{0,8}",
        query in "((code|state|iss|error|[a-z]{1,6})=[ -~]{0,60}&?){0,6}",
    ) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = LoopbackRequest { method, path, ..get(&query) };
        proptest::prop_assert!(matches!(judged(&request), Verdict::Foreign(_)));
    }
}
