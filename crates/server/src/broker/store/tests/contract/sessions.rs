//! Sessions, and the tokens that hang on them.

use crate::broker::{
    id::{SessionId, UserId},
    session::SessionKind,
    store::{
        Rotate, Rotated, SessionFilter, SessionKey,
        tests::examples::{
            AnyStore, asked_for_code, at, begin, come_back, handle, new_login, rotate, secret,
            session_by_code,
        },
    },
};

pub(crate) async fn a_session_is_found_by_name_and_handle(store: AnyStore) {
    let (session, user) = session_by_code(&store, "a", "ada").await;
    let both = Ok(Some((session.clone(), user)));
    assert_eq!(store.session(SessionKey::Id(session.id)).await, both);
    assert_eq!(store.session(SessionKey::Handle(handle("a"))).await, both);
    let none = store.session(SessionKey::Handle(secret("a"))).await;
    assert_eq!(none, Ok(None));
    let browser = store
        .session(SessionKey::Handle(handle("browser of a")))
        .await;
    let (browser, _) = browser.unwrap().unwrap();
    assert_eq!(browser.kind, SessionKind::Browser);
    assert_eq!((browser.auth_time, browser.client_id.as_str()), (at(1), ""));
}

pub(crate) async fn a_refresh_changes_the_secret(store: AnyStore) {
    let (before, user) = session_by_code(&store, "a", "ada").await;
    let mut from = "a".to_owned();
    for turn in 1..4 {
        let to = format!("a{turn}");
        let rotated = store.rotate(rotate("a", &from, &to), at(100 * turn)).await;
        let Ok(Rotated::Now(both)) = rotated else {
            panic!("{rotated:?}")
        };
        let (session, of) = *both;
        assert_eq!(of, user);
        assert_eq!(session.last_used_at, at(100 * turn));
        assert_eq!(session.expires_at, at(20_000));
        assert_eq!(session.id, before.id);
        from = to;
    }
}

