//! How a registration ends, and for how long that is known.

use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::house::{House, settle};
use crate::scene::until;

#[tokio::test(start_paused = true)]
async fn a_program_can_leave() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let poll = program.getting(25);
    settle().await;
    for _ in 0..2 {
        let reply = program.delete().await;
        assert!(reply.is_close(StatusCode::OK, "unregistered"), "{reply:?}");
    }
    assert!(
        poll.await
            .unwrap()
            .is_close(StatusCode::GONE, "unregistered")
    );
    assert_eq!(house.relay.registrations(), 0);
    // Nothing was delivered, so it may come back.
    assert_eq!(program.put().await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn hostile_33_who_leaves_with_a_delivery_unacknowledged_has_not_confirmed_it() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let browser = house.browsing("code=c1&state=abc");
    let delivery = program.delivered().await;
    assert_eq!(program.delete().await.status, 200);
    assert_eq!(browser.await.unwrap().status, 404);
    let reply = program.acknowledge(&delivery).await;
    assert!(reply.status == 409, "{reply:?}");
}

#[tokio::test(start_paused = true)]
async fn its_time_can_be_over() {
    let house = House::new();
    let program = house.program("abc");
    assert_eq!(program.put_for(r#","timeout":7.5"#).await.status, 201);
    let start = Instant::now();
    let reply = program.get(25).await;
    assert!(reply.is_close(StatusCode::GONE, "expired"), "{reply:?}");
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(7_500) && took < Duration::from_secs(8),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_asks_for_it_during_two_heartbeats() {
    let house = House::with(|config| {
        config.relay.as_mut().unwrap().times.registration = Duration::from_secs(600);
    });
    let program = house.program("abc").registered().await;
    for _ in 0..3 {
        // Just often enough; and a poll that waits is no silence.
        sleep(Duration::from_secs(59)).await;
        assert_eq!(program.get(60).await.status, 204);
    }
    sleep(Duration::from_secs(59)).await;
    assert_eq!(house.relay.registrations(), 1);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(house.relay.registrations(), 0);
    assert!(program.get(0).await.is_close(StatusCode::GONE, "silent"));
}

#[tokio::test(start_paused = true)]
async fn hostile_38_how_it_ended_is_forgotten_after_a_while() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    assert_eq!(program.delete().await.status, 200);
    sleep(Duration::from_secs(59)).await;
    assert_eq!(program.get(0).await.status, 410);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(program.get(0).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn hostile_36_a_relay_that_stops_says_when_to_come_back() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let busy = house.program("def").registered().await;
    let browser = house.browsing("code=c1&state=def");
    let delivery = busy.delivered().await;
    let poll = program.getting(25);
    settle().await;
    house.relay.stop();
    for reply in [
        poll.await.unwrap(),
        program.get(25).await,
        house.program("new").put().await,
    ] {
        assert!(
            reply.is_close(StatusCode::SERVICE_UNAVAILABLE, "shutdown"),
            "{reply:?}"
        );
        assert_eq!(reply.header("retry-after"), "1");
        assert_eq!(reply.json()["retry_after"], 1);
    }
    // What was handed over can still be acknowledged.
    sleep(Duration::from_secs(1)).await;
    let reply = busy.acknowledge(&delivery).await;
    assert!(reply.is_close(StatusCode::OK, "delivered"), "{reply:?}");
    assert!(browser.await.unwrap().is_complete());
    let late = house.browse("code=c2&state=abc").await;
    assert_eq!(late.status, 503);
    assert!(late.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn hostile_38_whoever_registers_again_and_again_leaves_no_task_behind() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    for _ in 0..50 {
        assert_eq!(program.put().await.status, 200);
        assert_eq!(program.delete().await.status, 200);
        assert_eq!(program.put().await.status, 201);
    }
    // The one that is there.
    let metrics = tokio::runtime::Handle::current().metrics();
    until(|| metrics.num_alive_tasks() == 1).await;
}
