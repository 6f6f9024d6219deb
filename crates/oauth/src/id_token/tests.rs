use super::*;
use crate::{
    endpoint::Issuer,
    jwks::signing::{SigningKey, encode, unsigned},
};
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;

const NOW: i64 = 1_800_000_000;

static KEY: LazyLock<SigningKey> = LazyLock::new(SigningKey::p256);
static RSA: LazyLock<SigningKey> = LazyLock::new(SigningKey::rsa);

fn profile() -> ProviderProfile {
    ProviderProfile {
        issuer: Some(Issuer::parse("https://a.example").unwrap()),
        client_id: Some("c1".into()),
        ..ProviderProfile::named("x")
    }
}

fn keys(jwks: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": jwks }).to_string().as_bytes()).unwrap()
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "k", "typ": "JWT"})
}

fn claims() -> Value {
    json!({"iss": "https://a.example", "aud": "c1", "sub": "s1", "exp": NOW + 300, "iat": NOW, "nonce": "n1", "email": "a@x.example"})
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

fn check_token(token: String) -> Result<Claims, IdTokenError> {
    let nonce = Nonce::new("n1");
    check(
        &IdToken::new(token),
        &profile(),
        &keys(&[KEY.jwk("k")]),
        Some(&nonce),
        Timestamp::from_second(NOW).unwrap(),
    )
}

fn checked(header: &Value, claims: &Value) -> Result<Claims, IdTokenError> {
    check_token(KEY.token(header, claims))
}

fn refused_claims(claims: Value) -> IdTokenError {
    checked(&header(), &claims).expect_err(&claims.to_string())
}

fn refused_header(header: Value) -> IdTokenError {
    checked(&header, &claims()).expect_err(&header.to_string())
}

#[test]
fn a_right_token_gives_its_claims() {
    let found = checked(&header(), &claims()).unwrap();
    assert_eq!(found.subject, "s1");
    assert_eq!(found.all.get("email"), Some(&"a@x.example".into()));
    for header in [
        json!({"alg": "ES256"}),
        with(header(), "typ", "jwt".into()),
        with(header(), "x5t", "abc".into()),
    ] {
        assert!(checked(&header, &claims()).is_ok(), "{header}");
    }
}

#[test]
fn every_asymmetric_algorithm_works() {
    let (rsa, p384, ed) = (&*RSA, SigningKey::p384(), SigningKey::ed25519());
    let set = keys(&[rsa.jwk("r"), p384.jwk("p"), ed.jwk("e")]);
    let signed = [
        ("RS256", rsa),
        ("RS384", rsa),
        ("RS512", rsa),
        ("PS256", rsa),
        ("PS384", rsa),
        ("PS512", rsa),
        ("ES384", &p384),
        ("EdDSA", &ed),
        ("Ed25519", &ed),
    ];
    for (algorithm, key) in signed {
        let token = IdToken::new(key.token(&json!({"alg": algorithm}), &claims()));
        assert!(
            check(
                &token,
                &profile(),
                &set,
                None,
                Timestamp::from_second(NOW).unwrap()
            )
            .is_ok(),
            "{algorithm}"
        );
    }
}

#[test]
fn hostile_13_none_and_hmac_are_refused() {
    let rsa = RSA.jwk("k");
    // The classic: the public key as HMAC secret. And no signature at all.
    for algorithm in [
        "none", "None", "HS256", "HS384", "HS512", "", "ES512", "es256",
    ] {
        let message = unsigned(&json!({"alg": algorithm, "kid": "k"}), &claims());
        let secret = aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA256,
            rsa["n"].as_str().unwrap().as_bytes(),
        );
        let mac = encode(aws_lc_rs::hmac::sign(&secret, message.as_bytes()).as_ref());
        for signature in [mac.as_str(), ""] {
            let token = IdToken::new(format!("{message}.{signature}"));
            let error = check(
                &token,
                &profile(),
                &keys(std::slice::from_ref(&rsa)),
                None,
                Timestamp::from_second(NOW).unwrap(),
            )
            .unwrap_err();
            assert_eq!(error, IdTokenError::Algorithm(Untrusted::new(algorithm)));
        }
    }
    let mut profile = profile();
    profile.id_token_signing_alg_values_supported = vec!["HS256".into(), "none".into()];
    let token = IdToken::new(KEY.token(&header(), &claims()));
    let error = check(
        &token,
        &profile,
        &keys(&[KEY.jwk("k")]),
        None,
        Timestamp::from_second(NOW).unwrap(),
    )
    .unwrap_err();
    assert_eq!(
        error,
        IdTokenError::Algorithm("ES256".into()),
        "what a provider lists cannot allow what we refuse"
    );
}