pub(crate) async fn hostile_11_an_old_refresh_token_revokes_the_session(store: AnyStore) {
    let (session, _) = session_by_code(&store, "a", "ada").await;
    let rotated = store.rotate(rotate("a", "a", "a1"), at(4)).await;
    assert!(matches!(rotated, Ok(Rotated::Now(_))));
    let reused = store.rotate(rotate("a", "a", "a2"), at(5)).await;
    assert_eq!(reused, Ok(Rotated::Reused(session.id.clone())));
    // Nor does the good one go on.
    for secret in ["a1", "a"] {
        let over = store.rotate(rotate("a", secret, "a3"), at(6)).await;
        assert_eq!(over, Ok(Rotated::Unknown));
    }
    let (session, _) = store
        .session(SessionKey::Id(session.id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(session.revoked_at, Some(at(5)));
}

pub(crate) async fn a_refresh_token_of_another_client_is_unknown(store: AnyStore) {
    session_by_code(&store, "a", "ada").await;
    for shown in ["a", "guessed"] {
        let other = Rotate {
            client_id: "other".into(),
            ..rotate("a", shown, "a1")
        };
        assert_eq!(store.rotate(other, at(4)).await, Ok(Rotated::Unknown));
    }
    let none = store.rotate(rotate("none", "a", "a1"), at(4)).await;
    assert_eq!(none, Ok(Rotated::Unknown));
    // A browser's session has no refresh token.
    let browser = Rotate {
        client_id: String::new(),
        ..rotate("browser of a", "a", "a1")
    };
    assert_eq!(store.rotate(browser, at(4)).await, Ok(Rotated::Unknown));
    let browser = store
        .session(SessionKey::Handle(handle("browser of a")))
        .await;
    assert!(browser.unwrap().unwrap().0.is_alive(at(4)));
    let rotated = store.rotate(rotate("a", "a", "a1"), at(4)).await;
    assert!(matches!(rotated, Ok(Rotated::Now(_))));
}

pub(crate) async fn a_session_that_ended_is_not_refreshed(store: AnyStore) {
    let (session, _) = session_by_code(&store, "a", "ada").await;
    for shown in ["a", "guessed"] {
        let late = store.rotate(rotate("a", shown, "a1"), at(10_000)).await;
        assert_eq!(late, Ok(Rotated::Unknown));
    }
    let revoked = store.revoke_session(session.id, at(5)).await;
    assert!(revoked.unwrap().is_some());
    let over = store.rotate(rotate("a", "a", "a1"), at(6)).await;
    assert_eq!(over, Ok(Rotated::Unknown));
}

pub(crate) async fn a_session_is_revoked_once(store: AnyStore) {
    let (session, _) = session_by_code(&store, "a", "ada").await;
    let first = store.revoke_session(session.id.clone(), at(5)).await;
    assert_eq!(first, Ok(Some(session.clone())));
    let second = store.revoke_session(session.id.clone(), at(6)).await;
    assert_eq!(second.unwrap().unwrap().revoked_at, Some(at(5)));
    let none = store.revoke_session(SessionId::known("none"), at(6)).await;
    assert_eq!(none, Ok(None));
}

pub(crate) async fn an_access_token_is_good_while_its_session_is(store: AnyStore) {
    let (session, user) = session_by_code(&store, "a", "ada").await;
    let good = async |id: &str, now| {
        let token = store.access_token(id.into(), session.id.clone(), at(now));
        token.await.unwrap().is_some()
    };
    let found = store
        .access_token("jti".into(), session.id.clone(), at(4))
        .await;
    assert_eq!(found, Ok(Some((session.clone(), user))));
    assert!(good("jti", 9_999).await && !good("jti", 10_000).await);
    for until in [100, 200, 50] {
        let revoked = store.revoke_access_token("jti".into(), at(until)).await;
        assert_eq!(revoked, Ok(()));
    }
    assert!(!good("jti", 4).await && good("other", 4).await);
    // It is remembered for the longest time that was asked for.
    assert_eq!(store.sweep(at(199), at(0)).await.unwrap().access_tokens, 0);
    assert!(!good("jti", 4).await);
    assert_eq!(store.sweep(at(200), at(0)).await.unwrap().access_tokens, 1);
    let none = store.access_token("other".into(), SessionId::known("none"), at(4));
    assert_eq!(none.await, Ok(None));
    store
        .revoke_session(session.id.clone(), at(5))
        .await
        .unwrap();
    assert!(!good("other", 6).await);
}

pub(crate) async fn use_is_noted_to_the_minute(store: AnyStore) {
    let (session, _) = session_by_code(&store, "a", "ada").await;
    let last_used = async || {
        let found = store.session(SessionKey::Id(session.id.clone())).await;
        found.unwrap().unwrap().0.last_used_at
    };
    for (now, noted) in [(62, 3), (63, 63), (20, 63), (122, 63), (123, 123)] {
        store.touch(session.id.clone(), at(now)).await.unwrap();
        assert_eq!(last_used().await, at(noted), "{now}");
    }
    assert_eq!(store.touch(SessionId::known("none"), at(5)).await, Ok(()));
}

pub(crate) async fn sessions_are_listed_newest_first(store: AnyStore) {
    session_by_code(&store, "a", "ada").await;
    let (revoked, _) = session_by_code(&store, "b", "ada").await;
    begin(&store, new_login("c", asked_for_code())).await;
    let grace = come_back(&store, "c", "grace").await.user.id;
    store.revoke_session(revoked.id, at(4)).await.unwrap();
    let list = async |user: Option<&str>, alive_at: Option<i64>, limit| {
        let filter = SessionFilter {
            user: user.map(UserId::known),
            alive_at: alive_at.map(at),
            limit,
        };
        let found = store.sessions(filter).await.unwrap();
        let names = found.into_iter().map(|(session, user)| {
            assert_eq!(session.user, user.id);
            session.id.as_str().replace("session of ", "")
        });
        names.collect::<Vec<_>>()
    };
    let all = ["a", "b", "browser of a", "browser of b", "browser of c"];
    assert_eq!(list(None, None, 10).await, all);
    assert_eq!(list(None, None, 2).await, ["a", "b"]);
    let ada = Some("user at a");
    assert_eq!(list(ada, None, 10).await, all[..4]);
    assert_eq!(
        list(ada, Some(5), 10).await,
        ["a", "browser of a", "browser of b"]
    );
    assert_eq!(
        list(Some(grace.as_str()), Some(5), 10).await,
        ["browser of c"]
    );
    assert!(list(None, Some(10_000), 10).await.is_empty());
    assert!(list(Some("nobody"), None, 10).await.is_empty());
}
