//! Copies.

use std::{fs, sync::Arc};

use super::{folder, open, path};
use crate::broker::store::{
    LoginKey,
    sqlite::{BackupError, SqliteStore},
    tests::examples::{AnyStore, asked_for_code, at, code, granted, new_login},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_whole_while_everybody_writes() {
    let folder = folder();
    let store = Arc::new(open(&folder));
    let any: AnyStore = store.clone();
    granted(&any, new_login("before", asked_for_code()), "ada").await;
    let writing = tokio::spawn(async move {
        for number in 0..300 {
            let name = format!("{number}");
            granted(&any, new_login(&name, asked_for_code()), &name).await;
        }
    });
    let copies: Vec<_> = (0..5)
        .map(|number| path(&folder).with_file_name(format!("copy {number}.db")))
        .collect();
    for copy in &copies {
        let (store, to) = (store.clone(), copy.clone());
        tokio::task::spawn_blocking(move || store.backup(&to, false))
            .await
            .unwrap()
            .unwrap();
    }
    writing.await.unwrap();
    for copy in copies {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&copy).unwrap().permissions().mode() & 0o7777,
                0o600
            );
        }
        let checked: String = rusqlite::Connection::open(&copy)
            .unwrap()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(checked, "ok");
        let copy: AnyStore = Arc::new(SqliteStore::open(&copy).unwrap());
        let found = copy.login(LoginKey::Code(code("before")), at(3)).await;
        assert!(found.unwrap().is_some());
        // Of one moment: what is there is there from the first to the last.
        let mut there = Vec::new();
        for number in 0..300 {
            let found = copy
                .login(LoginKey::Code(code(&format!("{number}"))), at(3))
                .await;
            there.push(found.unwrap().is_some());
        }
        assert!(there.is_sorted_by(|before, after| before >= after));
    }
    let names = fs::read_dir(path(&folder).parent().unwrap()).unwrap();
    let parts = names.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .path()
            .to_string_lossy()
            .contains("part")
    });
    assert_eq!(parts.count(), 0);
}

#[test]
fn nothing_is_overwritten_that_was_not_meant() {
    let folder = folder();
    let store = open(&folder);
    let copy = path(&folder).with_file_name("copy.db");
    store.backup(&copy, false).unwrap();
    let first = fs::read(&copy).unwrap();
    assert!(matches!(
        store.backup(&copy, false),
        Err(BackupError::Exists(_))
    ));
    assert_eq!(fs::read(&copy).unwrap(), first);
    store.backup(&copy, true).unwrap();
    // Neither the database itself nor one that is in use, whatever was said.
    assert!(matches!(
        store.backup(&path(&folder), true),
        Err(BackupError::Exists(_))
    ));
    let used = SqliteStore::open(&copy).unwrap();
    assert!(matches!(
        store.backup(&copy, true),
        Err(BackupError::Exists(_))
    ));
    drop(used);
    store.backup(&copy, true).unwrap();
}

#[cfg(unix)]
#[test]
fn hostile_19_a_copy_is_not_put_where_others_can_exchange_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let store = open(&folder);
    let open_to_all = folder.path().join("open");
    fs::create_dir(&open_to_all).unwrap();
    fs::set_permissions(&open_to_all, fs::Permissions::from_mode(0o777)).unwrap();
    let refused = store.backup(&open_to_all.join("copy.db"), false);
    assert!(
        matches!(refused, Err(BackupError::Private(_))),
        "{refused:?}"
    );
    assert_eq!(fs::read_dir(&open_to_all).unwrap().count(), 0);
}
