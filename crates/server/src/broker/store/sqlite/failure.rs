//! What SQLite's errors mean for whoever uses the store.

use rusqlite::{Error, ErrorCode};

use super::super::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let Some(code) = error.sqlite_error_code() else {
            // Columns that are not what they should be. The text names a column and a type, never a value.
            return match error {
                Error::QueryReturnedNoRows => Self::Broken("a row is missing".into()),
                error => Self::Broken(format!("it holds what does not belong there ({error})")),
            };
        };
        match code {
            ErrorCode::DatabaseCorrupt => Self::Broken(
                "the database is damaged; stop the server and put a backup in its place".into(),
            ),
            ErrorCode::NotADatabase => {
                Self::Broken("the file is no SQLite database; move it away, or name another".into())
            }
            ErrorCode::DiskFull => {
                Self::Unavailable("the disk is full; make room, and it goes on".into())
            }
            ErrorCode::ReadOnly => Self::Unavailable("the database is read-only".into()),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                Self::Unavailable("another process holds the database".into())
            }
            ErrorCode::ConstraintViolation => {
                Self::Unavailable("a name or code that is there already was drawn again".into())
            }
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OperationInterrupted
            | ErrorCode::OperationAborted => Self::Unavailable(format!("{error}")),
            _ => Self::Broken(format!("{error}")),
        }
    }
}

/// A row of ours that cannot be read. What stands in it is not repeated.
pub(super) fn unreadable(what: &str) -> StoreError {
    StoreError::Broken(format!("a {what} in the database cannot be read"))
}
