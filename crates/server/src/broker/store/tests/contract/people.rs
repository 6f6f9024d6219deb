//! People.

use crate::broker::{
    id::{LoginId, UserId},
    store::{
        Decide, Decided, Decision, LoginKey, SessionFilter,
        tests::examples::{
            AnyStore, allow, asked_for_code, at, begin, browser, come_back, deny, identify,
            new_login, session_by_code, state,
        },
    },
};

pub(crate) async fn a_person_is_one_row_brought_up_to_date(store: AnyStore) {
    begin(&store, new_login("a", asked_for_code())).await;
    let first = come_back(&store, "a", "ada").await.user;
    assert_eq!((first.first_login, first.last_login), (at(1), at(1)));
    begin(&store, new_login("b", asked_for_code())).await;
    store
        .take_callback(state("b"), browser("b"), at(50))
        .await
        .unwrap();
    let mut again = identify("b", "ada");
    again.person.profile.name = Some("Another name".into());
    let identified = store
        .identify(again.clone(), at(50))
        .await
        .unwrap()
        .unwrap();
    assert!(!identified.is_new);
    assert_eq!(identified.user.id, first.id);
    assert_eq!(identified.user.profile, again.person.profile);
    assert_eq!(identified.user.first_login, at(1));
    assert_eq!(identified.user.last_login, at(50));
    let found = store.user(first.id).await;
    assert_eq!(found, Ok(Some(identified.user)));
    // The same subject elsewhere is somebody else.
    begin(&store, new_login("c", asked_for_code())).await;
    store
        .take_callback(state("c"), browser("c"), at(1))
        .await
        .unwrap();
    let mut elsewhere = identify("c", "ada");
    elsewhere.person.provider = "other".into();
    assert!(
        store
            .identify(elsewhere, at(1))
            .await
            .unwrap()
            .unwrap()
            .is_new
    );
    assert_eq!(store.users(10).await.unwrap().len(), 2);
}

pub(crate) async fn a_removed_person_takes_everything_along(store: AnyStore) {
    let (session, user) = session_by_code(&store, "a", "ada").await;
    begin(&store, new_login("b", asked_for_code())).await;
    come_back(&store, "b", "ada").await;
    begin(&store, new_login("c", asked_for_code())).await;
    come_back(&store, "c", "ada").await;
    let agree = Decide {
        decision: Decision::Allow {
            code: None,
            until: at(60),
            remember: true,
        },
        ..allow("c")
    };
    assert!(matches!(
        store.decide(agree, at(2)).await,
        Ok(Decided::Now(_))
    ));
    session_by_code(&store, "d", "grace").await;
    assert_eq!(store.remove_user(user.id.clone()).await, Ok(true));
    assert_eq!(store.remove_user(user.id.clone()).await, Ok(false));
    assert_eq!(store.user(user.id.clone()).await, Ok(None));
    let token = store.access_token("jti".into(), session.id, at(4)).await;
    assert_eq!(token, Ok(None));
    let consent = store.consent(user.id.clone(), "mytool".into()).await;
    assert_eq!(consent, Ok(None));
    for name in ["b", "c"] {
        let login = store.login(LoginKey::Id(LoginId::known(name)), at(2)).await;
        assert_eq!(login, Ok(None));
    }
    assert_eq!(store.decide(deny("b"), at(2)).await, Ok(Decided::Unknown));
    let filter = SessionFilter {
        limit: 10,
        ..SessionFilter::default()
    };
    let left = store.sessions(filter).await.unwrap();
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|(_, user)| user.subject == "grace"));
    // Who comes back is new.
    begin(&store, new_login("e", asked_for_code())).await;
    let again = come_back(&store, "e", "ada").await;
    assert!(again.is_new && again.consent.is_none());
}

pub(crate) async fn people_are_listed_last_seen_first(store: AnyStore) {
    for (name, subject, now) in [
        ("a", "ada", 1),
        ("b", "grace", 3),
        ("c", "joan", 2),
        ("d", "ada", 5),
    ] {
        begin(&store, new_login(name, asked_for_code())).await;
        store
            .take_callback(state(name), browser(name), at(now))
            .await
            .unwrap();
        let identified = store.identify(identify(name, subject), at(now)).await;
        assert!(identified.unwrap().is_some());
    }
    let subjects = async |limit| {
        let users = store.users(limit).await.unwrap();
        users
            .into_iter()
            .map(|user| user.subject)
            .collect::<Vec<_>>()
    };
    assert_eq!(subjects(10).await, ["ada", "grace", "joan"]);
    assert_eq!(subjects(1).await, ["ada"]);
    assert!(subjects(0).await.is_empty());
    assert_eq!(store.user(UserId::known("none")).await, Ok(None));
}
