use super::*;
use crate::{
    id_token,
    jwks::signing::{SigningKey, encode, unsigned},
    profile::ProviderProfile,
    secret::IdToken,
};
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://a.example";

static KEY: LazyLock<SigningKey> = LazyLock::new(SigningKey::p256);

fn keys(jwks: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": jwks }).to_string().as_bytes()).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "k", "typ": "at+jwt"})
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "u1", "aud": "https://api.example", "client_id": "c1", "scope": "openid deploy",
        "jti": "t1", "sid": "s1", "iat": NOW, "exp": NOW + 600,
    })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

fn check_token(token: String, audience: &[&str]) -> Result<AccessTokenClaims, AccessTokenError> {
    let issuer = Issuer::parse(ISSUER).unwrap();
    check(
        &AccessToken::new(token),
        &issuer,
        audience,
        &keys(&[KEY.jwk("k")]),
        now(),
    )
}

fn checked(header: &Value, claims: &Value) -> Result<AccessTokenClaims, AccessTokenError> {
    check_token(KEY.token(header, claims), &["https://api.example"])
}

fn refused_claims(claims: Value) -> AccessTokenError {
    checked(&header(), &claims).expect_err(&claims.to_string())
}

fn refused_header(header: Value) -> AccessTokenError {
    checked(&header, &claims()).expect_err(&header.to_string())
}

#[test]
fn a_right_token_gives_its_claims() {
    let found = checked(&header(), &claims()).unwrap();
    assert_eq!(found.issuer, ISSUER);
    assert_eq!(found.subject, "u1");
    assert_eq!(found.audience, ["https://api.example"]);
    assert_eq!(found.client_id, "c1");
    assert_eq!(found.scopes, Scopes::parse("openid deploy"));
    assert_eq!(
        (found.id.as_str(), found.session.as_deref()),
        ("t1", Some("s1"))
    );
    assert_eq!(found.issued_at, now());
    assert_eq!(found.expires_at, Timestamp::from_second(NOW + 600).unwrap());
    assert_eq!(found.all.len(), 9);
    let bare = without(without(claims(), "scope"), "sid");
    let found = checked(&header(), &bare).unwrap();
    assert!(found.scopes.is_empty() && found.session.is_none());
    for kind in ["AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert!(checked(&with(header(), "typ", kind.into()), &claims()).is_ok());
    }
}

#[test]
fn hostile_14_an_access_token_says_that_it_is_one_and_no_other_token_passes() {
    for kind in [
        json!("JWT"),
        json!("jwt"),
        json!(""),
        json!("at"),
        json!("at+jwt "),
        json!("application/"),
        json!("application/application/at+jwt"),
        json!("text/at+jwt"),
        json!("logout+jwt"),
    ] {
        assert_eq!(
            refused_header(with(header(), "typ", kind)),
            AccessTokenError::Header
        );
    }
    assert_eq!(
        refused_header(without(header(), "typ")),
        AccessTokenError::Header
    );
    assert_eq!(
        refused_header(with(header(), "typ", json!(["at+jwt"]))),
        AccessTokenError::Malformed
    );
    // And the other way round.
    let profile = ProviderProfile {
        issuer: Some(Issuer::parse(ISSUER).unwrap()),
        client_id: Some("https://api.example".into()),
        ..ProviderProfile::named("x")
    };
    let token = KEY.token(&header(), &claims());
    let keys = keys(&[KEY.jwk("k")]);
    let as_id_token = |token: &str| {
        id_token::check(&IdToken::new(token), &profile, &keys, None, now())
            .map(|claims| claims.subject)
    };
    assert!(matches!(
        as_id_token(&token),
        Err(id_token::IdTokenError::Type(_))
    ));
    let id_token = KEY.token(&json!({"alg": "ES256", "kid": "k"}), &claims());
    assert!(as_id_token(&id_token).is_ok());
    assert_eq!(check_token(id_token, &[]), Err(AccessTokenError::Header));
}

#[test]
fn hostile_13_none_hmac_and_foreign_algorithms_are_refused() {
    let jwk = KEY.jwk("k");
    for algorithm in [
        "none", "None", "NONE", "HS256", "HS512", "", "es256", "ES512",
    ] {
        let message = unsigned(&with(header(), "alg", algorithm.into()), &claims());
        let secret = aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA256,
            jwk["x"].as_str().unwrap().as_bytes(),
        );
        let mac = encode(aws_lc_rs::hmac::sign(&secret, message.as_bytes()).as_ref());
        for signature in ["", mac.as_str()] {
            let error = check_token(format!("{message}.{signature}"), &[]).unwrap_err();
            assert_eq!(error, AccessTokenError::Algorithm, "{algorithm}");
        }
    }
    // Of the right sort, but not this key's.
    for algorithm in ["RS256", "ES384", "EdDSA"] {
        assert_eq!(
            refused_header(with(header(), "alg", algorithm.into())),
            AccessTokenError::UnknownKey
        );
    }
    assert_eq!(
        refused_header(without(header(), "alg")),
        AccessTokenError::Malformed
    );
    assert_eq!(
        refused_header(with(header(), "alg", 7.into())),
        AccessTokenError::Malformed
    );
}

