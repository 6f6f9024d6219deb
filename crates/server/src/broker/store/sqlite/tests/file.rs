//! Which files are opened, and which are refused.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
};

use rusqlite::Connection;

use super::{folder, open, path};
use crate::broker::store::{
    SessionFilter, Store as _, StoreError,
    migrations::MIGRATIONS,
    sqlite::SqliteStore,
    tests::examples::{asked_for_code, new_login},
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn broken(path: &Path, why: &str) {
    match SqliteStore::open(path) {
        Err(StoreError::Broken(text)) => assert!(text.contains(why), "{text}"),
        other => panic!("{other:?}"),
    }
}

fn bytes(path: &Path, content: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "a file as others write it")]
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn hostile_19_the_database_is_its_owner_s_alone() {
    let folder = folder();
    let store = open(&folder);
    store
        .begin(new_login("a", asked_for_code()))
        .await
        .map(drop)
        .unwrap();
    let path = path(&folder);
    let directory = path.parent().unwrap();
    assert_eq!(mode(directory), 0o700);
    let names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    for name in names {
        assert_eq!(mode(&name), 0o600, "{}", name.display());
    }
    drop(store);
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(directory).unwrap().count(), 1);
}

#[test]
fn hostile_19_a_database_that_others_could_have_touched_is_refused() {
    let folder = folder();
    drop(open(&folder));
    let path = path(&folder);
    let link = path.with_file_name("link.db");
    symlink(&path, &link).unwrap();
    broken(&link, "not a plain file");
    fs::remove_file(&link).unwrap();
    fs::hard_link(&path, &link).unwrap();
    broken(&path, "not a plain file");
    fs::remove_file(&link).unwrap();
    let directory = path.with_file_name("directory");
    fs::create_dir(&directory).unwrap();
    broken(&directory, "not a plain file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    broken(&path, "chmod 600");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let directory = path.parent().unwrap();
    fs::set_permissions(directory, fs::Permissions::from_mode(0o750)).unwrap();
    broken(&path, "chmod 700");
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
    // Only root can make a file somebody else's.
    if chown(&path, Some(65534), Some(65534)).is_ok() {
        broken(&path, "belongs to another user");
    }
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let folder = folder();
    drop(open(&folder));
    let notes = path(&folder).with_file_name("notes.txt");
    let text = b"Not a database, but dear to somebody.".repeat(100);
    bytes(&notes, &text);
    broken(&notes, "no SQLite database");
    assert_eq!(fs::read(&notes).unwrap(), text);
}

#[test]
fn another_program_s_database_is_refused_and_left_alone() {
    let folder = folder();
    drop(open(&folder));
    let other = path(&folder).with_file_name("other.db");
    bytes(&other, b"");
    let connection = Connection::open(&other).unwrap();
    connection
        .execute_batch("CREATE TABLE theirs (a TEXT)")
        .unwrap();
    drop(connection);
    let before = fs::read(&other).unwrap();
    broken(&other, "another program");
    assert_eq!(fs::read(&other).unwrap(), before);
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let folder = folder();
    drop(open(&folder));
    let connection = Connection::open(path(&folder)).unwrap();
    let newer = MIGRATIONS.last().unwrap().version + 1;
    connection
        .execute("INSERT INTO schema (version) VALUES (?1)", [newer])
        .unwrap();
    drop(connection);
    broken(&path(&folder), &format!("version {newer}"));
}

#[tokio::test]
async fn a_damaged_database_says_so() {
    let folder = folder();
    let store = open(&folder);
    for number in 0..200 {
        store
            .begin(new_login(&format!("{number}"), asked_for_code()))
            .await
            .map(drop)
            .unwrap();
    }
    drop(store);
    let path = path(&folder);
    let mut content = fs::read(&path).unwrap();
    for page in content.chunks_mut(4096).skip(1) {
        page.fill(0xA5);
    }
    bytes(&path, &content);
    let error = match SqliteStore::open(&path) {
        Err(error) => error,
        Ok(store) => store
            .sessions(SessionFilter {
                limit: 1,
                ..SessionFilter::default()
            })
            .await
            .unwrap_err(),
    };
    let StoreError::Broken(why) = error else {
        panic!("{error:?}")
    };
    assert!(why.contains("damaged"), "{why}");
}

#[test]
fn a_name_that_means_something_to_sqlite_is_a_name() {
    let folder = folder();
    for name in [":memory:", "file:x?mode=memory", "a?b#c%20.db"] {
        let path = folder.path().join("state").join(name);
        drop(SqliteStore::open(&path).unwrap());
        assert!(fs::metadata(&path).unwrap().len() > 0, "{name}");
    }
}
