use super::*;
use crate::{client_auth::ClientAuthentication, secret::ClientSecret};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode, header::AUTHORIZATION};
use proptest::prelude::*;
use url::form_urlencoded::{Serializer, byte_serialize};

const FORM: &str = "application/x-www-form-urlencoded";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn headers(authorization: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, HeaderValue::from_str(authorization).unwrap());
    }
    headers
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

fn read(authorization: Option<&str>, body: &str) -> Result<EndpointRequest, EndpointRefusal> {
    EndpointRequest::read(&headers(authorization), body.as_bytes())
}

fn client(
    authorization: Option<&str>,
    body: &str,
) -> (String, ClientAuthentication, Option<ClientSecret>) {
    let client = read(authorization, body).expect(body).client;
    (client.client_id, client.method, client.secret)
}

fn refused(authorization: Option<&str>, body: &str) -> EndpointRefusal {
    let refusal = read(authorization, body).expect_err(body);
    assert!(!refusal.to_string().contains("canary"));
    refusal
}

fn form(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new())
        .append_pair("client_id", "c1")
        .extend_pairs(pairs)
        .finish()
}

fn grant(pairs: &[(&str, &str)]) -> Result<RequestedGrant, EndpointRefusal> {
    read(None, &form(pairs)).unwrap().grant()
}

fn code() -> Vec<(&'static str, &'static str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", "4711"),
        ("redirect_uri", "http://127.0.0.1:8080/cb"),
        ("code_verifier", VERIFIER),
    ]
}

fn with<'a>(
    mut pairs: Vec<(&'a str, &'a str)>,
    name: &'a str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    pairs.retain(|(known, _)| *known != name);
    pairs.push((name, value));
    pairs
}

#[test]
fn a_client_authenticates_by_one_method() {
    let secret = |text: &str| Some(ClientSecret::new(text));
    assert_eq!(
        client(None, "client_id=c1"),
        ("c1".into(), ClientAuthentication::None, None)
    );
    assert_eq!(
        client(None, "client_id=c1&client_secret="),
        ("c1".into(), ClientAuthentication::None, None)
    );
    assert_eq!(
        client(None, "client_id=c1&client_secret=a%2Bb"),
        ("c1".into(), ClientAuthentication::Post, secret("a+b"))
    );
    assert_eq!(
        client(Some(&basic("c1:s:1")), "client_id=c1&client_secret="),
        ("c1".into(), ClientAuthentication::Basic, secret("s:1"))
    );
    // RFC 6749, section 2.3.1: both are form-encoded first.
    assert_eq!(
        client(Some(&basic("c%3A1+x:%C3%A4+%25")), ""),
        (
            "c:1 x".into(),
            ClientAuthentication::Basic,
            secret("\u{e4} %")
        )
    );
    assert_eq!(
        client(Some(&basic("c1:s").replacen("Basic", "bAsIc ", 1)), "").2,
        secret("s")
    );
    // A public client that tries Basic.
    assert_eq!(
        client(Some(&basic("c1:")), ""),
        ("c1".into(), ClientAuthentication::None, None)
    );
}

#[test]
fn hostile_04_two_methods_or_two_clients_are_refused() {
    let basic = basic("c1:canary");
    for (authorization, body) in [
        (Some(basic.as_str()), "client_secret=canary"),
        (Some(basic.as_str()), "client_id=c1&client_secret=canary"),
        (Some(basic.as_str()), "client_id=c2"),
        (Some(basic.as_str()), "client_id=C1"),
        (Some(basic.as_str()), "client_assertion=canary"),
        (
            None,
            "client_id=c1&client_assertion=canary&client_assertion_type=x",
        ),
        (None, "client_id=c1&client_id=c1"),
        (
            None,
            "client_id=c1&client_secret=canary&client_secret=canary",
        ),
        (None, "client_id=c1&CLIENT_ID=canary"),
        (None, "client_id=c1&x=1&x=1"),
        (None, ""),
        (None, "client_id="),
        (None, "client_secret=canary"),
        (None, "client_id=%1b[2J"),
        (None, "client_id=%C3%A4"),
    ] {
        let refusal = refused(authorization, body);
        assert_eq!(
            (refusal.code, refusal.status),
            (ErrorCode::InvalidRequest, StatusCode::BAD_REQUEST),
            "{body}"
        );
    }
    let mut twice = headers(Some(&basic));
    twice.append(AUTHORIZATION, HeaderValue::from_str(&basic).unwrap());
    assert_eq!(
        EndpointRequest::read(&twice, b"").unwrap_err().code,
        ErrorCode::InvalidRequest
    );
}

