//! Statements as calls: prepared once for each connection, answered in rows of ours.

use rusqlite::{Connection, Params};

use super::{super::StoreError, rows::Columns};

/// The first row, if there is one.
pub(super) fn row<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let found = rows.next()?;
    found.map(|row| read(&mut Columns::new(row))).transpose()
}

/// All rows.
pub(super) fn rows<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(&mut Columns::new(row))?);
    }
    Ok(all)
}

/// How many rows it changed.
pub(super) fn change(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<u64, StoreError> {
    let changed = connection.prepare_cached(sql)?.execute(parameters)?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}
