use std::sync::Arc;

use http::StatusCode;
use oarlock_oauth::authorization::{ErrorCode, ErrorResponse};

use super::*;
use crate::login::callback::tests::{authorization, get, good};

const PORT: u16 = 50_123;

fn desk() -> (Arc<Desk>, DeskOutput) {
    let (desk, output) = Desk::new(authorization(1), "Example");
    (Arc::new(desk), output)
}

async fn sent(desk: &Desk, query: &str) -> Response<String> {
    desk.receive(get(query), PORT, "/callback").await
}

/// Sends and does not wait for the page.
fn sending(desk: &Arc<Desk>, query: &str) -> tokio::task::JoinHandle<Response<String>> {
    let (desk, query) = (Arc::clone(desk), query.to_owned());
    tokio::spawn(async move { sent(&desk, &query).await })
}

fn denied() -> String {
    format!(
        "error=access_denied&state={}&iss=https%3A%2F%2Fop.example.com",
        authorization(1).state().expose()
    )
}

#[tokio::test]
async fn the_page_waits_for_the_outcome() {
    let (desk, output) = desk();
    let page = sending(&desk, &good(&authorization(1)));
    let grant = output.answer.await.unwrap().unwrap();
    assert_eq!(grant.code.expose(), "abc");
    tokio::task::yield_now().await;
    assert!(!page.is_finished(), "the page came before the outcome");
    desk.settle(&Ok(()));
    let page = page.await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.body().contains("You are logged in to Example"));
}

#[tokio::test]
async fn a_failed_exchange_is_not_called_a_success() {
    let (desk, output) = desk();
    let page = sending(&desk, &good(&authorization(1)));
    output.answer.await.unwrap().unwrap();
    desk.settle::<()>(&Err(Error::TimedOut {
        after: Duration::from_secs(5),
    }));
    let page = page.await.unwrap();
    assert_eq!(page.status(), StatusCode::BAD_GATEWAY);
    assert!(page.body().contains("The login failed"));
    assert!(!page.body().contains("You are logged in"));
}

#[tokio::test(start_paused = true)]
async fn a_late_outcome_is_not_guessed() {
    let (desk, output) = desk();
    let page = sending(&desk, &good(&authorization(1))).await.unwrap();
    output.answer.await.unwrap().unwrap();
    assert!(page.body().contains("was received"));
    assert!(!page.body().contains("You are logged in"));
}

#[tokio::test]
async fn a_denial_ends_the_login_with_its_own_page() {
    let (desk, output) = desk();
    let page = sending(&desk, &denied());
    let error = output.answer.await.unwrap().unwrap_err();
    let AuthorizationError::Refused(ErrorResponse { code, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*code, ErrorCode::AccessDenied);
    desk.settle::<()>(&Err(error.into()));
    let page = page.await.unwrap();
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    assert!(page.body().contains("Access was denied"));
}

#[tokio::test]
async fn hostile_06_a_description_is_inert_on_the_page() {
    let (desk, output) = desk();
    let page = sending(
        &desk,
        &format!(
            "{}&error_description=%3Cscript%3Ealert(1)%3C/script%3E%E2%80%AE",
            denied()
        ),
    );
    let error = output.answer.await.unwrap().unwrap_err();
    desk.settle::<()>(&Err(error.into()));
    let page = page.await.unwrap();
    assert!(page.body().contains("Example says: "), "{}", page.body());
    assert!(
        !page.body().contains("<script") && !page.body().contains('\u{202e}'),
        "{}",
        page.body()
    );
}

#[tokio::test]
async fn hostile_09_the_same_again_shows_the_same_without_effect() {
    let (desk, mut output) = desk();
    let (first, second) = (
        sending(&desk, &good(&authorization(1))),
        sending(&desk, &good(&authorization(1))),
    );
    (&mut output.answer).await.unwrap().unwrap();
    desk.settle(&Ok(()));
    let third = sent(&desk, &good(&authorization(1))).await;
    for page in [first.await.unwrap(), second.await.unwrap(), third] {
        assert!(page.body().contains("You are logged in"), "{}", page.body());
    }
    assert!(
        output.refusals.try_recv().is_err(),
        "a reload is nothing to warn of"
    );
}

#[tokio::test]
async fn exactly_one_answer_is_taken() {
    let (desk, mut output) = desk();
    let good = good(&authorization(1));
    let first = sending(&desk, &good);
    let grant = (&mut output.answer).await.unwrap().unwrap();
    assert_eq!(grant.code.expose(), "abc");
    for other in [good.replace("code=abc", "code=other"), denied()] {
        let page = sent(&desk, &other).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST);
        assert_eq!(output.refusals.recv().await, Some(Refusal::Answered));
    }
    desk.settle(&Ok(()));
    assert_eq!(first.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn what_was_pasted_counts_as_the_answer() {
    let (desk, output) = desk();
    let grant = desk
        .authorization()
        .check(&oarlock_oauth::parameters::Parameters::parse(&good(&authorization(1))).unwrap());
    assert!(desk.hand_in(grant.map_err(|_| unreachable!())));
    output.answer.await.unwrap().unwrap();
    desk.settle(&Ok(()));
    assert_eq!(
        sent(&desk, &good(&authorization(1))).await.status(),
        StatusCode::OK
    );
    let other = good(&authorization(1)).replace("code=abc", "code=other");
    assert_eq!(sent(&desk, &other).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn foreign_requests_consume_nothing_and_are_told_of() {
    let (desk, mut output) = desk();
    let page = sent(&desk, &good(&authorization(2))).await;
    assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        output.refusals.recv().await,
        Some(Refusal::NoAnswer(AuthorizationError::WrongState))
    );
    assert!(output.answer.try_recv().is_err(), "nothing was taken");
    let page = sending(&desk, &good(&authorization(1)));
    output.answer.await.unwrap().unwrap();
    desk.settle(&Ok(()));
    assert_eq!(page.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn icons_are_nothing_to_tell_of() {
    let (desk, mut output) = desk();
    let icon = LoopbackRequest {
        path: "/favicon.ico".into(),
        query: None,
        ..get("")
    };
    assert_eq!(
        desk.receive(icon, PORT, "/callback").await.status(),
        StatusCode::NOT_FOUND
    );
    assert!(output.refusals.try_recv().is_err());
}

#[tokio::test]
async fn a_flood_of_foreign_requests_is_answered_and_takes_no_room() {
    let (desk, mut output) = desk();
    for _ in 0..1_000 {
        assert_eq!(
            sent(&desk, "code=x&state=guess").await.status(),
            StatusCode::BAD_REQUEST
        );
    }
    let mut told = 0;
    while output.refusals.try_recv().is_ok() {
        told += 1;
    }
    assert_eq!(told, NOTICES);
}

#[tokio::test]
async fn pages_hold_no_code_and_no_state() {
    let (desk, output) = desk();
    let secret = good(&authorization(1)).replace("code=abc", "code=CANARY");
    let page = sending(&desk, &secret);
    output.answer.await.unwrap().unwrap();
    desk.settle(&Ok(()));
    let foreign = sent(&desk, &secret.replace("CANARY", "OTHERCANARY")).await;
    for page in [page.await.unwrap(), foreign] {
        assert!(!page.body().contains("CANARY"), "{}", page.body());
        assert!(
            !page.body().contains(authorization(1).state().expose()),
            "{}",
            page.body()
        );
    }
}
