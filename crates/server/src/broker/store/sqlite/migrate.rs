//! Brings a database to this program's version.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    super::{StoreError, migrations::Migration, statements},
    file,
};

/// Applies what is missing, each step in one transaction. Two processes that start at once apply each step once.
pub(super) fn migrate(
    connection: &mut Connection,
    migrations: &[Migration],
) -> Result<(), StoreError> {
    let newest = migrations.last().map_or(0, |migration| migration.version);
    let found = version(connection)?;
    if found > newest {
        return Err(StoreError::Broken(format!(
            "the database has version {found}, and this program knows versions up to {newest}: use the newer program again, or put a backup in its place"
        )));
    }
    for migration in migrations {
        if migration.version <= found {
            continue;
        }
        let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
        // Somebody else may have been faster.
        if version(&transaction)? < migration.version {
            transaction.execute_batch(migration.sql)?;
            transaction.execute(statements::ADD_SCHEMA_VERSION, [migration.version])?;
        }
        transaction.commit()?;
    }
    Ok(())
}

/// 0: nothing is there yet.
fn version(connection: &Connection) -> Result<i64, StoreError> {
    if !file::has_schema(connection)? {
        return Ok(0);
    }
    Ok(connection.query_row(statements::SCHEMA_VERSION, [], |row| row.get(0))?)
}
