//! Whatever is written is read again as what it was.

use super::*;
use proptest::prelude::*;
use serde_json::{Map, Value};

fn seconds() -> impl Strategy<Value = Duration> {
    (1..31_536_000_000_u64).prop_map(Duration::from_millis)
}

fn token() -> impl Strategy<Value = String> {
    "[^\\x00-\\x1f\\x7f-\\u{9f}]{1,60}"
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,5}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn members() -> impl Strategy<Value = CallbackParameters> {
    prop::collection::btree_map(".{0,8}", value(), 0..5)
        .prop_map(|members| CallbackParameters(members.into_iter().collect()))
}

fn delivery() -> impl Strategy<Value = Delivery> {
    "[A-Za-z0-9_-]{1,64}".prop_map(Delivery)
}

fn program_frame() -> impl Strategy<Value = ProgramFrame> {
    let first = || {
        (prop::option::of(token()), prop::option::of(token())).prop_map(|(state, token)| Register {
            protocol: Protocol::One,
            state: state.map(State::new),
            secret: None,
            timeout: None,
            token: token.map(RelayToken::new),
        })
    };
    let second = (
        first(),
        "[A-Za-z0-9_-]{22,256}",
        prop::option::of(seconds()),
    )
        .prop_map(|(first, secret, timeout)| Register {
            protocol: Protocol::Two,
            secret: Some(OwnerSecret::new(secret)),
            timeout,
            ..first
        });
    prop_oneof![
        first().prop_map(ProgramFrame::Register),
        second.prop_map(ProgramFrame::Register),
        Just(ProgramFrame::Unregister),
        delivery().prop_map(ProgramFrame::Acknowledge),
        delivery().prop_map(ProgramFrame::Reject),
        Just(ProgramFrame::Ping),
        Just(ProgramFrame::Pong),
    ]
}

fn relay_frame() -> impl Strategy<Value = RelayFrame> {
    let registered = ("[a-z]{1,9}", seconds(), seconds(), seconds(), any::<bool>()).prop_map(
        |(path, expires_in, heartbeat, grace, resumed)| {
            let callback_url = Url::parse(&format!("https://a.example/{path}")).unwrap();
            RelayFrame::Registered(Registered {
                callback_url,
                expires_in,
                heartbeat,
                grace,
                resumed,
            })
        },
    );
    let deliver = (
        prop::option::of(delivery()),
        prop::option::of(".+"),
        ".+",
        any::<bool>(),
        members(),
    )
        .prop_map(|(delivery, state, code, has_code, parameters)| {
            let has_parameters = delivery.is_some() || !has_code;
            RelayFrame::Deliver(Deliver {
                delivery,
                state: state.map(State::new),
                code: has_code.then(|| AuthorizationCode::new(code)),
                parameters: has_parameters.then_some(parameters),
            })
        });
    let reasons = prop::sample::select(vec![
        CloseReason::Delivered,
        CloseReason::Rejected,
        CloseReason::Unregistered,
        CloseReason::Unconfirmed,
        CloseReason::Expired,
        CloseReason::Replaced,
        CloseReason::Silent,
        CloseReason::Shutdown,
        CloseReason::Other,
    ]);
    let words = prop::sample::select(vec![
        ErrorWord::InvalidRequest,
        ErrorWord::UnsupportedProtocol,
        ErrorWord::InvalidToken,
        ErrorWord::StateInUse,
        ErrorWord::TooManyRegistrations,
        ErrorWord::TemporarilyUnavailable,
    ]);
    prop_oneof![
        registered,
        deliver,
        Just(RelayFrame::Ping),
        Just(RelayFrame::Pong),
        (reasons, prop::option::of(seconds())).prop_map(|(reason, retry_after)| {
            RelayFrame::Close {
                reason,
                retry_after,
            }
        }),
        (words, "[ -~]{0,300}", prop::option::of(seconds())).prop_map(
            |(word, description, retry_after)| RelayFrame::Error {
                word: Some(word),
                description: Untrusted::new(description),
                retry_after,
            }
        ),
        "[ -~]{0,300}".prop_map(|description| RelayFrame::Error {
            word: None,
            description: Untrusted::new(description),
            retry_after: None
        }),
    ]
}

/// The frame of a line that is in order.
fn only_line(line: &[u8]) -> &[u8] {
    let (end, frame) = line.split_last().unwrap();
    assert_eq!(*end, b'\n');
    assert!(!frame.contains(&b'\n'));
    frame
}

proptest! {
    #[test]
    fn what_programs_say_comes_back(frame in program_frame()) {
        let line = frame.to_line();
        prop_assert_eq!(ProgramFrame::parse(only_line(&line)), Ok(frame));
    }

    #[test]
    fn what_relays_say_comes_back(frame in relay_frame()) {
        let line = frame.to_line();
        prop_assert_eq!(RelayFrame::parse(only_line(&line)), Ok(frame));
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,a0-9.\\\\]*|.*") {
        for line in [&bytes[..], text.as_bytes()] {
            let registered = ProgramFrame::parse(line).is_ok() || RelayFrame::parse(line).is_ok();
            let body = Register::from_body(line).is_ok() || Delivery::from_body(line).is_ok();
            prop_assert!(!registered || !body);
        }
    }

    #[test]
    fn members_of_any_value_are_read_or_refused(
        kind in "REGISTER|ACK|REJECT|REGISTERED|DELIVER|CLOSE|ERROR",
        values in prop::collection::btree_map("protocol|state|secret|timeout|token|delivery|code|raw|parameters|reason|error|retry_after", value(), 0..6),
    ) {
        let mut frame: Map<String, Value> = values.into_iter().collect();
        frame.insert("type".to_owned(), kind.into());
        let line = serde_json::to_vec(&frame).unwrap();
        if let Ok(frame) = ProgramFrame::parse(&line) {
            prop_assert_eq!(ProgramFrame::parse(only_line(&frame.to_line())), Ok(frame));
        }
        if let Ok(frame) = RelayFrame::parse(&line) {
            let again = RelayFrame::parse(only_line(&frame.to_line())).unwrap();
            if !matches!(frame, RelayFrame::Error { .. }) {
                prop_assert_eq!(again, frame);
            }
        }
    }
}
