//! Registration, delivery, acknowledgement, and coming back.

use std::time::Duration;

use oarlock::relay::{RelayError, Told, Waiter};
use serde_json::{Value, json};

use super::scripted::{
    CALLBACK, PATIENCE, Program, STATE, ScriptedRelay, clock, close, deliver, register, registered,
    waiter,
};

/// Waits and acknowledges; what the browser was told.
fn taken(mut waiter: Waiter) -> tokio::task::JoinHandle<Told> {
    tokio::spawn(async move {
        let delivered = waiter.wait().await.unwrap();
        assert_eq!(delivered.code.as_ref().unwrap().expose(), "canary-code");
        assert_eq!(delivered.parameters.0["iss"], "https://op.example");
        delivered.acknowledge().await
    })
}

async fn acknowledged(program: &mut Program) {
    let ack = json!({"type": "ACK", "delivery": "d-1"});
    assert_eq!(program.hears().await, ack);
}

#[tokio::test]
async fn a_code_comes_and_is_acknowledged() {
    let relay = ScriptedRelay::start().await;
    let (waiter, mut program, register) = waiter(&relay).await;
    assert_eq!(register["protocol"], 2);
    assert_eq!(register["state"], STATE);
    assert_eq!(register["timeout"].as_f64(), Some(300.0));
    assert!(register["secret"].as_str().unwrap().len() >= 22);
    assert_eq!(register.get("token"), None);
    assert_eq!(waiter.callback_url().as_str(), CALLBACK);
    let told = taken(waiter);
    program.says(&json!({"type": "PING"})).await;
    assert_eq!(program.hears().await, json!({"type": "PONG"}));
    program.says(&deliver(Some(STATE))).await;
    acknowledged(&mut program).await;
    program.says(&close("delivered")).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
    assert_eq!(program.rest().await, "", "nothing after the last word");
}

#[tokio::test]
async fn the_single_slot_has_no_state() {
    let relay = ScriptedRelay::start().await;
    let settings = relay.settings();
    let waiting = tokio::spawn(async move {
        Waiter::register(&settings, &clock(), None, Duration::from_secs(5)).await
    });
    let (mut program, register) = relay.registered().await;
    assert!(register.get("state").is_none_or(Value::is_null));
    let told = taken(waiting.await.unwrap().unwrap());
    let mut frame = deliver(None);
    frame.as_object_mut().unwrap().remove("state");
    program.says(&frame).await;
    acknowledged(&mut program).await;
    program.says(&close("delivered")).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
}

#[tokio::test]
async fn two_secrets_differ_and_a_returning_one_is_the_same() {
    let relay = ScriptedRelay::start().await;
    let (first, program, one) = waiter(&relay).await;
    let (_second, _other, two) = waiter(&relay).await;
    assert_ne!(one["secret"], two["secret"]);
    let told = taken(first);
    drop(program);
    let (mut program, again) = relay.resumed().await;
    assert_eq!(
        (&again["secret"], &again["state"]),
        (&one["secret"], &one["state"])
    );
    program.says(&deliver(Some(STATE))).await;
    acknowledged(&mut program).await;
    program.says(&close("delivered")).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
}

#[tokio::test]
async fn hostile_33_a_delivery_whose_connection_breaks_is_taken_once_and_acknowledged_again() {
    let relay = ScriptedRelay::start().await;
    let (mut waiter, mut program, _) = waiter(&relay).await;
    program.says(&deliver(Some(STATE))).await;
    let told = tokio::spawn(async move {
        // Once: the second DELIVER is answered beneath this.
        let delivered = waiter.wait().await.unwrap();
        delivered.acknowledge().await
    });
    acknowledged(&mut program).await;
    program.resets();
    let (mut program, _) = relay.resumed().await;
    program.says(&deliver(Some(STATE))).await;
    acknowledged(&mut program).await;
    program.says(&close("delivered")).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
}

