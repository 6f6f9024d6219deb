//! Keys in the store.

use std::{path::Path, sync::Arc};

use futures_util::future::join_all;
use oarlock_io::Clock;

use super::{
    super::{
        Keyring, KeyringError,
        document::{Document, DocumentError},
    },
    DAY, config, folder, new_year,
};
use crate::{
    broker::store::{Store, StoreError, sqlite::SqliteStore},
    config::broker::KeysHome,
};

fn store(folder: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&folder.join("server.db")).unwrap())
}

async fn in_store(store: &Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Keyring, KeyringError> {
    Keyring::open(config(KeysHome::Store), Arc::clone(store), clock).await
}

#[tokio::test]
async fn instances_that_start_at_once_on_one_store_end_with_the_same_keys() {
    let (folder, clock) = (folder(), new_year());
    let store = store(folder.path());
    let all = join_all((0..8).map(|_| in_store(&store, clock.clone()))).await;
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    for keyring in &all {
        assert_eq!(keyring.list(), all[0].list());
        assert_eq!(keyring.seal_key(), all[0].seal_key());
    }
    // And the next key is made by one of them.
    clock.advance(89 * DAY);
    let kept = join_all(all.iter().map(Keyring::keep)).await;
    assert!(kept.into_iter().all(|kept| kept.is_ok()));
    for keyring in &all {
        keyring.keep().await.unwrap();
        assert_eq!(keyring.list(), all[0].list());
        assert_eq!(keyring.list().len(), 2);
    }
}

#[tokio::test]
async fn keys_in_the_store_that_are_damaged_are_not_replaced() {
    let (folder, clock) = (folder(), new_year());
    let store = store(folder.path());
    let damaged = "{\"version\": 1, \"seal_key\": \"canary\"}".to_owned();
    assert!(store.replace_keyring(0, damaged.clone()).await.unwrap());
    let error = in_store(&store, clock).await.unwrap_err();
    let KeyringError::Store(StoreError::Broken(reason)) = &error else {
        panic!("{error}");
    };
    assert!(
        reason.contains("damaged") && !reason.contains("canary"),
        "{reason}"
    );
    assert_eq!(store.keyring().await.unwrap().unwrap().1, damaged);
    let parsed = Document::parse(damaged.as_bytes()).unwrap_err();
    assert!(
        matches!(parsed, DocumentError::Damaged { line: 1, .. }),
        "{parsed:?}"
    );
}