#[test]
fn hostile_13_headers_that_choose_the_key_or_are_critical_are_refused() {
    for (name, value) in [
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/x")),
        ("jwk", KEY.jwk("k")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("jku", Value::Null),
    ] {
        assert_eq!(
            refused_header(with(header(), name, value)),
            AccessTokenError::Header
        );
    }
    assert_eq!(
        refused_header(with(header(), "kid", "other".into())),
        AccessTokenError::UnknownKey
    );
    assert_eq!(
        refused_header(with(header(), "kid", 1.into())),
        AccessTokenError::Malformed
    );
    assert!(checked(&without(header(), "kid"), &claims()).is_ok());
    // Who brings a key of his own signs for himself.
    let other = SigningKey::p256();
    assert_eq!(
        check_token(other.token(&header(), &claims()), &[]),
        Err(AccessTokenError::Signature)
    );
}

#[test]
fn hostile_13_no_byte_of_a_token_can_be_changed() {
    let token = KEY.token(&header(), &claims());
    for (index, byte) in token.bytes().enumerate() {
        let mut changed = token.clone().into_bytes();
        changed[index] = if byte == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(check_token(changed, &[]).is_err(), "byte {index}");
    }
    for changed in [
        format!("{token}."),
        format!(".{token}"),
        format!("{token}="),
        format!("{token} "),
        format!("{token}\n"),
        format!("Bearer {token}"),
        token.replacen('.', "..", 1),
        String::new(),
        "..".to_owned(),
        "a.b.c".to_owned(),
    ] {
        assert_eq!(
            check_token(changed, &[]).unwrap_err(),
            AccessTokenError::Malformed
        );
    }
}

#[test]
fn hostile_14_another_issuer_or_resource_is_refused() {
    for issuer in [
        json!("https://a.example/"),
        json!("https://A.example"),
        json!("https://evil.example"),
        json!(""),
    ] {
        assert_eq!(
            refused_claims(with(claims(), "iss", issuer)),
            AccessTokenError::Issuer
        );
    }
    assert_eq!(
        refused_claims(without(claims(), "iss")),
        AccessTokenError::Issuer
    );
    for audience in [
        json!("https://api.example/"),
        json!(["https://other.example"]),
        json!("https://api.example https://other.example"),
    ] {
        assert_eq!(
            refused_claims(with(claims(), "aud", audience)),
            AccessTokenError::Audience
        );
    }
    for audience in [
        json!([]),
        json!(7),
        json!(["https://api.example", 7]),
        Value::Null,
    ] {
        assert_eq!(
            refused_claims(with(claims(), "aud", audience)),
            AccessTokenError::Malformed
        );
    }
    assert_eq!(
        refused_claims(without(claims(), "aud")),
        AccessTokenError::Malformed
    );
    let several = with(
        claims(),
        "aud",
        json!(["https://other.example", "https://api.example"]),
    );
    assert!(checked(&header(), &several).is_ok());
    // Whoever asks for none in particular takes any, but there has to be one.
    assert!(check_token(KEY.token(&header(), &several), &[]).is_ok());
    let none = KEY.token(&header(), &without(claims(), "aud"));
    assert_eq!(check_token(none, &[]), Err(AccessTokenError::Malformed));
}

#[test]
fn hostile_14_times_are_borne_by_sixty_seconds() {
    let at = |name: &str, seconds: i64| checked(&header(), &with(claims(), name, seconds.into()));
    assert!(at("exp", NOW - 59).is_ok());
    assert_eq!(at("exp", NOW - 60), Err(AccessTokenError::Expired));
    assert!(at("iat", NOW + 60).is_ok());
    assert_eq!(at("iat", NOW + 61), Err(AccessTokenError::NotYet));
    assert!(at("nbf", NOW + 60).is_ok());
    assert_eq!(at("nbf", NOW + 61), Err(AccessTokenError::NotYet));
    assert_eq!(at("exp", i64::MAX), Err(AccessTokenError::Malformed));
    assert_eq!(at("exp", i64::MIN), Err(AccessTokenError::Expired));
    assert!(checked(&header(), &with(claims(), "exp", json!(NOW as f64 + 0.5))).is_ok());
}

#[test]
fn claims_that_must_be_there_are_text() {
    for name in ["sub", "client_id", "jti"] {
        for claims in [
            without(claims(), name),
            with(claims(), name, "".into()),
            with(claims(), name, 7.into()),
            with(claims(), name, Value::Null),
        ] {
            assert_eq!(refused_claims(claims), AccessTokenError::Malformed);
        }
    }
    for (name, value) in [
        ("exp", json!("1800000600")),
        ("iat", Value::Null),
        ("nbf", json!("x")),
        ("scope", json!(["openid"])),
        ("sid", json!(7)),
    ] {
        assert_eq!(
            refused_claims(with(claims(), name, value)),
            AccessTokenError::Malformed
        );
    }
}

#[test]
fn hostile_02_a_token_over_the_cap_is_not_read() {
    let long = with(claims(), "x", "x".repeat(64 * 1024).into());
    assert_eq!(refused_claims(long), AccessTokenError::Malformed);
}

proptest! {
    #[test]
    fn never_panics(token in ".*|[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]*") {
        prop_assert!(check_token(token, &[]).is_err());
    }

    #[test]
    fn signed_nonsense_is_refused_without_a_panic(name in "aud|exp|iat|nbf|sub|jti|client_id|scope|sid|iss", value in "[-0-9.e\"\\[\\]{}a-z]{0,20}") {
        let value = serde_json::from_str(&value).unwrap_or(Value::Null);
        drop(checked(&header(), &with(claims(), &name, value)));
    }
}
