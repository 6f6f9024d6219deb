//! Both protocols over the local socket: who gets what, once, and what the browser is told.

use std::time::Duration;

use oarlock_server::config::{LocalAddress, Times};
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::scene::{OTHER_SECRET, Program, SECRET, Scene, TOKEN, ack, register, times, until};

#[tokio::test]
async fn protocol_1_delivers_the_code_and_closes() {
    let scene = Scene::new().await;
    let mut program = scene.first("abc").await;
    let browser = scene.browsing("code=4%2F0A&state=abc&scope=x");
    let line = program.hear().await;
    assert_eq!(
        line,
        Some(json!({"type": "DELIVER", "state": "abc", "code": "4/0A"}))
    );
    assert_eq!(program.hear().await, None);
    drop(program);
    let page = browser.await.unwrap();
    assert!(page.is_complete(), "{page:?}");
}

#[tokio::test]
async fn protocol_1_single_slot_is_for_callbacks_without_a_state() {
    let scene = Scene::new().await;
    let mut program = scene.program().await;
    program.say(r#"{"type":"REGISTER"}"#).await;
    until(|| scene.relay.registered() == 1).await;
    let browser = scene.browsing("code=c1");
    assert_eq!(
        program.hear().await,
        Some(json!({"type": "DELIVER", "code": "c1"}))
    );
    drop(program);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn no_state_names_the_single_slot() {
    let scene =
        Scene::with(|config| config.relay.as_mut().unwrap().times.grace = Duration::ZERO).await;
    let mut program = scene.program().await;
    program.say(r#"{"type":"REGISTER"}"#).await;
    until(|| scene.relay.registered() == 1).await;
    for state in ["__default__", "none", "null", "undefined", "%20"] {
        let page = scene.browse(&format!("code=c1&state={state}")).await;
        assert_eq!(page.status, 404, "{state}");
    }
    let mut empty = scene.program().await;
    empty.say(r#"{"type":"REGISTER","state":""}"#).await;
    let error = empty.hear().await.unwrap();
    assert_eq!(error["type"], "ERROR");
    assert!(
        error["error"].as_str().unwrap().contains("state"),
        "{error}"
    );
    assert_eq!(scene.relay.registrations(), 1);
}

#[tokio::test]
async fn a_callback_without_a_code_is_delivered_whole() {
    let scene = Scene::new().await;
    let mut program = scene.first("abc").await;
    let browser = scene.browsing("state=abc&error=access_denied&error_description=No");
    assert_eq!(
        program.hear().await,
        Some(json!({"type": "DELIVER", "state": "abc", "raw":
            {"state": "abc", "error": "access_denied", "error_description": "No"}}))
    );
    drop(program);
    let page = browser.await.unwrap();
    assert_eq!(page.status, 200);
    assert!(
        !page.is_complete() && page.body.contains("denied"),
        "{page:?}"
    );
}

#[tokio::test]
async fn a_callback_that_comes_first_is_held_for_its_program() {
    let scene = Scene::new().await;
    let browser = scene.browsing("code=c1&state=early");
    until(|| scene.relay.held() == 1).await;
    let mut program = scene.program().await;
    program.say(r#"{"type":"REGISTER","state":"early"}"#).await;
    assert_eq!(program.hear().await.unwrap()["code"], "c1");
    drop(program);
    assert!(browser.await.unwrap().is_complete());
    assert_eq!(scene.relay.held(), 0);
}

#[tokio::test]
async fn a_callback_that_nobody_comes_for_fails_after_the_grace() {
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().times.grace = Duration::from_millis(50)
    })
    .await;
    let page = scene.browse("code=c1&state=nobody").await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("Authorization Failed"), "{page:?}");
    assert_eq!(scene.relay.held(), 0);
}

#[tokio::test]
async fn a_replayed_callback_is_refused_and_another_code_is_not() {
    let scene = Scene::new().await;
    let mut program = scene.first("abc").await;
    let browser = scene.browsing("code=c1&state=abc");
    assert!(program.hear().await.is_some());
    drop(program);
    assert!(browser.await.unwrap().is_complete());
    // At once, without waiting for anybody.
    assert_eq!(scene.browse("code=c1&state=abc").await.status, 404);
    let mut again = scene.first("abc").await;
    assert_eq!(scene.browse("code=c1&state=abc").await.status, 404);
    let browser = scene.browsing("code=c2&state=abc");
    assert_eq!(again.hear().await.unwrap()["code"], "c2");
    drop(again);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn a_double_click_sees_one_outcome() {
    let scene = Scene::new().await;
    let mut program = scene.first("abc").await;
    let browsers = [(); 3].map(|()| scene.browsing("code=c1&state=abc"));
    assert!(program.hear().await.is_some());
    // All of them have come before the program lets go.
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(program);
    for browser in browsers {
        assert!(browser.await.unwrap().is_complete());
    }
}

#[tokio::test]
async fn hostile_20_a_newer_registration_of_the_same_user_replaces_the_older() {
    let scene = Scene::new().await;
    let mut older = scene.first("abc").await;
    let mut newer = scene.first("abc").await;
    assert_eq!(older.hear().await, None);
    let browser = scene.browsing("code=c1&state=abc");
    assert_eq!(newer.hear().await.unwrap()["code"], "c1");
    drop(newer);
    assert!(browser.await.unwrap().is_complete());
    until(|| scene.relay.registrations() == 0).await;
}

#[tokio::test]
async fn unregister_and_a_closed_connection_end_a_registration() {
    let scene =
        Scene::with(|config| config.relay.as_mut().unwrap().times.grace = Duration::ZERO).await;
    let mut program = scene.first("abc").await;
    program.say(r#"{"type":"UNREGISTER"}"#).await;
    assert_eq!(program.hear().await, None);
    let closed = scene.first("abc").await;
    drop(closed);
    let mut half = scene.first("def").await;
    half.end_writing().await;
    until(|| scene.relay.registrations() == 0).await;
    assert_eq!(half.hear().await, None);
    assert_eq!(scene.browse("code=c1&state=abc").await.status, 404);
}

#[tokio::test]
async fn a_registration_times_out_without_a_line() {
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().times.registration = Duration::from_millis(100);
    })
    .await;
    let mut program = scene.first("abc").await;
    assert_eq!(program.hear().await, None);
    until(|| scene.relay.registrations() == 0).await;
}

#[tokio::test]
async fn hostile_33_protocol_1_unread_is_not_complete_and_goes_to_the_next_of_the_same_user() {
    let scene = Scene::new().await;
    let program = scene.first("abc").await;
    let browser = scene.browsing("code=c1&state=abc");
    // The line is on its way or there, and nobody reads it.
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(program);
    until(|| scene.relay.held() == 1).await;
    let mut next = scene.program().await;
    next.say(r#"{"type":"REGISTER","state":"abc"}"#).await;
    assert_eq!(next.hear().await.unwrap()["code"], "c1");
    drop(next);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn hostile_33_protocol_1_unread_fails_when_nobody_comes() {
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().times.grace = Duration::from_millis(100)
    })
    .await;
    let program = scene.first("abc").await;
    let browser = scene.browsing("code=c1&state=abc");
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(program);
    let page = browser.await.unwrap();
    assert_eq!(page.status, 404);
    assert!(!page.is_complete());
}

#[tokio::test]
async fn hostile_33_protocol_1_neither_read_nor_closed_is_unconfirmed_and_goes_to_nobody_else() {
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().times.acknowledgement = Duration::from_millis(200);
    })
    .await;
    let mut program = scene.first("abc").await;
    let browser = scene.browsing("code=c1&state=abc");
    assert!(program.hear().await.is_some());
    // It keeps the connection.
    assert_eq!(browser.await.unwrap().status, 404);
    let _other = scene.first("abc").await;
    assert_eq!(scene.browse("code=c1&state=abc").await.status, 404);
}

