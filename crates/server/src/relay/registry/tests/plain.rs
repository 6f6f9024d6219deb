//! What a model of few slots and little time does not see.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::{
    super::{Ending, Offer, Refused, Registry, SHARDS, Ticket},
    GRACE, callback, entries, mailbox, owner, registry, slot,
};
use crate::{
    metrics::{Face, Metrics},
    relay::{
        Outcome,
        owner::{Owner, Slot, User},
        quota::Full,
        shard::{REMEMBERED, lock},
    },
};

const LOCAL: User = User::Local(1);

fn register(registry: &Registry, slot: Slot, owner: Owner) -> Ticket {
    let registered = registry.register(slot, owner, Face::Protocol1, &mailbox());
    registered.unwrap().ticket
}

/// Delivers a callback to a program that comes for it.
fn deliver(registry: &Registry, slot: Slot, query: &str) {
    let ticket = register(registry, slot, owner(LOCAL, None));
    let Offer::Pending { mut outcome, .. } = registry.offer(slot, callback(query)) else {
        panic!("{query} is not new");
    };
    assert!(registry.handed(ticket));
    assert!(registry.finish(ticket, Ending::Delivered));
    assert_eq!(outcome.try_recv(), Ok(Outcome::Complete));
}

fn remembered(registry: &Registry) -> usize {
    let shards = registry.shards.iter();
    let spent = shards.map(|shard| {
        let shard = lock(shard);
        let known: usize = shard.entries.values().map(|entry| entry.spent.len()).sum();
        assert_eq!(known, shard.spent.len(), "both remember the same");
        known
    });
    spent.sum()
}

#[tokio::test(start_paused = true)]
async fn hostile_38_what_is_remembered_of_one_slot_is_bounded() {
    let registry = registry(|_| {});
    for number in 0..2 * REMEMBERED {
        deliver(&registry, Slot::Single, &format!("code=c{number}"));
    }
    assert_eq!(remembered(&registry), REMEMBERED);
    // The newest are known, and the oldest not.
    let newest = callback(&format!("code=c{}", 2 * REMEMBERED - 1));
    let again = registry.offer(Slot::Single, newest);
    assert!(matches!(again, Offer::Done(Outcome::AlreadyDelivered)));
    deliver(&registry, Slot::Single, "code=c0");
}

