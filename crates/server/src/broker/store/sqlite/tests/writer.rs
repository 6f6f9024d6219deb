//! Many verbs in one transaction, each for itself.

use std::{sync::mpsc, time::Duration};

use futures_util::{FutureExt as _, future::join_all};

use super::{
    super::{
        ask, file, logins,
        migrate::migrate,
        writer::{Work, Writer},
    },
    folder, open, path,
};
use crate::broker::store::{
    Begun, LoginKey, Store as _, StoreError,
    migrations::MIGRATIONS,
    statements as sql,
    tests::examples::{asked_for_code, at, new_login, state},
};

fn writer(folder: &tempfile::TempDir) -> Writer {
    let path = file::prepare(&path(folder)).unwrap();
    let mut connection = file::writing(&path).unwrap();
    connection.busy_timeout(Duration::from_millis(20)).unwrap();
    migrate(&mut connection, MIGRATIONS).unwrap();
    Writer::start(connection).unwrap()
}

/// A verb that holds the thread until the other end of the channel goes.
fn hold() -> (
    mpsc::Sender<()>,
    impl FnOnce(&mut Work<'_>) -> Result<(), StoreError> + Send,
) {
    let (end, held) = mpsc::channel::<()>();
    (end, move |_: &mut Work<'_>| {
        assert!(held.recv().is_err());
        Ok(())
    })
}

fn begin(name: &str) -> impl FnOnce(&mut Work<'_>) -> Result<Begun, StoreError> + Send + use<> {
    let new = new_login(name, asked_for_code());
    move |work| logins::begin(work, &new)
}

async fn count(writer: &Writer) -> (u64, u64) {
    let count = writer.run(|work| Ok((work.logins, logins::count(work.connection)?)));
    count.await.unwrap()
}

#[tokio::test]
async fn a_verb_that_fails_takes_nobody_along() {
    let folder = folder();
    let writer = writer(&folder);
    let (end, held) = hold();
    let mut held = Box::pin(writer.run(held));
    assert!((&mut held).now_or_never().is_none());
    // They all wait, so they share a transaction.
    let mut good: Vec<_> = ["a", "b"]
        .map(|name| Box::pin(writer.run(begin(name))))
        .into();
    let (bad, panics) = (begin("c"), begin("d"));
    let mut bad = Box::pin(writer.run(move |work| -> Result<(), _> {
        bad(work).map(drop)?;
        Err(StoreError::Broken("on purpose".into()))
    }));
    let mut panics = Box::pin(writer.run(move |work| -> Result<(), _> {
        panics(work).map(drop)?;
        panic!("on purpose")
    }));
    let mut wrong =
        Box::pin(writer.run(|work| ask::change(work.connection, "DELETE FROM nowhere", [])));
    assert!(good.first_mut().unwrap().now_or_never().is_none());
    assert!((&mut bad).now_or_never().is_none());
    assert!((&mut panics).now_or_never().is_none());
    assert!((&mut wrong).now_or_never().is_none());
    assert!(good.last_mut().unwrap().now_or_never().is_none());
    drop(end);
    held.await.unwrap();
    assert_eq!(bad.await, Err(StoreError::Broken("on purpose".into())));
    assert!(matches!(panics.await, Err(StoreError::Broken(_))));
    assert!(matches!(wrong.await, Err(StoreError::Broken(_))));
    for begun in join_all(good).await {
        assert_eq!(begun, Ok(Begun::Yes));
    }
    assert_eq!(count(&writer).await, (2, 2));
}

#[tokio::test]
async fn hostile_38_more_than_can_wait_is_refused_and_what_waits_is_done() {
    let folder = folder();
    let writer = writer(&folder);
    let (end, held) = hold();
    let mut held = Box::pin(writer.run(held));
    assert!((&mut held).now_or_never().is_none());
    let mut waiting = Vec::new();
    let refused = loop {
        assert!(waiting.len() < 10_000);
        let mut verb = Box::pin(writer.run(|work| ask::change(work.connection, sql::WRITE, [])));
        match (&mut verb).now_or_never() {
            None => waiting.push(verb),
            Some(answer) => break answer,
        }
    };
    assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    assert!(waiting.len() > 1_000);
    drop(end);
    held.await.unwrap();
    for answer in join_all(waiting).await {
        assert_eq!(answer, Ok(1));
    }
    assert_eq!(writer.run(begin("a")).await, Ok(Begun::Yes));
}

#[tokio::test]
async fn what_was_accepted_is_committed_before_the_store_is_gone() {
    let folder = folder();
    let store = open(&folder);
    for number in 0..100 {
        let begun = store.begin(new_login(&format!("{number}"), asked_for_code()));
        // Whoever asked does not wait for the answer.
        let answered = begun.now_or_never();
        assert!(answered.is_none() || answered == Some(Ok(Begun::Yes)));
    }
    drop(store);
    let store = open(&folder);
    for number in 0..100 {
        let key = LoginKey::UpstreamState(state(&format!("{number}")));
        assert!(store.login(key, at(1)).await.unwrap().is_some(), "{number}");
    }
}

#[tokio::test]
async fn hostile_35_a_database_that_somebody_else_holds_is_unavailable_and_then_good_again() {
    let folder = folder();
    let writer = writer(&folder);
    let other = file::writing(&path(&folder)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = writer.run(begin("a")).await;
    let Err(StoreError::Unavailable(why)) = refused else {
        panic!("{refused:?}")
    };
    assert!(why.contains("another process"), "{why}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(writer.run(begin("a")).await, Ok(Begun::Yes));
    assert_eq!(count(&writer).await, (1, 1));
}

#[tokio::test]
async fn what_was_answered_is_seen_by_every_reader() {
    let folder = folder();
    let store = open(&folder);
    for number in 0..200 {
        let name = format!("{number}");
        assert_eq!(
            store.begin(new_login(&name, asked_for_code())).await,
            Ok(Begun::Yes)
        );
        let found = store
            .login(LoginKey::UpstreamState(state(&name)), at(1))
            .await;
        assert!(found.unwrap().is_some());
    }
}