#[test]
fn a_header_that_cannot_be_read_is_challenged() {
    let bad = [
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic canary!".to_owned(),
        "Bearer canary".to_owned(),
        "canary".to_owned(),
        String::new(),
        basic("canary"),
        basic(":canary"),
        basic("c1:%00canary"),
        basic("c1:%0acanary"),
        basic("c1:%canary"),
        basic("c1\n:canary"),
        basic("c1:xcanary").replace('=', ""),
        format!("Basic {}", STANDARD.encode(b"c1:\xff")),
    ];
    for authorization in &bad {
        let refusal = refused(Some(authorization), "client_id=c1");
        assert_eq!(
            (refusal.code, refusal.status),
            (ErrorCode::InvalidClient, StatusCode::UNAUTHORIZED),
            "{authorization}"
        );
        assert_eq!(refusal.challenge.unwrap(), "Basic realm=\"oauth\"");
    }
}

#[test]
fn hostile_04_forms_alone_are_read() {
    let body = b"client_id=c1";
    for kind in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded, application/json",
        "application/x-www-form-urlencodedx",
        "",
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        assert_eq!(
            EndpointRequest::read(&headers, body).unwrap_err().code,
            ErrorCode::InvalidRequest,
            "{kind}"
        );
    }
    assert!(EndpointRequest::read(&HeaderMap::new(), body).is_err());
    let mut two = headers(None);
    two.append(CONTENT_TYPE, HeaderValue::from_static(FORM));
    assert!(EndpointRequest::read(&two, body).is_err());
    for kind in [
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-Urlencoded ;x",
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        assert!(EndpointRequest::read(&headers, body).is_ok(), "{kind}");
    }
    for body in [
        &b"client_id=c1&x=\xff"[..],
        b"client_id=c1&x=%00",
        b"client_id=c1&x=%0d%0a",
        b"client_id=c1&x=%c0%ae",
        b"{\"client_id\":\"c1\"}",
    ] {
        assert!(EndpointRequest::read(&headers(None), body).is_err());
    }
    let long = format!("client_id=c1&x={}", "x".repeat(64 * 1024));
    assert!(read(None, &long).is_err());
}

#[test]
fn a_code_is_read_with_what_it_needs() {
    let mut pairs = code();
    pairs.extend([
        ("resource", "https://a.example"),
        ("resource", "https://b.example"),
        ("resource", "https://a.example"),
    ]);
    let Ok(RequestedGrant::Code {
        code: found,
        redirect_uri,
        verifier,
        resources,
    }) = grant(&pairs)
    else {
        panic!()
    };
    assert_eq!(found.expose(), "4711");
    assert_eq!(redirect_uri, "http://127.0.0.1:8080/cb");
    assert_eq!(verifier.expose(), VERIFIER);
    assert_eq!(resources, ["https://a.example", "https://b.example"]);
}

#[test]
fn hostile_15_a_code_without_a_verifier_is_refused() {
    let long = "x".repeat(129);
    for (name, value) in [
        ("code", ""),
        ("redirect_uri", ""),
        ("code_verifier", ""),
        ("code_verifier", &VERIFIER[1..]),
        ("code_verifier", &long),
        (
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk=",
        ),
        (
            "code_verifier",
            "dBjftJeZ4CVP mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
        ("grant_type", ""),
    ] {
        assert_eq!(
            grant(&with(code(), name, value)).unwrap_err().code,
            ErrorCode::InvalidRequest,
            "{name}={value}"
        );
    }
    assert!(grant(&with(code(), "code_verifier", &long[1..])).is_ok());
}

#[test]
fn other_grants_are_read_or_refused_by_name() {
    let refresh = vec![("grant_type", "refresh_token"), ("refresh_token", "F.S")];
    let Ok(RequestedGrant::Refresh {
        token,
        scopes,
        resources,
    }) = grant(&refresh)
    else {
        panic!()
    };
    assert_eq!(token.expose(), "F.S");
    assert!(scopes.is_none() && resources.is_empty());
    let Ok(RequestedGrant::Refresh { scopes, .. }) =
        grant(&with(refresh.clone(), "scope", "openid"))
    else {
        panic!()
    };
    assert_eq!(scopes, Some(Scopes::parse("openid")));
    assert_eq!(
        grant(&with(refresh.clone(), "scope", "\""))
            .unwrap_err()
            .code,
        ErrorCode::InvalidScope
    );
    assert_eq!(
        grant(&with(refresh.clone(), "resource", "x"))
            .unwrap_err()
            .code,
        ErrorCode::InvalidTarget
    );
    assert_eq!(
        grant(&with(refresh, "refresh_token", "")).unwrap_err().code,
        ErrorCode::InvalidRequest
    );
    let device = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", "D"),
    ];
    assert!(matches!(grant(&device), Ok(RequestedGrant::Device { code }) if code.expose() == "D"));
    assert_eq!(
        grant(&with(device, "device_code", "")).unwrap_err().code,
        ErrorCode::InvalidRequest
    );
    for name in [
        "password",
        "client_credentials",
        "implicit",
        "AUTHORIZATION_CODE",
        "authorization_code ",
    ] {
        assert_eq!(
            grant(&[("grant_type", name)]).unwrap_err().code,
            ErrorCode::UnsupportedGrantType,
            "{name}"
        );
    }
}

