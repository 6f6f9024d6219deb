//! Clients that registered themselves, and the key ring.

use crate::broker::{
    clients::RegisteredClient,
    store::{
        Begun,
        tests::examples::{AnyStore, at, client},
    },
};

pub(crate) async fn a_client_is_kept_and_found(store: AnyStore) {
    let public = RegisteredClient {
        secret: None,
        ..client("b")
    };
    for new in [client("a"), public] {
        assert_eq!(store.register(new.clone(), 10).await, Ok(Begun::Yes));
        let found = store.client(new.id.clone(), at(0)).await;
        assert_eq!(found, Ok(Some(new)));
    }
    let other = RegisteredClient {
        secret: None,
        ..client("a")
    };
    assert_eq!(store.register(other, 10).await, Ok(Begun::Taken));
    let found = store.client("a".into(), at(0)).await;
    assert_eq!(found, Ok(Some(client("a"))));
    assert_eq!(store.client("A".into(), at(0)).await, Ok(None));
}

pub(crate) async fn a_client_that_is_looked_up_is_used(store: AnyStore) {
    assert_eq!(store.register(client("a"), 10).await, Ok(Begun::Yes));
    let look = async |now| {
        let found = store.client("a".into(), at(now)).await;
        found.unwrap().unwrap().last_used_at
    };
    for (now, noted_before) in [
        (3_599, 0),
        (3_600, 0),
        (3_601, 3_600),
        (9_000, 3_600),
        (9_000, 9_000),
    ] {
        assert_eq!(look(now).await, at(noted_before), "{now}");
    }
}

pub(crate) async fn hostile_38_a_registration_that_is_one_too_many_is_refused(store: AnyStore) {
    for name in ["a", "b"] {
        assert_eq!(store.register(client(name), 2).await, Ok(Begun::Yes));
    }
    assert_eq!(store.register(client("c"), 2).await, Ok(Begun::Full));
    for name in ["a", "b"] {
        assert!(store.client(name.into(), at(0)).await.unwrap().is_some());
    }
    assert_eq!(store.client("c".into(), at(0)).await, Ok(None));
    assert_eq!(store.register(client("c"), 3).await, Ok(Begun::Yes));
}

pub(crate) async fn of_two_key_rings_of_one_version_the_first_stays(store: AnyStore) {
    assert_eq!(store.keyring().await, Ok(None));
    assert_eq!(store.replace_keyring(1, "none".into()).await, Ok(false));
    assert_eq!(store.replace_keyring(0, "first".into()).await, Ok(true));
    assert_eq!(store.replace_keyring(0, "other".into()).await, Ok(false));
    assert_eq!(store.keyring().await, Ok(Some((1, "first".into()))));
    assert_eq!(store.replace_keyring(1, "second".into()).await, Ok(true));
    assert_eq!(store.replace_keyring(1, "other".into()).await, Ok(false));
    assert_eq!(store.replace_keyring(3, "other".into()).await, Ok(false));
    assert_eq!(store.keyring().await, Ok(Some((2, "second".into()))));
    assert_eq!(store.ready().await, Ok(()));
}
