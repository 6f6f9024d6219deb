use serde_json::json;

use super::*;

fn told(claims: Value) -> Profile {
    let provider = ProviderProfile::named("x");
    profile(&provider, "7", claims.as_object().unwrap())
}

fn text(text: &str) -> Option<Untrusted> {
    Some(Untrusted::new(text))
}

#[test]
fn the_standard_claims() {
    let profile = told(json!({
        "sub": "7", "name": " Ann Example ", "preferred_username": "ann", "email": "ann@example.com", "email_verified": true
    }));
    let expected = Profile {
        name: text("Ann Example"),
        username: text("ann"),
        email: text("ann@example.com"),
        email_verified: true,
    };
    assert_eq!(profile, expected);
}

#[test]
fn githubs_public_address_is_not_verified() {
    let profile = told(
        json!({"id": 7, "login": "octo", "name": null, "email": "ann@example.com", "avatar_url": "https://x"}),
    );
    let expected = Profile {
        name: None,
        username: text("octo"),
        email: text("ann@example.com"),
        email_verified: false,
    };
    assert_eq!(profile, expected);
}

#[test]
fn only_a_clear_yes_makes_an_address_verified() {
    let verified = |value: Value| {
        told(json!({"email": "a@b.example", "email_verified": value})).email_verified
    };
    assert!(verified(json!(true)) && verified(json!("true")));
    for no in [
        json!(false),
        json!("false"),
        json!("True"),
        json!("yes"),
        json!(1),
        json!([true]),
        json!(null),
    ] {
        assert!(!verified(no.clone()), "{no}");
    }
    // Without an address there is nothing to be verified.
    assert!(!told(json!({"email_verified": true})).email_verified);
    assert!(!told(json!({"email": "nonsense", "email_verified": true})).email_verified);
}

#[test]
fn hostile_06_what_is_no_address_is_left_out_and_names_are_inert_and_short() {
    for email in [
        "",
        "ann",
        "a@b@c",
        "a@b\r\nBcc: x@y",
        "\u{1b}[2J@x",
        "a b@c",
    ] {
        assert_eq!(told(json!({"email": email})).email, None, "{email:?}");
    }
    assert_eq!(
        told(json!({"email": format!("{}@x.example", "a".repeat(400))})).email,
        None
    );
    let name = told(json!({"name": format!("\u{1b}[2J{}", "x".repeat(10_000))}))
        .name
        .unwrap();
    assert_eq!(name.raw().chars().count(), LONGEST_NAME);
    assert!(!name.to_string().contains('\u{1b}'));
    for odd in [json!(7), json!(["x"]), json!({"a": 1}), json!(" ")] {
        assert_eq!(told(json!({"name": odd})).name, None);
    }
}

#[test]
fn where_names_are_elsewhere_the_profile_says_where() {
    let mut provider = ProviderProfile::named("x");
    provider.identity_claims = vec!["/user/handle".into(), "sub".into()];
    let claims = json!({"sub": "7", "user": {"handle": "ann"}});
    let found = profile(&provider, "7", claims.as_object().unwrap());
    assert_eq!(found.username, text("ann"));
    // The subject is no name.
    let bare = json!({"sub": "7"});
    assert_eq!(
        profile(&provider, "7", bare.as_object().unwrap()),
        Profile::default()
    );
    assert_eq!(
        told(json!({"sub": "7", "email": "a@b.example"})).username,
        None
    );
}

#[test]
fn no_address_is_verified_by_another_source_than_its_own() {
    let unverified = told(json!({"email": "victim@example.com"}));
    let verified = told(json!({"email": "own@example.com", "email_verified": true, "name": "N"}));
    let both = completed(unverified.clone(), verified.clone());
    assert_eq!(both.email, text("victim@example.com"));
    assert!(!both.email_verified);
    assert_eq!(both.name, text("N"));
    let both = completed(Profile::default(), verified.clone());
    assert_eq!(both, verified);
    // A yes without an address is not handed on to the other's.
    let both = completed(told(json!({"email_verified": true})), unverified);
    assert!(!both.email_verified);
}

#[test]
fn userinfo_is_asked_only_for_what_was_asked_for() {
    let full = told(json!({"name": "N", "email": "a@b.example"}));
    let scopes = Scopes::parse("openid profile email");
    assert!(!lacks(&full, &scopes));
    assert!(lacks(&Profile::default(), &scopes));
    assert!(lacks(&told(json!({"name": "N"})), &scopes));
    assert!(lacks(&told(json!({"email": "a@b.example"})), &scopes));
    assert!(!lacks(&Profile::default(), &Scopes::parse("openid")));
}

#[test]
fn a_subject_is_an_identifier() {
    assert_eq!(checked_subject("a|b c".into()).unwrap(), "a|b c");
    assert!(checked_subject("x".repeat(255)).is_ok());
    for bad in [String::new(), "x".repeat(256), "a\nb".into(), "a\0".into()] {
        assert!(matches!(
            checked_subject(bad),
            Err(UpstreamError::Refused(_))
        ));
    }
}
