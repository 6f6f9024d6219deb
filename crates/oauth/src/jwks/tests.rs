use super::{signing::SigningKey, *};
use proptest::prelude::*;
use serde_json::json;

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn with(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

#[test]
fn every_kind_of_key_verifies_its_algorithms_and_no_other() {
    let keys = [
        SigningKey::rsa(),
        SigningKey::p256(),
        SigningKey::p384(),
        SigningKey::ed25519(),
    ];
    let kinds: [&[&str]; 4] = [
        &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
        &["ES256"],
        &["ES384"],
        &["EdDSA", "Ed25519"],
    ];
    let all = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
    ];
    for (key, algorithms) in keys.iter().zip(kinds) {
        let set = set(&[key.jwk("k")]);
        for name in algorithms {
            let signature = key.sign(name, b"message");
            let algorithm = asymmetric(name).unwrap();
            assert_eq!(
                set.verify(algorithm, Some("k"), b"message", &signature),
                Ok(()),
                "{name}"
            );
            assert_eq!(
                set.verify(algorithm, None, b"message", &signature),
                Ok(()),
                "{name}"
            );
            assert_eq!(
                set.verify(algorithm, Some("k"), b"massage", &signature),
                Err(Unverified::Wrong),
                "{name}"
            );
            assert_eq!(
                set.verify(algorithm, Some("other"), b"message", &signature),
                Err(Unverified::UnknownKey),
                "{name}"
            );
            assert_eq!(
                set.verify(algorithm, Some("k"), b"message", b""),
                Err(Unverified::Wrong),
                "{name}"
            );
        }
        let foreign = all.into_iter().filter(|name| !algorithms.contains(name));
        for name in foreign {
            let failure = set.verify(asymmetric(name).unwrap(), Some("k"), b"message", b"x");
            assert_eq!(failure, Err(Unverified::UnknownKey), "{name}");
        }
    }
}

#[test]
fn hostile_13_a_key_that_names_its_algorithm_serves_no_other() {
    let key = SigningKey::rsa();
    let set = set(&[with(key.jwk("k"), "alg", "RS256".into())]);
    let (pkcs, pss) = (key.sign("RS256", b"m"), key.sign("PS256", b"m"));
    assert_eq!(set.verify(Algorithm::RS256, Some("k"), b"m", &pkcs), Ok(()));
    assert_eq!(
        set.verify(Algorithm::PS256, Some("k"), b"m", &pss),
        Err(Unverified::UnknownKey)
    );
    for name in [
        "none", "HS256", "HS384", "HS512", "ES512", "RSA-OAEP", "", "rs256",
    ] {
        assert_eq!(asymmetric(name), None, "{name}");
    }
}

#[test]
fn hostile_13_keys_that_are_not_for_checking_signatures_are_left_out() {
    let (rsa, ec, okp) = (
        SigningKey::rsa().jwk("r"),
        SigningKey::p256().jwk("e"),
        SigningKey::ed25519().jwk("o"),
    );
    let good = [
        with(rsa.clone(), "use", "sig".into()),
        with(ec.clone(), "key_ops", json!(["sign", "verify"])),
        with(okp.clone(), "alg", "Ed25519".into()),
        with(rsa.clone(), "alg", Value::Null),
    ];
    assert_eq!(set(&good).len(), 4);
    let bad = [
        with(rsa.clone(), "use", "enc".into()),
        with(rsa.clone(), "key_ops", json!(["encrypt"])),
        with(rsa.clone(), "key_ops", "verify".into()),
        with(rsa.clone(), "alg", "RSA-OAEP".into()),
        with(rsa.clone(), "alg", "HS256".into()),
        with(rsa.clone(), "alg", "ES256".into()),
        with(rsa.clone(), "alg", 7.into()),
        with(rsa.clone(), "d", "x".into()),
        with(rsa.clone(), "n", "AQAB".into()),
        with(rsa.clone(), "n", signing::encode(&[0xff; 1025]).into()),
        with(rsa.clone(), "n", "not base64!".into()),
        with(rsa.clone(), "e", signing::encode(&[1; 9]).into()),
        with(rsa.clone(), "kty", "rsa".into()),
        with(ec.clone(), "crv", "P-384".into()),
        with(ec.clone(), "crv", "P-521".into()),
        with(ec.clone(), "x", "AA".into()),
        with(ec, "y", Value::Null),
        with(okp.clone(), "crv", "Ed448".into()),
        with(okp.clone(), "crv", "X25519".into()),
        with(okp, "x", signing::encode(&[1; 33]).into()),
        json!({"kty": "oct", "k": "c2VjcmV0", "kid": "h"}),
        json!({"kty": 1}),
        json!("x"),
        Value::Null,
    ];
    for jwk in &bad {
        assert!(set(std::slice::from_ref(jwk)).is_empty(), "{jwk}");
    }
    let spoiled: Vec<_> = bad.into_iter().chain([rsa]).collect();
    assert_eq!(
        set(&spoiled).len(),
        1,
        "one bad key does not spoil the others"
    );
}