#[tokio::test]
async fn hostile_33_protocol_1_that_only_stops_talking_can_still_read_so_nobody_else_gets_it() {
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().times.acknowledgement = Duration::from_millis(200);
    })
    .await;
    let mut program = scene.first("abc").await.into_inner();
    let browser = scene.browsing("code=c1&state=abc");
    program.readable().await.unwrap();
    program.shutdown().await.unwrap();
    let mut other = scene.first("abc").await;
    assert!(!browser.await.unwrap().is_complete());
    assert_eq!(scene.browse("code=c1&state=abc").await.status, 404);
    assert_eq!(Program::new(program).hear().await.unwrap()["code"], "c1");
    let browser = scene.browsing("code=c2&state=abc");
    assert_eq!(other.hear().await.unwrap()["code"], "c2");
    drop(other);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn hostile_33_protocol_1_that_has_read_and_talks_without_end_is_unconfirmed() {
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().times.acknowledgement = Duration::from_millis(200);
    })
    .await;
    let mut program = scene.first("abc").await;
    let browser = scene.browsing("code=c1&state=abc");
    assert!(program.hear().await.is_some());
    program.send(&[b'x'; 100_000]).await;
    let _other = scene.first("abc").await;
    assert!(!browser.await.unwrap().is_complete());
    assert_eq!(scene.browse("code=c1&state=abc").await.status, 404);
}

