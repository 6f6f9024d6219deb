//! What the tables look like, in numbered steps that are never changed once they were released.

/// A step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Migration {
    /// The version that it makes; one more than the one before.
    pub(super) version: i64,
    /// SQL, for SQLite and PostgreSQL alike.
    pub(super) sql: &'static str,
}

/// All of them, in order.
pub(super) const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sql: include_str!("migrations/0001.sql"),
}];
