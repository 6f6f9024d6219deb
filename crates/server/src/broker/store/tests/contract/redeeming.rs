//! From a grant to a session.

use crate::broker::{
    id::LoginId,
    login::Stage,
    session::SessionKind,
    store::{
        Approach, Decided, Identify, LoginKey, Redeemed, SessionFilter, SessionKey, Taken,
        tests::examples::{
            AnyStore, allow_uncoded, asked_for_code, at, at_upstream, begin, browser, code,
            come_back, device_code, digest, granted, handle, identify, new_device, new_login,
            new_pairing, new_session, paircode, session_by_code, state, user_code,
        },
    },
};

pub(crate) async fn a_code_buys_one_session(store: AnyStore) {
    let (session, user) = session_by_code(&store, "a", "ada").await;
    let found = store.session(SessionKey::Handle(handle("a"))).await;
    assert_eq!(found, Ok(Some((session.clone(), user))));
    let login = store.login(LoginKey::Code(code("a")), at(3)).await;
    let login = login.unwrap().unwrap();
    assert_eq!(
        login.stage,
        Stage::Redeemed {
            session: session.id
        }
    );
}

pub(crate) async fn hostile_11_a_replayed_code_revokes_what_it_bought(store: AnyStore) {
    let (session, _) = session_by_code(&store, "a", "ada").await;
    let replay = async |name: &str, now| {
        let new = new_session(name, SessionKind::Client);
        store.redeem(LoginKey::Code(code("a")), new, at(now)).await
    };
    let replayed = Ok(Redeemed::Replayed {
        session: session.id.clone(),
    });
    assert_eq!(replay("b", 4).await, replayed);
    let alive = store.access_token("jti".into(), session.id.clone(), at(4));
    assert_eq!(alive.await, Ok(None));
    // The second replay changes nothing more, and none makes a session.
    assert_eq!(replay("c", 5).await, replayed);
    let (revoked, _) = store
        .session(SessionKey::Id(session.id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(revoked.revoked_at, Some(at(4)));
    let all = SessionFilter {
        limit: 10,
        ..SessionFilter::default()
    };
    let sessions = store.sessions(all).await.unwrap();
    let clients = sessions
        .iter()
        .filter(|(session, _)| session.kind == SessionKind::Client);
    assert_eq!(clients.count(), 1);
}

pub(crate) async fn hostile_11_a_code_is_known_long_after_its_login(store: AnyStore) {
    let (session, _) = session_by_code(&store, "a", "ada").await;
    let swept = store.sweep(at(5_000), at(0)).await.unwrap();
    assert_eq!((swept.logins, swept.sessions), (1, 0));
    let login = store.login(LoginKey::Code(code("a")), at(3)).await;
    assert_eq!(login, Ok(None));
    let new = new_session("b", SessionKind::Client);
    let replayed = store
        .redeem(LoginKey::Code(code("a")), new, at(5_000))
        .await;
    let id = session.id.clone();
    assert_eq!(replayed, Ok(Redeemed::Replayed { session: id }));
    let (session, _) = store
        .session(SessionKey::Id(session.id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(session.revoked_at, Some(at(5_000)));
}

pub(crate) async fn a_device_and_a_pairing_are_redeemed_once(store: AnyStore) {
    begin(&store, new_device("d")).await;
    let approach = Approach {
        user_code: user_code("d"),
        browser: browser("d"),
        stage: at_upstream("d"),
    };
    assert!(store.approach(approach, at(1)).await.unwrap().is_some());
    come_back(&store, "d", "ada").await;
    let decided = store.decide(allow_uncoded("d"), at(2)).await;
    assert!(matches!(decided, Ok(Decided::Now(_))));
    granted(&store, new_pairing("p", "pair"), "ada").await;
    for (name, key, kind) in [
        ("d", LoginKey::Device(device_code("d")), SessionKind::Client),
        (
            "p",
            LoginKey::Pairing(paircode("pair")),
            SessionKind::Pairing,
        ),
    ] {
        let redeem = async |name: &str| {
            store
                .redeem(key.clone(), new_session(name, kind), at(3))
                .await
                .unwrap()
        };
        let Redeemed::Now { session, .. } = redeem(name).await else {
            panic!()
        };
        assert_eq!(session.kind, kind);
        // Whoever asks again gets nothing, and harms nothing.
        assert_eq!(redeem("again").await, Redeemed::Nothing);
        let (session, _) = store
            .session(SessionKey::Id(session.id))
            .await
            .unwrap()
            .unwrap();
        assert!(session.is_alive(at(3)));
        let found = store.login(key.clone(), at(3)).await.unwrap().unwrap();
        assert_eq!(found.stage.word(), "redeemed");
    }
}

pub(crate) async fn what_is_not_granted_is_not_redeemed(store: AnyStore) {
    begin(&store, new_login("a", asked_for_code())).await;
    begin(&store, new_device("b")).await;
    begin(&store, new_pairing("c", "pair")).await;
    granted(&store, new_login("d", asked_for_code()), "ada").await;
    for key in [
        LoginKey::Id(LoginId::known("d")),
        LoginKey::UpstreamState(state("d")),
        LoginKey::UserCode(user_code("b")),
        LoginKey::Device(device_code("b")),
        LoginKey::Device(code("d")),
        LoginKey::Pairing(paircode("pair")),
        LoginKey::Code(code("a")),
        LoginKey::Code(digest("guessed")),
    ] {
        let new = new_session("x", SessionKind::Client);
        let redeemed = store.redeem(key.clone(), new, at(3)).await;
        assert_eq!(redeemed, Ok(Redeemed::Nothing), "{key:?}");
    }
    let none = store.session(SessionKey::Handle(handle("x"))).await;
    assert_eq!(none, Ok(None));
}

pub(crate) async fn a_provider_s_token_is_handed_on_once(store: AnyStore) {
    begin(&store, new_pairing("a", "pair")).await;
    let taken = store.take_callback(state("a"), browser("a"), at(1)).await;
    assert!(matches!(taken, Ok(Taken::Now(_))));
    let with_token = Identify {
        upstream_token: Some(b"sealed token".to_vec()),
        ..identify("a", "ada")
    };
    assert!(store.identify(with_token, at(1)).await.unwrap().is_some());
    let decided = store.decide(allow_uncoded("a"), at(2)).await;
    let Ok(Decided::Now(granted)) = decided else {
        panic!("{decided:?}")
    };
    let Stage::Granted { upstream_token, .. } = &granted.stage else {
        panic!("{granted:?}")
    };
    assert_eq!(upstream_token.as_deref(), Some(&b"sealed token"[..]));
    let new = new_session("a", SessionKind::Pairing);
    let redeemed = store
        .redeem(LoginKey::Pairing(paircode("pair")), new, at(3))
        .await;
    let Ok(Redeemed::Now { login, .. }) = redeemed else {
        panic!("{redeemed:?}")
    };
    assert_eq!(login, granted);
}
