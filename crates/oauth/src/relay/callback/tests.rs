use super::*;
use crate::relay::{Deliver, RelayFrame};

const JSON: Option<&str> = Some("application/json");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn query(text: &str) -> Result<Callback, CallbackError> {
    Callback::from_query(text, &CodeKeys::default())
}

fn body(content_type: Option<&str>, text: &str) -> Result<Callback, CallbackError> {
    Callback::from_body(content_type, text.as_bytes(), &CodeKeys::default())
}

fn json(text: &str) -> Result<Callback, CallbackError> {
    body(JSON, text)
}

fn code_of(callback: &Callback) -> Option<&str> {
    callback.code().map(AuthorizationCode::expose)
}

fn state_of(callback: &Callback) -> Option<&str> {
    callback.state().map(State::expose)
}

fn ambiguous(name: &str) -> Result<Callback, CallbackError> {
    Err(CallbackError::Ambiguous(Untrusted::new(name)))
}

fn not_text(name: &str) -> Result<Callback, CallbackError> {
    Err(CallbackError::NotText(Untrusted::new(name)))
}

#[test]
fn a_query_a_form_and_json_say_the_same() {
    let text = "code=4%2F0A&state=Zm9v&iss=https%3A%2F%2Fop.example";
    let object = r#"{"code":"4/0A","state":"Zm9v","iss":"https://op.example"}"#;
    let callback = query(text).unwrap();
    assert_eq!(code_of(&callback), Some("4/0A"));
    assert_eq!(state_of(&callback), Some("Zm9v"));
    assert!(!callback.is_refusal());
    assert_eq!(
        Value::Object(callback.parameters().clone()).to_string(),
        serde_json::from_str::<Value>(object).unwrap().to_string()
    );
    for (content_type, same) in [
        (FORM, text),
        (JSON, object),
        (Some(" Application/JSON ;charset=latin1"), object),
        (
            Some("APPLICATION/X-WWW-FORM-URLENCODED; charset=utf-16"),
            text,
        ),
        (None, text),
        (None, object),
        (Some(""), text),
        (Some("text/plain"), object),
        (Some("multipart/form-data; boundary=x"), text),
        (Some("application/json, text/plain"), object),
        (Some("application/vnd.api+json"), object),
        (None, &format!("\r\n\t {object}\n")),
    ] {
        assert_eq!(
            body(content_type, same),
            Ok(callback.clone()),
            "{content_type:?}"
        );
    }
}

