use super::*;
use crate::relay::MAX_LINE;

const SECRET: &str = "mPbL1Y6yNtGmKXEwZvV4Lg";

fn program(line: &str) -> Result<ProgramFrame, FrameError> {
    ProgramFrame::parse(line.as_bytes())
}

fn relay(line: &str) -> Result<RelayFrame, FrameError> {
    RelayFrame::parse(line.as_bytes())
}

fn register(members: &str) -> Result<Register, FrameError> {
    match program(&format!("{{\"type\":\"REGISTER\",{members}}}"))? {
        ProgramFrame::Register(register) => Ok(register),
        other => panic!("{other:?}"),
    }
}

fn second(members: &str) -> Result<Register, FrameError> {
    register(&format!("\"protocol\":2,\"secret\":\"{SECRET}\",{members}"))
}

fn name_of(error: &FrameError) -> &'static str {
    match error {
        FrameError::Member { name, .. } => name,
        other => panic!("{other:?}"),
    }
}

#[test]
fn poast_relays_line_is_a_registration_of_protocol_1() {
    let frame = program(r#"{"type": "REGISTER", "state": "Zm9v"}"#).unwrap();
    let expected = Register {
        protocol: Protocol::One,
        state: Some(State::new("Zm9v")),
        secret: None,
        timeout: None,
        token: None,
    };
    assert_eq!(frame, ProgramFrame::Register(expected.clone()));
    // What is said to poast-relay has nothing that it would refuse.
    assert_eq!(
        frame.to_line(),
        b"{\"type\":\"REGISTER\",\"state\":\"Zm9v\"}\n"
    );
    for same in [
        r#""state":"Zm9v","protocol":1"#,
        r#""state":"Zm9v","protocol":null,"token":null"#,
        r#""state":"Zm9v","code":null,"raw":{},"error":3"#,
        r#""state":"Zm9v","secret":7,"timeout":"x""#,
    ] {
        assert_eq!(register(same), Ok(expected.clone()), "{same}");
    }
    let single = Register {
        state: None,
        ..expected.clone()
    };
    assert_eq!(register("\"state\":null"), Ok(single.clone()));
    assert_eq!(
        program("{\"type\":\"REGISTER\"}\r"),
        Ok(ProgramFrame::Register(single))
    );
    let token = Some(RelayToken::new("t"));
    assert_eq!(
        register(r#""state":"Zm9v","token":"t""#),
        Ok(Register { token, ..expected })
    );
}

#[test]
fn no_state_names_the_single_slot() {
    let error = register("\"state\":\"\"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the member state must not be empty; leave it out for the single slot"
    );
    let state = register("\"state\":\"__default__\"").unwrap().state;
    assert_eq!(state, Some(State::new("__default__")));
}

#[test]
fn hostile_04_a_state_that_is_no_usable_text_is_refused() {
    for value in [
        "1",
        "[]",
        "[\"a\"]",
        "{}",
        "true",
        "false",
        "\"a\\u0000\"",
        "\"\\n\"",
        "\"\\u007f\"",
        "\"\\u0085\"",
    ] {
        assert_eq!(
            name_of(&register(&format!("\"state\":{value}")).unwrap_err()),
            "state",
            "{value}"
        );
        assert_eq!(
            name_of(&second(&format!("\"state\":{value}")).unwrap_err()),
            "state",
            "{value}"
        );
    }
    let long = |length: usize| register(&format!("\"state\":\"{}\"", "s".repeat(length)));
    assert!(long(4096).is_ok());
    assert_eq!(name_of(&long(4097).unwrap_err()), "state");
}

#[test]
fn protocol_2_has_an_owner() {
    let found = second(r#""state":"s","timeout":2.5,"token":"t""#).unwrap();
    assert_eq!(found.protocol, Protocol::Two);
    assert_eq!(found.secret, Some(OwnerSecret::new(SECRET)));
    assert_eq!(found.timeout, Some(Duration::from_millis(2500)));
    assert_eq!(found.token, Some(RelayToken::new("t")));
    for secret in [
        "null",
        "\"\"",
        "\"mPbL1Y6yNtGmKXEwZvV4L\"",
        "1",
        "\"mPbL1Y6yNtGmKXEwZvV4L=\"",
        "\"mPbL1Y6yNtGmKXEwZvV4 Lg\"",
    ] {
        let error = register(&format!("\"protocol\":2,\"secret\":{secret}")).unwrap_err();
        assert_eq!(name_of(&error), "secret", "{secret}");
        assert_eq!(
            Register::from_body(format!("{{\"secret\":{secret}}}").as_bytes()),
            Err(error)
        );
    }
    assert_eq!(name_of(&register("\"protocol\":2").unwrap_err()), "secret");
    for (length, fits) in [(256, true), (257, false)] {
        let secret = format!("\"protocol\":2.0,\"secret\":\"{}\"", "s".repeat(length));
        assert_eq!(register(&secret).is_ok(), fits);
    }
}

#[test]
fn timeouts_are_above_zero_and_at_most_a_year() {
    for (text, seconds) in [
        ("1", 1.0),
        ("0.25", 0.25),
        ("1e3", 1000.0),
        ("1e300", 31_536_000.0),
        ("31536001", 31_536_000.0),
        ("18446744073709551615", 31_536_000.0),
    ] {
        let timeout = second(&format!("\"timeout\":{text}")).unwrap().timeout;
        assert_eq!(timeout, Some(Duration::from_secs_f64(seconds)), "{text}");
    }
    assert_eq!(second("\"timeout\":null").unwrap().timeout, None);
    for text in [
        "0", "-1", "-0.0", "1e-300", "0.0004", "\"300\"", "true", "[300]", "{}",
    ] {
        assert_eq!(
            name_of(&second(&format!("\"timeout\":{text}")).unwrap_err()),
            "timeout",
            "{text}"
        );
    }
    assert_eq!(second("\"timeout\":1e999"), Err(FrameError::NotAnObject));
}

#[test]
fn tokens_are_texts() {
    for text in ["1", "\"\"", "\"a\\r\\nb\"", "[]"] {
        assert_eq!(
            name_of(&register(&format!("\"token\":{text}")).unwrap_err()),
            "token",
            "{text}"
        );
    }
    assert_eq!(
        name_of(&register(&format!("\"token\":\"{}\"", "t".repeat(4097))).unwrap_err()),
        "token"
    );
}

#[test]
fn other_protocols_are_told_so() {
    for text in ["0", "3", "-1", "1.5", "\"2\"", "[2]", "true", "{}"] {
        let line = format!("{{\"type\":\"REGISTER\",\"protocol\":{text}}}");
        let error = program(&line).unwrap_err();
        assert_eq!(error, FrameError::UnsupportedProtocol, "{text}");
        assert_eq!(error.word(), ErrorWord::UnsupportedProtocol);
        assert_eq!(Protocol::meant_by(line.as_bytes()), Protocol::Two, "{text}");
    }
    for line in [
        "",
        "{",
        "{}",
        "[2]",
        r#"{"protocol":1}"#,
        r#"{"protocol":null}"#,
        r#"{"protocol":2,"protocol":2}"#,
    ] {
        assert_eq!(Protocol::meant_by(line.as_bytes()), Protocol::One, "{line}");
    }
    assert_eq!(
        Protocol::meant_by(br#"{"protocol":2,"state":1}"#),
        Protocol::Two
    );
}

#[test]
fn errors_are_answered_in_the_programs_protocol() {
    let error = FrameError::NotAnObject;
    let answer = |word| RelayFrame::Error {
        word,
        description: Untrusted::new(error.to_string()),
        retry_after: None,
    };
    assert_eq!(
        answer(None).to_json(),
        r#"{"type":"ERROR","error":"the line is not a JSON object with each name once, at most 16 deep, with at most 512 values"}"#
    );
    assert_eq!(
        answer(Some(error.word())).to_json(),
        r#"{"type":"ERROR","error":"invalid_request","error_description":"the line is not a JSON object with each name once, at most 16 deep, with at most 512 values"}"#
    );
}

#[test]
fn hostile_03_garbage_depth_and_duplicates_are_one_error_each() {
    let deep = |depth: usize| {
        format!(
            "{{\"type\":\"PING\",\"x\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert_eq!(program(&deep(16)), Ok(ProgramFrame::Ping));
    for line in [
        "",
        "\r",
        "GET / HTTP/1.1",
        "null",
        "[]",
        "\"REGISTER\"",
        "{",
        "{\"type\":\"PING\"",
        "{\"type\":\"PING\"}{}",
        "{'type':'PING'}",
        "\u{feff}{\"type\":\"PING\"}",
        r#"{"type":"PING","type":"PING"}"#,
        r#"{"type":"PING","x":1,"x":1}"#,
        r#"{"type":"PING","x":[{"y":1,"y":2}]}"#,
        &deep(17),
        &"[".repeat(60_000),
        &"{\"a\":".repeat(10_000),
    ] {
        assert_eq!(program(line), Err(FrameError::NotAnObject), "{line}");
        assert_eq!(relay(line), Err(FrameError::NotAnObject), "{line}");
    }
    assert_eq!(
        ProgramFrame::parse(b"{\"type\":\"PING\",\"x\":\"\xff\"}"),
        Err(FrameError::NotAnObject)
    );
    for line in [
        "{}",
        r#"{"type":null}"#,
        r#"{"type":1}"#,
        r#"{"type":"register"}"#,
        r#"{"type":"PING "}"#,
        r#"{"type":["PING"]}"#,
        r#"{"TYPE":"PING"}"#,
    ] {
        assert_eq!(program(line), Err(FrameError::UnknownType), "{line}");
        assert_eq!(relay(line), Err(FrameError::UnknownType), "{line}");
    }
}

#[test]
fn hostile_38_a_frame_of_many_small_values_is_none() {
    let line = |count: usize| format!("{{\"type\":\"PING\",\"x\":[{}1]}}", "1,".repeat(count - 3));
    assert_eq!(program(&line(512)), Ok(ProgramFrame::Ping));
    assert_eq!(program(&line(513)), Err(FrameError::NotAnObject));
}

#[test]
fn hostile_03_a_line_over_64_kib_is_none() {
    let line = |length: usize| {
        let frame = "{\"type\":\"PING\"}";
        format!("{frame}{}", " ".repeat(length - frame.len()))
    };
    assert_eq!(program(&line(MAX_LINE - 1)), Ok(ProgramFrame::Ping));
    assert_eq!(program(&line(MAX_LINE)), Err(FrameError::TooLong));
    assert_eq!(relay(&line(MAX_LINE)), Err(FrameError::TooLong));
    let body = format!("{{\"secret\":\"{SECRET}\"}}{}", " ".repeat(MAX_LINE));
    assert_eq!(
        Register::from_body(body.as_bytes()),
        Err(FrameError::TooLong)
    );
}

#[test]
fn bodies_have_what_their_address_does_not_say() {
    let register = Register::from_body(
        format!("{{\"secret\":\"{SECRET}\",\"timeout\":300,\"state\":1,\"token\":2}}").as_bytes(),
    )
    .unwrap();
    assert_eq!(register.protocol, Protocol::Two);
    assert_eq!((register.state, register.token), (None, None));
    assert_eq!(register.timeout, Some(Duration::from_secs(300)));
    assert_eq!(
        Delivery::from_body(br#"{"delivery":"5Q8u"}"#)
            .unwrap()
            .as_str(),
        "5Q8u"
    );
    for body in [
        "",
        "{}",
        r#"{"delivery":""}"#,
        r#"{"delivery":1}"#,
        r#"{"delivery":"a b"}"#,
        r#"{"delivery":"a","delivery":"a"}"#,
    ] {
        assert!(Delivery::from_body(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn deliveries_are_names() {
    assert_eq!(
        Delivery::from_random([0xff; 16]).as_str(),
        "_____________________w"
    );
    assert!(Delivery::parse(&"a".repeat(64)).is_some());
    for text in ["", "a b", "a\n", "ä", "a=", &"a".repeat(65)] {
        assert_eq!(Delivery::parse(text), None, "{text}");
    }
}

#[test]
fn nothing_secret_is_in_debug() {
    let line = format!(
        "{{\"type\":\"REGISTER\",\"protocol\":2,\"secret\":\"canary{SECRET}\",\"state\":\"canary\",\"token\":\"canary\"}}"
    );
    assert!(!format!("{:?}", program(&line).unwrap()).contains("canary"));
    let line = r#"{"type":"DELIVER","delivery":"5Q8u","state":"canary","code":"canary","parameters":{"code":"canary","x":["canary"]}}"#;
    let shown = format!("{:?}", relay(line).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
    assert!(
        shown.contains(r#"CallbackParameters["code", "x"]"#),
        "{shown}"
    );
    let wrong = program(r#"{"type":"REGISTER","state":["canary"],"canary":1}"#).unwrap_err();
    assert!(!format!("{wrong} {wrong:?}").contains("canary"));
}
