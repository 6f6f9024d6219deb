//! Over sockets: both faces of one registration, and many requests at once.

use futures_util::future::join_all;
use oarlock_server::config::LocalAddress;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::scene::{
    Answer, PATIENCE, Program, SECRET, Scene, TOKEN, ack, digest, register, request, until,
};

fn headers() -> [(&'static str, String); 2] {
    [
        ("authorization", format!("Bearer {TOKEN}")),
        ("relay-secret", SECRET.to_owned()),
    ]
}

async fn ask(scene: &Scene, method: &str, state: &str, below: &str, body: &str) -> Answer {
    let headers = headers();
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let path = format!("/relay/registrations/{}{below}", digest(state));
    scene.ask(method, &path, &headers, body).await
}

async fn put(scene: &Scene, state: &str) -> Answer {
    ask(
        scene,
        "PUT",
        state,
        "",
        &format!(r#"{{"secret":"{SECRET}"}}"#),
    )
    .await
}

/// A relay whose programs come over TCP with tokens, as those of HTTPS.
async fn one_user() -> Scene {
    Scene::with(|config| {
        config.relay.as_mut().unwrap().local = LocalAddress::Tcp {
            address: ([127, 0, 0, 1], 0).into(),
            open: false,
        };
    })
    .await
}

async fn over_the_line(scene: &Scene, state: &str) -> (Program<TcpStream>, serde_json::Value) {
    let mut program = scene.tcp_program().await;
    let line = register(state, SECRET).replace('}', &format!(r#","token":"{TOKEN}"}}"#));
    program.say(&line).await;
    let answer = program.hear().await.unwrap();
    (program, answer)
}

#[tokio::test]
async fn who_registered_over_the_line_comes_back_over_https() {
    let scene = one_user().await;
    let (mut line, _) = over_the_line(&scene, "abc").await;
    let browser = scene.browsing("code=c1&state=abc");
    let deliver = line.hear().await.unwrap();
    let answer = put(&scene, "abc").await;
    assert_eq!(
        (answer.status, answer.json()["resumed"].as_bool()),
        (200, Some(true))
    );
    assert_eq!(line.hear().await.unwrap()["reason"], "replaced");
    let again = ask(&scene, "GET", "abc", "?wait=20", "").await;
    assert_eq!(again.json(), deliver);
    let body = json!({"delivery": deliver["delivery"]}).to_string();
    let answer = ask(&scene, "POST", "abc", "/acknowledgement", &body).await;
    assert_eq!(answer.status, 200);
    assert!(browser.await.unwrap().is_complete());
    // And once more over the line: it is told that it has it.
    let (_, answer) = over_the_line(&scene, "abc").await;
    assert_eq!(answer, json!({"type": "CLOSE", "reason": "delivered"}));
}

#[tokio::test]
async fn who_registered_over_https_comes_back_over_the_line() {
    let scene = one_user().await;
    assert_eq!(put(&scene, "abc").await.status, 201);
    let browser = scene.browsing("code=c1&state=abc");
    let deliver = ask(&scene, "GET", "abc", "?wait=20", "").await.json();
    let (mut line, answer) = over_the_line(&scene, "abc").await;
    assert_eq!(answer["resumed"], true);
    assert_eq!(line.hear().await.unwrap(), deliver);
    let gone = ask(&scene, "GET", "abc", "?wait=20", "").await;
    assert_eq!(
        (gone.status, &gone.json()["reason"]),
        (410, &json!("replaced"))
    );
    line.say(&ack(&deliver)).await;
    assert_eq!(line.hear().await.unwrap()["reason"], "delivered");
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn the_limit_of_a_token_is_one_for_both_faces() {
    let scene = one_user().await;
    let (_line, _) = over_the_line(&scene, "a").await;
    for state in ["b", "c"] {
        assert_eq!(put(&scene, state).await.status, 201);
    }
    assert_eq!(put(&scene, "d").await.status, 429);
    assert_eq!(
        over_the_line(&scene, "d").await.1["error"],
        "too_many_registrations"
    );
    assert_eq!(scene.relay.registrations(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_registrations_at_once_the_last_is_found() {
    let scene = Scene::new().await;
    for round in 0..30 {
        let state = format!("s{round}");
        let answers = join_all((0..8).map(|_| put(&scene, &state))).await;
        assert_eq!(
            answers.iter().filter(|answer| answer.status == 201).count(),
            1
        );
        assert_eq!(ask(&scene, "GET", &state, "?wait=0", "").await.status, 204);
        assert_eq!(ask(&scene, "DELETE", &state, "", "").await.status, 200);
        until(|| scene.relay.registrations() == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_many_times_at_once_it_is_complete_once() {
    let scene = Scene::new().await;
    for round in 0..20 {
        let state = format!("s{round}");
        assert_eq!(put(&scene, &state).await.status, 201);
        let browser = scene.browsing(&format!("code=c&state={state}"));
        let deliver = ask(&scene, "GET", &state, "?wait=20", "").await.json();
        let body = json!({"delivery": deliver["delivery"]}).to_string();
        let below = |number| {
            if number % 2 == 0 {
                "/acknowledgement"
            } else {
                "/rejection"
            }
        };
        let answers =
            join_all((0..8).map(|number| ask(&scene, "POST", &state, below(number), &body))).await;
        let page = browser.await.unwrap();
        let reason = if page.is_complete() {
            "delivered"
        } else {
            "rejected"
        };
        for (number, answer) in answers.iter().enumerate() {
            assert_eq!(answer.json()["reason"], reason, "{answer:?}");
            let agrees = (number % 2 == 0) == page.is_complete();
            assert_eq!(answer.status, if agrees { 200 } else { 409 });
        }
    }
}

/// Reads until the text is there.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut read = Vec::new();
    let work = async {
        loop {
            let whole = String::from_utf8_lossy(&read).into_owned();
            if whole.contains(text) {
                return whole;
            }
            let count = stream.read_buf(&mut read).await.unwrap();
            assert!(count > 0, "it ended before {text:?}: {whole}");
        }
    };
    timeout(PATIENCE, work).await.unwrap()
}

#[tokio::test]
async fn an_event_stream_leaves_event_by_event() {
    let scene = Scene::new().await;
    assert_eq!(put(&scene, "abc").await.status, 201);
    let mut stream = scene.web().await;
    let headers = headers();
    let mut headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()))
        .to_vec();
    headers.push(("accept", "text/event-stream"));
    let path = format!("/relay/registrations/{}", digest("abc"));
    let request = request("GET", &path, &headers, "");
    stream.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut stream, "text/event-stream").await;
    let browser = scene.browsing("code=c1&state=abc");
    let event = read_until(&mut stream, "\n\n").await;
    let (_, deliver) = event.split_once("data: ").unwrap();
    let (deliver, _) = deliver.split_once("\n\n").unwrap();
    let deliver: serde_json::Value = serde_json::from_str(deliver).unwrap();
    let body = json!({"delivery": deliver["delivery"]}).to_string();
    assert_eq!(
        ask(&scene, "POST", "abc", "/acknowledgement", &body)
            .await
            .status,
        200
    );
    let mut rest = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert!(rest.contains(r#""reason":"delivered""#), "{rest}");
    assert!(browser.await.unwrap().is_complete());
}
