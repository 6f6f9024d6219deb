//! No callback is too large for its line, and none is read in two ways.

use super::*;
use crate::relay::{Deliver, Delivery, RelayFrame};
use proptest::prelude::*;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn query(text: &str) -> Result<Callback, CallbackError> {
    Callback::from_query(text, &CodeKeys::default())
}

fn body(content_type: Option<&str>, text: &str) -> Result<Callback, CallbackError> {
    Callback::from_body(content_type, text.as_bytes(), &CodeKeys::default())
}

fn json(text: &str) -> Result<Callback, CallbackError> {
    body(Some("application/json"), text)
}

#[test]
fn what_is_too_large_is_refused_as_that() {
    let text = |length: usize| "x".repeat(length);
    assert!(
        query(&format!(
            "state={}&code={}",
            text(MAX_STATE),
            text(MAX_CODE)
        ))
        .is_ok()
    );
    for too_large in [
        format!("state={}", text(MAX_STATE + 1)),
        format!("code={}", text(MAX_CODE + 1)),
        format!("a={}", text(MAX_LENGTH)),
        (0..101).map(|i| format!("p{i}=1&")).collect(),
    ] {
        assert_eq!(query(&too_large), Err(CallbackError::TooLarge));
        assert_eq!(body(FORM, &too_large), Err(CallbackError::TooLarge));
    }
    let members: Vec<String> = (0..101).map(|i| format!("\"p{i}\":1")).collect();
    assert!(json(&format!("{{{}}}", members[..100].join(","))).is_ok());
    assert_eq!(
        json(&format!("{{{}}}", members.join(","))),
        Err(CallbackError::TooLarge)
    );
    assert_eq!(
        json(&format!("{{\"a\":\"{}\"}}", text(MAX_LENGTH))),
        Err(CallbackError::TooLarge)
    );
    assert_eq!(CallbackError::TooLarge.status(), 413);
}

/// The longest line that the callback becomes.
fn longest_line(callback: &Callback) -> usize {
    let delivery = Delivery::parse(&"d".repeat(64)).unwrap();
    let frames = [
        Deliver::first(callback),
        Deliver::second(callback, delivery),
    ];
    let lengths = frames.map(|frame| RelayFrame::Deliver(frame).to_line().len());
    lengths.into_iter().max().unwrap()
}

#[test]
fn hostile_02_no_callback_becomes_a_line_that_is_too_long() {
    // A quote takes one byte of a form and two of JSON; a control character one and six.
    for (piece, encoded) in [
        ("x", "x"),
        ("\"", "\""),
        ("\\", "\\"),
        ("\u{1}", "%01"),
        ("ä", "ä"),
    ] {
        let callback = |count: usize| query(&format!("state=s&other={}", encoded.repeat(count)));
        let grown = serde_json::to_string(piece).unwrap().len() - 2;
        // {"state":"s","other":""}, "s" and null.
        let most = (MAX_LINE - FRAME - 31) / grown;
        assert!(
            longest_line(&callback(most).unwrap()) <= MAX_LINE,
            "{piece:?}"
        );
        let error = callback(most + 1).unwrap_err();
        assert_eq!(error, CallbackError::TooLarge, "{piece:?}");
    }
    // Code and state are there twice.
    let quotes = |count: usize| "\"".repeat(count);
    let largest = query(&format!("state={}&code={}", quotes(4000), quotes(12_000))).unwrap();
    assert!(longest_line(&largest) <= MAX_LINE);
    let twice = format!("state={}&code={}", quotes(4000), quotes(12_400));
    assert_eq!(query(&twice), Err(CallbackError::TooLarge));
    // Numbers that are written longer than they came.
    let numbers = |padding: usize| {
        let numbers = "9e15,".repeat(250);
        json(&format!(
            "{{\"x\":[{numbers}1],\"y\":\"{}\"}}",
            "x".repeat(padding)
        ))
    };
    assert!(longest_line(&numbers(60_000).unwrap()) <= MAX_LINE);
    assert_eq!(numbers(63_000), Err(CallbackError::TooLarge));
}

#[test]
fn hostile_38_a_callback_of_many_small_values_is_refused() {
    let callback = |count: usize| json(&format!("{{\"x\":[{}1]}}", "1,".repeat(count - 2)));
    assert!(callback(256).is_ok());
    assert_eq!(callback(257), Err(CallbackError::TooLarge));
}

fn parameters() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        "(?i)code|state|error|iss|authorization_code",
        "[a-z_]{1,8}",
        "\\PC{1,4}"
    ];
    prop::collection::vec((name, "[^\\x00-\\x1f\\x7f-\\u{9f}]{0,20}"), 1..8)
}

proptest! {
    #[test]
    fn never_panics_and_always_fits(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "[%+&=a-f0-9codest]*|[\\[\\]{}\":,a-e0-9.\\\\-]*".prop_map(String::into_bytes),
        ],
        content_type in prop::option::of("application/json|application/x-www-form-urlencoded|.*"),
    ) {
        if let Ok(text) = std::str::from_utf8(&bytes)
            && let Ok(callback) = query(text)
        {
            prop_assert!(longest_line(&callback) <= MAX_LINE);
        }
        if let Ok(callback) = Callback::from_body(content_type.as_deref(), &bytes, &CodeKeys::default()) {
            prop_assert!(longest_line(&callback) <= MAX_LINE);
        }
    }

    #[test]
    fn the_same_parameters_are_the_same_however_they_come(pairs in parameters()) {
        let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let members: Vec<String> = pairs.iter()
            .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), Value::from(value.as_str())))
            .collect();
        let object = format!("{{{}}}", members.join(","));
        // Which of two names is named may differ.
        prop_assert_eq!(body(None, &object).ok(), query(&form).ok());
        prop_assert_eq!(body(FORM, &form), query(&form));
    }

    #[test]
    fn the_order_of_parameters_says_nothing(pairs in parameters(), turn in 0..8_usize) {
        let written = |pairs: &[(String, String)]| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let mut turned = pairs.clone();
        turned.rotate_left(turn % pairs.len());
        let (one, other) = (query(&written(&pairs)), query(&written(&turned)));
        prop_assert_eq!(one.is_ok(), other.is_ok());
        if let (Ok(one), Ok(other)) = (one, other) {
            prop_assert_eq!(one, other);
        }
    }
}
