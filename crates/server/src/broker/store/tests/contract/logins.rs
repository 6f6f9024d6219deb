//! From the first page to a person who is known.

use crate::broker::{
    id::{LoginId, UserId},
    login::Stage,
    session::SessionKind,
    store::{
        Approach, Begun, LoginKey, NewLogin, Redeemed, Taken,
        tests::examples::{
            AnyStore, allow, asked_for_code, at, at_upstream, begin, browser, code, come_back,
            deny, device_code, digest, granted, identify, login_of, new_device, new_login,
            new_session, person, state, user_code,
        },
    },
};

pub(crate) async fn a_login_goes_all_the_way(store: AnyStore) {
    let new = new_login("a", asked_for_code());
    let began = login_of(&new);
    begin(&store, new).await;
    let key = LoginKey::UpstreamState(state("a"));
    assert_eq!(
        store.login(key.clone(), at(0)).await,
        Ok(Some(began.clone()))
    );

    let taken = store.take_callback(state("a"), browser("a"), at(1)).await;
    assert_eq!(taken, Ok(Taken::Now(began.clone())));
    let found = store.login(key, at(1)).await.unwrap().unwrap();
    let upstream = "dev".into();
    assert_eq!(found.stage, Stage::Exchanging { upstream });

    let identified = store.identify(identify("a", "ada"), at(1)).await;
    let identified = identified.unwrap().unwrap();
    assert!(identified.is_new && identified.consent.is_none());
    assert_eq!(identified.user.subject, "ada");
    assert_eq!(identified.user.profile, person("ada").profile);
    let session = identify("a", "ada").session.id;
    let user = identified.user.id.clone();
    assert_eq!(identified.login.stage, Stage::Identified { user, session });
    assert_eq!(identified.login.request, began.request);

    let granted = store.decide(allow("a"), at(2)).await.unwrap();
    let crate::broker::store::Decided::Now(granted) = granted else {
        panic!("{granted:?}")
    };
    assert_eq!(granted.expires_at, at(60));
    let new = new_session("a", SessionKind::Client);
    let redeemed = store.redeem(LoginKey::Code(code("a")), new, at(3)).await;
    let Ok(Redeemed::Now {
        session,
        user,
        login,
    }) = redeemed
    else {
        panic!("{redeemed:?}")
    };
    assert_eq!(login, granted);
    assert_eq!(user, identified.user);
    assert_eq!(session.client_id, "mytool");
    assert_eq!(session.scopes.join(' '), "openid deploy");
    assert_eq!(session.resources, ["https://api.example.com"]);
    assert_eq!((session.auth_time, session.created_at), (at(1), at(3)));
    assert_eq!(session.from.to_string(), "192.0.2.7");
    // The browser's page can be shown again.
    let again = store.take_callback(state("a"), browser("a"), at(300)).await;
    let Ok(Taken::Before(login)) = again else {
        panic!("{again:?}")
    };
    let session = session.id;
    assert_eq!(login.stage, Stage::Redeemed { session });
}

pub(crate) async fn a_login_is_found_by_its_names(store: AnyStore) {
    let (code_login, device) = (new_login("a", asked_for_code()), new_device("b"));
    begin(&store, code_login.clone()).await;
    begin(&store, device.clone()).await;
    let found = async |key| store.login(key, at(5)).await.unwrap();
    assert_eq!(
        found(LoginKey::Id(LoginId::known("a"))).await,
        Some(login_of(&code_login))
    );
    for key in [
        LoginKey::Id(LoginId::known("b")),
        LoginKey::Device(device_code("b")),
        LoginKey::UserCode(user_code("b")),
    ] {
        assert_eq!(found(key).await, Some(login_of(&device)));
    }
    for key in [
        LoginKey::Id(LoginId::known("c")),
        LoginKey::Code(code("a")),
        LoginKey::Device(user_code("b")),
        LoginKey::UserCode(device_code("b")),
        LoginKey::UpstreamState(state("b")),
    ] {
        assert_eq!(found(key).await, None);
    }
}

