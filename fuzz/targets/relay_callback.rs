#![no_main]
//! A provider's callback: one reading or none, and whatever is accepted reaches the program in one line of either protocol.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{assert_hidden, assert_inert};
use oarlock_oauth::relay::{
    Callback, CallbackError, CodeKeys, Deliver, Delivery, MAX_CODE, MAX_LINE, MAX_STATE, RelayFrame,
};

// The first byte chooses how it comes; as digits, 0 is a query, 1 JSON, 2 a form.
const TYPES: [Option<&str>; 9] = [
    Some("application/json"),
    Some("application/x-www-form-urlencoded"),
    Some("Application/JSON; charset=latin1"),
    Some("application/x-www-form-urlencoded; charset=utf-8"),
    Some("multipart/form-data; boundary=b"),
    Some("text/plain"),
    Some("application/json, application/x-www-form-urlencoded"),
    Some(""),
    None,
];

fuzz_target!(|data: &[u8]| {
    let Some((&way, rest)) = data.split_first() else {
        return;
    };
    let keys = CodeKeys::parse("code,authorization_code,authCode").expect("these are names");
    match read(usize::from(way) % 10, rest, &keys) {
        Some(Ok(callback)) => check(&callback, rest.len()),
        Some(Err(error)) => {
            assert!(matches!(error.status().as_u16(), 400 | 413));
            assert_inert(&error.to_string());
        }
        None => {}
    }
});

fn read(way: usize, rest: &[u8], keys: &CodeKeys) -> Option<Result<Callback, CallbackError>> {
    // Written as a digit, 0 is 48 and so 8 modulo 10.
    match (way + 2) % 10 {
        0 => Some(Callback::from_query(std::str::from_utf8(rest).ok()?, keys)),
        way => Some(Callback::from_body(TYPES[way - 1], rest, keys)),
    }
}

fn check(callback: &Callback, length: usize) {
    assert!(length > 0 && !callback.parameters().is_empty());
    let shown = format!("{callback:?}");
    assert_inert(&shown);
    let secrets = [
        (callback.state().map(|state| state.expose()), MAX_STATE),
        (callback.code().map(|code| code.expose()), MAX_CODE),
    ];
    for (secret, longest) in secrets {
        let Some(secret) = secret else { continue };
        assert!(!secret.is_empty() && secret.len() <= longest);
        assert!(!secret.contains(char::is_control));
        // A name may be the same text by chance.
        if !callback
            .parameters()
            .keys()
            .any(|name| name.contains(secret))
        {
            assert_hidden(secret, &shown);
        }
    }
    assert!(
        !callback.is_refusal() || callback.code().is_none(),
        "a refusal has no code"
    );
    let first = Deliver::first(callback);
    assert!(first.code.is_some() != first.parameters.is_some());
    let members = deliver(first);
    let known = ["type", "state", "code", "raw", "error"];
    assert!(
        members.keys().all(|name| known.contains(&name.as_str())),
        "poast-relay's client would refuse this"
    );
    let delivery = Delivery::parse(&"d".repeat(64)).expect("this is a delivery");
    deliver(Deliver::second(callback, delivery));
}

/// Writes it as a line and reads it again.
fn deliver(deliver: Deliver) -> serde_json::Map<String, serde_json::Value> {
    let frame = RelayFrame::Deliver(deliver);
    let line = frame.to_line();
    assert!(line.len() <= MAX_LINE, "{} bytes are no line", line.len());
    let line = line.strip_suffix(b"\n").expect("a line has an end");
    assert!(!line.contains(&b'\n'));
    assert!(
        RelayFrame::parse(line).as_ref() == Ok(&frame),
        "reading what was written gives something else"
    );
    serde_json::from_slice(line).expect("a frame is a JSON object")
}
