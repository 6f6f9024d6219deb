//! Looking things up: a few connections that cannot write, used where the question is asked, without a change of thread.
//!
//! A question takes microseconds. It sees what was committed before it, so also what any verb did that was answered before.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::Connection;

use super::super::StoreError;

#[derive(Debug)]
pub(super) struct Readers(Vec<Mutex<Connection>>);

impl Readers {
    pub(super) fn new(connections: impl IntoIterator<Item = Connection>) -> Self {
        Self(connections.into_iter().map(Mutex::new).collect())
    }

    /// Asks by the first connection that is free.
    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let free = self
            .0
            .iter()
            .find_map(|connection| match connection.try_lock() {
                Ok(free) => Some(free),
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            });
        let connection = free
            .or_else(|| self.0.first().map(wait))
            .ok_or_else(|| StoreError::Unavailable("there is no connection to read by".into()))?;
        question(&connection)
    }
}

fn wait(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
