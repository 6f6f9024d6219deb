//! The file, and what of SQLite differs from other databases: opening, pragmas, whether there is a schema.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use oarlock_io::private::{self, PrivateError};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::super::StoreError;

/// How long another process (a command of the operator's) is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many statements stay prepared; there are fewer.
const STATEMENTS: usize = 128;
/// So many pages gather in the log before they go to their places, 16 MB. Digests are spread over the whole file, so a page is written for
/// many logins; at SQLite's own 1000 it would go to its place four times as often, which is a fifth of what a login costs here.
const LOG_PAGES: i64 = 4000;

/// Makes the file where there is none, and checks it and its directory: ours, 0600 and 0700. SQLite gives `-wal` and `-shm` the same mode.
pub(super) fn prepare(path: &Path) -> Result<PathBuf, StoreError> {
    // Not a name that SQLite takes for something else (":memory:").
    let path = std::path::absolute(path)
        .map_err(|error| StoreError::Broken(format!("{}: {error}", path.display())))?;
    private::create(&path).map_err(refused)?;
    private::check(&path).map_err(refused)?;
    Ok(path)
}

/// A connection that writes.
pub(super) fn writing(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Another program's database is not to be changed.
    has_schema(&connection)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Broken(format!(
            "the file system of {} cannot share memory between processes (a network drive?); move the database to a local disk",
            path.display()
        )));
    }
    // A process that is killed loses nothing. A machine that loses power may lose the last transactions, back to the last checkpoint;
    // what is left is whole. FULL would cost an fsync, so a factor of fifteen, for each.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Journals of savepoints stay in memory.
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Whether our migrations were ever here: `false` for an empty database; another program's is refused.
pub(super) fn has_schema(connection: &Connection) -> Result<bool, StoreError> {
    let ours: Option<i64> = connection
        .query_row(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    let tables: i64 =
        connection.query_row("SELECT COUNT(*) FROM sqlite_master", [], |row| row.get(0))?;
    if ours.is_none() && tables > 0 {
        return Err(StoreError::Broken(
            "the file is the database of another program; name another file".into(),
        ));
    }
    Ok(ours.is_some())
}

fn open(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // What is in the file is not trusted to call functions.
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

fn refused(error: PrivateError) -> StoreError {
    match error {
        PrivateError::Io { .. } => StoreError::Unavailable(error.to_string()),
        error => StoreError::Broken(error.to_string()),
    }
}