#[tokio::test(start_paused = true)]
async fn hostile_38_what_is_remembered_of_many_slots_is_bounded_and_forgotten_in_time() {
    let registry = registry(|config| config.times.longest = Duration::from_secs(10));
    for number in 0..10_000 {
        let state = format!("s{number}");
        deliver(&registry, slot(Some(&state)), "code=c");
    }
    assert!(remembered(&registry) <= SHARDS * REMEMBERED);
    assert!(entries(&registry) <= SHARDS * REMEMBERED);
    advance(Duration::from_secs(10)).await;
    for number in 0..100 * SHARDS {
        let state = format!("t{number}");
        deliver(&registry, slot(Some(&state)), "code=c");
    }
    // So many that every shard had one, and forgot.
    assert_eq!(remembered(&registry), 100 * SHARDS);
    assert_eq!(entries(&registry), 100 * SHARDS);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_leaves_nothing_behind() {
    let registry = registry(|config| {
        config.limits.registrations = 0;
        config.limits.held = 0;
    });
    for number in 0..100 {
        let slot = slot(Some(&format!("s{number}")));
        let refused = registry.register(slot, owner(LOCAL, None), Face::Protocol1, &mailbox());
        assert_eq!(refused.unwrap_err(), Refused::Full(Full::All));
        let offered = registry.offer(slot, callback("code=c"));
        assert!(matches!(offered, Offer::Done(Outcome::NobodyWaiting)));
    }
    assert_eq!(entries(&registry), 0);
}

#[tokio::test(start_paused = true)]
async fn hostile_38_whoever_comes_back_needs_no_new_place() {
    let registry = registry(|config| config.limits.registrations = 1);
    let (slot, me) = (slot(Some("s")), owner(LOCAL, Some("mine")));
    let first = register(&registry, slot, me);
    for _ in 0..10 {
        let again = registry.register(slot, me, Face::Protocol2, &mailbox());
        assert!(again.unwrap().resumed);
    }
    assert_eq!(registry.registrations(), 1);
    // The first connection's end is of no matter any more.
    assert!(registry.end(first).is_none());
    assert_eq!(registry.registrations(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_hold_of_a_callback_is_not_cut_short_by_the_first() {
    let registry = registry(|_| {});
    let slot = slot(Some("s"));
    let Offer::Pending { hold: first, .. } = registry.offer(slot, callback("code=c")) else {
        panic!("it has to wait");
    };
    let first = first.unwrap();
    advance(GRACE / 2).await;
    let ticket = register(&registry, slot, owner(LOCAL, None));
    let second = registry.unread(ticket).unwrap();
    assert_eq!(second.until, Instant::now() + GRACE);
    advance(GRACE / 2).await;
    assert!(!registry.give_up(&first));
    assert_eq!(registry.held(), 1);
    assert!(registry.give_up(&second));
    assert_eq!((registry.held(), entries(&registry)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn hostile_20_a_spent_callback_is_known_whatever_came_after_it() {
    let registry = registry(|_| {});
    for code in ["first", "second", "third"] {
        deliver(&registry, Slot::Single, &format!("code={code}"));
    }
    register(&registry, Slot::Single, owner(User::Local(2), None));
    for code in ["first", "second", "third"] {
        let again = registry.offer(Slot::Single, callback(&format!("code={code}")));
        assert!(matches!(again, Offer::Done(Outcome::AlreadyDelivered)));
    }
}

#[tokio::test(start_paused = true)]
async fn hostile_20_a_spent_code_is_known_whatever_comes_with_it() {
    let registry = registry(|_| {});
    deliver(&registry, Slot::Single, "code=c");
    for again in [
        "code=c&x=1",
        "CODE=c&iss=https%3A%2F%2Fop.example",
        "authorization_code=c",
    ] {
        let again = registry.offer(Slot::Single, callback(again));
        assert!(matches!(again, Offer::Done(Outcome::AlreadyDelivered)));
    }
    // A refusal has no code, and is known by all it had.
    let refusal = "error=access_denied&state=s";
    for (query, is_new) in [
        (refusal, true),
        (refusal, false),
        ("error=server_error&state=s", true),
    ] {
        let slot = slot(Some("s"));
        let ticket = register(&registry, slot, owner(LOCAL, None));
        match registry.offer(slot, callback(query)) {
            Offer::Pending { .. } => assert!(is_new && registry.finish(ticket, Ending::Delivered)),
            Offer::Done(outcome) => {
                assert_eq!((outcome, is_new), (Outcome::AlreadyDelivered, false));
                assert!(registry.end(ticket).is_none());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hostile_33_whoever_waits_behind_a_delivery_and_dies_blocks_nobody() {
    let registry = registry(|_| {});
    let slot = slot(Some("s"));
    let first = register(&registry, slot, owner(LOCAL, None));
    let Offer::Pending { .. } = registry.offer(slot, callback("code=c")) else {
        panic!("it is handed over");
    };
    // A newer program of the same user waits for how that ends, and its connection breaks.
    let behind = register(&registry, slot, owner(LOCAL, Some("mine")));
    let until = registry.lose(behind).unwrap();
    assert!(registry.finish(first, Ending::Delivered));
    advance(until - Instant::now()).await;
    assert_eq!(registry.expire(behind), None);
    assert_eq!(registry.registrations(), 0);
    // Also when it expires before the delivery ends.
    let first = register(&registry, slot, owner(LOCAL, None));
    let Offer::Pending { .. } = registry.offer(slot, callback("code=d")) else {
        panic!("it is handed over");
    };
    let behind = register(&registry, slot, owner(LOCAL, Some("other")));
    assert!(registry.lose(behind).is_some());
    assert_eq!(registry.expire(behind), None);
    assert_eq!(registry.registrations(), 1);
    assert!(registry.finish(first, Ending::Delivered));
    assert_eq!(registry.registrations(), 0);
}

#[tokio::test(start_paused = true)]
async fn hostile_33_a_program_that_has_acknowledged_is_told_so_whatever_came_after() {
    let registry = registry(|_| {});
    let (slot, me) = (slot(Some("s")), owner(LOCAL, Some("mine")));
    let ticket = register(&registry, slot, me);
    let Offer::Pending { .. } = registry.offer(slot, callback("code=c")) else {
        panic!("it is handed over");
    };
    assert!(registry.finish(ticket, Ending::Delivered));
    let over = Refused::Over(oarlock_oauth::relay::CloseReason::Delivered);
    let comes_back = || registry.register(slot, me, Face::Protocol2, &mailbox());
    // Another callback of the same state is held, and is not for it.
    let Offer::Pending { hold, .. } = registry.offer(slot, callback("code=d")) else {
        panic!("it has to wait");
    };
    assert_eq!(comes_back().unwrap_err(), over);
    assert!(registry.give_up(&hold.unwrap()));
    // Somebody else waits.
    register(&registry, slot, owner(LOCAL, None));
    assert_eq!(comes_back().unwrap_err(), over);
}

#[tokio::test(start_paused = true)]
async fn the_numbers_for_the_operator_return_to_zero() {
    let metrics = Metrics::default();
    let registry = Registry::new(&super::config(), metrics.clone()).unwrap();
    let slot = slot(Some("s"));
    let Offer::Pending { .. } = registry.offer(slot, callback("code=c")) else {
        panic!("it has to wait");
    };
    let ticket = register(&registry, slot, owner(LOCAL, None));
    let behind = register(&registry, slot, owner(LOCAL, None));
    assert!(registry.finish(ticket, Ending::Delivered));
    assert!(registry.end(behind).is_none());
    let text = metrics.to_text().unwrap();
    let now = |line: &&str| {
        !line.starts_with('#')
            && (line.contains("registrations{") || line.contains("held"))
            && !line.contains("_total")
    };
    let numbers: Vec<&str> = text.lines().filter(now).collect();
    assert!(numbers.len() >= 2, "{text}");
    for number in numbers {
        assert!(number.ends_with(" 0"), "{number}");
    }
}
