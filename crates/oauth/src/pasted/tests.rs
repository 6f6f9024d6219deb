use super::*;
use crate::{
    authorization::{AuthorizationRandom, ErrorCode},
    endpoint::{Endpoint, Issuer},
    profile::ProviderProfile,
    scope::Scopes,
};
use proptest::prelude::*;

fn request() -> AuthorizationRequest {
    request_with(false)
}

fn request_with(iss: bool) -> AuthorizationRequest {
    let mut profile = ProviderProfile {
        issuer: Some(Issuer::parse("https://a.example").unwrap()),
        authorization_endpoint: Some(Endpoint::parse("https://a.example/authorize").unwrap()),
        client_id: Some("c1".into()),
        authorization_response_iss_parameter_supported: iss,
        ..ProviderProfile::named("x")
    };
    profile
        .authorization_parameters
        .insert("code".into(), "true".into());
    let random = AuthorizationRandom {
        state: [1; 32],
        verifier: [2; 32],
        nonce: [3; 32],
    };
    AuthorizationRequest::new(
        &profile,
        "http://127.0.0.1:1/callback",
        &Scopes::parse("a"),
        random,
    )
    .unwrap()
}

/// Pastes, with `STATE` standing for the right state.
fn paste(text: &str) -> Result<String, PastedError> {
    let request = request();
    let text = text.replace("STATE", request.state().expose());
    read(&request, &text).map(|grant| grant.code.expose().to_owned())
}

