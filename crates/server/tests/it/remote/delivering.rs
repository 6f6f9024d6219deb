//! Who gets what, once, and what the browser is told.

use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::house::{House, Program, settle};
use crate::scene::PATIENCE;

#[tokio::test(start_paused = true)]
async fn it_is_complete_after_the_acknowledgement_and_not_before() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let browser = house.browsing("code=c1&state=abc&iss=https%3A%2F%2Fop.example");
    let deliver = program.get(25).await;
    assert_eq!(deliver.status, 200);
    let parameters = json!({"code": "c1", "state": "abc", "iss": "https://op.example"});
    assert_eq!(deliver.json()["parameters"], parameters);
    assert_eq!(deliver.json()["code"], "c1");
    assert_eq!(deliver.header("cache-control"), "no-store");
    // Again and again, under the same name: a GET changes nothing.
    for _ in 0..3 {
        assert_eq!(program.get(25).await, deliver);
    }
    settle().await;
    assert!(!browser.is_finished());
    let delivery = deliver.json()["delivery"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        let reply = program.acknowledge(&delivery).await;
        assert!(reply.is_close(StatusCode::OK, "delivered"), "{reply:?}");
    }
    assert!(browser.await.unwrap().is_complete());
    // Whoever comes late is told the same for a while.
    assert!(
        program
            .get(25)
            .await
            .is_close(StatusCode::GONE, "delivered")
    );
    assert!(program.put().await.is_close(StatusCode::GONE, "delivered"));
    assert!(
        program
            .reject(&delivery)
            .await
            .is_close(StatusCode::CONFLICT, "delivered")
    );
    assert_eq!(house.relay.registrations(), 0);
    assert_eq!(house.browse("code=c1&state=abc").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_waits_is_answered_at_once() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let start = Instant::now();
    let poll = program.getting(60);
    sleep(Duration::from_secs(40)).await;
    assert!(!poll.is_finished());
    let browser = house.browsing("code=c1&state=abc");
    let deliver = poll.await.unwrap();
    assert_eq!(deliver.json()["code"], "c1");
    assert!(start.elapsed() < Duration::from_secs(41));
    let delivery = deliver.json()["delivery"].as_str().unwrap().to_owned();
    assert_eq!(program.acknowledge(&delivery).await.status, 200);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_delivered_and_not_called_complete() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let browser = house.browsing("error=access_denied&state=abc");
    let deliver = program.get(25).await;
    assert_eq!(deliver.json()["parameters"]["error"], "access_denied");
    assert!(deliver.json().get("code").is_none());
    let delivery = deliver.json()["delivery"].as_str().unwrap().to_owned();
    assert_eq!(program.acknowledge(&delivery).await.status, 200);
    let page = browser.await.unwrap();
    assert_eq!(page.status, 200);
    assert!(
        !page.is_complete() && page.body.contains("denied"),
        "{page:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_poll_ends_the_first() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let first = program.getting(25);
    settle().await;
    let start = Instant::now();
    let second = program.getting(25);
    let reply = first.await.unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (204, ""));
    assert!(start.elapsed() < Duration::from_secs(1));
    let browser = house.browsing("code=c1&state=abc");
    let deliver = second.await.unwrap();
    assert_eq!(deliver.json()["code"], "c1");
    drop(browser);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_callback_is_not_complete() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let browser = house.browsing("code=c1&state=abc");
    let delivery = program.delivered().await;
    for _ in 0..2 {
        let reply = program.reject(&delivery).await;
        assert!(reply.is_close(StatusCode::OK, "rejected"), "{reply:?}");
    }
    let page = browser.await.unwrap();
    assert!(page.status == 404 && !page.is_complete());
    assert!(
        program
            .acknowledge(&delivery)
            .await
            .is_close(StatusCode::CONFLICT, "rejected")
    );
    assert!(program.get(0).await.is_close(StatusCode::GONE, "rejected"));
}

