//! Everything ends.

use crate::broker::{
    id::{LoginId, UserId},
    store::{
        Begun, Decide, Decided, Decision, LoginKey, NewLogin, SessionKey, Swept,
        tests::examples::{
            AnyStore, allow, asked_for_code, at, begin, client, come_back, digest, handle,
            new_device, new_login, session_by_code,
        },
    },
};

pub(crate) async fn what_has_expired_is_removed_and_nothing_else(store: AnyStore) {
    session_by_code(&store, "a", "ada").await;
    begin(&store, new_device("b")).await;
    let late = NewLogin {
        expires_at: at(601),
        ..new_login("c", asked_for_code())
    };
    begin(&store, late).await;
    store
        .revoke_access_token("jti".into(), at(600))
        .await
        .unwrap();
    let nothing = Ok(Swept::default());
    assert_eq!(store.sweep(at(599), at(0)).await, nothing);
    let expected = Swept {
        logins: 2,
        access_tokens: 1,
        ..Swept::default()
    };
    assert_eq!(store.sweep(at(600), at(0)).await, Ok(expected));
    assert_eq!(store.sweep(at(600), at(0)).await, nothing);
    let found = store.login(LoginKey::Id(LoginId::known("c")), at(1)).await;
    assert!(found.unwrap().is_some());
    assert_eq!(store.sweep(at(9_999), at(0)).await.unwrap().sessions, 0);
    assert_eq!(store.sweep(at(10_000), at(0)).await.unwrap().sessions, 2);
    let gone = store.session(SessionKey::Handle(handle("a"))).await;
    assert_eq!(gone, Ok(None));
    // People stay.
    assert_eq!(store.users(10).await.unwrap().len(), 1);
}

pub(crate) async fn however_much_expired_it_all_goes(store: AnyStore) {
    const MANY: u64 = 600;
    for number in 0..MANY {
        let new = NewLogin {
            stage: crate::broker::login::Stage::Asked,
            device: Some((
                digest(&format!("device {number}")),
                digest(&format!("user {number}")),
            )),
            most: MANY,
            ..new_device(&format!("{number}"))
        };
        begin(&store, new).await;
    }
    let swept = store.sweep(at(600), at(0)).await.unwrap();
    assert_eq!(swept.logins, MANY);
    // And there is room again.
    for name in ["x", "y"] {
        let new = NewLogin {
            most: 2,
            ..new_device(name)
        };
        begin(&store, new).await;
    }
}

pub(crate) async fn unused_clients_go_with_their_consent(store: AnyStore) {
    for name in ["mytool", "used"] {
        assert_eq!(store.register(client(name), 10).await, Ok(Begun::Yes));
    }
    begin(&store, new_login("a", asked_for_code())).await;
    come_back(&store, "a", "ada").await;
    let agree = Decide {
        decision: Decision::Allow {
            code: None,
            until: at(60),
            remember: true,
        },
        ..allow("a")
    };
    assert!(matches!(
        store.decide(agree, at(2)).await,
        Ok(Decided::Now(_))
    ));
    let consent = async || {
        let user = UserId::known("user at a");
        store.consent(user, "mytool".into()).await.unwrap()
    };
    assert!(consent().await.is_some());
    store.client("used".into(), at(5_000)).await.unwrap();
    assert_eq!(store.sweep(at(1), at(0)).await.unwrap().clients, 0);
    assert_eq!(store.sweep(at(1), at(5_000)).await.unwrap().clients, 1);
    assert_eq!(store.client("mytool".into(), at(0)).await, Ok(None));
    assert!(
        store
            .client("used".into(), at(5_000))
            .await
            .unwrap()
            .is_some()
    );
    assert!(consent().await.is_none());
}
