use super::*;
use crate::{Timestamp, authorization::ErrorCode, secret::ClientSecret, token};
use proptest::prelude::*;

fn profile() -> ProviderProfile {
    ProviderProfile {
        client_id: Some("c1".into()),
        token_endpoint: Some(Endpoint::parse("https://a.example/token").unwrap()),
        device_authorization_endpoint: Some(Endpoint::parse("https://a.example/device").unwrap()),
        ..ProviderProfile::named("x")
    }
}

fn answered(
    profile: &ProviderProfile,
    status: u16,
    body: impl Into<Vec<u8>>,
) -> Result<DeviceAuthorization, TokenError> {
    response(
        profile,
        &http::Response::builder()
            .status(status)
            .body(body.into())
            .unwrap(),
    )
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An authorization with an interval and a lifetime in seconds.
fn authorization(interval: u64, lifetime: u64) -> DeviceAuthorization {
    let body = format!(
        r#"{{"device_code":"d","user_code":"ABCD-EFGH","verification_uri":"https://a.example/go","interval":{interval},"expires_in":{lifetime}}}"#
    );
    answered(&profile(), 200, body).unwrap()
}

fn poll(status: u16, body: &str) -> PollAnswer {
    let answer = http::Response::builder()
        .status(status)
        .body(body.as_bytes().to_vec())
        .unwrap();
    let result = token::response(&profile(), &answer, Timestamp::UNIX_EPOCH);
    PollAnswer::Answered {
        result,
        interval: interval_in(answer.body()),
    }
}

fn error(code: &str) -> PollAnswer {
    poll(400, &format!(r#"{{"error":"{code}"}}"#))
}

fn wait(step: Result<DeviceStep, DeviceError>) -> DevicePoll {
    match step {
        Ok(DeviceStep::Wait(poll)) => poll,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_is_a_form_with_client_and_scope() {
    let mut profile = profile();
    profile.token_request_format = crate::profile::BodyFormat::Json;
    let sent = request(&profile, &Scopes::parse("a b")).unwrap();
    assert_eq!(sent.uri(), "https://a.example/device");
    assert_eq!(
        sent.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(sent.headers()["accept"], "application/json");
    assert_eq!(sent.body(), b"client_id=c1&scope=a+b");
    profile.client_secret = Some(ClientSecret::new("s"));
    assert_eq!(request(&profile, &Scopes::default()).unwrap().body(), b"");
    profile.device_authorization_endpoint = None;
    let error = request(&profile, &Scopes::default()).unwrap_err();
    assert!(matches!(
        error,
        ProfileError::NoEndpoint {
            key: "device_authorization_endpoint",
            ..
        }
    ));
}

#[test]
fn the_example_of_rfc_8628() {
    let body = r#"{"device_code":"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS","user_code":"WDJB-MJHT","verification_uri":"https://example.com/device",
        "verification_uri_complete":"https://example.com/device?user_code=WDJB-MJHT","expires_in":1800,"interval":5}"#;
    let found = answered(&profile(), 200, body).unwrap();
    assert_eq!(found.user_code.to_string(), "WDJB-MJHT");
    assert_eq!(
        found.verification_uri.to_string(),
        "https://example.com/device"
    );
    assert_eq!(
        found.verification_uri_complete.unwrap().as_str(),
        "https://example.com/device?user_code=WDJB-MJHT"
    );
    assert_eq!(
        (found.expires_in, found.interval),
        (seconds(1800), seconds(5))
    );
}

#[test]
fn aliases_strings_and_defaults() {
    let google = r#"{"device_code":"d","user_code":"u","verification_url":"https://www.google.com/device","expires_in":"1800"}"#;
    let found = answered(&profile(), 200, google).unwrap();
    assert_eq!(
        found.verification_uri.to_string(),
        "https://www.google.com/device"
    );
    assert_eq!(
        (found.expires_in, found.interval),
        (seconds(1800), seconds(5))
    );
    let mut profile = profile();
    profile
        .device_aliases
        .insert("device_code".into(), "device_auth_id".into());
    profile
        .device_aliases
        .insert("interval".into(), "every".into());
    let own = r#"{"device_auth_id":"d","user_code":"u","verification_uri":"https://x.example","every":"7","expires_in":0}"#;
    let found = answered(&profile, 200, own).unwrap();
    assert_eq!(found.device_code, DeviceCode::new("d"));
    assert_eq!(
        (found.expires_in, found.interval),
        (seconds(900), seconds(7))
    );
}

#[test]
fn hostile_07_addresses_to_open_are_safe_and_on_one_origin() {
    let with = |uri: &str, complete: &str| {
        let body = serde_json::json!({"device_code": "d", "user_code": "u", "verification_uri": uri, "verification_uri_complete": complete});
        answered(&profile(), 200, body.to_string())
    };
    for uri in [
        "http://evil.example/",
        "javascript:alert(1)",
        "https://a@evil.example/",
        "--help",
        "https:\\\\evil.example",
    ] {
        assert!(
            matches!(with(uri, ""), Err(TokenError::Malformed { .. })),
            "{uri}"
        );
        assert!(
            with("https://a.example/", uri)
                .unwrap()
                .verification_uri_complete
                .is_none(),
            "{uri}"
        );
    }
    for other in [
        "https://b.example/?c=u",
        "https://a.example:8443/?c=u",
        "https://a.example.evil.example/",
    ] {
        assert!(
            with("https://a.example/", other)
                .unwrap()
                .verification_uri_complete
                .is_none(),
            "{other}"
        );
    }
    assert!(
        with("https://a.example/go", "https://a.example/other?c=u")
            .unwrap()
            .verification_uri_complete
            .is_some()
    );
    assert!(
        with("http://127.0.0.1:1/go", "http://127.0.0.1:1/go?c=u")
            .unwrap()
            .verification_uri_complete
            .is_some()
    );
}

#[test]
fn answers_without_what_is_needed_are_errors() {
    let whole = serde_json::json!({"device_code": "d", "user_code": "u", "verification_uri": "https://a.example"});
    for missing in ["device_code", "user_code", "verification_uri"] {
        let mut body = whole.clone();
        body[missing] = "".into();
        assert!(
            matches!(
                answered(&profile(), 200, body.to_string()),
                Err(TokenError::Malformed { .. })
            ),
            "{missing}"
        );
    }
    let mut long = whole;
    long["user_code"] = "x".repeat(65).into();
    assert!(answered(&profile(), 200, long.to_string()).is_err());
    assert!(matches!(
        answered(&profile(), 200, r#"{"error":"device_flow_disabled"}"#),
        Err(TokenError::Refused(_))
    ));
    assert!(matches!(
        answered(&profile(), 503, ""),
        Err(TokenError::Unavailable { .. })
    ));
}

#[test]
fn the_first_poll_waits_and_pending_keeps_the_interval() {
    let poll = DevicePoll::new(&authorization(5, 900));
    assert_eq!(
        (poll.next_poll(), poll.deadline()),
        (seconds(5), seconds(900))
    );
    let poll = wait(poll.answer(seconds(5), error("authorization_pending")));
    assert_eq!(poll.next_poll(), seconds(10));
    // A late poll does not make the next one early.
    let poll = wait(poll.answer(seconds(17), error("authorization_pending")));
    assert_eq!(poll.next_poll(), seconds(22));
}

#[test]
fn slow_down_adds_five_seconds_for_good_or_takes_the_servers_interval() {
    let poll = DevicePoll::new(&authorization(5, 900));
    let poll = wait(poll.answer(seconds(5), error("slow_down")));
    assert_eq!(poll.next_poll(), seconds(15));
    let poll = wait(poll.answer(seconds(15), error("authorization_pending")));
    assert_eq!(poll.next_poll(), seconds(25));
    let step = poll.answer(
        seconds(25),
        self::poll(200, r#"{"error":"slow_down","interval":30}"#),
    );
    let poll = wait(step);
    assert_eq!(poll.next_poll(), seconds(55));
    let poll = wait(poll.answer(seconds(55), self::poll(200, "error=slow_down&interval=10")));
    assert_eq!(poll.next_poll(), seconds(90));
}

#[test]
fn passing_faults_double_the_interval_up_to_a_minute() {
    let mut poll = DevicePoll::new(&authorization(5, 9000));
    let mut elapsed = 0;
    for expected in [10, 20, 40, 60, 60] {
        let before = poll.next_poll();
        let answer = if expected == 20 {
            self::poll(503, "")
        } else {
            PollAnswer::Unreachable
        };
        poll = wait(poll.answer(before, answer));
        elapsed = (poll.next_poll() - before).as_secs();
        assert_eq!(elapsed, expected);
    }
    let before = poll.next_poll();
    let poll = wait(poll.answer(before, error("authorization_pending")));
    assert_eq!(
        (poll.next_poll() - before).as_secs(),
        elapsed,
        "what has grown stays"
    );
}

#[test]
fn retry_after_is_honoured() {
    let answer = http::Response::builder()
        .status(429)
        .header("retry-after", "45")
        .body(Vec::new())
        .unwrap();
    let result = token::response(&profile(), &answer, Timestamp::UNIX_EPOCH);
    let poll = DevicePoll::new(&authorization(5, 900));
    let poll = wait(poll.answer(
        seconds(5),
        PollAnswer::Answered {
            result,
            interval: None,
        },
    ));
    assert_eq!(poll.next_poll(), seconds(50));
}

#[test]
fn success_denial_expiry_and_other_ends() {
    let start = || DevicePoll::new(&authorization(5, 900));
    let done = start().answer(seconds(5), poll(200, r#"{"access_token":"t"}"#));
    assert!(matches!(done, Ok(DeviceStep::Done(token)) if token.access_token.expose() == "t"));
    assert!(matches!(
        start().answer(seconds(5), error("access_denied")),
        Err(DeviceError::Denied(_))
    ));
    assert!(matches!(
        start().answer(seconds(5), error("authorization_declined")),
        Err(DeviceError::Denied(_))
    ));
    assert_eq!(
        start()
            .answer(seconds(5), error("expired_token"))
            .unwrap_err(),
        DeviceError::Expired
    );
    let Err(DeviceError::Token(TokenError::Refused(refused))) =
        start().answer(seconds(5), error("invalid_grant"))
    else {
        panic!()
    };
    assert_eq!(refused.code, ErrorCode::InvalidGrant);
    assert!(matches!(
        start().answer(seconds(5), poll(404, "no")),
        Err(DeviceError::Token(TokenError::Malformed { .. }))
    ));
}

#[test]
fn after_the_deadline_everything_but_success_is_expiry() {
    let start = || DevicePoll::new(&authorization(5, 100));
    for late in [
        error("authorization_pending"),
        error("slow_down"),
        error("invalid_grant"),
        PollAnswer::Unreachable,
        poll(503, ""),
    ] {
        assert_eq!(
            start().answer(seconds(100), late).unwrap_err(),
            DeviceError::Expired
        );
    }
    assert!(
        start()
            .answer(seconds(101), poll(200, r#"{"access_token":"t"}"#))
            .is_ok(),
        "the server's clock counts"
    );
    assert_eq!(
        wait(start().answer(seconds(99), error("authorization_pending"))).next_poll(),
        seconds(104)
    );
    let answer = http::Response::builder()
        .status(503)
        .header("retry-after", "3600")
        .body(Vec::new())
        .unwrap();
    let result = token::response(&profile(), &answer, Timestamp::UNIX_EPOCH);
    assert_eq!(
        start()
            .answer(
                seconds(5),
                PollAnswer::Answered {
                    result,
                    interval: None
                }
            )
            .unwrap_err(),
        DeviceError::Expired
    );
}

proptest! {
    #[test]
    fn polling_never_speeds_up_and_ends(interval in 1u64..100, lifetime in 1u64..2000, answers in prop::collection::vec(0u8..4, 0..200)) {
        let mut poll = DevicePoll::new(&authorization(interval, lifetime));
        let mut gap = seconds(interval);
        for answer in answers {
            let now = poll.next_poll();
            let answer = match answer {
                0 => error("authorization_pending"),
                1 => error("slow_down"),
                2 => self::poll(502, ""),
                _ => PollAnswer::Unreachable,
            };
            match poll.answer(now, answer) {
                Ok(DeviceStep::Wait(next)) => {
                    prop_assert!(now < next.deadline());
                    prop_assert!(next.next_poll() - now >= gap);
                    gap = next.next_poll() - now;
                    poll = next;
                }
                Ok(DeviceStep::Done(_)) => return Err(TestCaseError::fail("no token was given")),
                Err(error) => {
                    prop_assert_eq!(error, DeviceError::Expired);
                    return Ok(());
                }
            }
        }
    }

    #[test]
    fn never_panics(body in prop::collection::vec(any::<u8>(), 0..200), value in "[-0-9a-z\".e\\[\\]{}:/]{0,30}", elapsed in any::<u64>()) {
        drop(answered(&profile(), 200, body.clone()));
        interval_in(&body);
        let body = format!(r#"{{"device_code":"d","user_code":"u","verification_uri":"https://a.example","interval":{value},"expires_in":{value}}}"#);
        interval_in(body.as_bytes());
        if let Ok(found) = answered(&profile(), 200, body) {
            drop(DevicePoll::new(&found).answer(seconds(elapsed), error("slow_down")));
        }
    }
}
