use super::*;
use crate::{
    authorization::ErrorCode,
    client_auth::ClientAuthentication,
    endpoint::Endpoint,
    profile::{BodyFormat, ProfileError, ProviderProfile},
    secret::{AuthorizationCode, ClientSecret, CodeVerifier, State},
};
use proptest::prelude::*;

fn profile() -> ProviderProfile {
    ProviderProfile {
        token_endpoint: Some(Endpoint::parse("https://a.example/token?v=2").unwrap()),
        client_id: Some("c1".into()),
        ..ProviderProfile::named("x")
    }
}

fn code_grant() -> CodeGrant {
    CodeGrant {
        code: AuthorizationCode::new("a/b"),
        state: State::new("st"),
        verifier: Some(CodeVerifier::new("ver")),
        nonce: None,
        redirect_uri: "http://127.0.0.1:1/callback".into(),
    }
}

fn body(profile: &ProviderProfile, grant: &Grant<'_>) -> String {
    String::from_utf8(request(profile, grant).unwrap().into_body()).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn answered(
    profile: &ProviderProfile,
    status: u16,
    body: impl Into<Vec<u8>>,
) -> Result<TokenResponse, TokenError> {
    response(
        profile,
        &http::Response::builder()
            .status(status)
            .body(body.into())
            .unwrap(),
        now(),
    )
}

fn token(json: &str) -> Result<TokenResponse, TokenError> {
    answered(&profile(), 200, json)
}

#[test]
fn a_code_exchange_is_a_form_that_accepts_json() {
    let grant = code_grant();
    let sent = request(&profile(), &Grant::Code(&grant)).unwrap();
    assert_eq!(
        (sent.method().as_str(), sent.uri().to_string().as_str()),
        ("POST", "https://a.example/token?v=2")
    );
    assert_eq!(sent.headers()["accept"], "application/json");
    assert_eq!(
        sent.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert!(!sent.headers().contains_key("authorization"));
    let expected = "grant_type=authorization_code&code=a%2Fb&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&code_verifier=ver&client_id=c1";
    assert_eq!(body(&profile(), &Grant::Code(&grant)), expected);
}

#[test]
fn json_with_state_as_anthropic_wants_it() {
    let mut profile = profile();
    profile.token_request_format = BodyFormat::Json;
    profile.state_in_token_request = true;
    let grant = code_grant();
    let sent = request(&profile, &Grant::Code(&grant)).unwrap();
    assert_eq!(sent.headers()["content-type"], "application/json");
    let sent: serde_json::Value = serde_json::from_slice(sent.body()).unwrap();
    let expected = serde_json::json!({
        "grant_type": "authorization_code", "code": "a/b", "redirect_uri": "http://127.0.0.1:1/callback",
        "code_verifier": "ver", "state": "st", "client_id": "c1",
    });
    assert_eq!(sent, expected);
}

#[test]
fn a_refresh_has_no_scope_unless_the_profile_wants_it() {
    let mut profile = profile();
    let (refresh, scopes) = (RefreshToken::new("r"), Scopes::parse("a b"));
    let grant = Grant::Refresh {
        token: &refresh,
        scopes: Some(&scopes),
    };
    assert_eq!(
        body(&profile, &grant),
        "grant_type=refresh_token&refresh_token=r&client_id=c1"
    );
    profile.refresh_without_scope = false;
    profile.scope_separator = ',';
    assert_eq!(
        body(&profile, &grant),
        "grant_type=refresh_token&refresh_token=r&scope=a%2Cb&client_id=c1"
    );
    let grant = Grant::Refresh {
        token: &refresh,
        scopes: None,
    };
    assert_eq!(
        body(&profile, &grant),
        "grant_type=refresh_token&refresh_token=r&client_id=c1"
    );
}

#[test]
fn device_and_client_credentials() {
    let device = DeviceCode::new("d");
    let expected = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d&client_id=c1";
    assert_eq!(body(&profile(), &Grant::Device(&device)), expected);
    let mut confidential = profile();
    confidential.client_secret = Some(ClientSecret::new("s"));
    let scopes = Scopes::parse("a");
    let sent = request(&confidential, &Grant::ClientCredentials { scopes: &scopes }).unwrap();
    assert_eq!(sent.body(), b"grant_type=client_credentials&scope=a");
    assert_eq!(sent.headers()["authorization"], "Basic YzE6cw==");
    assert!(sent.headers()["authorization"].is_sensitive());
    confidential.client_authentication = Some(ClientAuthentication::Post);
    let sent = request(
        &confidential,
        &Grant::ClientCredentials {
            scopes: &Scopes::default(),
        },
    )
    .unwrap();
    assert_eq!(
        sent.body(),
        b"grant_type=client_credentials&client_id=c1&client_secret=s"
    );
}

#[test]
fn resources_and_extra_parameters_go_along_once() {
    let mut profile = profile();
    profile.resources = vec!["https://r.example/1".into(), "https://r.example/2".into()];
    profile
        .token_parameters
        .insert("audience".into(), "x".into());
    let device = DeviceCode::new("d");
    assert!(body(&profile, &Grant::Device(&device)).ends_with("&client_id=c1&audience=x&resource=https%3A%2F%2Fr.example%2F1&resource=https%3A%2F%2Fr.example%2F2"));
    profile
        .token_parameters
        .insert("resource".into(), "own".into());
    profile
        .token_parameters
        .insert("scope".into(), "own".into());
    let scopes = Scopes::parse("a");
    let sent = body(&profile, &Grant::ClientCredentials { scopes: &scopes });
    assert_eq!(
        sent,
        "grant_type=client_credentials&client_id=c1&audience=x&resource=own&scope=own"
    );
    profile
        .token_parameters
        .insert("Code_Verifier".into(), "x".into());
    assert!(matches!(
        request(&profile, &Grant::Device(&device)),
        Err(ProfileError::Reserved {
            table: "token_parameters",
            ..
        })
    ));
}

#[test]
fn a_plain_answer() {
    let token = token(r#"{"access_token":"at","token_type":"bearer","expires_in":3600,"refresh_token":"rt","scope":"a b","id_token":"x.y.z"}"#).unwrap();
    assert_eq!(token.access_token, AccessToken::new("at"));
    assert_eq!(token.token_type, "bearer");
    assert_eq!(
        token.expires_at,
        Some(Timestamp::from_second(1_800_003_600).unwrap())
    );
    assert_eq!(token.issued_at, now());
    assert_eq!(token.refresh_token, Some(RefreshToken::new("rt")));
    assert_eq!(token.scope, Some(Scopes::parse("a b")));
    assert_eq!(token.id_token, Some(IdToken::new("x.y.z")));
}

#[test]
fn the_least_answer_and_githubs_form() {
    let least = token(r#"{"access_token":"at"}"#).unwrap();
    assert_eq!(least.token_type, "Bearer");
    assert!(
        least.expires_at.is_none()
            && least.refresh_token.is_none()
            && least.scope.is_none()
            && least.id_token.is_none()
    );
    let form = token("access_token=gho_1&scope=repo%2Cuser&token_type=bearer").unwrap();
    assert_eq!(form.access_token, AccessToken::new("gho_1"));
    assert_eq!(form.scope, Some(Scopes::parse("repo user")));
}

#[test]
fn lifetimes_of_all_kinds() {
    let lifetime = |value: &str| {
        let token = token(&format!(r#"{{"access_token":"at","expires_in":{value}}}"#)).unwrap();
        token
            .expires_at
            .map(|at| at.as_second() - now().as_second())
    };
    for (value, expected) in [
        ("3600", Some(3600)),
        ("\"3600\"", Some(3600)),
        ("3600.7", Some(3600)),
        ("0", None),
        ("-5", None),
        ("null", None),
        ("\"\"", None),
    ] {
        assert_eq!(lifetime(value), expected, "{value}");
    }
    for huge in ["999999999999999999", "99999999999999999999999", "\"1e300\""] {
        let token = token(&format!(r#"{{"access_token":"at","expires_in":{huge}}}"#)).unwrap();
        assert_eq!(token.expires_at, Some(Timestamp::MAX), "{huge}");
    }
}

#[test]
fn scopes_and_refresh_tokens_that_say_nothing() {
    for scope in ["\"\"", "null", "[]", "7"] {
        assert_eq!(
            token(&format!(r#"{{"access_token":"at","scope":{scope}}}"#))
                .unwrap()
                .scope,
            None,
            "{scope}"
        );
    }
    assert_eq!(
        token(r#"{"access_token":"at","scope":["a","b"]}"#)
            .unwrap()
            .scope,
        Some(Scopes::parse("a b"))
    );
    for refresh in ["\"\"", "null", "false"] {
        assert_eq!(
            token(&format!(
                r#"{{"access_token":"at","refresh_token":{refresh}}}"#
            ))
            .unwrap()
            .refresh_token,
            None,
            "{refresh}"
        );
    }
}

#[test]
fn long_tokens_pass() {
    let long = "x".repeat(16 * 1024);
    assert_eq!(
        token(&format!(r#"{{"access_token":"{long}"}}"#))
            .unwrap()
            .access_token
            .expose(),
        long
    );
    assert_eq!(
        token(&format!("access_token={long}&token_type=bearer"))
            .unwrap()
            .access_token
            .expose(),
        long
    );
}

#[test]
fn hostile_05_tokens_that_would_break_a_header_are_refused() {
    for bad in [
        "a\\r\\nX-Evil: 1",
        "a\\nb",
        "a\\u0000b",
        "a b",
        "ä",
        "a\\u007f",
    ] {
        assert!(
            matches!(
                token(&format!(r#"{{"access_token":"{bad}"}}"#)),
                Err(TokenError::Malformed { excerpt: None, .. })
            ),
            "{bad}"
        );
        assert!(
            token(&format!(
                r#"{{"access_token":"at","refresh_token":"{bad}"}}"#
            ))
            .is_err(),
            "{bad}"
        );
    }
}

#[test]
fn answers_without_a_token_are_malformed() {
    for body in [
        "{}",
        r#"{"access_token":""}"#,
        r#"{"access_token":null}"#,
        r#"{"access_token":7}"#,
        r#"{"access_token":["a"]}"#,
        "[]",
        "",
        "<html>",
        r#"{"access_token":"at","token_type":7}"#,
    ] {
        assert_eq!(
            token(body).unwrap_err(),
            TokenError::Malformed {
                status: 200,
                excerpt: None
            },
            "{body}"
        );
    }
    assert!(answered(&profile(), 302, r#"{"access_token":"at"}"#).is_err());
    assert!(answered(&profile(), 400, r#"{"access_token":"at"}"#).is_err());
}

#[test]
fn other_types_than_bearer_are_refused_unless_the_profile_knows_them() {
    let json = |kind: &str| format!(r#"{{"access_token":"at","token_type":"{kind}"}}"#);
    for kind in ["BEARER", "bEaReR"] {
        assert_eq!(token(&json(kind)).unwrap().token_type, kind);
    }
    assert_eq!(token(&json("")).unwrap().token_type, "Bearer");
    for kind in ["DPoP", "mac", "user"] {
        assert!(
            matches!(token(&json(kind)), Err(TokenError::UnsupportedType(_))),
            "{kind}"
        );
    }
    let slack = ProviderProfile {
        token_type_aliases: vec!["user".into()],
        ..profile()
    };
    assert_eq!(
        answered(&slack, 200, json("User")).unwrap().token_type,
        "Bearer"
    );
}

#[test]
fn slacks_wrapping() {
    let slack = ProviderProfile {
        token_pointer: Some("/authed_user".into()),
        success_pointer: Some("/ok".into()),
        token_type_aliases: vec!["user".into()],
        ..profile()
    };
    let nested = r#"{"ok":true,"access_token":"bot","authed_user":{"access_token":"person","token_type":"user","scope":"a,b"}}"#;
    let token = answered(&slack, 200, nested).unwrap();
    assert_eq!(token.access_token, AccessToken::new("person"));
    assert_eq!(token.scope, Some(Scopes::parse("a b")));
    let flat = answered(
        &slack,
        200,
        r#"{"ok":true,"access_token":"fresh","token_type":"user"}"#,
    )
    .unwrap();
    assert_eq!(flat.access_token, AccessToken::new("fresh"));
    let bot_only = r#"{"ok":true,"access_token":"bot","authed_user":{"id":"U1"}}"#;
    assert!(matches!(
        answered(&slack, 200, bot_only),
        Err(TokenError::Malformed { .. })
    ));
    let Err(TokenError::Refused(error)) =
        answered(&slack, 200, r#"{"ok":false,"error":"code_already_used"}"#)
    else {
        panic!()
    };
    assert_eq!(error.code, ErrorCode::InvalidGrant);
    assert!(matches!(
        answered(&slack, 200, r#"{"ok":false,"access_token":"at"}"#),
        Err(TokenError::Malformed { .. })
    ));
}

#[test]
fn hostile_06_errors_are_inert_and_echo_nothing() {
    let Err(error) = answered(
        &profile(),
        400,
        r#"{"error":"invalid_grant","error_description":"bad\u001b[2J token 'canary0123456789canary0123'"}"#,
    ) else {
        panic!()
    };
    assert_eq!(
        error.to_string(),
        "invalid_grant: bad\u{fffd}[2J token '[…]'"
    );
}

#[test]
fn nothing_of_a_token_is_in_debug() {
    let token =
        token(r#"{"access_token":"canary1","refresh_token":"canary2","id_token":"canary3"}"#)
            .unwrap();
    assert!(!format!("{token:?}").contains("canary"));
}

proptest! {
    #[test]
    fn never_panics(body in prop::collection::vec(any::<u8>(), 0..200), fields in "(\"(access_token|expires_in|scope|token_type|error|ok|authed_user)\":[-0-9a-z\"\\[\\]{}.,e]{0,12},){0,4}", status in 200u16..600) {
        let slack = ProviderProfile { token_pointer: Some("/authed_user".into()), success_pointer: Some("/ok".into()), ..profile() };
        drop(answered(&slack, status, body));
        drop(answered(&slack, status, format!("{{{}}}", fields.trim_end_matches(','))));
        drop(answered(&profile(), status, fields));
    }

    #[test]
    fn form_bodies_come_back(code in "[ -~]{1,40}", secret in "\\PC{1,20}") {
        let mut profile = profile();
        profile.client_secret = Some(ClientSecret::new(secret.clone()));
        profile.client_authentication = Some(ClientAuthentication::Post);
        let grant = CodeGrant { code: AuthorizationCode::new(code.clone()), ..code_grant() };
        let sent = body(&profile, &Grant::Code(&grant));
        let read = crate::parameters::Parameters::parse(&sent).unwrap();
        prop_assert_eq!(read.get("code"), Some(code.as_str()));
        prop_assert_eq!(read.get("client_secret"), Some(secret.as_str()));
    }
}