#[test]
fn a_body_is_read_as_what_it_says_it_is() {
    assert_eq!(json("code=a&state=b"), Err(CallbackError::Malformed));
    // A form whose one parameter has a strange name.
    let form = body(FORM, r#"{"code":"a"}"#).unwrap();
    assert_eq!(code_of(&form), None);
    assert_eq!(form.parameters().len(), 1);
}

#[test]
fn bodies_that_are_neither_are_refused() {
    for text in [
        "",
        " \n",
        "hello",
        r#"{"code":"a=b"#,
        r#"["code=a"]"#,
        r#""code=a""#,
        "\u{feff}{\"code\":\"a\"}",
        "--b\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\na\r\n--b--\r\n",
        "<a href=\"?code=a\">\n</a>",
    ] {
        for content_type in [
            None,
            Some("multipart/form-data; boundary=b"),
            Some("text/html"),
        ] {
            assert_eq!(
                body(content_type, text),
                Err(CallbackError::Malformed),
                "{text}"
            );
        }
    }
    let latin1 = Callback::from_body(FORM, b"code=\xe4", &CodeKeys::default());
    assert_eq!(latin1, Err(CallbackError::Malformed));
}

#[test]
fn an_empty_callback_is_none() {
    for callback in [
        query(""),
        query("&&"),
        body(FORM, ""),
        body(FORM, "&"),
        json("{}"),
        json(" { } "),
    ] {
        assert_eq!(callback, Err(CallbackError::Malformed));
    }
}

#[test]
fn the_first_code_key_with_a_value_is_the_code() {
    for (text, code) in [
        ("code=a&authorization_code=b", Some("a")),
        ("authorization_code=b&code=a", Some("a")),
        ("code=&authorization_code=b", Some("b")),
        ("Authorization_Code=b", Some("b")),
        ("CODE=a", Some("a")),
        ("auth_code=a", None),
        ("code", None),
        ("code=0", Some("0")),
    ] {
        assert_eq!(code_of(&query(text).unwrap()), code, "{text}");
    }
    for (text, code) in [
        (r#"{"code":["a","b"]}"#, Some("a")),
        (r#"{"code":[4711]}"#, Some("4711")),
        (r#"{"code":4711}"#, Some("4711")),
        (
            r#"{"code":18446744073709551615}"#,
            Some("18446744073709551615"),
        ),
        (r#"{"code":-1}"#, Some("-1")),
        (r#"{"code":0}"#, Some("0")),
        (r#"{"code":[],"authorization_code":"b"}"#, Some("b")),
        (r#"{"code":[""],"authorization_code":"b"}"#, Some("b")),
        (r#"{"code":["","a"],"Authorization_Code":["b"]}"#, Some("b")),
        (r#"{"code":null,"authorization_code":"b"}"#, Some("b")),
        (r#"{"code":false,"authorization_code":"b"}"#, Some("b")),
        (r#"{"code":"","authorization_code":"b"}"#, Some("b")),
        (r#"{"code":"a","authorization_code":{}}"#, Some("a")),
        (r#"{"code":[null]}"#, None),
    ] {
        assert_eq!(code_of(&json(text).unwrap()), code, "{text}");
    }
}

#[test]
fn other_code_keys_count_in_their_order() {
    let keys = CodeKeys::parse("ticket,code").unwrap();
    let callback = Callback::from_query("code=a&Ticket=b&authorization_code=c", &keys).unwrap();
    assert_eq!(code_of(&callback), Some("b"));
}

#[test]
fn a_code_that_is_no_text_is_refused() {
    for value in [
        "true",
        "{}",
        "[[]]",
        "[true]",
        "[{}]",
        "1.5",
        "1e5",
        "-0",
        "123456789012345678901234567890",
    ] {
        assert_eq!(
            json(&format!("{{\"Code\":{value}}}")),
            not_text("Code"),
            "{value}"
        );
    }
}

#[test]
fn hostile_04_a_json_array_or_number_as_state_is_refused() {
    for value in ["[\"a\"]", "[]", "1", "1.5", "{}", "true", "false"] {
        let text = format!("{{\"code\":\"a\",\"state\":{value}}}");
        let error = json(&text).unwrap_err();
        assert_eq!(
            error,
            CallbackError::NotText(Untrusted::new("state")),
            "{value}"
        );
        assert_eq!(error.status(), 400);
    }
    for value in ["null", "\"\""] {
        let text = format!("{{\"code\":\"a\",\"STATE\":{value}}}");
        assert_eq!(state_of(&json(&text).unwrap()), None, "{value}");
    }
    assert_eq!(state_of(&query("code=a&state=").unwrap()), None);
    assert_eq!(state_of(&query("code=a&State=x").unwrap()), Some("x"));
}

#[test]
fn hostile_04_the_same_parameter_twice_is_refused() {
    for name in [
        "code",
        "state",
        "iss",
        "error",
        "other",
        "authorization_code",
    ] {
        for text in [
            format!("{name}=a&{name}=b"),
            format!("x=1&{name}=a&y=2&{name}=a"),
            format!("{name}=&{name}=a"),
        ] {
            assert_eq!(query(&text), ambiguous(name), "{text}");
            assert_eq!(body(FORM, &text), ambiguous(name), "{text}");
            assert_eq!(body(None, &text), ambiguous(name), "{text}");
        }
        let text = format!("{{\"{name}\":\"a\",\"{name}\":\"a\"}}");
        assert_eq!(json(&text), ambiguous(name), "{text}");
        assert_eq!(body(None, &text), ambiguous(name), "{text}");
    }
    assert_eq!(
        json(r#"{"code":"a","user":[{"name":1,"name":1}]}"#),
        ambiguous("name")
    );
    assert_eq!(query("code=a&code=b").unwrap_err().status(), 400);
}

#[test]
fn hostile_04_names_that_differ_in_case_must_have_one_value() {
    for text in [
        r#"{"CODE":"a","code":"b"}"#,
        r#"{"CODE":"","code":"b"}"#,
        r#"{"CODE":["a"],"code":"a"}"#,
        r#"{"State":"a","code":"c","state":null}"#,
        r#"{"Iss":"https://a.example","iss":"https://b.example"}"#,
    ] {
        assert!(
            matches!(json(text), Err(CallbackError::Ambiguous(_))),
            "{text}"
        );
    }
    for text in ["code=a&CODE=b", "state=a&State=", "iss=a&ISS=b"] {
        assert!(
            matches!(query(text), Err(CallbackError::Ambiguous(_))),
            "{text}"
        );
    }
    for callback in [
        query("code=a&CODE=a&State=x&state=x"),
        json(r#"{"code":["a"],"CODE":["a"],"State":"x","state":"x"}"#),
    ] {
        let callback = callback.unwrap();
        assert_eq!(code_of(&callback), Some("a"));
        assert_eq!(state_of(&callback), Some("x"));
        assert_eq!(callback.parameters().len(), 4);
    }
}

#[test]
fn hostile_04_error_with_code_is_refused() {
    for text in [
        "error=access_denied&code=a",
        "ERROR=x&Authorization_code=a&code=",
    ] {
        assert_eq!(query(text), ambiguous("error"), "{text}");
    }
    assert_eq!(json(r#"{"code":1,"error":"x"}"#), ambiguous("error"));
    // Without a value it is none.
    for callback in [
        query("error=&code=a"),
        json(r#"{"error":null,"code":"a"}"#),
        json(r#"{"error":false,"code":"a"}"#),
    ] {
        let callback = callback.unwrap();
        assert!(!callback.is_refusal());
        assert_eq!(code_of(&callback), Some("a"));
    }
    for value in ["1", "true", "{}", "[]", "[\"access_denied\"]"] {
        assert_eq!(
            json(&format!("{{\"error\":{value}}}")),
            not_text("error"),
            "{value}"
        );
    }
}

#[test]
fn a_refusal_keeps_what_it_says() {
    for callback in [
        query("Error=access_denied&error_description=no%0D%0Away&state=x&code="),
        json(r#"{"Error":"access_denied","error_description":"no\r\nway","state":"x","code":""}"#),
    ] {
        let callback = callback.unwrap();
        assert!(callback.is_refusal());
        assert_eq!(code_of(&callback), None);
        assert_eq!(callback.parameters()["error_description"], "no  way");
        assert_eq!(callback.parameters()["Error"], "access_denied");
    }
}

#[test]
fn hostile_05_decoded_once_and_then_refused() {
    for text in [
        "code=a%00",
        "state=%0a",
        "code=%0Db",
        "x=%0a",
        "%0ax=1",
        "code=%1b[1m",
        "code=%7f",
        "state=a%09b",
        "state=%C2%85",
        "code=%c0%ae",
        "code=%ff",
        "code=%ed%a0%80",
        "code=%",
        "code=%4",
        "code=%zz",
        "code=a\n",
        "error_description=%00",
        "Error_Description=a%0Ab",
    ] {
        assert_eq!(query(text), Err(CallbackError::Malformed), "{text:?}");
    }
    assert_eq!(code_of(&query("code=%2541%2500").unwrap()), Some("%41%00"));
    assert_eq!(
        state_of(&query("state=%252e%252e").unwrap()),
        Some("%2e%2e")
    );
    for text in [
        r#"{"code":"a\u0000"}"#,
        r#"{"state":"\r"}"#,
        r#"{"code":"\u001b[1m"}"#,
        r#"{"code":["\u007f"]}"#,
        r#"{"x":"\n"}"#,
        r#"{"\n":1}"#,
        r#"{"error_description":"\u0000"}"#,
        r#"{"code":"\ud800"}"#,
        "{\"code\":\"a\nb\"}",
        r#"{"state":"\t"}"#,
    ] {
        assert_eq!(json(text), Err(CallbackError::Malformed), "{text}");
    }
    // Deeper it reaches the program alone, and escaped.
    let callback = json(r#"{"error":"x","detail":{"text":"a\nb"}}"#).unwrap();
    let line = RelayFrame::Deliver(Deliver::first(&callback)).to_line();
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
}

#[test]
fn hostile_03_deep_nesting_is_refused() {
    let nested = |depth: usize| {
        format!(
            "{{\"code\":\"a\",\"x\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert!(json(&nested(16)).is_ok());
    assert_eq!(json(&nested(17)), Err(CallbackError::Malformed));
    assert_eq!(
        json(&"{\"a\":".repeat(10_000)),
        Err(CallbackError::Malformed)
    );
}

#[test]
fn debug_shows_names_and_no_values() {
    let callback = query("code=canary1&state=canary2&x=canary3&canary4").unwrap();
    assert_eq!(
        format!("{callback:?}"),
        r#"Callback { state: Some(State(redacted)), code: Some(AuthorizationCode(redacted)), refused: false, parameters: CallbackParameters["code", "state", "x"] }"#
    );
    for text in [
        "code=canary&code=canary",
        "code=canary&error=canary",
        "state=canary%00",
    ] {
        let error = query(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{text}");
    }
}
