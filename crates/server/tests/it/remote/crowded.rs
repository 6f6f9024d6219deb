//! Requests that wait leave connections for browsers.

use axum::body::Body;
use http::Request;

use super::house::{House, Program, settle};

/// With places for three.
fn house() -> House {
    House::with(|config| {
        config.http.connections = 4;
        for token in &mut config.relay.as_mut().unwrap().tokens {
            token.registrations = 10;
        }
    })
}

async fn program(house: &House, state: &str) -> Program {
    house.program(state).registered().await
}

fn streaming(program: &Program) -> Request<Body> {
    let mut request = program.request("GET", "", "");
    let accept = "text/event-stream".parse().unwrap();
    request.headers_mut().insert("accept", accept);
    request
}

#[tokio::test(start_paused = true)]
async fn hostile_38_polls_and_event_streams_leave_connections_for_browsers() {
    let house = house();
    let mut waiting = Vec::new();
    for state in ["a", "b"] {
        waiting.push(program(&house, state).await.getting(50));
    }
    let third = program(&house, "c").await;
    let stream = house.open(streaming(&third)).await;
    assert_eq!(stream.status(), 200);
    settle().await;
    let fourth = program(&house, "d").await;
    for reply in [fourth.get(50).await, house.ask(streaming(&fourth)).await] {
        assert_eq!(reply.status, 503, "{reply:?}");
        assert_eq!(reply.header("retry-after"), "1");
        assert_eq!(reply.json()["error"], "too_many_registrations");
    }
    // Whoever does not wait needs no place, and what is there is handed over.
    assert_eq!(fourth.get(0).await.status, 204);
    let browser = house.browsing("code=c&state=d");
    settle().await;
    let deliver = fourth.get(50).await;
    assert_eq!(deliver.status, 200, "{deliver:?}");
    let delivery = deliver.json()["delivery"].as_str().unwrap().to_owned();
    assert_eq!(fourth.acknowledge(&delivery).await.status, 200);
    assert!(browser.await.unwrap().is_complete());
    // Who was there waits on.
    assert!(waiting.iter().all(|poll| !poll.is_finished()));
    for poll in waiting {
        poll.abort();
        assert!(poll.await.unwrap_err().is_cancelled());
    }
    drop(stream);
    // All three are free again.
    let mut again = Vec::new();
    for state in ["e", "f", "g"] {
        again.push(program(&house, state).await.getting(50));
    }
    settle().await;
    assert!(again.iter().all(|poll| !poll.is_finished()));
    assert_eq!(program(&house, "h").await.get(50).await.status, 503);
}
