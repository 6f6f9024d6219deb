//! Many at once: one wins, the others learn it.

use std::future::Future;

use crate::broker::{
    session::SessionKind,
    store::{
        Decided, LoginKey, Redeemed, Rotated, SessionKey, Taken,
        tests::examples::{
            AnyStore, allow_uncoded, asked_for_code, at, begin, browser, code, come_back, granted,
            identify, new_login, new_pairing, new_session, rotate, session_by_code, state,
        },
    },
};

const MANY: usize = 24;

/// The answers of tasks that run at once.
async fn at_once<T, F>(store: &AnyStore, verb: impl Fn(AnyStore, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..MANY)
        .map(|number| tokio::spawn(verb(store.clone(), number)))
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

pub(crate) async fn hostile_09_of_many_callbacks_one_is_taken(store: AnyStore) {
    begin(&store, new_login("a", asked_for_code())).await;
    let answers = at_once(&store, |store, _| async move {
        store
            .take_callback(state("a"), browser("a"), at(1))
            .await
            .unwrap()
    });
    let answers = answers.await;
    let now = answers
        .iter()
        .filter(|taken| matches!(taken, Taken::Now(_)));
    assert_eq!(now.count(), 1);
    let before = answers
        .iter()
        .filter(|taken| matches!(taken, Taken::Before(_)));
    assert_eq!(before.count(), MANY - 1);
}

pub(crate) async fn hostile_11_of_many_who_redeem_one_gets_it(store: AnyStore) {
    granted(&store, new_login("a", asked_for_code()), "ada").await;
    let answers = at_once(&store, |store, number| async move {
        let new = new_session(&format!("{number}"), SessionKind::Client);
        store
            .redeem(LoginKey::Code(code("a")), new, at(3))
            .await
            .unwrap()
    });
    let answers = answers.await;
    let won: Vec<_> = answers
        .iter()
        .filter_map(|redeemed| match redeemed {
            Redeemed::Now { session, .. } => Some(session.id.clone()),
            _ => None,
        })
        .collect();
    let [session] = &won[..] else {
        panic!("{won:?}")
    };
    let replayed = Redeemed::Replayed {
        session: session.clone(),
    };
    assert_eq!(
        answers.iter().filter(|one| **one == replayed).count(),
        MANY - 1
    );
    let (session, _) = store
        .session(SessionKey::Id(session.clone()))
        .await
        .unwrap()
        .unwrap();
    assert!(session.revoked_at.is_some());
}

pub(crate) async fn hostile_11_of_many_refreshes_one_goes_through(store: AnyStore) {
    session_by_code(&store, "a", "ada").await;
    let answers = at_once(&store, |store, number| async move {
        let rotate = rotate("a", "a", &format!("next {number}"));
        store.rotate(rotate, at(4)).await.unwrap()
    });
    let answers = answers.await;
    let now = answers.iter().filter(|one| matches!(one, Rotated::Now(_)));
    assert_eq!(now.count(), 1);
    let reused = answers
        .iter()
        .filter(|one| matches!(one, Rotated::Reused(_)));
    assert_eq!(reused.count(), 1);
    let unknown = answers.iter().filter(|one| matches!(one, Rotated::Unknown));
    assert_eq!(unknown.count(), MANY - 2);
}

pub(crate) async fn many_logins_of_one_paircode_are_granted_once(store: AnyStore) {
    for number in 0..MANY {
        let name = format!("{number}");
        begin(&store, new_pairing(&name, "pair")).await;
        come_back(&store, &name, "ada").await;
    }
    let answers = at_once(&store, |store, number| async move {
        let decide = allow_uncoded(&format!("{number}"));
        store.decide(decide, at(2)).await.unwrap()
    });
    let answers = answers.await;
    let now = answers.iter().filter(|one| matches!(one, Decided::Now(_)));
    assert_eq!(now.count(), 1);
    let before = answers
        .iter()
        .filter(|one| matches!(one, Decided::Before(_)));
    assert_eq!(before.count(), MANY - 1);
}

pub(crate) async fn of_many_first_logins_of_a_person_one_row_comes(store: AnyStore) {
    for number in 0..MANY {
        let name = format!("{number}");
        begin(&store, new_login(&name, asked_for_code())).await;
        store
            .take_callback(state(&name), browser(&name), at(1))
            .await
            .unwrap();
    }
    let answers = at_once(&store, |store, number| async move {
        let identify = identify(&format!("{number}"), "ada");
        store.identify(identify, at(1)).await.unwrap().unwrap()
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|one| one.is_new).count(), 1);
    let first = &answers.first().unwrap().user.id;
    assert!(answers.iter().all(|one| one.user.id == *first));
    assert_eq!(store.users(10).await.unwrap().len(), 1);
}
