//! Yes and no.

use crate::broker::{
    id::{LoginId, SessionId, UserId},
    login::Stage,
    session::SessionKind,
    store::{
        Decide, Decided, Decision, LoginKey, Redeemed,
        tests::examples::{
            AnyStore, allow, allow_uncoded, asked_for_code, at, begin, browser, code, come_back,
            deny, digest, granted, new_login, new_pairing, new_session, paircode,
        },
    },
};

pub(crate) async fn a_person_agrees_once(store: AnyStore) {
    let granted = granted(&store, new_login("a", asked_for_code()), "ada").await;
    let user = UserId::known("user at a");
    assert_eq!(
        granted.stage,
        Stage::Granted {
            user,
            auth_time: at(1),
            upstream_token: None
        }
    );
    // Again, or another way: nothing changes.
    let other = Decide {
        decision: Decision::Allow {
            code: Some(digest("another")),
            until: at(500),
            remember: true,
        },
        ..allow("a")
    };
    for decide in [allow("a"), other, deny("a")] {
        let again = store.decide(decide, at(3)).await;
        assert_eq!(again, Ok(Decided::Before(granted.clone())));
    }
    let another = store.login(LoginKey::Code(digest("another")), at(3)).await;
    assert_eq!(another, Ok(None));
}

pub(crate) async fn a_person_says_no(store: AnyStore) {
    begin(&store, new_login("a", asked_for_code())).await;
    come_back(&store, "a", "ada").await;
    let Ok(Decided::Now(denied)) = store.decide(deny("a"), at(2)).await else {
        panic!()
    };
    assert_eq!(denied.stage, Stage::Denied);
    let yes = store.decide(allow("a"), at(2)).await;
    assert_eq!(yes, Ok(Decided::Before(denied)));
    let new = new_session("a", SessionKind::Client);
    let redeemed = store.redeem(LoginKey::Code(code("a")), new, at(2)).await;
    assert_eq!(redeemed, Ok(Redeemed::Nothing));
}

pub(crate) async fn agreeing_is_remembered_beside_what_was_agreed_before(store: AnyStore) {
    let user = UserId::known("user at a");
    let consent = async || {
        let consent = store.consent(user.clone(), "mytool".into()).await;
        consent.unwrap().map(|scopes| scopes.join(' '))
    };
    let decide = |name, remember| Decide {
        decision: Decision::Allow {
            code: None,
            until: at(60),
            remember,
        },
        ..allow(name)
    };
    let asking = |name: &str, scopes: &str| {
        let mut new = new_login(name, asked_for_code());
        if let crate::broker::request::Asked::Code(request) = &mut new.request.asked {
            request.scopes = oarlock_oauth::scope::Scopes::parse(scopes);
        }
        new
    };
    for (name, scopes, remember, known) in [
        ("a", "openid", false, None),
        ("b", "openid deploy", true, Some("openid deploy")),
        ("c", "admin openid", true, Some("openid deploy admin")),
        ("d", "more", false, Some("openid deploy admin")),
    ] {
        begin(&store, asking(name, scopes)).await;
        let before = consent().await;
        let identified = come_back(&store, name, "ada").await;
        assert_eq!(identified.consent.map(|scopes| scopes.join(' ')), before);
        let decided = store.decide(decide(name, remember), at(2)).await;
        assert!(matches!(decided, Ok(Decided::Now(_))));
        assert_eq!(consent().await.as_deref(), known);
    }
    let other = store.consent(user.clone(), "other".into()).await;
    assert_eq!(other, Ok(None));
    // A pairing is no client.
    begin(&store, new_pairing("e", "p")).await;
    assert_eq!(come_back(&store, "e", "ada").await.consent, None);
    let decided = store.decide(decide("e", true), at(2)).await;
    assert!(matches!(decided, Ok(Decided::Now(_))));
    assert_eq!(store.consent(user.clone(), String::new()).await, Ok(None));
}

