//! What is logged: what happened, and of whom only what harms nobody.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::scene::{Program, Scene, ack, digest, request, until};
use oarlock_oauth::secret::RelayToken;
use oarlock_server::config::{LocalAddress, TokenConfig};
use tokio::net::TcpStream;

/// Everything that was logged, of every level and crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

const CODE: &str = "canary-code-4f1d";
const STATE: &str = "canary-state-77ab";
const SECRET: &str = "canary-secret-90cd90cd90cd";
const TOKEN: &str = "canary-token-e3e3";
const CANARIES: [&str; 5] = [CODE, STATE, SECRET, TOKEN, "canary"];

/// A line with a token.
async fn program(scene: &Scene, members: &str) -> Program<TcpStream> {
    let mut program = scene.tcp_program().await;
    program
        .say(&format!(
            r#"{{"type":"REGISTER","state":"{STATE}","token":"{TOKEN}"{members}}}"#
        ))
        .await;
    program
}

fn second() -> String {
    format!(r#","protocol":2,"secret":"{SECRET}""#)
}

/// One of everything that can happen.
async fn session() {
    let mut scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().local = LocalAddress::Tcp {
            address: ([127, 0, 0, 1], 0).into(),
            open: false,
        };
        let token = TokenConfig::of("first", &RelayToken::new(TOKEN), 3);
        config.relay.as_mut().unwrap().tokens = vec![token];
        config.relay.as_mut().unwrap().times.grace = Duration::from_millis(300);
        config.relay.as_mut().unwrap().times.acknowledgement = Duration::from_millis(300);
        config.relay.as_mut().unwrap().times.registration = Duration::from_millis(900);
    })
    .await;
    lines(&scene).await;
    refusals(&scene).await;
    over_https(&scene).await;
    let fresh = second().replace("cd\"", "cd9\"");
    let mut last = program(&scene, &fresh).await;
    assert_eq!(last.hear().await.unwrap()["type"], "REGISTERED");
    scene.stop();
    assert_eq!(last.hear().await.unwrap()["reason"], "shutdown");
    drop(last);
    scene.stopped().await;
}

async fn lines(scene: &Scene) {
    let browsing = |number| scene.browsing(&format!("code={CODE}{number}&state={STATE}"));
    // Protocol 1: delivered, unread, unconfirmed, timed out, replaced.
    let mut first = program(scene, "").await;
    until(|| scene.relay.registrations() == 1).await;
    let browser = browsing(1);
    assert!(first.hear().await.is_some());
    drop(first);
    assert!(browser.await.unwrap().is_complete());
    assert_eq!(browsing(1).await.unwrap().status, 404);
    let unread = program(scene, "").await;
    until(|| scene.relay.registrations() == 1).await;
    let browser = browsing(2);
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(unread);
    assert_eq!(browser.await.unwrap().status, 404);
    let mut kept = program(scene, "").await;
    until(|| scene.relay.registrations() == 1).await;
    let browser = browsing(3);
    assert!(kept.hear().await.is_some());
    assert_eq!(browser.await.unwrap().status, 404);
    drop(kept);
    let mut replaced = program(scene, "").await;
    let mut timed_out = program(scene, "").await;
    assert_eq!(replaced.hear().await, None);
    assert_eq!(timed_out.hear().await, None);
    // Protocol 2: acknowledged, refused, never acknowledged.
    for (number, answer) in [(4, "ACK"), (5, "REJECT"), (6, "PONG")] {
        let fresh = second().replace("cd\"", &format!("cd{number}\""));
        let mut program = program(scene, &fresh).await;
        assert_eq!(program.hear().await.unwrap()["type"], "REGISTERED");
        let browser = browsing(number);
        let deliver = program.hear().await.unwrap();
        program.say(&ack(&deliver).replace("ACK", answer)).await;
        assert_eq!(program.hear().await.unwrap()["type"], "CLOSE");
        browser.await.unwrap();
    }
    // Nobody waits.
    assert_eq!(browsing(7).await.unwrap().status, 404);
}

async fn refusals(scene: &Scene) {
    for query in [
        format!("code={CODE}&code={CODE}&state={STATE}"),
        format!("code={CODE}%0a&state={STATE}"),
        format!("code={CODE}&error={CODE}&state={STATE}"),
        format!("code={CODE}&state={STATE}%zz"),
    ] {
        assert_eq!(scene.browse(&query).await.status, 400);
    }
    let json = [("content-type", "application/json")];
    let body = format!(r#"{{"code":["{CODE}"],"state":["{STATE}"]}}"#);
    let page = scene.ask("POST", "/oauth/callback", &json, &body).await;
    assert_eq!(page.status, 400);
    for line in [
        format!(r#"{{"type":"REGISTER","state":"{STATE}","state":"{STATE}"}}"#),
        format!(r#"{{"type":"REGISTER","state":["{STATE}"],"token":"{TOKEN}"}}"#),
        format!(r#"{{"type":"REGISTER","state":"{STATE}","protocol":2,"secret":"{SECRET} "}}"#),
        format!(r#"{{"type":"REGISTER","state":"{STATE}","token":"{TOKEN}x"}}"#),
        format!("{STATE} {SECRET} {TOKEN}"),
        format!(r#"{{"type":"ACK","delivery":"{CODE}"}}"#),
    ] {
        let mut program = scene.tcp_program().await;
        program.say(&line).await;
        let error = program.hear_error().await.to_string();
        assert!(!error.contains("canary"), "{error}");
    }
}

async fn over_https(scene: &Scene) {
    let ask = async |method: &str, below: &str, body: &str| {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("relay-secret", SECRET)];
        let path = format!("/relay/registrations/{}{below}", digest(STATE));
        scene.send(&request(method, &path, &headers, body)).await
    };
    let body = format!(r#"{{"secret":"{SECRET}"}}"#);
    assert_eq!(ask("PUT", "", &body).await.status, 201);
    assert_eq!(
        ask("PUT", "", &format!(r#"{{"secret":"{SECRET}"}}{SECRET}"#))
            .await
            .status,
        400
    );
    let browser = scene.browsing(&format!("code={CODE}8&state={STATE}"));
    let deliver = ask("GET", "?wait=20", "").await.json();
    assert_eq!(deliver["code"], format!("{CODE}8"));
    let acknowledgement = json!({"delivery": deliver["delivery"]}).to_string();
    assert_eq!(
        ask("POST", "/acknowledgement", &acknowledgement)
            .await
            .status,
        200
    );
    assert!(browser.await.unwrap().is_complete());
    assert_eq!(ask("GET", "?wait=0", "").await.status, 410);
}

/// On one thread, because this thread alone logs here. Other libraries are heard too.
#[tokio::test]
async fn hostile_23_no_code_state_secret_or_token_is_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    session().await;
    drop(guard);
    let text = log.text();
    for canary in CANARIES {
        let spoken = text.lines().find(|line| line.contains(canary));
        assert_eq!(spoken, None);
    }
    // The events of poast-relay's document, in meaning.
    for event in [
        "OAuth relay enabled",
        "client registered for state",
        "callback delivered to client for state",
        "callback already delivered",
        "no client waiting for state",
        "callback timeout for state",
        "previous registration replaced",
        "OAuth relay stopped",
    ] {
        assert!(text.contains(event), "{event}: {text}");
    }
    // By so much one login can be followed.
    let short = &digest(STATE)[..8];
    assert!(text.contains(short));
    assert!(
        !text.contains(&digest(STATE)),
        "the whole digest is as good as a short state"
    );
}