#[tokio::test]
async fn hostile_33_a_lost_last_word_is_asked_for() {
    for last in ["delivered", "unconfirmed"] {
        let relay = ScriptedRelay::start().await;
        let (waiter, mut program, _) = waiter(&relay).await;
        let told = taken(waiter);
        program.says(&deliver(Some(STATE))).await;
        acknowledged(&mut program).await;
        drop(program);
        let mut back = relay.program().await;
        assert_eq!(back.hears().await["type"], "REGISTER");
        back.says(&close(last)).await;
        match (last, told.await.unwrap()) {
            ("delivered", Told::Complete) | ("unconfirmed", Told::Failed) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn hostile_33_a_relay_that_forgot_the_delivery_is_not_said_to_have_told_anything() {
    let relay = ScriptedRelay::start().await;
    let (waiter, mut program, _) = waiter(&relay).await;
    let told = taken(waiter);
    program.says(&deliver(Some(STATE))).await;
    acknowledged(&mut program).await;
    drop(program);
    let (mut back, _) = relay.registered().await;
    assert_eq!(back.hears().await, json!({"type": "UNREGISTER"}));
    assert!(matches!(told.await.unwrap(), Told::Unknown(_)));
}

#[tokio::test]
async fn a_repeated_delivery_is_acknowledged_again_and_another_is_not() {
    let relay = ScriptedRelay::start().await;
    let (waiter, mut program, _) = waiter(&relay).await;
    let told = taken(waiter);
    program.says(&deliver(Some(STATE))).await;
    acknowledged(&mut program).await;
    let mut other = deliver(Some(STATE));
    other["delivery"] = "d-2".into();
    program.says(&other).await;
    program.says(&json!({"type": "PING"})).await;
    assert_eq!(program.hears().await, json!({"type": "PONG"}));
    program.says(&deliver(Some(STATE))).await;
    acknowledged(&mut program).await;
    program.says(&close("delivered")).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
}

#[tokio::test]
async fn hostile_36_a_relay_that_stops_is_come_back_to_when_it_says() {
    for reason in ["shutdown", "silent"] {
        let relay = ScriptedRelay::start().await;
        let (waiter, mut program, _) = waiter(&relay).await;
        let told = taken(waiter);
        program
            .says(&json!({"type": "CLOSE", "reason": reason, "retry_after": 1}))
            .await;
        drop(program);
        let before = clock().monotonic();
        let (mut program, _) = relay.resumed().await;
        let waited = clock().monotonic() - before;
        assert!(waited >= Duration::from_millis(900), "{waited:?}");
        program.says(&deliver(Some(STATE))).await;
        acknowledged(&mut program).await;
        program.says(&close("delivered")).await;
        assert!(matches!(told.await.unwrap(), Told::Complete), "{reason}");
    }
}

#[tokio::test]
async fn what_is_refused_is_rejected() {
    let relay = ScriptedRelay::start().await;
    let (mut waiter, mut program, _) = waiter(&relay).await;
    program.says(&deliver(Some(STATE))).await;
    let told = tokio::spawn(async move { waiter.wait().await.unwrap().reject().await });
    let reject = json!({"type": "REJECT", "delivery": "d-1"});
    assert_eq!(program.hears().await, reject);
    program.says(&close("rejected")).await;
    assert!(matches!(told.await.unwrap(), Told::Failed));
}

#[tokio::test]
async fn a_late_acknowledgement_is_known_to_be_late() {
    let relay = ScriptedRelay::start().await;
    let (waiter, mut program, _) = waiter(&relay).await;
    let told = taken(waiter);
    program.says(&deliver(Some(STATE))).await;
    program.says(&close("unconfirmed")).await;
    assert!(matches!(told.await.unwrap(), Told::Failed));
}

#[tokio::test]
async fn who_is_dropped_says_so() {
    let relay = ScriptedRelay::start().await;
    let (first, program, _) = waiter(&relay).await;
    drop(first);
    assert_eq!(program.rest().await, "{\"type\":\"UNREGISTER\"}\n");

    let (mut second, mut program, _) = waiter(&relay).await;
    program.says(&deliver(Some(STATE))).await;
    drop(second.wait().await.unwrap());
    drop(second);
    let word: Value = serde_json::from_str(&program.rest().await).unwrap();
    assert_eq!(
        word,
        json!({"type": "REJECT", "delivery": "d-1"}),
        "the browser need not wait"
    );

    let (third, mut program, _) = waiter(&relay).await;
    third.unregister().await;
    assert_eq!(program.hears().await, json!({"type": "UNREGISTER"}));
}

#[tokio::test]
async fn waiting_has_an_end() {
    let relay = ScriptedRelay::start().await;
    let settings = relay.settings();
    let waiting = tokio::spawn(async move {
        let mut waiter =
            Waiter::register(&settings, &clock(), None, Duration::from_millis(1500)).await?;
        waiter.wait().await.map(drop)
    });
    let (mut program, _) = relay.registered().await;
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Timeout waiting for OAuth callback after 1.5s"
    );
    assert_eq!(program.hears().await, json!({"type": "UNREGISTER"}));

    let (mut waiter, mut program, _) = waiter(&relay).await;
    program.says(&close("expired")).await;
    let error = waiter.wait().await.unwrap_err();
    assert!(matches!(error, RelayError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn a_relay_that_waits_less_is_believed() {
    let relay = ScriptedRelay::start().await;
    let waiting = register(relay.settings());
    let mut program = relay.program().await;
    program.hears().await;
    let mut frame = registered(CALLBACK, false);
    frame["expires_in"] = 1.into();
    program.says(&frame).await;
    let mut waiter = waiting.await.unwrap().unwrap();
    assert_eq!(waiter.expires_in(), Duration::from_secs(1));
    let waited = tokio::time::timeout(PATIENCE, waiter.wait()).await.unwrap();
    let error = waited.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Timeout waiting for OAuth callback after 1s"
    );
}

#[tokio::test]
async fn waiting_can_be_interrupted_and_taken_up_again() {
    let relay = ScriptedRelay::start().await;
    let (mut waiter, mut program, _) = waiter(&relay).await;
    let frame = format!("{}\n", deliver(Some(STATE)));
    let (first, second) = frame.split_at(30);
    program.writes(first.as_bytes()).await;
    let short = Duration::from_millis(50);
    assert!(tokio::time::timeout(short, waiter.wait()).await.is_err());
    program.writes(second.as_bytes()).await;
    let told = taken(waiter);
    acknowledged(&mut program).await;
    program.says(&close("delivered")).await;
    assert!(matches!(told.await.unwrap(), Told::Complete));
}

#[tokio::test]
async fn hostile_23_neither_code_nor_state_nor_secret_is_in_a_debug_text() {
    let relay = ScriptedRelay::start().await;
    let (mut waiter, mut program, register) = waiter(&relay).await;
    program.says(&deliver(Some(STATE))).await;
    let mut shown = format!("{waiter:?}");
    shown += &format!("{:?}", waiter.wait().await.unwrap());
    let secret = register["secret"].as_str().unwrap();
    for canary in ["canary", STATE, secret] {
        assert!(!shown.contains(canary), "{shown}");
    }
}

#[tokio::test]
async fn a_token_goes_where_it_is_asked_for() {
    let relay = ScriptedRelay::start().await;
    let mut settings = relay.settings();
    settings.token = Some(oarlock::oauth::secret::RelayToken::new("canary-token"));
    let waiting = register(settings);
    let (_program, register) = relay.registered().await;
    assert_eq!(register["token"], "canary-token");
    drop(waiting.await.unwrap().unwrap());
}