#[tokio::test]
async fn protocol_2_is_complete_after_the_acknowledgement_and_not_before() {
    let scene = Scene::new().await;
    let (mut program, answer) = scene.second("abc", SECRET).await;
    assert_eq!(
        answer,
        json!({"type": "REGISTERED", "protocol": 2, "callback_url": format!("http://{}/oauth/callback", scene.http),
            "expires_in": 60, "heartbeat": 30, "grace": 2, "resumed": false})
    );
    let browser = scene.browsing("code=c1&state=abc&iss=https%3A%2F%2Fop.example");
    let deliver = program.hear().await.unwrap();
    assert_eq!(deliver["code"], "c1");
    assert_eq!(
        deliver["parameters"],
        json!({"code": "c1", "state": "abc", "iss": "https://op.example"})
    );
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!browser.is_finished());
    program.say(&ack(&deliver)).await;
    assert_eq!(
        program.hear().await,
        Some(json!({"type": "CLOSE", "reason": "delivered"}))
    );
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn protocol_2_a_rejected_callback_is_not_complete() {
    let scene = Scene::new().await;
    let (mut program, _) = scene.second("abc", SECRET).await;
    let browser = scene.browsing("code=c1&state=abc");
    let deliver = program.hear().await.unwrap();
    let name = deliver["delivery"].as_str().unwrap();
    program
        .say(&format!(r#"{{"type":"REJECT","delivery":"{name}"}}"#))
        .await;
    assert_eq!(program.hear().await.unwrap()["reason"], "rejected");
    let page = browser.await.unwrap();
    assert_eq!(page.status, 404);
    assert!(!page.is_complete());
}

#[tokio::test]
async fn hostile_33_protocol_2_without_an_acknowledgement_is_not_complete() {
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().times.acknowledgement = Duration::from_millis(200);
    })
    .await;
    let (mut program, _) = scene.second("abc", SECRET).await;
    let browser = scene.browsing("code=c1&state=abc");
    assert!(program.hear().await.is_some());
    assert_eq!(program.hear().await.unwrap()["reason"], "unconfirmed");
    assert_eq!(browser.await.unwrap().status, 404);
    assert_eq!(scene.browse("code=c1&state=abc").await.status, 404);
}

#[tokio::test]
async fn hostile_33_protocol_2_comes_back_with_nothing_lost_and_nothing_twice() {
    let scene = Scene::new().await;
    let (program, _) = scene.second("abc", SECRET).await;
    drop(program);
    // While it is away the callback waits.
    let browser = scene.browsing("code=c1&state=abc");
    let (mut program, answer) = scene.second("abc", SECRET).await;
    assert_eq!(answer["resumed"], true);
    let deliver = program.hear().await.unwrap();
    drop(program);
    // Nothing was acknowledged: the same delivery again.
    let (mut program, answer) = scene.second("abc", SECRET).await;
    assert_eq!(answer["resumed"], true);
    assert_eq!(program.hear().await.unwrap(), deliver);
    program.say(&ack(&deliver)).await;
    assert_eq!(program.hear().await.unwrap()["reason"], "delivered");
    assert!(browser.await.unwrap().is_complete());
    // The acknowledgement's answer may have been lost: who asks again is told the same.
    let (_, answer) = scene.second("abc", SECRET).await;
    assert_eq!(answer, json!({"type": "CLOSE", "reason": "delivered"}));
}

#[tokio::test]
async fn protocol_2_the_newer_connection_of_an_owner_takes_over() {
    let scene = Scene::new().await;
    let (mut older, _) = scene.second("abc", SECRET).await;
    let (mut newer, answer) = scene.second("abc", SECRET).await;
    assert_eq!(answer["resumed"], true);
    assert_eq!(older.hear().await.unwrap()["reason"], "replaced");
    let browser = scene.browsing("code=c1&state=abc");
    let deliver = newer.hear().await.unwrap();
    newer.say(&ack(&deliver)).await;
    assert!(browser.await.unwrap().is_complete());
    until(|| scene.relay.registrations() == 0).await;
}

