//! Providers that are slow, away or full.

use oarlock_testkit::{Endpoint, Fault, Faults};

use super::*;

fn hasty(name: &str, server: &Server) -> UpstreamConfig {
    UpstreamConfig {
        deadline: SHORT,
        ..config(name, profile_of(server))
    }
}

fn at(fault: Fault, endpoint: Endpoint) -> Faults {
    Faults::none().and_at(fault, endpoint)
}

#[tokio::test]
async fn a_provider_that_hangs_is_given_up_at_its_deadline_wherever_it_hangs() {
    for endpoint in [Endpoint::Metadata, Endpoint::Token, Endpoint::Jwks] {
        for fault in [Fault::Hang, Fault::SlowHeaders] {
            let server = server().await;
            server.set_faults(at(fault, endpoint));
            let upstreams = upstreams(vec![hasty("slow", &server)]);
            let outcome = match upstreams.depart("slow", false).await {
                Err(error) => Err(error),
                Ok(departure) => {
                    let answer = answer(&departure.location, FakeBrowser::new()).await;
                    let arrived = upstreams.arrive("slow", departure.kept, &answer);
                    arrived.await.map(drop)
                }
            };
            assert!(
                is_unavailable(&outcome),
                "{fault:?} at {endpoint:?}: {outcome:?}"
            );
        }
    }
}

#[tokio::test]
async fn one_that_stalls_delays_no_other() {
    let (stalled, quick) = (server().await, server().await);
    let upstreams = Arc::new(upstreams(vec![
        company(&stalled),
        config("quick", profile_of(&quick)),
    ]));
    let (kept, answer) = go(&upstreams, "company", FakeBrowser::new()).await;
    stalled.set_faults(at(Fault::Hang, Endpoint::Token));
    let waiting = {
        let upstreams = Arc::clone(&upstreams);
        tokio::spawn(async move { upstreams.arrive("company", kept, &answer).await })
    };
    while stalled.count(Endpoint::Token) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..EXCHANGES + 1 {
        assert!(sign_in(&upstreams, "quick").await.is_ok());
    }
    assert!(!waiting.is_finished());
    waiting.abort();
}

#[tokio::test]
async fn more_than_may_wait_are_sent_away_and_the_others_are_not() {
    let (stalled, quick) = (server().await, server().await);
    let upstreams = Arc::new(upstreams(vec![
        company(&stalled),
        config("quick", profile_of(&quick)),
    ]));
    let mut back = Vec::new();
    for _ in 0..=EXCHANGES {
        back.push(go(&upstreams, "company", FakeBrowser::new()).await);
    }
    stalled.set_faults(at(Fault::Hang, Endpoint::Token));
    let last = back.pop().unwrap();
    let waiting: Vec<_> = back
        .into_iter()
        .map(|(kept, answer)| {
            let upstreams = Arc::clone(&upstreams);
            tokio::spawn(async move { upstreams.arrive("company", kept, &answer).await })
        })
        .collect();
    while stalled.count(Endpoint::Token) < EXCHANGES {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (kept, answer) = last;
    let busy = upstreams.arrive("company", kept.clone(), &answer).await;
    assert!(matches!(busy, Err(UpstreamError::Busy(_))), "{busy:?}");
    assert!(sign_in(&upstreams, "quick").await.is_ok());
    // Whoever goes away makes room.
    for waiting in waiting {
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
    }
    stalled.set_faults(Faults::none());
    assert!(upstreams.arrive("company", kept, &answer).await.is_ok());
}

#[tokio::test]
async fn all_who_come_while_metadata_is_away_share_one_fetch() {
    let clock = Arc::new(FakeClock::default());
    let server = start(AuthorizationServer::builder().clock(clock.clone())).await;
    server.set_faults(at(Fault::Hang, Endpoint::Metadata));
    let upstreams = upstreams_at(vec![hasty("slow", &server)], clock.clone());
    let depart = || upstreams.depart("slow", false);
    let (a, b, c) = tokio::join!(depart(), depart(), depart());
    assert!(is_unavailable(&a) && is_unavailable(&b) && is_unavailable(&c));
    assert!(is_unavailable(&depart().await));
    assert_eq!(server.count(Endpoint::Metadata), 1);
    server.set_faults(Faults::none());
    clock.advance(Duration::from_secs(6));
    assert!(depart().await.is_ok());
}

#[tokio::test]
async fn faults_that_pass_are_called_so() {
    for endpoint in [Endpoint::Metadata, Endpoint::Token, Endpoint::Jwks] {
        for fault in [
            Fault::Prose500,
            Fault::Unavailable503,
            Fault::RateLimited429,
            Fault::ReplyCutOff,
        ] {
            let server = server().await;
            server.set_faults(at(fault, endpoint));
            let upstreams = upstreams(vec![company(&server)]);
            let outcome = match upstreams.depart("company", false).await {
                Err(error) => Err(error),
                Ok(departure) => {
                    let answer = answer(&departure.location, FakeBrowser::new()).await;
                    let arrived = upstreams.arrive("company", departure.kept, &answer);
                    arrived.await.map(drop)
                }
            };
            assert!(
                is_unavailable(&outcome),
                "{fault:?} at {endpoint:?}: {outcome:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    for fault in [Fault::HugeBody, Fault::EndlessBody] {
        let server = server().await;
        server.set_faults(at(fault, Endpoint::Token));
        let arrival = sign_in_at(&server).await;
        assert!(is_refused(&arrival), "{fault:?}: {arrival:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_unavailable() {
    let server = server().await;
    let config = company(&server);
    drop(server);
    let departure = upstreams(vec![config]).depart("company", false).await;
    assert!(is_unavailable(&departure), "{departure:?}");
}
