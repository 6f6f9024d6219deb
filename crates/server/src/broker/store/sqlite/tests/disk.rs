//! Full and read-only disks: small tmpfs mounts in a namespace of the child's own.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::Path,
    process::Command,
    sync::Arc,
};

use super::{child, folder};
use crate::broker::store::{
    Begun, LoginKey, StoreError,
    sqlite::SqliteStore,
    tests::examples::{
        AnyStore, asked_for_code, at, begin, code, granted, login_of, new_login, state,
    },
};

fn fill(directory: &Path) {
    let path = directory.join("filler");
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    for size in [4096, 1] {
        loop {
            match file.write_all(&vec![b'f'; size]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn run<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(story)
}

/// The child of [`hostile_28_on_a_full_disk_what_there_is_stays_and_can_be_read`].
pub(super) fn write_on_a_full_disk(disk: &Path) {
    let store: AnyStore = Arc::new(SqliteStore::open(&disk.join("server.db")).unwrap());
    run(async {
        granted(&store, new_login("first", asked_for_code()), "ada").await;
        fill(disk);
        // What the log has room for still goes in; then nothing does.
        let mut last = 0;
        let refused = loop {
            last += 1;
            assert!(last < 10_000);
            let new = new_login(&format!("{last}"), asked_for_code());
            match store.begin(new).await {
                Ok(begun) => assert_eq!(begun, Begun::Yes),
                Err(refused) => break refused,
            }
        };
        let StoreError::Unavailable(why) = &refused else {
            panic!("{refused:?}")
        };
        assert!(why.contains("full"), "{why}");
        assert_eq!(store.ready().await, Err(refused));
        // Everything that was answered is there, and what was refused is not.
        for number in 1..=last {
            let key = LoginKey::UpstreamState(state(&format!("{number}")));
            let found = store.login(key, at(1)).await.unwrap();
            assert_eq!(found.is_some(), number < last, "{number}");
        }
        let first = store.login(LoginKey::Code(code("first")), at(3)).await;
        assert!(first.unwrap().is_some());
        // With room it goes on by itself.
        fs::remove_file(disk.join("filler")).unwrap();
        assert_eq!(store.ready().await, Ok(()));
        let new = new_login(&format!("{last}"), asked_for_code());
        begin(&store, new.clone()).await;
        let key = LoginKey::UpstreamState(state(&format!("{last}")));
        assert_eq!(store.login(key, at(1)).await, Ok(Some(login_of(&new))));
    });
    drop(store);
    let new = disk.join("new.db");
    fill(disk);
    let refused = SqliteStore::open(&new).unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
}

/// The child of [`hostile_28_on_a_read_only_disk_nothing_is_written`].
pub(super) fn write_on_a_read_only_disk(disk: &Path) {
    let path = disk.join("server.db");
    let store: AnyStore = Arc::new(SqliteStore::open(&path).unwrap());
    run(begin(&store, new_login("a", asked_for_code())));
    drop(store);
    let remounted = Command::new("mount")
        .args(["-o", "remount,bind,ro"])
        .arg(disk)
        .status()
        .unwrap();
    assert!(remounted.success());
    let refused = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
}

fn on_a_small_disk(role: &str) {
    let folder = folder();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let setup = "mount -t tmpfs -o size=2m,mode=700 none \"$OARLOCK_TEST_TARGET\"";
    let output = child::in_namespace(setup, role, &disk).output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn hostile_28_on_a_full_disk_what_there_is_stays_and_can_be_read() {
    on_a_small_disk("write on a full disk");
}

#[test]
fn hostile_28_on_a_read_only_disk_nothing_is_written() {
    on_a_small_disk("write on a read-only disk");
}
