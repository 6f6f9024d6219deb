//! Who pretends to be somebody else.

use std::{
    fs::{self, Permissions},
    io::Read as _,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        net::UnixStream,
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
    time::Duration,
};

use oarlock_server::config::LocalAddress;

use crate::{
    child,
    scene::{Answer, OTHER_SECRET, OTHER_TOKEN, SECRET, Scene, TOKEN, ack, register, until},
};

const NOBODY: u32 = 65534;

/// A relay whose programs come over TCP, with a token or without.
async fn over_tcp() -> Scene {
    Scene::with(|config| {
        config.relay.as_mut().unwrap().local = LocalAddress::Tcp {
            address: ([127, 0, 0, 1], 0).into(),
            open: true,
        };
    })
    .await
}

fn with_token(line: &str, token: &str) -> String {
    line.replace('}', &format!(r#","token":"{token}"}}"#))
}

fn first(state: &str) -> String {
    format!(r#"{{"type":"REGISTER","state":"{state}"}}"#)
}

/// All of it but the time.
fn shown(answer: &Answer) -> (u16, Vec<&str>, &str) {
    let head = answer.head.lines();
    let head = head.filter(|line| !line.starts_with("date:")).collect();
    (answer.status, head, &answer.body)
}

#[tokio::test]
async fn hostile_10_a_guess_looks_like_every_other() {
    let scene =
        Scene::with(|config| config.relay.as_mut().unwrap().times.grace = Duration::ZERO).await;
    let _waits = scene.second("abc", SECRET).await;
    let unknown = scene.browse("code=a&state=unknown").await;
    assert_eq!(unknown.status, 404);
    for guess in [
        "code=b&state=abd",
        "code=c",
        "code=d&state=ABC",
        "x=y&state=ab",
    ] {
        let guessed = scene.browse(guess).await;
        assert_eq!(shown(&guessed), shown(&unknown), "{guess}");
    }
    assert_eq!(scene.relay.registrations(), 1);
}

#[tokio::test]
async fn hostile_10_guesses_are_throttled_and_what_is_waited_for_is_not() {
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().times.grace = Duration::ZERO;
        config.http.unmatched_per_minute = 5;
    })
    .await;
    let mut program = scene.first("abc").await;
    for guess in 0..5 {
        let answer = scene.browse(&format!("code=a&state=guess{guess}")).await;
        assert_eq!(answer.status, 404);
    }
    for guess in 0..5 {
        // Whatever it says of itself (hostile 18).
        let forwarded = format!("192.0.2.{guess}");
        let headers = [
            ("x-forwarded-for", forwarded.as_str()),
            ("forwarded", "for=192.0.2.60"),
            ("x-real-ip", "192.0.2.61"),
        ];
        let path = format!("/oauth/callback?code=a&state=more{guess}");
        let answer = scene.ask("GET", &path, &headers, "").await;
        assert_eq!(answer.status, 429, "{answer:?}");
        assert!(answer.head.contains("retry-after:"), "{answer:?}");
    }
    let browser = scene.browsing("code=right&state=abc");
    assert_eq!(program.hear().await.unwrap()["code"], "right");
    drop(program);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn hostile_17_a_request_for_another_host_uses_nothing_up() {
    let scene = Scene::new().await;
    let mut program = scene.first("abc").await;
    let path = "/oauth/callback?code=wrong&state=abc";
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "[::2]",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        assert_eq!(scene.send(&request).await.status, 421, "{host}");
        let put = format!(
            "PUT /relay/registrations/x HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        assert_eq!(scene.send(&put).await.status, 421, "{host}");
    }
    // No page of another origin may ask the face for programs anything.
    let asks = [
        ("origin", "https://evil.example"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "authorization"),
    ];
    for origin in ["https://evil.example", "null"] {
        let mut asks = asks;
        asks[0].1 = origin;
        let answer = scene
            .ask("OPTIONS", "/relay/registrations/x", &asks, "")
            .await;
        assert!(!(200..300).contains(&answer.status), "{answer:?}");
        assert!(!answer.head.contains("access-control-allow"), "{answer:?}");
    }
    let browser = scene.browsing("code=right&state=abc");
    assert_eq!(program.hear().await.unwrap()["code"], "right");
    drop(program);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn hostile_17_a_browser_at_the_programs_port_registers_nothing() {
    let scene = over_tcp().await;
    for head in ["POST / HTTP/1.1", "GET / HTTP/1.1", "\u{16}\u{3}\u{1}"] {
        let mut browser = scene.tcp_program().await;
        let request = format!(
            "{head}\r\nhost: localhost\r\n\r\n{}\n{}\n",
            first("abc"),
            register("def", SECRET)
        );
        browser.send(request.as_bytes()).await;
        browser.hear_error().await;
    }
    assert_eq!(scene.relay.registered(), 0);
}

#[tokio::test]
async fn hostile_18_no_header_says_what_the_public_address_is() {
    let scene = Scene::new().await;
    let path = format!("/relay/registrations/{}", crate::scene::digest("abc"));
    let bearer = format!("Bearer {TOKEN}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("forwarded", "host=evil.example;proto=https"),
    ];
    let body = format!(r#"{{"secret":"{SECRET}"}}"#);
    let answer = scene.ask("PUT", &path, &headers, &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let expected = format!("http://{}/oauth/callback", scene.http);
    assert_eq!(answer.json()["callback_url"], expected.as_str());
}

/// A child of these tests: another user, who tries to get in and then to register.
pub(crate) fn be_a_stranger(path: &str) {
    use std::io::Write as _;
    let said = match UnixStream::connect(path) {
        Err(error) => format!("{:?}", error.kind()),
        Ok(mut stream) => {
            // It may be closed already.
            stream
                .write_all(b"{\"type\":\"REGISTER\",\"state\":\"abc\"}\n")
                .ok();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).ok();
            format!("heard {} bytes", heard.len())
        }
    };
    child::answer(&said);
}

async fn stranger(path: &Path) -> String {
    // By this name even somebody who may not enter the way to this program can run it.
    let mut command = Command::new("/proc/self/exe");
    child::as_role(&mut command, "be a stranger", path.as_os_str());
    command.uid(NOBODY).gid(NOBODY).current_dir("/");
    let output = tokio::task::spawn_blocking(move || command.output());
    child::said(&output.await.unwrap().unwrap())
}

#[tokio::test]
async fn hostile_19_another_user_of_the_machine_gets_nothing() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        eprintln!("not root: nothing is tested");
        return;
    }
    let scene = Scene::new().await;
    let mut program = scene.first("abc").await;
    assert_eq!(stranger(&scene.socket).await, "PermissionDenied");
    // Even where the directory and the socket were opened to all by mistake.
    let directory = scene.socket.parent().unwrap();
    for (path, mode) in [
        (directory.parent().unwrap(), 0o755),
        (directory, 0o755),
        (&scene.socket, 0o666),
    ] {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(stranger(&scene.socket).await, "heard 0 bytes");
    assert_eq!(scene.relay.registered(), 1);
    let browser = scene.browsing("code=right&state=abc");
    assert_eq!(program.hear().await.unwrap()["code"], "right");
    drop(program);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn hostile_20_a_state_belongs_to_whoever_registered_it() {
    let scene = over_tcp().await;
    let mut owner = scene.tcp_program().await;
    owner
        .say(&with_token(&register("abc", SECRET), TOKEN))
        .await;
    assert_eq!(owner.hear().await.unwrap()["resumed"], false);
    let plain = first("abc");
    let same_secret = register("abc", SECRET);
    let other_secret = register("abc", OTHER_SECRET);
    for impostor in [
        plain.clone(),
        with_token(&plain, TOKEN),
        with_token(&plain, OTHER_TOKEN),
        same_secret.clone(),
        with_token(&same_secret, OTHER_TOKEN),
        with_token(&other_secret, TOKEN),
    ] {
        let mut program = scene.tcp_program().await;
        program.say(&impostor).await;
        let error = program.hear_error().await;
        let word = error["error"].as_str().unwrap();
        let is_second = impostor.contains("protocol");
        assert!(!is_second || word == "state_in_use", "{impostor}: {error}");
        assert!(error.to_string().contains("somebody else"), "{error}");
    }
    // Nor while the owner is away.
    drop(owner);
    let browser = scene.browsing("code=right&state=abc");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut impostor = scene.tcp_program().await;
    impostor.say(&with_token(&same_secret, OTHER_TOKEN)).await;
    assert_eq!(impostor.hear_error().await["error"], "state_in_use");
    let mut owner = scene.tcp_program().await;
    owner.say(&with_token(&same_secret, TOKEN)).await;
    assert_eq!(owner.hear().await.unwrap()["resumed"], true);
    let deliver = owner.hear().await.unwrap();
    assert_eq!(deliver["code"], "right");
    owner.say(&ack(&deliver)).await;
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test]
async fn hostile_20_a_callback_that_was_meant_for_one_user_waits_for_no_other() {
    let scene = over_tcp().await;
    let mut program = scene.tcp_program().await;
    program.say(&with_token(&first("abc"), TOKEN)).await;
    until(|| scene.relay.registered() == 1).await;
    let browser = scene.browsing("code=right&state=abc");
    tokio::time::sleep(Duration::from_millis(100)).await;
    // It dies with the line unread.
    drop(program);
    until(|| scene.relay.held() == 1).await;
    for impostor in [first("abc"), with_token(&first("abc"), OTHER_TOKEN)] {
        let mut program = scene.tcp_program().await;
        program.say(&impostor).await;
        program.hear_error().await;
    }
    let mut again = scene.tcp_program().await;
    again.say(&with_token(&first("abc"), TOKEN)).await;
    assert_eq!(again.hear().await.unwrap()["code"], "right");
    drop(again);
    assert!(browser.await.unwrap().is_complete());
}

/// The address that a program prints has the state in it.
#[tokio::test]
async fn hostile_21_whoever_knows_the_state_alone_gets_nothing_and_spoils_nothing() {
    let scene = Scene::new().await;
    let (mut program, _) = scene.second("abc", SECRET).await;
    let (_, answer) = scene.second("abc", OTHER_SECRET).await;
    assert_eq!(answer["error"], "state_in_use");
    for _ in 0..3 {
        let path = format!("/relay/registrations/{}", crate::scene::digest("abc"));
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("relay-secret", SECRET)];
        for method in ["GET", "DELETE"] {
            assert_eq!(scene.ask(method, &path, &headers, "").await.status, 404);
        }
        let body = format!(r#"{{"secret":"{SECRET}"}}"#);
        assert_eq!(scene.ask("PUT", &path, &headers, &body).await.status, 409);
    }
    let browser = scene.browsing("code=right&state=abc");
    let deliver = program.hear().await.unwrap();
    program.say(&ack(&deliver)).await;
    assert!(browser.await.unwrap().is_complete());
}