#[tokio::test]
async fn hostile_20_a_registration_with_a_secret_is_nobody_elses() {
    let scene = Scene::new().await;
    let (mut program, _) = scene.second("abc", SECRET).await;
    let (_, answer) = scene.second("abc", OTHER_SECRET).await;
    assert_eq!(answer["error"], "state_in_use");
    let mut plain = scene.program().await;
    plain.say(r#"{"type":"REGISTER","state":"abc"}"#).await;
    let error = plain.hear().await.unwrap();
    assert_eq!(error["type"], "ERROR");
    assert!(error.get("error_description").is_none(), "{error}");
    let browser = scene.browsing("code=c1&state=abc");
    let deliver = program.hear().await.unwrap();
    program.say(&ack(&deliver)).await;
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn protocol_2_silence_is_asked_about_and_then_ended() {
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().times = Times {
            heartbeat: Duration::from_millis(100),
            ..times()
        };
    })
    .await;
    let (mut program, _) = scene.second("abc", SECRET).await;
    for _ in 0..3 {
        assert_eq!(program.hear().await, Some(json!({"type": "PING"})));
        program.say(r#"{"type":"PONG"}"#).await;
    }
    assert_eq!(program.hear().await, Some(json!({"type": "PING"})));
    assert_eq!(program.hear().await.unwrap()["reason"], "silent");
    // The owner may come back.
    let (_, answer) = scene.second("abc", SECRET).await;
    assert_eq!(answer["resumed"], true);
}

#[tokio::test]
async fn protocol_2_asks_are_answered_and_timeouts_shortened() {
    let scene = Scene::new().await;
    let mut program = scene.program().await;
    program
        .say(&register("abc", SECRET).replace('}', r#","timeout":100000}"#))
        .await;
    assert_eq!(program.hear().await.unwrap()["expires_in"], 600);
    program.say(r#"{"type":"PING"}"#).await;
    assert_eq!(program.hear().await, Some(json!({"type": "PONG"})));
    program.say(r#"{"type":"UNREGISTER"}"#).await;
    assert_eq!(program.hear().await.unwrap()["reason"], "unregistered");
    let mut short = scene.program().await;
    short
        .say(&register("def", SECRET).replace('}', r#","timeout":0.2}"#))
        .await;
    assert_eq!(short.hear().await.unwrap()["type"], "REGISTERED");
    assert_eq!(short.hear().await.unwrap()["reason"], "expired");
}

#[tokio::test]
async fn tcp_is_open_on_loopback_and_elsewhere_with_a_token() {
    for open in [true, false] {
        let scene = Scene::with(|config| {
            config.relay.as_mut().unwrap().local = LocalAddress::Tcp {
                address: ([127, 0, 0, 1], 0).into(),
                open,
            };
        })
        .await;
        let connect = async || Program::new(TcpStream::connect(scene.tcp.unwrap()).await.unwrap());
        let mut plain = connect().await;
        plain.say(r#"{"type":"REGISTER","state":"abc"}"#).await;
        if open {
            until(|| scene.relay.registered() == 1).await;
            let browser = scene.browsing("code=c1&state=abc");
            assert_eq!(plain.hear().await.unwrap()["code"], "c1");
            drop(plain);
            assert!(browser.await.unwrap().is_complete());
        } else {
            let error = plain.hear().await.unwrap();
            assert!(
                error["error"].as_str().unwrap().contains("token"),
                "{error}"
            );
        }
        let mut wrong = connect().await;
        wrong
            .say(&register("def", SECRET).replace('}', r#","token":"wrong"}"#))
            .await;
        assert_eq!(wrong.hear().await.unwrap()["error"], "invalid_token");
        let mut right = connect().await;
        right
            .say(&register("def", SECRET).replace('}', &format!(r#","token":"{TOKEN}"}}"#)))
            .await;
        assert_eq!(right.hear().await.unwrap()["type"], "REGISTERED");
    }
}

#[tokio::test]
async fn programs_that_come_behind_their_callbacks_do_not_use_up_what_an_address_may_miss() {
    let scene = Scene::with(|config| config.http.unmatched_per_minute = 5).await;
    for number in 0..20 {
        let state = format!("early-{number}");
        let browser = scene.browsing(&format!("code=c1&state={state}"));
        until(|| scene.relay.held() == 1).await;
        let mut program = scene.first(&state).await;
        assert_eq!(program.hear().await.unwrap()["code"], "c1");
        drop(program);
        assert!(browser.await.unwrap().is_complete());
    }
}