pub(crate) async fn hostile_20_a_browser_that_did_not_start_decides_nothing(store: AnyStore) {
    begin(&store, new_login("a", asked_for_code())).await;
    come_back(&store, "a", "ada").await;
    for decide in [allow("a"), deny("a")] {
        let decide = Decide {
            browser: browser("eve"),
            ..decide
        };
        assert_eq!(store.decide(decide, at(2)).await, Ok(Decided::Unknown));
    }
    assert_eq!(store.decide(allow("b"), at(2)).await, Ok(Decided::Unknown));
    assert_eq!(
        store.decide(allow("a"), at(600)).await,
        Ok(Decided::Unknown)
    );
    let decided = store.decide(allow("a"), at(2)).await;
    assert!(matches!(decided, Ok(Decided::Now(_))));
}

pub(crate) async fn who_signed_out_agrees_to_nothing(store: AnyStore) {
    begin(&store, new_login("a", asked_for_code())).await;
    let identified = come_back(&store, "a", "ada").await;
    let Stage::Identified { session, .. } = identified.login.stage else {
        panic!()
    };
    let revoked = store.revoke_session(session, at(2)).await;
    assert!(revoked.unwrap().is_some());
    assert_eq!(store.decide(allow("a"), at(2)).await, Ok(Decided::Unknown));
    let decided = store.decide(deny("a"), at(2)).await;
    assert!(matches!(decided, Ok(Decided::Now(_))));
    // Nor does who never signed in.
    let mut forged = new_login("b", asked_for_code());
    forged.stage = Stage::Identified {
        user: identified.user.id,
        session: SessionId::known("none"),
    };
    begin(&store, forged).await;
    assert_eq!(store.decide(allow("b"), at(2)).await, Ok(Decided::Unknown));
}

pub(crate) async fn of_two_logins_of_one_paircode_the_first_counts(store: AnyStore) {
    for name in ["a", "b", "c"] {
        begin(&store, new_pairing(name, "p")).await;
        come_back(&store, name, name).await;
    }
    let key = LoginKey::Pairing(paircode("p"));
    assert_eq!(store.login(key.clone(), at(2)).await, Ok(None));
    let Ok(Decided::Now(first)) = store.decide(allow_uncoded("b"), at(2)).await else {
        panic!()
    };
    assert_eq!(store.login(key.clone(), at(2)).await, Ok(Some(first)));
    let Ok(Decided::Before(second)) = store.decide(allow_uncoded("a"), at(2)).await else {
        panic!()
    };
    assert_eq!(second.stage.word(), "identified");
    let new = new_session("b", SessionKind::Pairing);
    let redeemed = store.redeem(key.clone(), new, at(3)).await;
    let Ok(Redeemed::Now { user, session, .. }) = redeemed else {
        panic!("{redeemed:?}")
    };
    assert_eq!(user.subject, "b");
    assert_eq!((session.client_id.as_str(), session.scopes.len()), ("", 0));
    // Also when it has been redeemed, for as long as any login of it may last.
    store.sweep(at(599), at(0)).await.unwrap();
    let third = store.decide(allow_uncoded("c"), at(599)).await;
    assert!(matches!(third, Ok(Decided::Before(_))), "{third:?}");
    let new = new_session("c", SessionKind::Pairing);
    assert_eq!(store.redeem(key, new, at(599)).await, Ok(Redeemed::Nothing));
    // No is possible.
    let no = store.decide(deny("a"), at(3)).await;
    assert!(matches!(no, Ok(Decided::Now(_))));
}

pub(crate) async fn what_is_not_there_yet_is_not_decided(store: AnyStore) {
    begin(&store, new_login("a", asked_for_code())).await;
    for decide in [allow("a"), deny("a")] {
        let Ok(Decided::Before(login)) = store.decide(decide, at(1)).await else {
            panic!()
        };
        assert_eq!(login.stage.word(), "upstream");
    }
    let login = store.login(LoginKey::Id(LoginId::known("a")), at(1)).await;
    assert_eq!(login.unwrap().unwrap().stage.word(), "upstream");
}