#[test]
fn padding_leading_zeros_and_the_other_alphabet_are_forgiven() {
    let key = SigningKey::rsa();
    let mut jwk = key.jwk("k");
    let modulus = decode(jwk["n"].as_str().unwrap()).unwrap();
    let zero: Vec<u8> = [vec![0], modulus].concat();
    jwk["n"] = base64::engine::general_purpose::STANDARD
        .encode(zero)
        .into();
    assert_eq!(
        set(&[jwk]).verify(Algorithm::RS256, None, b"m", &key.sign("RS256", b"m")),
        Ok(())
    );
}

#[test]
fn without_a_kid_at_most_eight_keys_are_tried() {
    let key = SigningKey::p256();
    let signature = key.sign("ES256", b"m");
    let others: Vec<_> = (0..8)
        .map(|i| SigningKey::p256().jwk(&i.to_string()))
        .collect();
    let many = |count: usize| {
        set(&others[..count]
            .iter()
            .cloned()
            .chain([key.jwk("right")])
            .collect::<Vec<_>>())
    };
    assert_eq!(
        many(7).verify(Algorithm::ES256, None, b"m", &signature),
        Ok(())
    );
    assert_eq!(
        many(8).verify(Algorithm::ES256, None, b"m", &signature),
        Err(Unverified::Wrong)
    );
    assert_eq!(
        many(8).verify(Algorithm::ES256, Some("right"), b"m", &signature),
        Ok(())
    );
}

#[test]
fn sets_are_bounded_and_inert() {
    let jwk = SigningKey::ed25519().jwk("k\u{1b}[2J");
    assert_eq!(set(&vec![jwk.clone(); 150]).len(), 100);
    assert_eq!(
        format!("{:?}", set(&[jwk])),
        "KeySet[Some(\"k\u{fffd}[2J\")]"
    );
    for body in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
        assert!(KeySet::parse(body.as_bytes()).is_err(), "{body}");
    }
}

proptest! {
    #[test]
    fn never_panics(body in prop::collection::vec(any::<u8>(), 0..200), kty in "RSA|EC|OKP|oct|x", crv in "P-256|P-384|Ed25519|x", bytes in prop::collection::vec(any::<u8>(), 0..600), alg in "RS256|ES256|EdDSA|none") {
        drop(KeySet::parse(&body));
        let value = signing::encode(&bytes);
        for length in [32, 48, bytes.len()] {
            let part = signing::encode(&bytes[..length.min(bytes.len())]);
            let jwk = json!({"kty": kty, "crv": crv, "x": part, "y": part, "n": value, "e": "AQAB"});
            let set = set(&[jwk.clone(), with(jwk, "alg", alg.clone().into())]);
            if let Some(algorithm) = asymmetric(&alg) {
                prop_assert!(set.verify(algorithm, None, b"m", &bytes).is_err());
            }
        }
    }
}
