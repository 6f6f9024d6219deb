//! From every version to this one.

use rusqlite::Connection;

use super::{super::migrate::migrate, folder, open, path};
use crate::broker::{
    id::UserId,
    store::{
        LoginKey, SessionKey, Store as _, StoreError,
        migrations::{MIGRATIONS, Migration},
        tests::examples::{at, code, handle},
    },
};

/// A database as version 1 left it; it is never changed.
const VERSION_1: &str = include_str!("version_1.sql");

fn tables(connection: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT name, COALESCE(sql, '') FROM sqlite_master ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

fn connection() -> Connection {
    Connection::open_in_memory().unwrap()
}

#[test]
fn versions_follow_one_another() {
    for (index, migration) in MIGRATIONS.iter().enumerate() {
        assert_eq!(usize::try_from(migration.version), Ok(index + 1));
    }
}

#[test]
fn the_schema_is_the_one_that_was_written_down() {
    let mut connection = connection();
    migrate(&mut connection, MIGRATIONS).unwrap();
    let names: Vec<_> = tables(&connection)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let ours = names.iter().filter(|name| !name.starts_with("sqlite_"));
    let ours: Vec<_> = ours.map(String::as_str).collect();
    assert_eq!(
        ours,
        [
            "clients",
            "clients_last_used_at",
            "consents",
            "consents_client",
            "keyring",
            "logins",
            "logins_code",
            "logins_device_code",
            "logins_ended",
            "logins_kept_until",
            "logins_pairing",
            "logins_upstream_state",
            "logins_user_code",
            "revoked_access_tokens",
            "revoked_access_tokens_expires_at",
            "schema",
            "sessions",
            "sessions_code",
            "sessions_expires_at",
            "sessions_handle",
            "sessions_user",
            "users",
        ]
    );
}

#[tokio::test]
async fn a_database_of_version_1_is_brought_to_this_one() {
    let folder = folder();
    // A file as the store makes it.
    drop(open(&folder));
    let file = Connection::open(path(&folder)).unwrap();
    for (name, _) in tables(&file)
        .iter()
        .filter(|(name, sql)| !name.starts_with("sqlite_") && sql.starts_with("CREATE TABLE"))
    {
        file.execute_batch(&format!("DROP TABLE {name}")).unwrap();
    }
    file.execute_batch(VERSION_1).unwrap();
    drop(file);

    let store = open(&folder);
    let login = store
        .login(LoginKey::Code(code("b")), at(5))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(login.stage.word(), "granted");
    assert_eq!(login.request.asked.client_id(), Some("mytool"));
    let (session, user) = store
        .session(SessionKey::Handle(handle("a")))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (session.client_id.as_str(), user.subject.as_str()),
        ("mytool", "ada")
    );
    let consent = store
        .consent(UserId::known("user at a"), "mytool".into())
        .await;
    assert_eq!(consent.unwrap().unwrap().join(' '), "openid deploy");
    assert!(
        store
            .client("registered".into(), at(0))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(store.keyring().await, Ok(Some((1, "keys".into()))));
    let revoked = store
        .access_token("revoked".into(), session.id, at(5))
        .await;
    assert_eq!(revoked, Ok(None));
    // It is like one that was made today.
    let (mut new, old) = (connection(), Connection::open(path(&folder)).unwrap());
    migrate(&mut new, MIGRATIONS).unwrap();
    assert_eq!(tables(&old), tables(&new));
}

#[test]
fn a_step_that_fails_leaves_nothing() {
    let mut connection = connection();
    migrate(&mut connection, MIGRATIONS).unwrap();
    let before = tables(&connection);
    let mut steps = MIGRATIONS.to_vec();
    steps.push(Migration {
        version: MIGRATIONS.last().unwrap().version + 1,
        sql: "CREATE TABLE more (a TEXT); INSERT INTO nowhere VALUES (1);",
    });
    assert!(matches!(
        migrate(&mut connection, &steps),
        Err(StoreError::Broken(_))
    ));
    assert!(connection.is_autocommit());
    assert_eq!(tables(&connection), before);
    // The program that does not know the step goes on with it.
    migrate(&mut connection, MIGRATIONS).unwrap();
}

#[test]
fn a_further_step_is_made_once_and_shuts_older_programs_out() {
    let mut connection = connection();
    migrate(&mut connection, MIGRATIONS).unwrap();
    let mut steps = MIGRATIONS.to_vec();
    steps.push(Migration {
        version: MIGRATIONS.last().unwrap().version + 1,
        sql: "CREATE TABLE more (a TEXT);",
    });
    migrate(&mut connection, &steps).unwrap();
    migrate(&mut connection, &steps).unwrap();
    let Err(StoreError::Broken(why)) = migrate(&mut connection, MIGRATIONS) else {
        panic!()
    };
    assert!(why.contains("newer program"), "{why}");
}
