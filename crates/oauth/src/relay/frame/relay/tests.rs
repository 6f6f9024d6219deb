use std::time::Duration;

use super::*;
use crate::relay::{Callback, CodeKeys, Delivery};

fn relay(line: &str) -> Result<RelayFrame, FrameError> {
    RelayFrame::parse(line.as_bytes())
}

#[test]
fn protocol_1_has_only_the_members_that_its_clients_know() {
    let parameters: Map<String, Value> =
        serde_json::from_str(r#"{"error":"access_denied"}"#).unwrap();
    let deliver = Deliver {
        delivery: None,
        state: Some(State::new("s")),
        code: Some(AuthorizationCode::new("4/0A\n\"")),
        parameters: None,
    };
    let refusal = Deliver {
        code: None,
        parameters: Some(CallbackParameters(parameters)),
        ..deliver.clone()
    };
    let error = RelayFrame::Error {
        word: None,
        description: Untrusted::new("no\u{1b}[1m\n"),
        retry_after: Some(Duration::from_secs(5)),
    };
    for (frame, line) in [
        (
            RelayFrame::Deliver(deliver),
            "{\"type\":\"DELIVER\",\"state\":\"s\",\"code\":\"4/0A\\n\\\"\"}\n",
        ),
        (
            RelayFrame::Deliver(refusal),
            "{\"type\":\"DELIVER\",\"state\":\"s\",\"raw\":{\"error\":\"access_denied\"}}\n",
        ),
        (
            error,
            "{\"type\":\"ERROR\",\"error\":\"no\u{fffd}[1m\u{fffd}\"}\n",
        ),
    ] {
        assert_eq!(String::from_utf8(frame.to_line()).unwrap(), line);
    }
}

#[test]
fn a_callback_becomes_what_each_protocol_has_of_it() {
    let keys = CodeKeys::default();
    let callback =
        Callback::from_query("code=4%2F0A&state=Zm9v&iss=https://op.example", &keys).unwrap();
    let delivery = Delivery::parse("5Q8u").unwrap();
    assert_eq!(
        RelayFrame::Deliver(Deliver::first(&callback)).to_json(),
        r#"{"type":"DELIVER","state":"Zm9v","code":"4/0A"}"#
    );
    assert_eq!(
        RelayFrame::Deliver(Deliver::second(&callback, delivery)).to_json(),
        r#"{"type":"DELIVER","delivery":"5Q8u","state":"Zm9v","code":"4/0A","parameters":{"code":"4/0A","iss":"https://op.example","state":"Zm9v"}}"#
    );
    let denied = Callback::from_query("error=access_denied", &keys).unwrap();
    assert_eq!(
        RelayFrame::Deliver(Deliver::first(&denied)).to_json(),
        r#"{"type":"DELIVER","raw":{"error":"access_denied"}}"#
    );
}

#[test]
fn words_of_a_later_relay_are_no_errors() {
    for (line, expected) in [
        (
            r#"{"type":"CLOSE","reason":"moved","retry_after":1.5,"to":{}}"#,
            RelayFrame::Close {
                reason: CloseReason::Other,
                retry_after: Some(Duration::from_millis(1500)),
            },
        ),
        (
            r#"{"type":"ERROR","error":"teapot","error_description":"short and stout"}"#,
            RelayFrame::Error {
                word: None,
                description: "short and stout".into(),
                retry_after: None,
            },
        ),
        (
            r#"{"type":"ERROR","error":"teapot","retry_after":2}"#,
            RelayFrame::Error {
                word: None,
                description: "teapot".into(),
                retry_after: Some(Duration::from_secs(2)),
            },
        ),
        (
            r#"{"type":"ERROR","error":"state_in_use"}"#,
            RelayFrame::Error {
                word: Some(ErrorWord::StateInUse),
                description: "state_in_use".into(),
                retry_after: None,
            },
        ),
    ] {
        assert_eq!(relay(line), Ok(expected), "{line}");
    }
}

#[test]
fn what_a_relay_must_say_is_demanded() {
    let registered = r#"{"type":"REGISTERED","protocol":2,"callback_url":"https://a.example/cb","expires_in":300,"heartbeat":30,"grace":3,"resumed":false}"#;
    assert!(relay(registered).is_ok());
    for (old, new) in [
        ("\"protocol\":2", "\"protocol\":1"),
        ("\"protocol\":2", "\"protocol\":3"),
        ("https://a.example/cb", "a.example"),
        ("https://a.example/cb", "javascript:alert(1)"),
        ("\"expires_in\":300,", ""),
        ("300", "-1"),
        ("30,", "\"30\","),
        (",\"resumed\":false", ""),
        ("false", "\"false\""),
    ] {
        assert!(
            relay(&registered.replacen(old, new, 1)).is_err(),
            "{old} {new}"
        );
    }
    for line in [
        r#"{"type":"DELIVER"}"#,
        r#"{"type":"DELIVER","state":"s"}"#,
        r#"{"type":"DELIVER","code":""}"#,
        r#"{"type":"DELIVER","code":1}"#,
        r#"{"type":"DELIVER","raw":[]}"#,
        r#"{"type":"DELIVER","state":["s"],"code":"c"}"#,
        r#"{"type":"DELIVER","delivery":"d","code":"c"}"#,
        r#"{"type":"DELIVER","delivery":"d","code":"c","raw":{}}"#,
        r#"{"type":"DELIVER","delivery":"","code":"c","parameters":{}}"#,
        r#"{"type":"CLOSE"}"#,
        r#"{"type":"CLOSE","reason":1}"#,
        r#"{"type":"CLOSE","reason":"shutdown","retry_after":"5"}"#,
        r#"{"type":"ERROR"}"#,
        r#"{"type":"ERROR","error":{}}"#,
        r#"{"type":"ERROR","error":"x","error_description":1}"#,
        r#"{"type":"REGISTER"}"#,
    ] {
        assert!(relay(line).is_err(), "{line}");
    }
    let empty_state = relay(r#"{"type":"DELIVER","state":"","code":"c","delivery":null}"#);
    assert!(matches!(
        empty_state,
        Ok(RelayFrame::Deliver(Deliver {
            state: None,
            delivery: None,
            ..
        }))
    ));
}

#[test]
fn hostile_06_an_error_is_written_short_and_inert() {
    let error = RelayFrame::Error {
        word: Some(ErrorWord::InvalidRequest),
        description: Untrusted::new("\u{202e}\"\\\n".repeat(100_000)),
        retry_after: None,
    };
    let line = error.to_line();
    assert!(line.len() < 2000);
    let read = RelayFrame::parse(&line).unwrap();
    assert_eq!(RelayFrame::parse(&read.to_line()), Ok(read));
}
