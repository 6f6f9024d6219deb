//! Too many of everything, and many that die anywhere.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use oarlock_server::config::LocalAddress;
use tokio::{io::AsyncReadExt as _, net::UnixStream, task::JoinSet, time::sleep};

use crate::scene::{Program, SECRET, Scene, TOKEN, ack, register, until};

#[tokio::test]
async fn hostile_38_registrations_beyond_the_cap_are_refused_and_live_ones_stay() {
    let scene = Scene::with(|config| config.relay.as_mut().unwrap().limits.registrations = 4).await;
    let mut firsts = [scene.first("a").await, scene.first("b").await];
    let mut seconds = Vec::new();
    for state in ["c", "d"] {
        seconds.push(scene.second(state, SECRET).await.0);
    }
    for _ in 0..3 {
        let (_, answer) = scene.second("e", SECRET).await;
        assert_eq!(answer["error"], "too_many_registrations");
        assert_eq!(answer["retry_after"], 1);
        let mut first = scene.program().await;
        first.say(r#"{"type":"REGISTER","state":"f"}"#).await;
        assert!(
            first.hear_error().await["error"]
                .as_str()
                .unwrap()
                .contains("too many")
        );
    }
    // A newer one of the same state needs no other place, and neither does one that comes back.
    let again = scene.first("a").await;
    assert_eq!(firsts[0].hear().await, None);
    firsts[0] = again;
    drop(seconds.pop());
    let (back, answer) = scene.second("d", SECRET).await;
    assert_eq!(answer["resumed"], true);
    seconds.push(back);
    assert_eq!(scene.relay.registrations(), 4);
    for (state, mut program) in ["a", "b"].into_iter().zip(firsts) {
        let browser = scene.browsing(&format!("code=c&state={state}"));
        assert!(program.hear().await.is_some());
        drop(program);
        assert!(browser.await.unwrap().is_complete());
    }
    for (state, mut program) in ["c", "d"].into_iter().zip(seconds) {
        let browser = scene.browsing(&format!("code=c&state={state}"));
        let deliver = program.hear().await.unwrap();
        program.say(&ack(&deliver)).await;
        assert!(browser.await.unwrap().is_complete());
    }
    until(|| scene.relay.registrations() == 0).await;
    assert_eq!(scene.second("e", SECRET).await.1["type"], "REGISTERED");
}

#[tokio::test]
async fn hostile_38_each_user_and_each_token_has_a_cap_of_its_own() {
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().limits.registrations_per_user = 2;
        config.relay.as_mut().unwrap().local = LocalAddress::Tcp {
            address: ([127, 0, 0, 1], 0).into(),
            open: true,
        };
    })
    .await;
    let mut programs = Vec::new();
    for (token, most) in [
        (None, 2),
        (Some(TOKEN), 3),
        (Some(crate::scene::OTHER_TOKEN), 3),
    ] {
        for number in 0..=most {
            let mut program = scene.tcp_program().await;
            let state = format!("{}{number}", token.unwrap_or("none"));
            let mut line = register(&state, SECRET);
            if let Some(token) = token {
                line = line.replace('}', &format!(r#","token":"{token}"}}"#));
            }
            program.say(&line).await;
            let answer = program.hear().await.unwrap();
            if number < most {
                assert_eq!(answer["type"], "REGISTERED", "{answer}");
                programs.push(program);
            } else {
                assert_eq!(answer["error"], "too_many_registrations");
            }
        }
    }
    assert_eq!(scene.relay.registrations(), 8);
}

#[tokio::test]
async fn hostile_38_connections_beyond_the_cap_are_refused_and_live_ones_stay() {
    let scene = Scene::with(|config| config.relay.as_mut().unwrap().limits.connections = 3).await;
    let mut program = scene.first("abc").await;
    let silent = [scene.program().await, scene.program().await];
    // The relay has taken them in before it takes the next.
    let mut next = scene.program().await;
    let error = next.hear_error().await;
    assert!(error["error"].as_str().unwrap().contains("full"), "{error}");
    // A flood of them, who do not even read: some are told, the rest is closed.
    let flood: Vec<_> = futures_util::future::join_all((0..500).map(|_| scene.program())).await;
    let browser = scene.browsing("code=right&state=abc");
    assert_eq!(program.hear().await.unwrap()["code"], "right");
    drop(program);
    assert!(browser.await.unwrap().is_complete());
    let mut told = 0;
    for mut refused in flood {
        told += usize::from(refused.hear().await.is_some());
    }
    assert!((1..500).contains(&told), "{told} were told");
    drop(silent);
    // Their places are free again.
    let mut late = scene.program().await;
    loop {
        late.say(&register("def", SECRET)).await;
        match late.hear().await {
            Some(answer) if answer["type"] == "REGISTERED" => break,
            _ => late = scene.program().await,
        }
    }
}

#[tokio::test]
async fn hostile_38_callbacks_beyond_the_cap_do_not_wait_and_those_that_do_stay() {
    let scene = Scene::with(|config| config.relay.as_mut().unwrap().limits.held = 2).await;
    let held = [
        scene.browsing("code=c1&state=a"),
        scene.browsing("code=c2&state=b"),
    ];
    until(|| scene.relay.held() == 2).await;
    for number in 0..5 {
        let start = tokio::time::Instant::now();
        let answer = scene.browse(&format!("code=c&state=more{number}")).await;
        assert_eq!(answer.status, 404);
        assert!(start.elapsed() < Duration::from_secs(1), "it was held");
    }
    for (state, browser) in ["a", "b"].into_iter().zip(held) {
        let mut program = scene.program().await;
        program
            .say(&format!(r#"{{"type":"REGISTER","state":"{state}"}}"#))
            .await;
        assert!(program.hear().await.is_some());
        drop(program);
        assert!(browser.await.unwrap().is_complete());
    }
    assert_eq!(scene.relay.held(), 0);
}

#[tokio::test]
async fn hostile_03_who_talks_without_a_pause_is_not_spared_the_end_of_its_time() {
    let scene = Scene::new().await;
    let mut program = scene.program().await;
    let line = register("abc", SECRET).replace('}', r#","timeout":0.3}"#);
    program.say(&line).await;
    assert_eq!(program.hear().await.unwrap()["type"], "REGISTERED");
    let pongs = "{\"type\":\"PONG\"}\n".repeat(1_000);
    // Until the relay does not listen any more.
    let talk = async {
        while scene.relay.registrations() > 0 {
            program.send(pongs.as_bytes()).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), talk)
        .await
        .unwrap();
}

/// Which program had a callback's code, and said so.
type Had = Arc<Mutex<HashMap<String, Vec<usize>>>>;

/// A program of either protocol that dies at one of its steps, or does not.
async fn dies_somewhere(mut stream: Program<UnixStream>, number: usize, had: Had) {
    let state = format!("s{number}");
    let protocol_2 = number.is_multiple_of(2);
    let step = number / 2 % 6;
    let line = if protocol_2 {
        register(&state, SECRET)
    } else {
        format!(r#"{{"type":"REGISTER","state":"{state}"}}"#)
    };
    stream.say(&line).await;
    if step == 0 {
        return;
    }
    if protocol_2
        && stream
            .hear()
            .await
            .is_none_or(|answer| answer["type"] != "REGISTERED")
    {
        return;
    }
    if step == 1 {
        // While it waits, or while the line is on its way.
        return sleep(Duration::from_millis(number as u64 % 40)).await;
    }
    if step == 2 {
        // A part of the line was read, and the rest never.
        let mut part = [0; 5];
        tokio::time::timeout(
            Duration::from_secs(5),
            stream.into_inner().read_exact(&mut part),
        )
        .await
        .ok();
        return;
    }
    let Some(deliver) = stream.hear().await else {
        return;
    };
    if step == 3 && protocol_2 {
        // It has read it, and dies before it says so: it goes to nobody else, and is not complete.
        return;
    }
    let code = deliver["code"].as_str().unwrap().to_owned();
    had.lock().unwrap().entry(code).or_default().push(number);
    if protocol_2 {
        stream.say(&ack(&deliver)).await;
        if step == 4 {
            return;
        }
        stream.hear().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_33_of_many_that_die_anywhere_none_has_a_browser_that_was_lied_to() {
    const PROGRAMS: usize = 300;
    let scene = Scene::with(|config| {
        config.relay.as_mut().unwrap().times.grace = Duration::from_millis(300);
        config.relay.as_mut().unwrap().times.acknowledgement = Duration::from_secs(2);
    })
    .await;
    let had = Had::default();
    let mut programs = JoinSet::new();
    let mut browsers = Vec::new();
    for number in 0..PROGRAMS {
        let query = format!("code=code{number}&state=s{number}");
        let early = number % 3 == 0;
        if early {
            browsers.push(scene.browsing(&query));
        }
        programs.spawn(dies_somewhere(
            scene.program().await,
            number,
            Arc::clone(&had),
        ));
        if !early {
            sleep(Duration::from_micros(500)).await;
            browsers.push(scene.browsing(&query));
        }
    }
    let mut complete = 0;
    let mut pages = Vec::new();
    for browser in browsers {
        pages.push(browser.await.unwrap());
    }
    programs.join_all().await;
    let had = std::mem::take(&mut *had.lock().unwrap());
    for (page, number) in pages.iter().zip(0..PROGRAMS) {
        let code = format!("code{number}");
        let programs = had.get(&code).map_or(&[][..], Vec::as_slice);
        assert!(programs.len() <= 1, "{code} went to {programs:?}");
        if page.is_complete() {
            complete += 1;
            assert_eq!(
                programs,
                [number],
                "{code} is nowhere, and its browser was told complete"
            );
        }
    }
    assert!(
        (PROGRAMS / 4..PROGRAMS).contains(&complete),
        "{complete} of {PROGRAMS}"
    );
    until(|| scene.relay.registrations() == 0 && scene.relay.held() == 0).await;
}
