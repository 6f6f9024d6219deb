use super::*;
use proptest::prelude::*;

fn answer(status: u16, body: &str) -> Response<Vec<u8>> {
    Response::builder()
        .status(status)
        .body(body.into())
        .unwrap()
}

fn with_header(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Vec<u8>> {
    let builder = headers.iter().fold(
        Response::builder().status(status),
        |builder, (name, value)| builder.header(*name, *value),
    );
    builder.body(body.into()).unwrap()
}

fn code(error: TokenError) -> ErrorCode {
    match error {
        TokenError::Refused(error) => error.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn json_and_forms_are_read_whatever_the_content_type_says() {
    for body in [
        r#" {"access_token":"t"}"#,
        "\u{feff}{\"access_token\":\"t\"}",
        "access_token=t&token_type=bearer",
        "token_type=bearer&access_token=t\n",
    ] {
        assert_eq!(
            string(&read(&answer(200, body)).unwrap(), "access_token"),
            Some("t"),
            "{body}"
        );
    }
    for body in [
        "",
        "ok",
        "<html>access_token=t</html>",
        "\"access_token=t\"",
        "[1]",
        "null",
        "{",
        "access_token",
        "a=b",
    ] {
        assert!(
            matches!(
                read(&answer(200, body)),
                Err(TokenError::Malformed {
                    status: 200,
                    excerpt: None
                })
            ),
            "{body}"
        );
    }
}

#[test]
fn errors_count_with_any_status() {
    assert_eq!(
        code(
            read(&answer(
                200,
                "error=bad_verification_code&error_description=x"
            ))
            .unwrap_err()
        ),
        ErrorCode::InvalidGrant
    );
    assert_eq!(
        code(read(&answer(200, r#"{"error":"slow_down"}"#)).unwrap_err()),
        ErrorCode::SlowDown
    );
    assert_eq!(
        code(read(&answer(400, r#"{"error":"invalid_grant"}"#)).unwrap_err()),
        ErrorCode::InvalidGrant
    );
    assert_eq!(
        code(read(&answer(401, r#"{"error":"invalid_client"}"#)).unwrap_err()),
        ErrorCode::InvalidClient
    );
    assert_eq!(
        code(read(&answer(428, r#"{"error":"authorization_pending"}"#)).unwrap_err()),
        ErrorCode::AuthorizationPending
    );
    assert_eq!(
        code(read(&answer(429, r#"{"error":"slow_down"}"#)).unwrap_err()),
        ErrorCode::SlowDown
    );
}

#[test]
fn passing_faults_are_unavailable() {
    for (status, body) in [
        (500, ""),
        (502, "<html>"),
        (503, r#"{"error":"temporarily_unavailable"}"#),
        (500, r#"{"error":"server_error"}"#),
        (500, r#"{"error":"invalid_grant"}"#),
        (400, r#"{"error":"temporarily_unavailable"}"#),
        (429, "slow"),
        (429, r#"{"error":"rate_limited"}"#),
        (408, ""),
    ] {
        assert_eq!(
            read(&answer(status, body)).unwrap_err(),
            TokenError::Unavailable {
                status,
                retry_after: None
            },
            "{status} {body}"
        );
    }
}

#[test]
fn retry_after_in_seconds_or_as_a_date_by_the_servers_own_clock() {
    let after = |headers: &[(&str, &str)]| match read(&with_header(503, headers, "")) {
        Err(TokenError::Unavailable { retry_after, .. }) => retry_after,
        other => panic!("{other:?}"),
    };
    let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(after(&[("retry-after", " 120 ")]), Some(120));
    assert_eq!(
        after(&[("retry-after", "99999999999999999999999")]),
        Some(u64::MAX)
    );
    assert_eq!(
        after(&[date, ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]),
        Some(60)
    );
    assert_eq!(
        after(&[date, ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]),
        Some(0)
    );
    assert_eq!(
        after(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]),
        None
    );
    for senseless in ["", "-1", "1.5", "soon", "+5"] {
        assert_eq!(after(&[("retry-after", senseless)]), None, "{senseless}");
    }
}

#[test]
fn prose_gives_an_inert_excerpt_without_what_was_sent() {
    let Err(TokenError::Malformed {
        status: 401,
        excerpt: Some(excerpt),
    }) = read(&answer(
        401,
        "Unauthorized\u{1b}[2J client, token rt_canary_0123456789abcdef is bad",
    ))
    else {
        panic!()
    };
    assert_eq!(
        excerpt.to_string(),
        "Unauthorized\u{fffd}[2J client, token […] is bad"
    );
    assert!(matches!(
        read(&answer(200, "welcome")),
        Err(TokenError::Malformed { excerpt: None, .. })
    ));
    assert!(matches!(
        read(&answer(302, "")),
        Err(TokenError::Malformed {
            status: 302,
            excerpt: None
        })
    ));
    let error = read(&answer(404, r#"{"message":"Not Found"}"#)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server's answer (HTTP 404) is no OAuth answer: Not Found"
    );
}

#[test]
fn seconds_of_all_kinds() {
    let json = |text: &str| seconds(&serde_json::from_str(text).unwrap());
    for (text, expected) in [
        ("3600", Some(3600)),
        ("3599.9", Some(3599)),
        ("\"3600\"", Some(3600)),
        ("\" 3600.5 \"", Some(3600)),
        ("1e3", Some(1000)),
        ("99999999999999999999999999", Some(u64::MAX)),
        ("\"1e999\"", Some(u64::MAX)),
        ("0", None),
        ("0.4", None),
        ("-1", None),
        ("\"-1\"", None),
        ("\"\"", None),
        ("\"NaN\"", None),
        ("\"soon\"", None),
        ("null", None),
        ("true", None),
        ("[3600]", None),
    ] {
        assert_eq!(json(text), expected, "{text}");
    }
}

#[test]
fn pointers_into_bodies() {
    let body: Body = serde_json::from_str(r#"{"a":{"b":[{"c":1}]},"x/y":2,"m~n":3}"#).unwrap();
    assert_eq!(pointed(&body, "/a/b/0/c"), Some(&1.into()));
    assert_eq!(pointed(&body, "/x~1y"), Some(&2.into()));
    assert_eq!(pointed(&body, "/m~0n"), Some(&3.into()));
    assert_eq!(pointed(&body, "/a/nope"), None);
    assert_eq!(pointed(&body, "a"), None);
}

proptest! {
    #[test]
    fn never_panics(status in 200u16..600, body in prop::collection::vec(any::<u8>(), 0..300), text in ".*|[\\[{\"a-z:,=&}\\]]*", header in "[ -~]*", pointer in ".*") {
        drop(read(&Response::builder().status(status).header("retry-after", &header).header("date", &header).body(body).unwrap()));
        if let Ok(body) = read(&answer(status, &text)) {
            pointed(&body, &pointer);
            prop_assert!(body.values().filter_map(seconds).all(|seconds| seconds > 0));
        }
    }

    #[test]
    fn deep_nesting_is_an_error(depth in 200usize..20_000) {
        let body = "{\"a\":".repeat(depth);
        prop_assert!(read(&answer(200, &body)).is_err());
    }
}