pub(crate) async fn a_code_that_is_there_already_is_taken(store: AnyStore) {
    begin(&store, new_device("a")).await;
    begin(&store, new_login("b", asked_for_code())).await;
    let device = new_device("c");
    let colliding = [
        NewLogin {
            device: Some((device_code("c"), user_code("a"))),
            ..device.clone()
        },
        NewLogin {
            device: Some((device_code("a"), user_code("c"))),
            ..device.clone()
        },
        NewLogin {
            id: LoginId::known("a"),
            ..device.clone()
        },
        NewLogin {
            stage: at_upstream("b"),
            ..device.clone()
        },
    ];
    for new in colliding {
        assert_eq!(store.begin(new).await, Ok(Begun::Taken));
    }
    begin(&store, device).await;
    // Whoever was there first is still there.
    let first = store.login(LoginKey::UserCode(user_code("a")), at(1)).await;
    assert_eq!(first, Ok(Some(login_of(&new_device("a")))));
}

pub(crate) async fn hostile_38_a_login_that_is_one_too_many_is_refused_and_nobody_is_put_out(
    store: AnyStore,
) {
    let limited = |name: &str| NewLogin {
        most: 3,
        ..new_login(name, asked_for_code())
    };
    for name in ["a", "b", "c"] {
        begin(&store, limited(name)).await;
    }
    for name in ["d", "e"] {
        assert_eq!(store.begin(limited(name)).await, Ok(Begun::Full));
    }
    // A collision takes no room, and a removed one leaves some.
    assert_eq!(
        store
            .begin(NewLogin {
                most: 4,
                ..limited("a")
            })
            .await,
        Ok(Begun::Taken)
    );
    begin(
        &store,
        NewLogin {
            most: 4,
            ..limited("d")
        },
    )
    .await;
    assert_eq!(
        store
            .begin(NewLogin {
                most: 4,
                ..limited("e")
            })
            .await,
        Ok(Begun::Full)
    );
    for name in ["a", "b", "c", "d"] {
        come_back(&store, name, "ada").await;
    }
}

pub(crate) async fn what_has_ended_makes_room(store: AnyStore) {
    let limited = |name: &str| NewLogin {
        most: 2,
        ..new_login(name, asked_for_code())
    };
    begin(&store, limited("denied")).await;
    begin(&store, limited("waits")).await;
    come_back(&store, "denied", "ada").await;
    assert_eq!(store.begin(limited("new")).await, Ok(Begun::Full));
    store.decide(deny("denied"), at(2)).await.unwrap();
    begin(&store, limited("new")).await;
    assert_eq!(store.begin(limited("more")).await, Ok(Begun::Full));
    // So does what has expired when somebody asks.
    let mut late = limited("late");
    late.request.at = at(600);
    late.expires_at = at(1200);
    begin(&store, late).await;
    let waits = LoginKey::UpstreamState(state("waits"));
    assert_eq!(store.login(waits, at(1)).await, Ok(None));
}

pub(crate) async fn a_callback_is_taken_once(store: AnyStore) {
    begin(&store, new_login("a", asked_for_code())).await;
    let take = async |now| {
        let taken = store.take_callback(state("a"), browser("a"), at(now)).await;
        taken.unwrap()
    };
    assert!(matches!(take(1).await, Taken::Now(_)));
    let Taken::Before(before) = take(1).await else {
        panic!()
    };
    assert_eq!(before.stage.word(), "exchanging");
    let identified = store.identify(identify("a", "ada"), at(1)).await;
    let identified = identified.unwrap().unwrap();
    assert_eq!(take(1).await, Taken::Before(identified.login));
    // Nor can somebody be identified twice.
    let mut again = identify("a", "eve");
    again.session.id = crate::broker::id::SessionId::known("another");
    again.session.handle = Some(digest("another"));
    assert_eq!(store.identify(again, at(1)).await, Ok(None));
    assert_eq!(store.users(10).await.unwrap().len(), 1);
}

