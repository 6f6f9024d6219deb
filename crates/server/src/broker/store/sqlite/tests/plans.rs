//! Whoever looks something up looks into an index, however many rows there are.

use rusqlite::Connection;

use super::super::migrate::migrate;
use crate::broker::store::{migrations::MIGRATIONS, statements::ALL};

/// What an operator asks, or what is asked of few rows, may look at every row.
const MAY_SCAN: &[&str] = &[
    "COUNT_LOGINS",
    "COUNT_CLIENTS",
    "SESSIONS",
    "USERS",
    "REMOVE_LOGINS_OF_USER",
    "WRITE",
    "SCHEMA_VERSION",
];

#[test]
fn no_statement_looks_at_every_row() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection, MIGRATIONS).unwrap();
    for (name, sql) in ALL.iter().filter(|(name, _)| !MAY_SCAN.contains(name)) {
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let step: String = row.get(3).unwrap();
            let bounded = step.contains("USING INDEX")
                || step.contains("USING COVERING INDEX")
                || step.contains("CONSTANT ROW");
            assert!(!step.starts_with("SCAN") || bounded, "{name}: {step}");
            assert!(
                !step.contains("TEMP B-TREE") || name.starts_with("SESSIONS"),
                "{name}: {step}"
            );
        }
    }
}
