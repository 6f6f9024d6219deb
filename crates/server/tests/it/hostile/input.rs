//! Lines and requests that no friend sends.

use std::time::Duration;

use oarlock_oauth::relay::{Callback, CodeKeys};
use oarlock_server::relay::Outcome;
use serde_json::json;
use tokio::{
    io::AsyncWriteExt as _,
    time::{Instant, timeout},
};

use crate::scene::{PATIENCE, Program, SECRET, Scene, ack, register, request, until};

/// A program waits for `abc` whatever others do, and gets its callback in the end.
async fn is_unharmed(scene: &Scene, mut bystander: Program<tokio::net::UnixStream>) {
    let browser = scene.browsing("code=right&state=abc");
    assert_eq!(bystander.hear().await.unwrap()["code"], "right");
    drop(bystander);
    assert!(browser.await.unwrap().is_complete());
    until(|| scene.relay.registrations() == 0).await;
}

#[tokio::test]
async fn hostile_03_a_line_of_ten_megabytes_is_one_error_and_harms_nobody() {
    let scene = Scene::new().await;
    let bystander = scene.first("abc").await;
    let line = vec![b'a'; 10 << 20];
    for whole in [line.as_slice(), &[b'{'; 65_536], &[b' '; 65_536]] {
        let mut program = scene.program().await;
        program.send(whole).await;
        let error = program.hear_error().await;
        assert!(
            error["error"].as_str().unwrap().contains("65536"),
            "{error}"
        );
    }
    is_unharmed(&scene, bystander).await;
}

#[tokio::test]
async fn a_line_may_have_64_kib_with_its_end() {
    let scene = Scene::new().await;
    for (length, fits) in [(65_535, true), (65_536, false)] {
        let mut program = scene.program().await;
        let mut line = register("abc", SECRET);
        let padding = length - line.len();
        line.insert_str(1, &" ".repeat(padding));
        program.say(&line).await;
        let answer = program.hear().await.unwrap();
        assert_eq!(answer["type"] == "REGISTERED", fits, "{answer}");
    }
}

#[tokio::test]
async fn hostile_03_garbage_is_one_error_and_harms_nobody() {
    let scene = Scene::new().await;
    let bystander = scene.first("abc").await;
    let deep = format!(
        r#"{{"type":"REGISTER","x":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let nested = format!(
        r#"{{"type":"REGISTER","x":{}{}}}"#,
        "[".repeat(17),
        "]".repeat(17)
    );
    for garbage in [
        "",
        "\0",
        "\u{feff}{}",
        "[]",
        "null",
        "{",
        "{}",
        "REGISTER abc",
        "GET / HTTP/1.1",
        r#"{"type":"REGISTER"}{"type":"REGISTER"}"#,
        r#"{"type":"REGISTER","state":"a","state":"b"}"#,
        r#"{"type":"REGISTER","type":"REGISTER"}"#,
        r#"{"type":"REGISTER","x":{"a":1,"a":1}}"#,
        r#"{"type":"REGISTER","state":1}"#,
        r#"{"type":"REGISTER","state":["abc"]}"#,
        r#"{"type":"REGISTER","state":"\u0000"}"#,
        r#"{"type":"REGISTER","state":"\ud800"}"#,
        r#"{"type":"REGISTER","protocol":3,"state":"a"}"#,
        r#"{"type":"REGISTER","protocol":2,"state":"a"}"#,
        r#"{"type":"REGISTER","protocol":2,"state":"a","secret":"short"}"#,
        r#"{"type":"REGISTER","protocol":2,"state":"a","secret":"aaaaaaaaaaaaaaaaaaaaaa","timeout":-1}"#,
        r#"{"type":"REGISTER","protocol":2,"state":"a","secret":"aaaaaaaaaaaaaaaaaaaaaa","timeout":1e999}"#,
        r#"{"type":"DELIVER","state":"abc","code":"c"}"#,
        r#"{"type":"ACK","delivery":"x"}"#,
        r#"{"type":"PONG"}"#,
        &deep,
        &nested,
    ] {
        let mut program = scene.program().await;
        program.say(garbage).await;
        program.hear_error().await;
    }
    for garbage in [
        &b"\xff\xfe\n"[..],
        b"{\"type\":\"REGISTER\",\"state\":\"\xc0\xaf\"}\n",
    ] {
        let mut program = scene.program().await;
        program.send(garbage).await;
        program.hear_error().await;
    }
    assert_eq!(scene.relay.registrations(), 1);
    is_unharmed(&scene, bystander).await;
}

