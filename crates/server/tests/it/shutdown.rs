//! A relay that stops: everybody is told, what is under way ends, and the next one can start.

use std::time::Duration;

use futures_util::future::join_all;
use oarlock_io::socket::{Directory, Listener};
use oarlock_oauth::relay::{Callback, CodeKeys};
use oarlock_server::{
    config::LocalAddress,
    metrics::Metrics,
    relay::{Outcome, Relay},
    service::{Places, Server},
};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt as _,
    net::UnixStream,
    time::{Instant, sleep, timeout},
};

use crate::scene::{
    Answer, PATIENCE, Program, SECRET, Scene, TOKEN, ack, answer, config, digest, register,
    request, times, until,
};

/// The wish of hostile 36.
const DRAINED: Duration = Duration::from_secs(10);

fn remote(method: &str, state: &str, below: &str, body: &str) -> String {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("relay-secret", SECRET)];
    let path = format!("/relay/registrations/{}{below}", digest(state));
    request(method, &path, &headers, body)
}

async fn put(scene: &Scene, state: &str) -> Answer {
    let body = format!(r#"{{"secret":"{SECRET}"}}"#);
    scene.send(&remote("PUT", state, "", &body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_36_thousands_who_wait_are_told_and_drained() {
    const EACH: usize = 1_000;
    const REMOTE: usize = 50;
    let mut scene = Scene::with(|config| {
        for token in &mut config.relay.as_mut().unwrap().tokens {
            token.registrations = REMOTE;
        }
    })
    .await;
    let mut firsts = Vec::new();
    let mut seconds = Vec::new();
    for number in 0..EACH {
        let mut first = scene.program().await;
        let state = format!(r#"{{"type":"REGISTER","state":"first{number}"}}"#);
        first.say(&state).await;
        firsts.push(first);
        seconds.push(scene.second(&format!("second{number}"), SECRET).await.0);
    }
    let mut polls = Vec::new();
    for number in 0..REMOTE {
        let state = format!("remote{number}");
        assert_eq!(put(&scene, &state).await.status, 201);
        polls.push(scene.sending(remote("GET", &state, "?wait=60", "")));
    }
    let held = [
        scene.browsing("code=c&state=x"),
        scene.browsing("code=c&state=y"),
    ];
    until(|| scene.relay.registrations() == 2 * EACH + REMOTE && scene.relay.held() == 2).await;
    // Polls are not counted anywhere; all have come when the last has.
    sleep(Duration::from_millis(200)).await;

    let start = Instant::now();
    scene.stop();
    let told = async |mut program: Program<UnixStream>| {
        let mut heard = Vec::new();
        while let Some(line) = program.hear().await {
            heard.push(line);
        }
        heard
    };
    for heard in join_all(firsts.into_iter().map(told)).await {
        assert_eq!(heard, [] as [Value; 0]);
    }
    let shutdown = json!({"type": "CLOSE", "reason": "shutdown", "retry_after": 1});
    for heard in join_all(seconds.into_iter().map(told)).await {
        assert_eq!(heard, std::slice::from_ref(&shutdown));
    }
    for poll in join_all(polls).await {
        let poll = poll.unwrap();
        assert_eq!(poll.status, 503, "{poll:?}");
        assert!(poll.head.contains("retry-after: 1"), "{poll:?}");
        assert_eq!(poll.json(), shutdown);
    }
    for held in held {
        let page = held.await.unwrap();
        assert_eq!(page.status, 503, "{page:?}");
        assert!(page.head.contains("retry-after:"), "{page:?}");
    }
    scene.stopped().await;
    let took = start.elapsed();
    assert!(took < DRAINED, "{took:?}");
    assert!(!scene.socket.exists());
    assert_eq!(scene.relay.registrations(), 0);
}

#[tokio::test]
async fn hostile_36_deliveries_under_way_end_as_they_would_have() {
    let mut scene = Scene::new().await;
    let mut first = scene.first("first").await;
    let (mut second, _) = scene.second("second", SECRET).await;
    let (mut refusing, _) = scene.second("refusing", SECRET).await;
    assert_eq!(put(&scene, "remote").await.status, 201);
    let browsers = ["first", "second", "refusing", "remote"]
        .map(|state| scene.browsing(&format!("code=c&state={state}")));
    assert_eq!(first.hear().await.unwrap()["code"], "c");
    let deliver = second.hear().await.unwrap();
    let refused = refusing.hear().await.unwrap();
    let poll = scene.send(&remote("GET", "remote", "?wait=60", "")).await;

    scene.stop();
    until(|| !scene.relay.is_ready()).await;
    sleep(Duration::from_millis(300)).await;
    assert!(browsers.iter().all(|browser| !browser.is_finished()));
    // Nothing new is taken meanwhile.
    let late = scene.browse("code=c&state=late").await;
    assert_eq!(late.status, 503);
    assert!(late.head.contains("retry-after:"), "{late:?}");
    let late = put(&scene, "late").await;
    assert_eq!(
        (late.status, &late.json()["reason"]),
        (503, &json!("shutdown"))
    );
    assert!(UnixStream::connect(&scene.socket).await.is_err());

    drop(first);
    second.say(&ack(&deliver)).await;
    assert_eq!(
        second.hear().await,
        Some(json!({"type": "CLOSE", "reason": "delivered"}))
    );
    drop(second);
    let reject = ack(&refused).replace("ACK", "REJECT");
    refusing.say(&reject).await;
    assert_eq!(refusing.hear().await.unwrap()["reason"], "rejected");
    drop(refusing);
    let body = json!({"delivery": poll.json()["delivery"]}).to_string();
    let settled = scene
        .send(&remote("POST", "remote", "/acknowledgement", &body))
        .await;
    assert_eq!(
        (settled.status, &settled.json()["reason"]),
        (200, &json!("delivered"))
    );
    let [first, second, refused, remote] = browsers;
    for complete in [first, second, remote] {
        let page = complete.await.unwrap();
        assert!(page.is_complete(), "{page:?}");
    }
    assert_eq!(refused.await.unwrap().status, 404);
    scene.stopped().await;
}

/// Nobody is told "complete", and nobody is told nothing.
#[tokio::test]
async fn hostile_34_a_program_that_dies_while_the_relay_stops_has_not_confirmed() {
    let mut scene = Scene::new().await;
    let first = scene.first("first").await;
    let (mut second, _) = scene.second("second", SECRET).await;
    let browsers =
        ["first", "second"].map(|state| scene.browsing(&format!("code=c&state={state}")));
    assert!(second.hear().await.is_some());
    sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    scene.stop();
    until(|| !scene.relay.is_ready()).await;
    sleep(Duration::from_millis(100)).await;
    // One has read it and not said so, of the other it is known that it has not.
    drop((first, second));
    let [first, second] = browsers;
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_eq!(first.status, 503, "{first:?}");
    assert_eq!(second.status, 404, "{second:?}");
    assert!(second.body.contains("did not confirm"), "{second:?}");
    scene.stopped().await;
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "nothing was waited for in vain"
    );
}

/// Of one that was away when the relay stopped too.
#[tokio::test]
async fn hostile_34_a_program_that_is_away_when_the_relay_stops_has_not_confirmed() {
    let mut scene = Scene::new().await;
    let (mut read, _) = scene.second("read", SECRET).await;
    let (away, _) = scene.second("away", SECRET).await;
    let read_it = scene.browsing("code=c&state=read");
    assert!(read.hear().await.is_some());
    drop((read, away));
    sleep(Duration::from_millis(100)).await;
    let missed_it = scene.browsing("code=c&state=away");
    sleep(Duration::from_millis(100)).await;
    scene.stop();
    let read_it = read_it.await.unwrap();
    assert_eq!(read_it.status, 404);
    assert!(read_it.body.contains("did not confirm"), "{read_it:?}");
    assert_eq!(missed_it.await.unwrap().status, 503);
    scene.stopped().await;
}

/// Without TCP, which a clock that jumps might overtake.
#[tokio::test(start_paused = true)]
async fn hostile_36_what_does_not_end_is_ended_and_its_browser_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run/relay.sock");
    let mut config = config(LocalAddress::Passed { open: true }).relay.unwrap();
    config.times.acknowledgement = Duration::from_secs(60);
    let url = "https://relay.example/oauth/callback".parse().unwrap();
    let relay = Relay::new(config, url, Metrics::default()).unwrap();
    let listener = Listener::unix(&path, Directory::Private).unwrap();
    let listening = tokio::spawn({
        let relay = relay.clone();
        async move { relay.listen(listener, true).await }
    });
    let mut programs = Vec::new();
    let mut browsers = Vec::new();
    for line in [
        r#"{"type":"REGISTER","state":"abc"}"#,
        &register("def", SECRET),
    ] {
        let mut program = Program::new(UnixStream::connect(&path).await.unwrap());
        program.say(line).await;
        programs.push(program);
    }
    until(|| relay.registrations() == 2).await;
    for query in ["code=c&state=abc", "code=c&state=def"] {
        let callback = Callback::from_query(query, &CodeKeys::default()).unwrap();
        let relay = relay.clone();
        browsers.push(tokio::spawn(async move { relay.deliver(callback).await }));
    }
    assert_eq!(programs[0].hear().await.unwrap()["code"], "c");
    assert_eq!(programs[1].hear().await.unwrap()["type"], "REGISTERED");
    assert_eq!(programs[1].hear().await.unwrap()["code"], "c");
    let start = Instant::now();
    relay.stop();
    relay.settle(Duration::from_secs(8)).await;
    assert_eq!(start.elapsed().as_secs(), 8);
    for browser in browsers {
        assert_eq!(browser.await.unwrap(), Outcome::Unconfirmed);
    }
    listening.await.unwrap();
    assert!(start.elapsed() <= DRAINED, "{:?}", start.elapsed());
}

#[tokio::test]
async fn hostile_36_who_says_nothing_delays_nothing() {
    let mut scene = Scene::new().await;
    let mut silent = scene.program().await;
    let mut half = scene.program().await;
    half.send(b"{\"type\":").await;
    let _web = scene.web().await;
    // Whoever came after them has been let in.
    let _known = scene.second("abc", SECRET).await;
    let start = Instant::now();
    scene.stop();
    for program in [&mut silent, &mut half] {
        let error = program.hear_error().await;
        assert!(error["error"].as_str().unwrap().contains("stop"), "{error}");
    }
    drop((silent, half));
    scene.stopped().await;
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn hostile_36_a_callback_that_was_on_its_way_is_told() {
    let mut scene = Scene::new().await;
    let mut on_its_way = scene.web().await;
    on_its_way
        .write_all(b"GET /oauth/callback?code=c&sta")
        .await
        .unwrap();
    sleep(Duration::from_millis(100)).await;
    scene.stop();
    until(|| !scene.relay.is_ready()).await;
    sleep(Duration::from_millis(100)).await;
    let rest = b"te=abc HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    on_its_way.write_all(rest).await.unwrap();
    let page = answer(on_its_way).await;
    assert_eq!(page.status, 503, "{page:?}");
    scene.stopped().await;
}

#[tokio::test]
async fn hostile_36_a_newer_relay_has_the_path_at_once() {
    let mut scene = Scene::new().await;
    let mut draining = scene.first("abc").await;
    let browser = scene.browsing("code=c&state=abc");
    assert!(draining.hear().await.is_some());
    scene.stop();
    until(|| !scene.socket.exists()).await;
    let local = LocalAddress::Unix {
        path: scene.socket.clone(),
        shared_directory: false,
    };
    let newer = Server::bind(config(local), Vec::new()).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let Places { http, .. } = *newer.places();
    let served = tokio::spawn(newer.serve(async {
        stopped.await.ok();
    }));
    let (mut program, answer) = scene.second("def", SECRET).await;
    assert_eq!(answer["type"], "REGISTERED");
    assert_eq!(
        answer["callback_url"],
        format!("http://{http}/oauth/callback")
    );
    // The older one ends, and what it takes away is its own.
    drop(draining);
    assert!(browser.await.unwrap().is_complete());
    scene.stopped().await;
    assert!(scene.socket.exists());
    program.say(r#"{"type":"PING"}"#).await;
    assert_eq!(program.hear().await, Some(json!({"type": "PONG"})));
    stop.send(()).unwrap();
    assert_eq!(program.hear().await.unwrap()["reason"], "shutdown");
    drop(program);
    timeout(PATIENCE, served).await.unwrap().unwrap();
    assert!(!scene.socket.exists());
}

#[tokio::test]
async fn hostile_36_who_comes_back_after_a_restart_is_served() {
    let mut scene = Scene::new().await;
    let (mut program, _) = scene.second("abc", SECRET).await;
    scene.stop();
    let close = program.hear().await.unwrap();
    assert_eq!(
        (&close["reason"], &close["retry_after"]),
        (&json!("shutdown"), &json!(1))
    );
    drop(program);
    scene.stopped().await;
    let local = LocalAddress::Unix {
        path: scene.socket.clone(),
        shared_directory: false,
    };
    let mut config = config(local);
    config.relay.as_mut().unwrap().times = times();
    let again = Server::bind(config, Vec::new()).await.unwrap();
    let served = tokio::spawn(again.serve(std::future::pending()));
    let mut program = scene.program().await;
    program.say(&register("abc", SECRET)).await;
    assert_eq!(program.hear().await.unwrap()["resumed"], false);
    served.abort();
}
