//! What is SQLite's own: the file, other processes, sudden ends.

mod backup;
mod child;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(unix)]
mod file;
mod kills;
mod migration;
mod plans;
mod processes;
mod writer;

use std::{path::PathBuf, sync::Arc};

use tempfile::TempDir;

use super::SqliteStore;
use crate::broker::store::{
    Store,
    tests::{contract::contract, examples::AnyStore, machine},
};

/// A folder to be in.
pub(super) fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("oarlock-store-")
        .tempdir()
        .unwrap()
}

/// The database in it, in a directory that the store makes.
pub(super) fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("state").join("server.db")
}

pub(super) fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(&path(folder)).unwrap()
}

fn made() -> (TempDir, AnyStore) {
    let folder = folder();
    let store: Arc<dyn Store> = Arc::new(open(&folder));
    (folder, store)
}

contract!(made);

#[test]
fn whatever_is_done_to_it_it_is_like_the_model() {
    machine::run(made);
}
