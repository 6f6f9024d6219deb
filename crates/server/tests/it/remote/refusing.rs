//! Who is not let in.

use std::time::Duration;

use super::house::{House, Program, request};
use crate::scene::{OTHER_SECRET, OTHER_TOKEN, SECRET, TOKEN, digest};

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[tokio::test(start_paused = true)]
async fn a_registration_is_made_and_resumed() {
    let house = House::new();
    let program = house.program("abc");
    let reply = program.put_for(r#","timeout":300,"unknown":[1]"#).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(
        reply.json(),
        serde_json::json!({"type": "REGISTERED", "protocol": 2, "expires_in": 300, "heartbeat": 30, "grace": 2,
            "callback_url": "https://relay.example/oauth/callback", "resumed": false})
    );
    for _ in 0..3 {
        let reply = program.put().await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["resumed"], true);
        assert_eq!(reply.json()["expires_in"], 60);
    }
    assert_eq!(house.relay.registrations(), 1);
    // The longest that the configuration allows.
    let reply = program.put_for(r#","timeout":100000"#).await;
    assert_eq!(reply.json()["expires_in"], 600);
}

#[tokio::test(start_paused = true)]
async fn hostile_10_without_a_token_nothing_is_said() {
    let house = House::new();
    house.program("abc").registered().await;
    let path = format!("/relay/registrations/{}", digest("abc"));
    let body = format!(r#"{{"secret":"{SECRET}"}}"#);
    let mut unknown = Vec::new();
    for address in [path.clone(), "/relay/registrations/x".to_owned()] {
        for (method, below) in [
            ("PUT", ""),
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "/acknowledgement"),
            ("POST", "/rejection"),
        ] {
            let address = format!("{address}{below}");
            let ask = async |header: Option<(&str, &str)>| {
                let mut headers = vec![("relay-secret", SECRET)];
                headers.extend(header);
                house.ask(request(method, &address, &headers, &body)).await
            };
            let right = bearer(TOKEN);
            let basic = format!("Basic {TOKEN}");
            for header in [
                None,
                Some(("authorization", basic.as_str())),
                Some(("authorization", TOKEN)),
            ] {
                let reply = ask(header).await;
                assert_eq!(reply.status, 401);
                assert_eq!(reply.json()["error"], "invalid_token");
                assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"relay\"");
            }
            for wrong in [
                "x",
                "",
                "token-for-test",
                "token-for-testsx",
                "TOKEN-FOR-TESTS",
            ] {
                let reply = ask(Some(("authorization", &bearer(wrong)))).await;
                assert_eq!(reply.status, 401, "{wrong}");
                unknown.push(reply);
            }
            // Two are none, and one in the address is none.
            let twice = [
                ("authorization", right.as_str()),
                ("authorization", right.as_str()),
            ];
            let reply = house.ask(request(method, &address, &twice, &body)).await;
            assert_eq!(reply.status, 401);
            let address = format!("{address}?access_token={TOKEN}");
            let reply = house.ask(request(method, &address, &[], &body)).await;
            assert_eq!(reply.status, 401);
        }
    }
    let shown = unknown[0].header("www-authenticate");
    assert_eq!(shown, "Bearer realm=\"relay\", error=\"invalid_token\"");
    assert!(unknown.iter().all(|reply| *reply == unknown[0]));
}