#[tokio::test(start_paused = true)]
async fn only_what_was_delivered_can_be_acknowledged() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    assert_eq!(program.acknowledge("x").await.status, 409);
    let browser = house.browsing("code=c1&state=abc");
    let delivery = program.delivered().await;
    for wrong in ["x", "", "not a name", &"x".repeat(100)] {
        let reply = program.acknowledge(wrong).await;
        assert!((400..=409).contains(&reply.status), "{wrong}: {reply:?}");
        assert_eq!(reply.json()["type"], "ERROR");
    }
    assert_eq!(program.acknowledge(&delivery).await.status, 200);
    assert!(browser.await.unwrap().is_complete());
    // Nor can anything else, once it is over.
    for wrong in ["x".repeat(delivery.len()), delivery.to_lowercase() + "x"] {
        for reply in [
            program.acknowledge(&wrong).await,
            program.reject(&wrong).await,
        ] {
            assert_eq!(reply.status, 409, "{wrong}: {reply:?}");
            assert_eq!(reply.json()["type"], "ERROR", "{wrong}: {reply:?}");
        }
    }
    let repeated = program.acknowledge(&delivery).await;
    assert!(
        repeated.is_close(StatusCode::OK, "delivered"),
        "{repeated:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn hostile_33_an_acknowledgement_that_comes_too_late_is_told_so() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let start = Instant::now();
    let browser = house.browsing("code=c1&state=abc");
    let delivery = program.delivered().await;
    let page = browser.await.unwrap();
    assert!(page.status == 404 && !page.is_complete());
    let took = start.elapsed();
    assert!(
        took >= Duration::from_secs(3) && took < Duration::from_secs(4),
        "{took:?}"
    );
    let reply = program.acknowledge(&delivery).await;
    assert!(
        reply.is_close(StatusCode::CONFLICT, "unconfirmed"),
        "{reply:?}"
    );
    assert!(
        program
            .get(0)
            .await
            .is_close(StatusCode::GONE, "unconfirmed")
    );
    // It goes to nobody else.
    let other = Program {
        secret: crate::scene::OTHER_SECRET,
        ..program
    };
    assert_eq!(other.put().await.status, 201);
    assert_eq!(house.browse("code=c1&state=abc").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn hostile_33_a_poller_that_is_away_for_a_moment_loses_nothing() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    assert_eq!(program.get(5).await.status, 204);
    let browser = house.browsing("code=c1&state=abc");
    sleep(Duration::from_millis(1_900)).await;
    let delivery = program.delivered().await;
    assert_eq!(program.acknowledge(&delivery).await.status, 200);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn hostile_33_a_poller_that_stays_away_loses_the_callback_and_no_more() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let start = Instant::now();
    let page = house.browse("code=c1&state=abc").await;
    assert_eq!(page.status, 404);
    let took = start.elapsed();
    assert!(
        took >= Duration::from_secs(2) && took < Duration::from_secs(3),
        "{took:?}"
    );
    assert!(program.get(25).await.is_close(StatusCode::GONE, "silent"));
    assert_eq!((house.relay.registrations(), house.relay.held()), (0, 0));
    // Nobody has read it, so it may still be delivered.
    assert_eq!(program.put().await.status, 201);
    let browser = house.browsing("code=c1&state=abc");
    let delivery = program.delivered().await;
    assert_eq!(program.acknowledge(&delivery).await.status, 200);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn hostile_33_a_callback_that_comes_first_is_held_for_its_program() {
    let house = House::new();
    let browser = house.browsing("code=c1&state=abc");
    settle().await;
    assert_eq!(house.relay.held(), 1);
    let program = house.program("abc").registered().await;
    let delivery = program.delivered().await;
    assert_eq!(program.acknowledge(&delivery).await.status, 200);
    assert!(browser.await.unwrap().is_complete());
    assert_eq!(house.relay.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn hostile_33_who_registers_again_gets_the_same_delivery() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let browser = house.browsing("code=c1&state=abc");
    let delivery = program.delivered().await;
    assert_eq!(program.put().await.json()["resumed"], true);
    assert_eq!(program.delivered().await, delivery);
    assert_eq!(program.acknowledge(&delivery).await.status, 200);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn hostile_33_a_poll_that_was_cut_off_is_no_reading() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let poll = program.getting(25);
    settle().await;
    poll.abort();
    settle().await;
    let browser = house.browsing("code=c1&state=abc");
    sleep(Duration::from_secs(1)).await;
    let delivery = program.delivered().await;
    assert_eq!(program.acknowledge(&delivery).await.status, 200);
    assert!(browser.await.unwrap().is_complete());
}

/// An event stream, event by event.
struct Events(Body);

impl Events {
    async fn open(program: &Program) -> Self {
        let mut request = program.request("GET", "", "");
        let accept = "text/html;q=0.5, Text/Event-Stream; charset=utf-8"
            .parse()
            .unwrap();
        request.headers_mut().insert("accept", accept);
        let response = program.house.open(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-type").starts_with("text/event-stream"));
        assert!(header("cache-control").starts_with("no-"));
        assert_eq!(header("x-accel-buffering"), "no");
        Self(response.into_body())
    }

    /// The next event or comment as it stands there; `None`: the stream has ended.
    async fn next(&mut self) -> Option<String> {
        let frame = timeout(PATIENCE, self.0.frame()).await.unwrap()?;
        let text = frame.unwrap().into_data().unwrap().to_vec();
        Some(String::from_utf8(text).unwrap())
    }

    async fn data(&mut self) -> Value {
        let event = self.next().await.unwrap();
        let data = event.strip_prefix("data: ").unwrap();
        let data = data.strip_suffix("\n\n").unwrap();
        assert!(!data.contains('\n'), "{data}");
        serde_json::from_str(data).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_stream_has_every_frame_and_ends_after_close() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let mut events = Events::open(&program).await;
    let start = Instant::now();
    for _ in 0..2 {
        let comment = events.next().await.unwrap();
        assert!(
            comment.starts_with(':') && comment.ends_with("\n\n"),
            "{comment}"
        );
    }
    assert!(
        start.elapsed() <= Duration::from_secs(40),
        "so often at least"
    );
    let browser = house.browsing("code=c1&state=abc");
    let deliver = events.data().await;
    assert_eq!(deliver["type"], "DELIVER");
    assert_eq!(deliver["parameters"], json!({"code": "c1", "state": "abc"}));
    settle().await;
    assert!(!browser.is_finished());
    let reply = program
        .acknowledge(deliver["delivery"].as_str().unwrap())
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        events.data().await,
        json!({"type": "CLOSE", "reason": "delivered"})
    );
    assert_eq!(events.next().await, None);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn an_event_stream_says_why_it_ends() {
    let house = House::new();
    let program = house.program("abc");
    assert_eq!(program.put_for(r#","timeout":5"#).await.status, 201);
    let mut events = Events::open(&program).await;
    assert_eq!(
        events.data().await,
        json!({"type": "CLOSE", "reason": "expired"})
    );
    assert_eq!(events.next().await, None);
    let program = house.program("def").registered().await;
    let mut events = Events::open(&program).await;
    house.relay.stop();
    assert_eq!(
        events.data().await,
        json!({"type": "CLOSE", "reason": "shutdown", "retry_after": 1})
    );
    assert_eq!(events.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn polls_and_event_streams_end_each_other() {
    let house = House::new();
    let program = house.program("abc").registered().await;
    let mut first = Events::open(&program).await;
    let mut second = Events::open(&program).await;
    assert_eq!(first.next().await, None);
    assert_eq!(program.get(1).await.status, 204);
    assert_eq!(second.next().await, None);
    // Each that comes after a delivery sees it again.
    let _browser = house.browsing("code=c1&state=abc");
    let delivery = program.delivered().await;
    for _ in 0..2 {
        let mut events = Events::open(&program).await;
        assert_eq!(events.data().await["delivery"], delivery.as_str());
    }
}
