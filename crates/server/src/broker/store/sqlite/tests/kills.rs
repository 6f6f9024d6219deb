//! kill -9 at any point: what was answered is there.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
    sync::Arc,
};

use super::{child, folder, open, path};
use crate::broker::{
    session::SessionKind,
    store::{
        LoginKey, Redeemed, SessionKey,
        sqlite::SqliteStore,
        tests::examples::{
            AnyStore, asked_for_code, at, code, granted, handle, new_login, new_session,
        },
    },
};

/// The child of [`hostile_35_a_killed_process_loses_nothing_that_was_answered`]: many logins at once, each said when it is answered.
pub(super) fn write_for_ever(target: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let store: AnyStore = Arc::new(SqliteStore::open(target).unwrap());
    runtime.block_on(async {
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    for number in 0.. {
                        let name = format!("{}-{task}-{number}", std::process::id());
                        granted(&store, new_login(&name, asked_for_code()), &name).await;
                        child::say(&format!("granted {name}"));
                        let new = new_session(&name, SessionKind::Client);
                        let key = LoginKey::Code(code(&name));
                        let redeemed = store.redeem(key, new, at(3)).await;
                        assert!(matches!(redeemed, Ok(Redeemed::Now { .. })));
                        child::say(&format!("redeemed {name}"));
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[tokio::test]
async fn hostile_35_a_killed_process_loses_nothing_that_was_answered() {
    let folder = folder();
    let mut answered = Vec::new();
    for lines in [1, 40, 171, 300] {
        let mut child = child::command("write for ever", &path(&folder))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut said = said.lines().map_while(Result::ok);
        answered.extend(
            said.by_ref()
                .filter(|line| child::heard(line).is_some())
                .take(lines),
        );
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said, and nobody had read yet.
        answered.extend(said);
        let store: AnyStore = Arc::new(open(&folder));
        check(&store, &answered).await;
    }
    assert!(answered.len() > 500);
}

async fn check(store: &AnyStore, answered: &[String]) {
    // A line is written at once, so none is cut off.
    for line in answered.iter().filter_map(|line| child::heard(line)) {
        let (what, name) = line.split_once(' ').unwrap();
        let login = store.login(LoginKey::Code(code(name)), at(3)).await;
        let word = login.unwrap().expect(line).stage.word();
        if what == "redeemed" {
            assert_eq!(word, "redeemed", "{name}");
            let session = store.session(SessionKey::Handle(handle(name))).await;
            assert!(session.unwrap().is_some(), "{name}");
        } else {
            // It may have gone on.
            assert!(["granted", "redeemed"].contains(&word), "{name}");
        }
    }
}