#[tokio::test]
async fn hostile_03_a_first_line_that_is_no_frame_is_answered_in_the_protocol_it_names() {
    let vectors = include_str!("../../../../../docs/relay-vectors.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let scene = Scene::new().await;
    let mut protocols = [0, 0];
    for vector in vectors["program_frames"].as_array().unwrap() {
        // Lines in pieces are long ones, or have bytes that are no text.
        let (Some(line), Some(word)) = (vector["line"].as_str(), vector["error"].as_str()) else {
            continue;
        };
        let mut program = scene.program().await;
        program.say(line).await;
        let error = program.hear_error().await;
        if vector["protocol"] == 2 {
            assert_eq!(error["error"], word, "{vector}");
            assert!(error["error_description"].is_string(), "{vector}: {error}");
            protocols[1] += 1;
        } else {
            assert_ne!(error["error"], word, "{vector}");
            assert!(
                error.get("error_description").is_none(),
                "{vector}: {error}"
            );
            protocols[0] += 1;
        }
    }
    assert!(protocols.iter().all(|count| *count > 5), "{protocols:?}");
}

#[tokio::test]
async fn hostile_03_garbage_of_a_program_that_waits_ends_its_registration() {
    let scene = Scene::new().await;
    let bystander = scene.first("abc").await;
    for garbage in [
        "x",
        "",
        r#"{"type":"REGISTER","state":"b"}"#,
        r#"{"type":"ACK","delivery":"x"}"#,
    ] {
        let mut first = scene.first("def").await;
        first.say(garbage).await;
        let error = first.hear_error().await;
        assert!(error.get("error_description").is_none(), "{error}");
        let (mut second, _) = scene.second("ghi", SECRET).await;
        second.say(garbage).await;
        assert_eq!(second.hear_error().await["error"], "invalid_request");
        until(|| scene.relay.registrations() == 1).await;
    }
    is_unharmed(&scene, bystander).await;
}

#[tokio::test]
async fn hostile_03_many_frames_in_one_write_are_read_one_by_one() {
    let scene = Scene::new().await;
    let mut program = scene.program().await;
    let pings = r#"{"type":"PING"}"#.to_owned() + "\r\n";
    program
        .send(format!("{}\n{}", register("abc", SECRET), pings.repeat(500)).as_bytes())
        .await;
    assert_eq!(program.hear().await.unwrap()["type"], "REGISTERED");
    for _ in 0..500 {
        assert_eq!(program.hear().await, Some(json!({"type": "PONG"})));
    }
}

/// It asks without reading any answer, until nothing more can be sent to it.
#[tokio::test]
async fn hostile_01_a_program_that_does_not_read_keeps_no_callback_waiting() {
    let scene = Scene::with(|config| {
        // Long enough that only the writing limit can be what ends it.
        config.relay.as_mut().unwrap().times.heartbeat = Duration::from_secs(1_000);
    })
    .await;
    let (program, _) = scene.second("abc", SECRET).await;
    let mut stream = program.into_inner();
    let pings = "{\"type\":\"PING\"}\n".repeat(1_000);
    let start = Instant::now();
    let flood = async { while stream.write_all(pings.as_bytes()).await.is_ok() {} };
    timeout(PATIENCE, flood).await.unwrap();
    // Far from the ten seconds that a callback may take to leave.
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "it was waited for"
    );
    // The owner may come back, and a callback goes there.
    let (mut back, answer) = scene.second("abc", SECRET).await;
    assert_eq!(answer["resumed"], true);
    let browser = scene.browsing("code=c&state=abc");
    let deliver = back.hear().await.unwrap();
    back.say(&ack(&deliver)).await;
    assert!(browser.await.unwrap().is_complete());
}