#[test]
fn hostile_13_headers_that_choose_the_key_or_are_critical_are_refused() {
    assert_eq!(
        refused_header(with(header(), "crit", json!(["exp"]))),
        IdTokenError::Header("crit")
    );
    assert_eq!(
        refused_header(with(header(), "jku", "https://evil.example/jwks".into())),
        IdTokenError::Header("jku")
    );
    assert_eq!(
        refused_header(with(header(), "x5u", "https://evil.example/x".into())),
        IdTokenError::Header("x5u")
    );
    assert_eq!(
        refused_header(with(header(), "jwk", KEY.jwk("k"))),
        IdTokenError::Header("jwk")
    );
}

#[test]
fn hostile_13_unknown_keys_and_wrong_signatures() {
    assert_eq!(
        refused_header(with(header(), "kid", "other".into())),
        IdTokenError::UnknownKey
    );
    assert_eq!(
        refused_header(with(header(), "kid", 7.into())),
        IdTokenError::Malformed
    );
    assert_eq!(
        check_token(SigningKey::p256().token(&header(), &claims())).unwrap_err(),
        IdTokenError::Signature
    );
    // The right key under an algorithm of another kind.
    assert_eq!(
        refused_header(with(header(), "alg", "RS256".into())),
        IdTokenError::UnknownKey
    );
    let token = KEY.token(&header(), &claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (head, _) = message.split_once('.').unwrap();
    let forged = with(claims(), "sub", "admin".into()).to_string();
    assert_eq!(
        check_token(format!("{head}.{}.{signature}", encode(forged.as_bytes()))).unwrap_err(),
        IdTokenError::Signature
    );
    assert_eq!(
        check_token(format!("{message}.")).unwrap_err(),
        IdTokenError::Signature
    );
}

#[test]
fn hostile_13_the_algorithms_of_the_provider_bind() {
    let mut profile = profile();
    profile.id_token_signing_alg_values_supported = vec!["RS256".into(), "EdDSA".into()];
    let now = Timestamp::from_second(NOW).unwrap();
    let error = check(
        &IdToken::new(KEY.token(&header(), &claims())),
        &profile,
        &keys(&[KEY.jwk("k")]),
        None,
        now,
    )
    .unwrap_err();
    assert_eq!(error, IdTokenError::Algorithm("ES256".into()));
    let ed = SigningKey::ed25519();
    let token = IdToken::new(ed.token(&json!({"alg": "Ed25519"}), &claims()));
    assert!(check(&token, &profile, &keys(&[ed.jwk("k")]), None, now).is_ok());
}

#[test]
fn hostile_12_the_issuer_is_compared_exactly() {
    for issuer in [
        "https://a.example/",
        "HTTPS://a.example",
        "https://evil.example",
        "a.example",
        "",
    ] {
        assert_eq!(
            refused_claims(with(claims(), "iss", issuer.into())),
            IdTokenError::Issuer,
            "{issuer}"
        );
    }
    assert_eq!(
        refused_claims(without(claims(), "iss")),
        IdTokenError::Issuer
    );
    assert_eq!(
        refused_claims(with(claims(), "iss", json!(["https://a.example"]))),
        IdTokenError::Issuer
    );
    let nameless = ProviderProfile {
        issuer: None,
        ..profile()
    };
    let token = IdToken::new(KEY.token(&header(), &claims()));
    let error = check(
        &token,
        &nameless,
        &keys(&[KEY.jwk("k")]),
        None,
        Timestamp::from_second(NOW).unwrap(),
    )
    .unwrap_err();
    assert_eq!(error, IdTokenError::Issuer);
}

#[test]
fn hostile_14_audience_and_authorized_party() {
    for audience in [
        json!("c2"),
        json!(["c2"]),
        json!([]),
        json!(7),
        Value::Null,
        json!("C1"),
        json!("c1 "),
        json!([["c1"]]),
    ] {
        assert_eq!(
            refused_claims(with(claims(), "aud", audience)),
            IdTokenError::Audience
        );
    }
    assert_eq!(
        refused_claims(without(claims(), "aud")),
        IdTokenError::Audience
    );
    assert!(checked(&header(), &with(claims(), "aud", json!(["c1"]))).is_ok());
    let several = with(claims(), "aud", json!(["c2", "c1"]));
    assert_eq!(
        refused_claims(several.clone()),
        IdTokenError::AuthorizedParty
    );
    assert!(checked(&header(), &with(several.clone(), "azp", "c1".into())).is_ok());
    for party in [json!("c2"), json!(7), Value::Null] {
        assert_eq!(
            refused_claims(with(several.clone(), "azp", party.clone())),
            IdTokenError::AuthorizedParty
        );
        assert_eq!(
            refused_claims(with(claims(), "azp", party)),
            IdTokenError::AuthorizedParty
        );
    }
}

#[test]
fn hostile_14_times_beyond_sixty_seconds_of_skew() {
    let at = |name: &str, offset: i64| {
        checked(&header(), &with(claims(), name, (NOW + offset).into())).map(drop)
    };
    assert_eq!(at("exp", -59), Ok(()));
    assert_eq!(at("exp", -60), Err(IdTokenError::Expired));
    assert_eq!(at("nbf", 60), Ok(()));
    assert_eq!(at("nbf", 61), Err(IdTokenError::NotYet));
    assert_eq!(at("iat", 60), Ok(()));
    assert_eq!(at("iat", 61), Err(IdTokenError::NotYet));
    assert_eq!(at("iat", -100_000), Ok(()));
    let issued_ahead = with(with(claims(), "nbf", NOW.into()), "iat", (NOW + 61).into());
    assert_eq!(refused_claims(issued_ahead), IdTokenError::NotYet);
    assert!(checked(&header(), &with(claims(), "exp", json!(NOW as f64 + 0.5))).is_ok());
    assert!(checked(&header(), &with(claims(), "exp", json!(1e30))).is_ok());
    assert_eq!(
        refused_claims(with(claims(), "exp", json!(-1e30))),
        IdTokenError::Expired
    );
    assert_eq!(
        refused_claims(with(claims(), "iat", json!(u64::MAX))),
        IdTokenError::NotYet
    );
    for name in ["exp", "iat"] {
        assert_eq!(
            refused_claims(without(claims(), name)),
            IdTokenError::Malformed
        );
        assert_eq!(
            refused_claims(with(claims(), name, "1".into())),
            IdTokenError::Malformed
        );
    }
    assert_eq!(
        refused_claims(with(claims(), "nbf", Value::Null)),
        IdTokenError::Malformed
    );
}

#[test]
fn hostile_14_the_nonce_is_due_where_one_was_sent() {
    for nonce in [json!("n2"), json!(""), json!(1), Value::Null, json!(["n1"])] {
        assert_eq!(
            refused_claims(with(claims(), "nonce", nonce)),
            IdTokenError::Nonce
        );
    }
    assert_eq!(
        refused_claims(without(claims(), "nonce")),
        IdTokenError::Nonce
    );
    let token = IdToken::new(KEY.token(&header(), &without(claims(), "nonce")));
    assert!(
        check(
            &token,
            &profile(),
            &keys(&[KEY.jwk("k")]),
            None,
            Timestamp::from_second(NOW).unwrap()
        )
        .is_ok()
    );
}

#[test]
fn hostile_14_other_types_of_token_are_refused() {
    for kind in ["at+jwt", "logout+jwt", "secevent+jwt", ""] {
        assert_eq!(
            refused_header(with(header(), "typ", kind.into())),
            IdTokenError::Type(kind.into())
        );
    }
    assert_eq!(
        refused_header(with(header(), "typ", 1.into())),
        IdTokenError::Malformed
    );
}

#[test]
fn a_subject_is_due() {
    for subject in [json!(""), json!(1), Value::Null] {
        assert_eq!(
            refused_claims(with(claims(), "sub", subject)),
            IdTokenError::Malformed
        );
    }
    assert_eq!(
        refused_claims(without(claims(), "sub")),
        IdTokenError::Malformed
    );
}

#[test]
fn what_is_no_signed_jwt_is_malformed() {
    let token = KEY.token(&header(), &claims());
    for text in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        &format!("{token}.x"),
        &format!("x.{token}"),
        &format!("{token}="),
        &format!(" {token}"),
        &"x".repeat(70_000),
    ] {
        assert_eq!(
            check_token(text.to_owned()).unwrap_err(),
            IdTokenError::Malformed,
            "{}",
            text.len()
        );
    }
    assert_eq!(refused_header(json!({"kid": "k"})), IdTokenError::Malformed);
    assert_eq!(
        check_token(KEY.token(&header(), &json!([1]))).unwrap_err(),
        IdTokenError::Malformed
    );
}

#[test]
fn hostile_06_messages_are_inert() {
    let error = refused_header(with(header(), "alg", "x\u{1b}[2J".into()));
    assert_eq!(
        error.to_string(),
        "the ID token is signed with x\u{fffd}[2J, which is refused"
    );
}

proptest! {
    #[test]
    fn never_panics(token in ".*|[A-Za-z0-9_.-]*", header in "\\{\"alg\":\"ES256\"(,\"[a-z0-9]*\":[\\[\\]{}0-9\"a-z]*)?\\}", payload in ".*") {
        drop(check_token(token));
        let message = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
        let signature = encode(&KEY.sign("ES256", message.as_bytes()));
        drop(check_token(format!("{message}.{signature}")));
    }

    #[test]
    fn hostile_13_no_changed_byte_passes(place in any::<prop::sample::Index>(), flip in 1u8..=255) {
        let token = KEY.token(&header(), &claims());
        let mut bytes = token.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(check_token(changed).is_err());
        }
    }
}
