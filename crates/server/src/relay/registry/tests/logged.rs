//! What the log says of programs that went away and of callbacks that nobody came for.

use std::{
    io::{Read as _, pipe},
    sync::Mutex,
};

use tokio::time::advance;

use super::{
    super::{Offer, Registry, Ticket},
    GRACE, callback, mailbox, owner, registry, slot,
};
use crate::{
    config::RelayConfig,
    metrics::Face,
    relay::owner::{Owner, User},
};

const UNMATCHED: &str = "no client waiting for state";
const AWAY: &str = "client did not come back for state";

/// What is logged meanwhile.
async fn logged(work: impl Future<Output = ()>) -> String {
    let (mut log, writer) = pipe().unwrap();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Mutex::new(writer))
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    work.await;
    drop(guard);
    let mut text = String::new();
    log.read_to_string(&mut text).unwrap();
    text
}

fn logging() -> Registry {
    registry(|config: &mut RelayConfig| config.log_unmatched = true)
}

fn me() -> Owner {
    owner(User::Local(1), Some("mine"))
}

/// A program whose connection is lost.
fn lost(registry: &Registry) -> Ticket {
    let registered = registry.register(slot(Some("s")), me(), Face::Protocol2, &mailbox());
    let ticket = registered.unwrap().ticket;
    assert!(registry.lose(ticket).is_some());
    ticket
}

#[tokio::test(start_paused = true)]
async fn a_program_that_does_not_come_back_is_logged_and_so_is_its_callback() {
    let text = logged(async {
        let registry = logging();
        let ticket = lost(&registry);
        let offer = registry.offer(slot(Some("s")), callback("code=c"));
        assert!(matches!(offer, Offer::Pending { .. }));
        advance(GRACE).await;
        assert_eq!(registry.expire(ticket), None);
        // Once.
        assert_eq!(registry.expire(ticket), None);
    })
    .await;
    assert_eq!(text.matches(AWAY).count(), 1, "{text}");
    assert_eq!(text.matches(UNMATCHED).count(), 1, "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_program_that_came_back_is_not_called_lost() {
    let text = logged(async {
        let registry = logging();
        let ticket = lost(&registry);
        let back = registry.register(slot(Some("s")), me(), Face::Protocol2, &mailbox());
        assert!(back.unwrap().resumed);
        advance(GRACE).await;
        assert_eq!(registry.expire(ticket), None);
    })
    .await;
    assert_eq!(text, "");
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_is_given_up_is_logged_unless_the_operator_does_not_want_it() {
    for (registry, lines) in [(logging(), 1), (registry(|_| {}), 0)] {
        let text = logged(async {
            let registered = registry.register(slot(Some("s")), me(), Face::Https, &mailbox());
            let ticket = registered.unwrap().ticket;
            drop(registry.offer(slot(Some("s")), callback("code=c")));
            // As a desk does whose program never came for it.
            let hold = registry.end(ticket).unwrap();
            assert!(registry.give_up(&hold));
            assert!(!registry.give_up(&hold));
        })
        .await;
        assert_eq!(text.matches(UNMATCHED).count(), lines, "{text}");
    }
}