/// What is refused changes nothing: the program still waits, and gets what is right.
#[tokio::test]
async fn hostile_04_a_callback_that_can_be_read_in_two_ways_is_refused() {
    let scene = Scene::new().await;
    let bystander = scene.first("abc").await;
    for query in [
        "code=right&state=abc&code=wrong",
        "code=right&CODE=wrong&state=abc",
        "code=right&state=abc&state=def",
        "code=right&state=abc&State=def",
        "code=right&state=abc&error=access_denied",
        "code=right&state=abc&x=1&x=2",
        "state=abc&code=%zz%",
    ] {
        let answer = scene.browse(query).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        assert!(!answer.body.contains("right") && !answer.body.contains("abc"));
    }
    for body in [
        r#"{"code":"right","state":["abc"]}"#,
        r#"{"code":"right","state":1}"#,
        r#"{"code":"right","state":{"a":"abc"}}"#,
        r#"{"code":"right","state":"abc","state":"abc"}"#,
        r#"{"code":"right","CODE":"wrong","state":"abc"}"#,
        r#"{"code":{"a":1},"state":"abc"}"#,
        r#"["right","abc"]"#,
        "\"abc\"",
        "{",
    ] {
        let json = [("content-type", "application/json")];
        let answer = scene.ask("POST", "/oauth/callback", &json, body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let both = "/oauth/callback?code=right&state=abc";
    for (path, body) in [
        (both, "code=wrong&state=abc"),
        ("/oauth/callback", "code=right&code=wrong&state=abc"),
    ] {
        let answer = scene.ask("POST", path, &form, body).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    is_unharmed(&scene, bystander).await;
}

#[tokio::test]
async fn hostile_05_what_is_encoded_is_decoded_once() {
    let scene =
        Scene::with(|config| config.relay.as_mut().unwrap().times.grace = Duration::ZERO).await;
    let bystander = scene.first("abc").await;
    for (query, status) in [
        // "%61bc" is another state than "abc".
        ("code=c&state=%2561bc", 404),
        ("code=c&state=abc%00", 400),
        ("code=c%00&state=abc", 400),
        ("code=c&state=%c0%afabc", 400),
        ("code=c&state=abc%0d%0aset-cookie:%20a=b", 400),
        ("code=c%0a&state=abc", 400),
        ("code=c&state=abc&x%0d%0ay=1", 400),
        ("code=c&state=abc&x=%0d%0aset-cookie:%20a=b", 400),
        ("code=c&state=%ed%a0%80", 400),
    ] {
        let answer = scene.browse(query).await;
        assert_eq!(answer.status, status, "{query}");
        assert!(!answer.head.contains("set-cookie"), "{answer:?}");
    }
    // The path is not decoded at all.
    let path = "GET /oauth%2fcallback?code=c&state=abc HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert_eq!(scene.send(path).await.status, 404);
    is_unharmed(&scene, bystander).await;
}

#[tokio::test]
async fn hostile_08_looking_ahead_uses_nothing_up() {
    let scene = Scene::new().await;
    let bystander = scene.first("abc").await;
    let path = "/oauth/callback?code=wrong&state=abc";
    for method in ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "get"] {
        let answer = scene.ask(method, path, &[], "").await;
        assert_eq!(answer.status, 405, "{method}: {answer:?}");
    }
    for header in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-purpose", "preview"),
        ("x-moz", "prefetch"),
    ] {
        let answer = scene.ask("GET", path, &[header], "").await;
        assert_eq!(answer.status, 503, "{header:?}: {answer:?}");
    }
    is_unharmed(&scene, bystander).await;
}

#[tokio::test]
async fn hostile_09_back_and_reload_change_nothing() {
    let scene = Scene::new().await;
    let (mut program, _) = scene.second("abc", SECRET).await;
    let browser = scene.browsing("code=right&state=abc");
    let deliver = program.hear().await.unwrap();
    // The button is pressed again while it is under way: by a form too.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "code=right&state=abc";
    let again = tokio::spawn({
        let request = request("POST", "/oauth/callback", &form, body);
        let stream = scene.web();
        let mut stream = stream.await;
        async move {
            use tokio::io::AsyncWriteExt as _;
            stream.write_all(request.as_bytes()).await.unwrap();
            crate::scene::answer(stream).await
        }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!again.is_finished());
    program.say(&ack(&deliver)).await;
    assert_eq!(program.hear().await.unwrap()["reason"], "delivered");
    assert_eq!(program.hear().await, None);
    let (first, again) = (browser.await.unwrap(), again.await.unwrap());
    assert!(first.is_complete() && again.is_complete(), "{again:?}");
    assert_eq!(first.body, again.body);
    // And later, though another program waits by now.
    let mut other = scene.first("abc").await;
    let pages = [
        scene.browse("code=right&state=abc").await,
        scene.ask("POST", "/oauth/callback", &form, body).await,
    ];
    for page in pages {
        assert_eq!(page.status, 404);
        assert!(page.body.contains("already"), "{page:?}");
    }
    let browser = scene.browsing("code=next&state=abc");
    assert_eq!(other.hear().await.unwrap()["code"], "next");
    drop(other);
    assert!(browser.await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn hostile_01_the_first_frame_has_ten_seconds_whatever_drips() {
    let scene = Scene::new().await;
    let mut bystander = scene.first("abc").await;
    for drips in [false, true] {
        let mut program = scene.program().await;
        let start = Instant::now();
        program.send(br#"{"type":"REG"#).await;
        for _ in 0..if drips { 9 } else { 0 } {
            tokio::time::sleep(Duration::from_secs(1)).await;
            program.send(b" ").await;
        }
        let error = program.hear_error().await;
        assert!(
            error["error"].as_str().unwrap().contains("10 seconds"),
            "{error}"
        );
        let took = start.elapsed();
        assert!(
            took >= Duration::from_secs(10) && took < Duration::from_secs(12),
            "{took:?}"
        );
    }
    // Without TCP, which a clock that jumps might overtake.
    let relay = scene.relay.clone();
    let callback = Callback::from_query("code=right&state=abc", &CodeKeys::default()).unwrap();
    let browser = tokio::spawn(async move { relay.deliver(callback).await });
    assert_eq!(bystander.hear().await.unwrap()["code"], "right");
    drop(bystander);
    assert_eq!(browser.await.unwrap(), Outcome::Complete);
}