#[tokio::test(start_paused = true)]
async fn a_relay_without_tokens_lets_nobody_in() {
    let house = House::with(|config| config.relay.as_mut().unwrap().tokens.clear());
    assert_eq!(house.program("abc").put().await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn the_scheme_of_a_token_has_no_case() {
    let house = House::new();
    let program = house.program("abc");
    let body = format!(r#"{{"secret":"{SECRET}"}}"#);
    let header = format!("bEARER  {TOKEN} ");
    let request = request("PUT", &program.path, &[("authorization", &header)], &body);
    assert_eq!(house.ask(request).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn hostile_03_what_is_no_registration_is_refused() {
    let house = House::new();
    let program = house.program("abc");
    let put = async |body: &str| house.ask(program.request("PUT", "", body)).await;
    let deep = format!(
        r#"{{"secret":"{SECRET}","x":{}{}}}"#,
        "[".repeat(100),
        "]".repeat(100)
    );
    let twice = format!(r#"{{"secret":"{SECRET}","secret":"{SECRET}"}}"#);
    for body in [
        "",
        "x",
        "[]",
        "{}",
        r#"{"secret":"short"}"#,
        r#"{"secret":null}"#,
        r#"{"secret":"aaaaaaaaaaaaaaaaaaaaa="}"#,
        r#"{"secret":"aaaaaaaaaaaaaaaaaaaaaa","timeout":0}"#,
        r#"{"secret":"aaaaaaaaaaaaaaaaaaaaaa","timeout":"1"}"#,
        &deep,
        &twice,
    ] {
        let reply = put(body).await;
        assert_eq!(reply.status, 400, "{body}: {reply:?}");
        assert_eq!(reply.json()["error"], "invalid_request");
    }
    let large = format!(r#"{{"secret":"{SECRET}","x":"{}"}}"#, "x".repeat(10_000));
    assert_eq!(put(&large).await.status, 413);
    assert_eq!(house.relay.registered(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_address_ends_in_a_digest_and_in_nothing_else() {
    let house = House::new();
    let right = digest("abc");
    let padded = format!("{right}=");
    let bits = format!("{}B", &right[..42]);
    for wrong in [
        "abc",
        "x",
        &right[1..],
        &padded,
        &bits,
        "%2e%2e",
        "%ff",
        &"A".repeat(1_000),
    ] {
        let program = Program {
            path: format!("/relay/registrations/{wrong}"),
            ..house.program("abc")
        };
        for reply in [
            program.put().await,
            program.get(0).await,
            program.delete().await,
        ] {
            assert_eq!(reply.status, 400, "{wrong}: {reply:?}");
            assert_eq!(reply.json()["error"], "invalid_request");
            assert!(!reply.body.contains(wrong), "{reply:?}");
        }
    }
    for elsewhere in ["", "/", "/more", "/acknowledgement/more"] {
        let path = format!("/relay/registrations/{right}{elsewhere}/");
        let program = Program {
            path,
            ..house.program("abc")
        };
        let reply = program.put().await;
        assert_eq!(reply.status, 404, "{elsewhere}: {reply:?}");
        assert_eq!(reply.json()["type"], "ERROR");
    }
}

#[tokio::test(start_paused = true)]
async fn how_long_to_wait_is_a_number_and_nothing_else() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    for query in [
        "?wait=",
        "?wait=x",
        "?wait=-1",
        "?wait=1.5",
        "?wait=1&wait=2",
        "?x=1",
        "?wait=1&x=1",
    ] {
        let reply = house.ask(program.request("GET", query, "")).await;
        assert_eq!(reply.status, 400, "{query}: {reply:?}");
    }
    for (query, seconds) in [
        ("?wait=0", 0),
        ("?wait=7", 7),
        ("", 25),
        ("?", 25),
        ("?wait=9999", 60),
    ] {
        // A wait of more than the registration's time would find its end.
        assert_eq!(program.put_for(r#","timeout":100"#).await.status, 200);
        let start = tokio::time::Instant::now();
        let reply = house.ask(program.request("GET", query, "")).await;
        assert_eq!((reply.status, reply.body.as_str()), (204, ""), "{query}");
        let took = start.elapsed();
        let expected = Duration::from_secs(seconds);
        assert!(
            took >= expected && took < expected + Duration::from_millis(10),
            "{query}: {took:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn methods_that_mean_nothing_are_refused() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    for (method, below) in [
        ("HEAD", ""),
        ("POST", ""),
        ("PATCH", ""),
        ("OPTIONS", ""),
        ("GET", "/acknowledgement"),
        ("PUT", "/acknowledgement"),
        ("GET", "/rejection"),
        ("DELETE", "/rejection"),
    ] {
        let reply = house.ask(program.request(method, below, "")).await;
        assert_eq!(reply.status, 405, "{method} {below}: {reply:?}");
    }
    assert_eq!(house.relay.registrations(), 1);
}

#[tokio::test(start_paused = true)]
async fn hostile_10_a_wrong_secret_and_no_registration_look_the_same() {
    let house = House::new();
    let owner = house.program("abc").registered().await;
    let wrong = [
        house.program("unknown"),
        Program {
            secret: OTHER_SECRET,
            ..owner.clone()
        },
        Program {
            secret: "x",
            ..owner.clone()
        },
        Program {
            secret: "",
            ..owner.clone()
        },
        Program {
            token: OTHER_TOKEN,
            ..owner.clone()
        },
    ];
    let browser = house.browsing("code=c&state=abc");
    for (method, below, body) in [
        ("GET", "", ""),
        ("GET", "?wait=0", ""),
        ("DELETE", "", ""),
        ("POST", "/acknowledgement", r#"{"delivery":"x"}"#),
        ("POST", "/rejection", r#"{"delivery":"x"}"#),
        ("POST", "/acknowledgement", "no JSON"),
    ] {
        let mut replies = Vec::new();
        for program in &wrong {
            replies.push(house.ask(program.request(method, below, body)).await);
        }
        let right = bearer(TOKEN);
        let path = format!("{}{below}", owner.path);
        for headers in [
            vec![("authorization", right.as_str())],
            vec![
                ("authorization", &right),
                ("relay-secret", SECRET),
                ("relay-secret", SECRET),
            ],
        ] {
            replies.push(house.ask(request(method, &path, &headers, body)).await);
        }
        assert_eq!(replies[0].status, 404);
        assert!(
            replies.iter().all(|reply| *reply == replies[0]),
            "{replies:?}"
        );
    }
    // None of it was of any effect.
    let delivery = owner.delivered().await;
    assert!(
        owner.acknowledge(&delivery).await.status == 200 && browser.await.unwrap().is_complete()
    );
}

#[tokio::test(start_paused = true)]
async fn hostile_20_a_state_belongs_to_whoever_registered_it() {
    let house = House::new();
    let owner = house.program("abc").registered().await;
    for impostor in [
        Program {
            secret: OTHER_SECRET,
            ..owner.clone()
        },
        Program {
            token: OTHER_TOKEN,
            ..owner.clone()
        },
        Program {
            token: OTHER_TOKEN,
            secret: OTHER_SECRET,
            ..owner.clone()
        },
    ] {
        let reply = impostor.put().await;
        assert_eq!(reply.status, 409);
        assert_eq!(reply.json()["error"], "state_in_use");
    }
    assert_eq!(owner.put().await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn hostile_38_a_relay_that_is_full_says_so() {
    let house = House::with(|config| config.relay.as_mut().unwrap().limits.registrations = 2);
    for state in ["a", "b"] {
        house.program(state).registered().await;
    }
    let reply = house.program("c").put().await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(reply.json()["error"], "too_many_registrations");
    assert_eq!(reply.json()["retry_after"], 1);
    assert_eq!(house.program("a").put().await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn hostile_38_each_token_has_a_limit_of_its_own() {
    let house = House::new();
    for state in ["a", "b", "c"] {
        house.program(state).registered().await;
    }
    let fourth = house.program("d");
    let reply = fourth.put().await;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(reply.json()["error"], "too_many_registrations");
    assert_eq!(reply.json()["retry_after"], 1);
    // Those that are there are not harmed, and other tokens have their own.
    assert_eq!(house.program("a").put().await.status, 200);
    let other = Program {
        token: OTHER_TOKEN,
        ..fourth.clone()
    };
    assert_eq!(other.put().await.status, 201);
    assert_eq!(house.program("b").delete().await.status, 200);
    assert_eq!(house.program("e").put().await.status, 201);
}