pub(crate) async fn hostile_10_whose_callback_it_is_not_learns_nothing(store: AnyStore) {
    begin(&store, new_login("a", asked_for_code())).await;
    begin(&store, new_login("b", asked_for_code())).await;
    for (state, browser) in [
        (state("a"), browser("b")),
        (state("none"), browser("a")),
        (digest("a"), digest("a")),
    ] {
        let taken = store.take_callback(state, browser, at(1)).await;
        assert_eq!(taken, Ok(Taken::Unknown));
    }
    come_back(&store, "a", "ada").await;
    let taken = store.take_callback(state("a"), browser("b"), at(1)).await;
    assert_eq!(taken, Ok(Taken::Unknown));
}

pub(crate) async fn a_login_fails_only_at_the_provider(store: AnyStore) {
    let word = async |name: &str| {
        let found = store.login(LoginKey::Id(LoginId::known(name)), at(2)).await;
        found.unwrap().unwrap().stage.word()
    };
    for name in ["upstream", "exchanging", "identified"] {
        begin(&store, new_login(name, asked_for_code())).await;
    }
    let taken = store
        .take_callback(state("exchanging"), browser("exchanging"), at(1))
        .await;
    assert!(matches!(taken, Ok(Taken::Now(_))));
    come_back(&store, "identified", "ada").await;
    begin(&store, new_device("asked")).await;
    for name in ["upstream", "exchanging", "identified", "asked", "none"] {
        store.fail(LoginId::known(name), at(2)).await.unwrap();
    }
    assert_eq!(word("upstream").await, "failed");
    assert_eq!(word("exchanging").await, "failed");
    assert_eq!(word("identified").await, "identified");
    assert_eq!(word("asked").await, "asked");
    // What failed does not come back.
    let taken = store
        .take_callback(state("upstream"), browser("upstream"), at(2))
        .await;
    assert!(matches!(taken, Ok(Taken::Before(_))));
    let identified = store.identify(identify("exchanging", "ada"), at(2)).await;
    assert_eq!(identified, Ok(None));
}

fn approach(name: &str, browser_name: &str, stage: Stage) -> Approach {
    Approach {
        user_code: user_code(name),
        browser: browser(browser_name),
        stage,
    }
}

pub(crate) async fn a_device_meets_its_browser(store: AnyStore) {
    let new = new_device("a");
    begin(&store, new.clone()).await;
    let approached = store
        .approach(approach("a", "a", at_upstream("a")), at(1))
        .await;
    let login = approached.unwrap().unwrap();
    assert_eq!(login.stage, at_upstream("a"));
    assert_eq!(login.browser, Some(browser("a")));
    assert_eq!(login.request, new.request);
    // The same browser chooses another provider.
    let again = store
        .approach(approach("a", "a", at_upstream("a2")), at(1))
        .await;
    assert_eq!(again.unwrap().unwrap().stage, at_upstream("a2"));
    let old = store.take_callback(state("a"), browser("a"), at(1)).await;
    assert_eq!(old, Ok(Taken::Unknown));
    let taken = store.take_callback(state("a2"), browser("a"), at(1)).await;
    assert!(matches!(taken, Ok(Taken::Now(_))));
    // While it is exchanged nobody moves it.
    let meanwhile = store
        .approach(approach("a", "a", at_upstream("a3")), at(1))
        .await;
    assert_eq!(meanwhile, Ok(None));
    let identified = store.identify(identify("a", "ada"), at(1)).await;
    let Ok(Some(identified)) = identified else {
        panic!()
    };
    // Who came back may go to the provider again, as somebody else.
    let again = store
        .approach(approach("a", "a", at_upstream("a4")), at(2))
        .await;
    assert_eq!(again.unwrap().unwrap().stage, at_upstream("a4"));
    let straight = approach("a", "a", identified.login.stage.clone());
    let straight = store.approach(straight, at(2)).await.unwrap().unwrap();
    assert_eq!(straight.stage, identified.login.stage);
    // Or says no at once.
    let denied = store
        .approach(approach("a", "a", Stage::Denied), at(2))
        .await;
    assert_eq!(denied.unwrap().unwrap().stage, Stage::Denied);
    let over = store
        .approach(approach("a", "a", at_upstream("a5")), at(2))
        .await;
    assert_eq!(over, Ok(None));
    let by_user_code = store.login(LoginKey::UserCode(user_code("a")), at(2)).await;
    assert_eq!(by_user_code, Ok(None));
    let by_device = store.login(LoginKey::Device(device_code("a")), at(2)).await;
    assert_eq!(by_device.unwrap().unwrap().stage, Stage::Denied);
}