#[test]
fn a_token_to_be_revoked_or_looked_up_is_read() {
    let request = read(
        None,
        &form(&[("token", "T"), ("token_type_hint", "access_token")]),
    )
    .unwrap();
    assert_eq!(request.token().unwrap().expose(), "T");
    let refusal = read(None, &form(&[("token", "")]))
        .unwrap()
        .token()
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::InvalidRequest);
}

#[test]
fn what_a_device_asks_for_is_read() {
    let device = |pairs: &[(&str, &str)]| read(None, &form(pairs)).unwrap().device();
    assert_eq!(device(&[]), Ok(DeviceRequest::default()));
    let asked = device(&[
        ("scope", "openid deploy"),
        ("resource", "https://a.example"),
    ])
    .unwrap();
    assert_eq!(asked.scopes, Scopes::parse("openid deploy"));
    assert_eq!(asked.resources, ["https://a.example"]);
    for resource in [
        "a.example",
        "https://a.example/#x",
        "https://a.example/#",
        "https://a.example\\b",
        "urn:\u{e4}",
    ] {
        assert_eq!(
            device(&[("resource", resource)]).unwrap_err().code,
            ErrorCode::InvalidTarget,
            "{resource}"
        );
    }
    let long = format!("https://a.example/{}", "x".repeat(2000));
    assert_eq!(
        device(&[("resource", &long)]).unwrap_err().code,
        ErrorCode::InvalidTarget
    );
}

#[test]
fn hostile_23_what_is_shown_of_a_request_has_no_secret() {
    let pairs = with(with(code(), "code", "canary"), "client_secret", "canary");
    let request = read(None, &form(&pairs)).unwrap();
    assert!(!format!("{request:?} {:?}", request.grant()).contains("canary"));
}

proptest! {
    #[test]
    fn basic_is_read_as_it_is_written(id in "[ -~]{1,30}", secret in "[^\\x00\\r\\n]{1,30}") {
        let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(&id), encode(&secret));
        prop_assert_eq!(client(Some(&basic(&pair)), ""), (id.clone(), ClientAuthentication::Basic, Some(ClientSecret::new(&secret))));
        // And as our own client writes it.
        let ours = crate::client_auth::basic(&id, &ClientSecret::new(&secret)).unwrap();
        let mut headers = headers(None);
        headers.insert(AUTHORIZATION, ours);
        prop_assert_eq!(EndpointRequest::read(&headers, b"").unwrap().client.secret, Some(ClientSecret::new(secret)));
    }

    #[test]
    fn never_panics(authorization in prop::collection::vec(any::<u8>(), 0..60), pair in ".*", body in ".*|([a-z_]{0,12}=[a-z0-9%+.:/]{0,12}&?){0,6}") {
        let mut headers = headers(Some(&basic(&pair)));
        drop(EndpointRequest::read(&headers, body.as_bytes()));
        if let Ok(value) = HeaderValue::from_bytes(&authorization) {
            headers.insert(AUTHORIZATION, value);
            drop(EndpointRequest::read(&headers, body.as_bytes()));
        }
        if let Ok(request) = read(None, &body) {
            drop((request.grant(), request.token(), request.device()));
        }
    }
}
