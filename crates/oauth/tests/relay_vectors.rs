//! The test vectors that authors of clients are given, all of them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests, which clippy does not take for tests"
)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oarlock_oauth::{
    relay::{
        Callback, CallbackError, CodeKeys, Deliver, Delivery, LineReader, ProgramFrame, Protocol,
        RelayFrame, StateDigest,
    },
    secret::State,
};
use serde_json::Value;

/// The vectors of one name.
fn vectors(name: &str) -> Vec<Value> {
    let text = include_str!("../../../docs/relay-vectors.json");
    let mut all: Value = serde_json::from_str(text).expect("the vectors are JSON");
    let Value::Array(found) = all.get_mut(name).expect("there are such vectors").take() else {
        unreachable!("vectors are a list");
    };
    assert!(!found.is_empty());
    found
}

/// A text, or pieces put together.
fn bytes(value: &Value) -> Vec<u8> {
    let piece = |piece: &Value| match (piece.as_str(), piece.get("repeat"), piece.get("base64")) {
        (Some(text), _, _) => text.as_bytes().to_vec(),
        (_, Some(text), _) => {
            let times = piece.get("times").and_then(Value::as_u64).unwrap();
            text.as_str()
                .unwrap()
                .repeat(usize::try_from(times).unwrap())
                .into_bytes()
        }
        (_, _, Some(text)) => STANDARD.decode(text.as_str().unwrap()).unwrap(),
        _ => unreachable!("{piece} is no piece"),
    };
    match value {
        Value::Array(pieces) => pieces.iter().flat_map(piece).collect(),
        single => piece(single),
    }
}

fn text(value: &Value) -> String {
    String::from_utf8(bytes(value)).unwrap()
}

fn list(vector: &Value, name: &str) -> Vec<Vec<u8>> {
    let values = vector.get(name).and_then(Value::as_array).unwrap();
    values.iter().map(bytes).collect()
}

/// A frame, given as itself or as the pieces of its text.
fn frame(value: &Value) -> Value {
    if value.is_object() {
        return value.clone();
    }
    serde_json::from_slice(&bytes(value)).unwrap()
}

fn json(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap()
}

#[test]
fn digests() {
    for vector in vectors("digests") {
        let digest = StateDigest::of(&State::new(text(&vector["state"])));
        assert_eq!(digest.to_string(), vector["digest"], "{vector}");
        assert_eq!(StateDigest::parse(&digest.to_string()), Some(digest));
    }
}

#[test]
fn lines() {
    for vector in vectors("lines") {
        let mut reader = LineReader::new();
        let mut found = Vec::new();
        let mut fits = true;
        for piece in list(&vector, "pushed") {
            fits &= reader.push(&piece).is_ok();
            found.extend(std::iter::from_fn(|| {
                reader.next_line().map(|line| line.to_vec())
            }));
        }
        assert_eq!(found, list(&vector, "lines"), "{vector}");
        assert_eq!(!fits, vector.get("too_long").is_some(), "{vector}");
        let unfinished = vector.get("unfinished").is_some();
        assert_eq!(reader.is_within_line(), unfinished, "{vector}");
    }
}

#[test]
fn program_frames() {
    for vector in vectors("program_frames") {
        let line = bytes(&vector["line"]);
        match ProgramFrame::parse(&line) {
            Ok(read) => {
                let written = read.to_line();
                assert_eq!(json(&written), frame(&vector["means"]), "{vector}");
            }
            Err(error) => {
                assert_eq!(error.word().as_str(), vector["error"], "{vector}");
                let protocol = match Protocol::meant_by(&line) {
                    Protocol::One => 1,
                    Protocol::Two => 2,
                };
                assert_eq!(protocol, vector["protocol"], "{vector}");
            }
        }
    }
}

#[test]
fn relay_frames() {
    for vector in vectors("relay_frames") {
        match RelayFrame::parse(&bytes(&vector["line"])) {
            Ok(read) => assert_eq!(json(&read.to_line()), frame(&vector["means"]), "{vector}"),
            Err(_) => assert_eq!(vector["invalid"], true, "{vector}"),
        }
    }
}

fn callback(vector: &Value) -> Result<Callback, CallbackError> {
    let keys = vector.get("code_keys").and_then(Value::as_str);
    let keys = keys.map_or_else(CodeKeys::default, |keys| CodeKeys::parse(keys).unwrap());
    match vector.get("query") {
        Some(query) => Callback::from_query(&text(query), &keys),
        None => {
            let content_type = vector.get("content_type").and_then(Value::as_str);
            Callback::from_body(content_type, &bytes(&vector["body"]), &keys)
        }
    }
}

#[test]
fn callbacks() {
    for vector in vectors("callbacks") {
        match callback(&vector) {
            Ok(callback) => {
                assert_eq!(callback.is_refusal(), vector["refusal"], "{vector}");
                let first = RelayFrame::Deliver(Deliver::first(&callback));
                assert_eq!(json(&first.to_line()), vector["protocol_1"], "{vector}");
                let delivery = Delivery::parse("5Q8u").unwrap();
                let second = RelayFrame::Deliver(Deliver::second(&callback, delivery));
                assert_eq!(json(&second.to_line()), vector["protocol_2"], "{vector}");
            }
            Err(error) => assert_eq!(error.status().as_u16(), vector["status"], "{vector}"),
        }
    }
}
