//! The server and a command of the operator's on one file.

use std::{path::Path, process::Command, sync::Arc};

use super::{child, folder, open, path};
use crate::broker::store::{
    LoginKey, NewLogin, Store as _,
    sqlite::SqliteStore,
    tests::examples::{AnyStore, asked_for_code, at, begin, code, granted, new_login},
};

const MANY: usize = 100;

fn name(who: &str, number: usize) -> String {
    format!("{who} {number}")
}

async fn write(store: &AnyStore, who: &str) {
    for number in 0..MANY {
        let name = name(who, number);
        granted(store, new_login(&name, asked_for_code()), &name).await;
    }
}

/// The child of [`two_processes_write_one_file`].
pub(super) fn write_beside_another(target: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let store: AnyStore = Arc::new(SqliteStore::open(target).unwrap());
    runtime.unwrap().block_on(write(&store, "child"));
}

#[tokio::test]
async fn two_processes_write_one_file() {
    let folder = folder();
    // They also make it together.
    let mut child: Command = child::command("write beside another", &path(&folder));
    let child = child.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let store: AnyStore = Arc::new(open(&folder));
    write(&store, "parent").await;
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    for who in ["parent", "child"] {
        for number in 0..MANY {
            let key = LoginKey::Code(code(&name(who, number)));
            let found = store.login(key, at(3)).await;
            assert!(found.unwrap().is_some(), "{who} {number}");
        }
    }
}

#[tokio::test]
async fn what_another_process_removed_makes_room_after_a_sweep() {
    let folder = folder();
    let (server, command) = (open(&folder), open(&folder));
    let limited = |name: &str| NewLogin {
        most: 2,
        ..new_login(name, asked_for_code())
    };
    let server: AnyStore = Arc::new(server);
    begin(&server, limited("a")).await;
    begin(&server, limited("b")).await;
    assert_eq!(command.sweep(at(600), at(0)).await.unwrap().logins, 2);
    server.sweep(at(600), at(0)).await.unwrap();
    begin(&server, limited("c")).await;
    begin(&server, limited("d")).await;
}

#[tokio::test]
async fn many_stores_opened_at_once_make_one_database() {
    let folder = folder();
    let opened: Vec<_> = (0..8)
        .map(|_| {
            let path = path(&folder);
            std::thread::spawn(move || SqliteStore::open(&path))
        })
        .collect();
    for store in opened {
        let store = store.join().unwrap().unwrap();
        assert_eq!(store.ready().await, Ok(()));
    }
}
