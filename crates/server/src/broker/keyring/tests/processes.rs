//! Several processes, and such that are killed.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use oarlock_io::{Environment, SystemClock, private};
use serde_json::json;

use super::{super::document::Document, folder, ids, in_file, keyring, new_year};

const ROLE: &str = "OARLOCK_TEST_KEYS";

/// Not a test: what the children do. As a test of its own it only sees that it has no role.
#[tokio::test]
async fn entry() {
    let environment = Environment::capture();
    let Some((role, path)) = environment.get(ROLE).and_then(|role| role.split_once(' ')) else {
        return;
    };
    let keyring = in_file(Path::new(path), Arc::new(SystemClock))
        .await
        .unwrap();
    match role {
        "open" => println!("answer: {:?} {:?}", ids(&keyring), *keyring.seal_key()),
        "rotate" => loop {
            let made = keyring.rotate(true).await.unwrap();
            println!("answer: {}", made.id);
        },
        other => panic!("no role {other:?}"),
    }
}

fn child(role: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "broker::keyring::tests::processes::entry",
            "--nocapture",
        ])
        .env(ROLE, format!("{role} {}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn answer(line: &str) -> Option<String> {
    Some(line.split_once("answer: ")?.1.to_owned())
}

#[test]
fn processes_that_start_at_once_end_with_the_same_keys() {
    for _ in 0..3 {
        let folder = folder();
        let path = folder.path().join("state/server.keys");
        let children: Vec<_> = (0..4).map(|_| child("open", &path)).collect();
        let answers = children.into_iter().map(|mut child| {
            let mut text = String::new();
            child
                .stdout
                .take()
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            assert!(child.wait().unwrap().success(), "{text}");
            text.lines().find_map(answer).unwrap()
        });
        let answers: Vec<_> = answers.collect();
        assert!(
            answers.windows(2).all(|two| two[0] == two[1]),
            "{answers:?}"
        );
    }
}

#[tokio::test]
async fn hostile_27_a_process_killed_at_any_moment_leaves_the_old_keys_or_the_new_ones() {
    let folder = folder();
    let path = folder.path().join("server.keys");
    for round in 0..12 {
        let mut child = child("rotate", &path);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        // Somewhere in the change after these.
        while said.len() <= round % 4 {
            said.extend(answer(&lines.next().unwrap().unwrap()));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(lines.map_while(Result::ok).filter_map(|line| answer(&line)));
        let text = private::read(&path, 1 << 20).unwrap().unwrap();
        let document = Document::parse(&text).unwrap();
        let [left] = document.signing_keys.as_slice() else {
            panic!("{document:?}");
        };
        // What it said it had made is there, or what it made after that.
        said.pop();
        assert!(!said.contains(&left.info().id));
        assert!(in_file(&path, Arc::new(SystemClock)).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_meanwhile_sees_whole_keys() {
    let (folder, clock) = (folder(), new_year());
    let path = folder.path().join("server.keys");
    let keyring = Arc::new(keyring(folder.path(), clock.clone()).await);
    let other = in_file(&path, clock).await.unwrap();
    let changing = tokio::spawn({
        let keyring = Arc::clone(&keyring);
        async move {
            for _ in 0..20 {
                keyring.rotate(true).await.unwrap();
            }
        }
    });
    while !changing.is_finished() {
        other.keep().await.unwrap();
        assert_eq!(other.list().len(), 1);
        assert!(other.sign("at+jwt", &json!({})).is_ok());
    }
    changing.await.unwrap();
    other.keep().await.unwrap();
    assert_eq!(other.list(), keyring.list());
}