pub(crate) async fn a_device_that_has_a_browser_is_no_other_s(store: AnyStore) {
    begin(&store, new_device("a")).await;
    let first = store
        .approach(approach("a", "a", at_upstream("a")), at(1))
        .await;
    assert!(first.unwrap().is_some());
    for stage in [at_upstream("b"), Stage::Denied] {
        let other = store.approach(approach("a", "b", stage), at(1)).await;
        assert_eq!(other, Ok(None));
    }
    let wrong = Approach {
        user_code: device_code("a"),
        ..approach("a", "a", Stage::Denied)
    };
    assert_eq!(store.approach(wrong, at(1)).await, Ok(None));
    come_back(&store, "a", "ada").await;
    let other = store
        .approach(approach("a", "b", Stage::Denied), at(1))
        .await;
    assert_eq!(other, Ok(None));
    let late = store
        .approach(approach("a", "a", Stage::Denied), at(600))
        .await;
    assert_eq!(late, Ok(None));
}

pub(crate) async fn a_signed_in_browser_goes_straight_on(store: AnyStore) {
    begin(&store, new_login("first", asked_for_code())).await;
    let first = come_back(&store, "first", "ada").await;
    let straight = NewLogin {
        stage: first.login.stage.clone(),
        ..new_login("a", asked_for_code())
    };
    begin(&store, straight).await;
    let decided = store.decide(allow("a"), at(50)).await.unwrap();
    let crate::broker::store::Decided::Now(login) = decided else {
        panic!("{decided:?}")
    };
    // Signed in when they came back from the provider, not now.
    assert_eq!(
        login.stage,
        Stage::Granted {
            user: first.user.id,
            auth_time: at(1),
            upstream_token: None
        }
    );
}

pub(crate) async fn an_expired_login_is_over(store: AnyStore) {
    begin(&store, new_login("a", asked_for_code())).await;
    begin(&store, new_device("b")).await;
    for key in [
        LoginKey::Id(LoginId::known("a")),
        LoginKey::UpstreamState(state("a")),
        LoginKey::Device(device_code("b")),
        LoginKey::UserCode(user_code("b")),
    ] {
        assert!(store.login(key.clone(), at(599)).await.unwrap().is_some());
        assert_eq!(store.login(key, at(600)).await, Ok(None));
    }
    let taken = store.take_callback(state("a"), browser("a"), at(600)).await;
    assert_eq!(taken, Ok(Taken::Unknown));
    let taken = store.take_callback(state("a"), browser("a"), at(599)).await;
    assert!(matches!(taken, Ok(Taken::Now(_))));
    let late = store.identify(identify("a", "ada"), at(600)).await;
    assert_eq!(late, Ok(None));
    assert_eq!(store.user(UserId::known("user at a")).await, Ok(None));
    // A granted one expires when its code does.
    granted(&store, new_login("c", asked_for_code()), "ada").await;
    let key = LoginKey::Code(code("c"));
    assert!(store.login(key.clone(), at(59)).await.unwrap().is_some());
    assert_eq!(store.login(key.clone(), at(60)).await, Ok(None));
    let late = store
        .redeem(key, new_session("c", SessionKind::Client), at(60))
        .await;
    assert_eq!(late, Ok(Redeemed::Nothing));
}
