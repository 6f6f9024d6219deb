use aws_lc_rs::hkdf;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const KEY: [u8; 32] = [7; 32];
const USES: [Use; 3] = [Use::Request, Use::Upstream, Use::UpstreamToken];

fn seal() -> Seal {
    Seal::new(&KEY, None)
}

#[test]
fn keys_are_those_of_hkdf() {
    struct Length;
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let label = "oarlock seal: request";
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&KEY);
    let info = [label.as_bytes()];
    let mut expected = [0; 32];
    let expanded = extracted.expand(&info, Length).unwrap();
    expanded.fill(&mut expected).unwrap();
    assert_eq!(*derived(&KEY, label), expected);
}

#[test]
fn what_was_sealed_for_one_use_or_with_another_key_is_not_opened() {
    let (ours, theirs) = (seal(), Seal::new(&[8; 32], None));
    for used in USES {
        let sealed = ours.seal(used, &"value").unwrap();
        assert_eq!(ours.open::<String>(used, &sealed).unwrap(), "value");
        assert_eq!(theirs.open::<String>(used, &sealed), Err(Unsealed));
        for other in USES.into_iter().filter(|other| *other != used) {
            assert_eq!(ours.open::<String>(other, &sealed), Err(Unsealed));
        }
        // Sealed here, and something else.
        assert_eq!(ours.open::<u32>(used, &sealed), Err(Unsealed));
    }
}

#[test]
fn a_key_of_the_operators_is_for_providers_tokens_alone() {
    let (plain, with) = (seal(), Seal::new(&KEY, Some(&[9; 32])));
    for used in USES {
        let sealed = with.seal(used, &"value").unwrap();
        let opened = plain.open::<String>(used, &sealed).is_ok();
        assert_eq!(opened, used != Use::UpstreamToken, "{used:?}");
    }
    let moved = Seal::new(&[1; 32], Some(&[9; 32]));
    let sealed = with.seal(Use::UpstreamToken, &"value").unwrap();
    assert!(moved.open::<String>(Use::UpstreamToken, &sealed).is_ok());
}

#[test]
fn the_same_value_is_sealed_differently_each_time() {
    let seal = seal();
    let all: std::collections::HashSet<String> = (0..100)
        .map(|_| seal.seal(Use::Request, &0).unwrap())
        .collect();
    assert_eq!(all.len(), 100);
}

#[test]
fn what_was_never_sealed_is_refused() {
    let seal = seal();
    let nothing = URL_SAFE_NO_PAD.encode([0; NONCE_LEN + 16]);
    for text in [
        "",
        "a",
        "null",
        "====",
        "%00",
        &nothing,
        &"A".repeat(100_000),
    ] {
        assert_eq!(seal.open::<Value>(Use::Request, text), Err(Unsealed));
    }
}

#[test]
fn a_form_belongs_to_the_browser_it_was_sent_to() {
    let (ours, theirs) = (seal(), Seal::new(&[8; 32], None));
    let (browser, other) = (CookieSecret::new("one"), CookieSecret::new("other"));
    let token = ours.form_token(&browser);
    assert_eq!(token, ours.form_token(&browser));
    assert!(ours.check_form_token(&browser, &token));
    assert!(!ours.check_form_token(&other, &token));
    assert!(!theirs.check_form_token(&browser, &token));
    let text = token.expose();
    for shown in [
        "",
        &text[..text.len() - 1],
        &format!("{text}A"),
        &format!("{text}="),
        &text.to_ascii_lowercase(),
        browser.expose(),
    ] {
        assert!(
            !ours.check_form_token(&browser, &FormToken::new(shown)),
            "{shown}"
        );
    }
    // The cookie cannot be had from it.
    assert!(!text.contains(browser.expose()));
}

#[test]
fn hostile_23_a_seal_shows_no_key() {
    assert_eq!(format!("{:?}", seal()), "Seal(redacted)");
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<Option<i64>>().prop_map(|number| json!(number)),
        ".*".prop_map(|text| json!({"text": text})),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| json!(bytes)),
    ]
}

proptest! {
    #[test]
    fn what_is_sealed_comes_back_and_fits_an_address(value in value(), used in prop::sample::select(&USES)) {
        let seal = seal();
        let sealed = seal.seal(used, &value).unwrap();
        prop_assert!(sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        // Nonce and tag, and four letters for three bytes.
        prop_assert_eq!(sealed.len(), ((value.to_string().len() + 28) * 4).div_ceil(3));
        prop_assert_eq!(seal.open::<Value>(used, &sealed), Ok(value));
    }

    #[test]
    fn what_was_changed_or_cut_is_refused(value in value(), place in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]", cut in any::<prop::sample::Index>()) {
        let seal = seal();
        let sealed = seal.seal(Use::Request, &value).unwrap();
        let place = place.index(sealed.len());
        let mut changed = sealed.clone();
        changed.replace_range(place..=place, &letter);
        prop_assert_eq!(seal.open::<Value>(Use::Request, &changed).is_ok(), changed == sealed);
        let cut = cut.index(sealed.len());
        prop_assert_eq!(seal.open::<Value>(Use::Request, &sealed[..cut]), Err(Unsealed));
        prop_assert_eq!(seal.open::<Value>(Use::Request, &sealed[cut..]).is_ok(), cut == 0);
        let longer = sealed + &letter;
        prop_assert_eq!(seal.open::<Value>(Use::Request, &longer), Err(Unsealed));
    }
}

#[test]
fn a_login_has_one_code_that_nobody_else_can_make() {
    let (one, other) = (LoginId::known("one"), LoginId::known("other"));
    let code = seal().code(&one);
    assert_eq!(code.expose(), seal().code(&one).expose());
    assert_eq!(code.expose().len(), 43);
    assert_ne!(code.expose(), seal().code(&other).expose());
    assert_ne!(code.expose(), Seal::new(&[8; 32], None).code(&one).expose());
    // Nor is it a form's token for the same text.
    let form = seal().form_token(&CookieSecret::new("one"));
    assert_ne!(code.expose(), form.expose());
}