fn refused(text: &str) -> AuthorizationError {
    match paste(text) {
        Err(PastedError::Refused(error)) => error,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn every_form_of_a_right_answer() {
    for text in [
        "http://127.0.0.1:1/callback?code=4%2F0a&state=STATE",
        "https://x.example/page?state=STATE&code=4%2F0a#_=_",
        "com.example.app:/callback?code=4%2F0a&state=STATE",
        "http://localhost:1/callback#code=4%2F0a&state=STATE",
        "127.0.0.1:1/callback?code=4%2F0a&state=STATE",
        "/callback?code=4%2F0a&state=STATE",
        "?code=4%2F0a&state=STATE",
        "code=4%2F0a&state=STATE",
        "state=STATE&code=4%2F0a&scope=a+b",
        "4/0a#STATE",
        "4%2F0a#STATE",
        "4/0a",
        "4%2F0a",
    ] {
        assert_eq!(paste(text).as_deref(), Ok("4/0a"), "{text}");
    }
}

#[test]
fn what_surrounds_it_is_dropped() {
    for text in [
        "  c1\n",
        "\u{1b}[200~c1\u{1b}[201~",
        "\u{1b}[200~ \"c1\" \u{1b}[201~\r\n",
        "[200~c1[201~",
        "^[[200~c1^[[201~",
        "'c1'",
        "<c1>",
        "“c1”",
        "`c1`",
        "\u{feff}c1\u{200b}",
        "< \"c1\" >",
    ] {
        assert_eq!(paste(text).as_deref(), Ok("c1"), "{text:?}");
    }
    assert_eq!(
        paste("<http://127.0.0.1:1/callback?code=c1&state=STATE>").as_deref(),
        Ok("c1")
    );
}

#[test]
fn text_that_a_terminal_wrapped_is_joined() {
    let state = request().state().expose().to_owned();
    let (left, right) = state.split_at(20);
    for text in [
        format!("http://127.0.0.1:1/call\nback?co\r\n  de=c1&state={left}\n{right}"),
        format!("http://127.0.0.1:1/callback?code=c1&state={left} {right}"),
        format!("c\r\n1#{left}\n{right}"),
        "c\n  1".to_owned(),
    ] {
        assert_eq!(paste(&text).as_deref(), Ok("c1"), "{text:?}");
    }
}

#[test]
fn very_long_codes_pass_and_longer_text_is_refused() {
    let code = "x".repeat(20_000);
    assert_eq!(
        paste(&format!("http://127.0.0.1:1/?code={code}&state=STATE")),
        Ok(code.clone())
    );
    assert_eq!(paste(&code), Ok(code));
    assert_eq!(
        paste(&"x".repeat(MAX_LENGTH + 1)),
        Err(PastedError::Malformed)
    );
}

#[test]
fn hostile_10_a_state_that_is_there_has_to_be_right() {
    for text in [
        "http://127.0.0.1:1/callback?code=c1&state=other",
        "http://127.0.0.1:1/callback?code=c1",
        "code=c1",
        "c1#other",
        "c1#",
        "error=access_denied&state=other",
        "error=access_denied",
    ] {
        assert_eq!(refused(text), AuthorizationError::WrongState, "{text}");
    }
}

#[test]
fn a_code_that_was_not_copied_whole_is_told_from_another_logins() {
    let request = request_with(false);
    let state = request.state().expose();
    for length in [1, state.len() / 2, state.len() - 1] {
        let text = format!("c1#{}", &state[..length]);
        assert_eq!(
            read(&request, &text).unwrap_err(),
            PastedError::Cut,
            "{text}"
        );
    }
}

#[test]
fn hostile_12_a_pasted_url_needs_iss_where_it_is_due_and_a_bare_code_is_bound_by_pkce() {
    let request = request_with(true);
    let state = request.state().expose();
    let url = |iss: &str| format!("http://127.0.0.1:1/callback?code=c1&state={state}{iss}");
    assert_eq!(
        read(&request, &url("")).unwrap_err(),
        PastedError::Refused(AuthorizationError::WrongIssuer)
    );
    assert_eq!(
        read(&request, &url("&iss=https://evil.example")).unwrap_err(),
        PastedError::Refused(AuthorizationError::WrongIssuer)
    );
    assert!(read(&request, &url("&iss=https://a.example")).is_ok());
    assert!(read(&request, "c1").unwrap().verifier.is_some());
    assert!(read(&request, &format!("c1#{state}")).is_ok());
}

#[test]
fn a_pasted_denial_is_told() {
    let AuthorizationError::Refused(error) =
        refused("http://127.0.0.1:1/callback?error=access_denied&state=STATE")
    else {
        panic!()
    };
    assert_eq!(error.code, ErrorCode::AccessDenied);
}

#[test]
fn hostile_04_ambiguous_answers_are_refused() {
    assert_eq!(
        refused("?code=c1&code=c2&state=STATE"),
        AuthorizationError::Ambiguous
    );
    assert_eq!(
        refused("?code=c1&CODE=c2&state=STATE"),
        AuthorizationError::Ambiguous
    );
    assert_eq!(
        refused("?code=c1&error=access_denied&state=STATE"),
        AuthorizationError::Ambiguous
    );
}

#[test]
fn the_address_to_open_is_recognised() {
    let request = request();
    assert_eq!(
        read(&request, request.url().as_str()).unwrap_err(),
        PastedError::RequestUrl
    );
    assert_eq!(
        paste("https://a.example/authorize?response_type=code&client_id=c1"),
        Err(PastedError::RequestUrl)
    );
}

#[test]
fn hostile_05_what_is_no_code_is_refused() {
    for text in ["", " \n", "\"\"", "\u{1b}[200~\u{1b}[201~"] {
        assert_eq!(paste(text), Err(PastedError::Empty), "{text:?}");
    }
    for text in [
        "hello world",
        "c\u{1b}[2J1",
        "c\u{0}1",
        "c\t1",
        "http://127.0.0.1:1/callback",
        "https://a.example/?x=1",
        "com.example.app:/callback",
        "what is this?",
        "#STATE",
        "?code=%00&state=STATE",
        "?code=%0d%0a&state=STATE",
        "?code=%c0%ae&state=STATE",
    ] {
        assert_eq!(paste(text), Err(PastedError::Malformed), "{text:?}");
    }
}

#[test]
fn a_code_is_decoded_once_and_only_where_it_is_encoded() {
    assert_eq!(paste("a%252Fb").as_deref(), Ok("a%2Fb"));
    assert_eq!(paste("100%real").as_deref(), Ok("100%real"));
    assert_eq!(paste("a%0Ab").as_deref(), Ok("a%0Ab"));
    assert_eq!(paste("a+b").as_deref(), Ok("a+b"));
}

proptest! {
    #[test]
    fn never_panics(text in ".*|[\\x00-\\x7f]*|(https?://|code=|state=|#|\\?|&|%|[a-z0-9]|\\x1b\\[20[01]~|[\"<>' \n])*") {
        if let Ok(grant) = read(&request(), &text) {
            prop_assert!(!grant.code.expose().is_empty());
            prop_assert!(!grant.code.expose().contains(['\0', '\r', '\n']));
        }
    }

    #[test]
    fn bare_codes_of_every_kind_come_back(code in "[A-Za-z0-9._~!$*+/|@-]{1,80}") {
        prop_assert_eq!(paste(&code), Ok(code));
    }
}
