//! Many programs and browsers at one slot at once: whatever meets whatever, the promises hold.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use oarlock_oauth::relay::CloseReason;
use tokio::{
    task::{JoinSet, yield_now},
    time::timeout,
};

use super::{
    super::{Ending, Offer, Registry, Ticket},
    callback, entries, mailbox, owner, registry, slot,
};
use crate::{
    metrics::Face,
    relay::{
        Outcome,
        hold::Hold,
        mailbox::{Mailbox, Order},
        owner::{Owner, Slot, User},
    },
};

const PROGRAMS: u32 = 8;
const BROWSERS: usize = 8;
const CALLBACKS: usize = 250;
const GRACE: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of each callback, as the programs saw it.
#[derive(Default)]
struct Seen {
    /// Which program may have read it.
    readers: HashMap<String, u32>,
    /// The program said that it has it, and was believed.
    delivered: HashMap<String, u32>,
}

struct Field {
    registry: Registry,
    slot: Slot,
    seen: Mutex<Seen>,
    browsers: AtomicUsize,
}

impl Field {
    fn keep(self: &Arc<Self>, hold: Option<Hold>) {
        let Some(hold) = hold else {
            return;
        };
        let field = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep_until(hold.until).await;
            field.registry.give_up(&hold);
        });
    }

    /// What a lost connection's task does.
    fn stay(self: &Arc<Self>, ticket: Ticket) {
        let mut until = self.registry.lose(ticket);
        let field = Arc::clone(self);
        tokio::spawn(async move {
            while let Some(moment) = until {
                tokio::time::sleep_until(moment).await;
                until = field.registry.expire(ticket);
            }
        });
    }

    fn are_browsers_there(&self) -> bool {
        self.browsers.load(Ordering::SeqCst) > 0
    }
}

/// A program that registers, gets, acknowledges, dies, and comes back, in every order.
async fn program(field: Arc<Field>, number: u32) {
    // Of two users; half of each speak protocol 2.
    let secret = format!("secret of {number}");
    let secret = number.is_multiple_of(2).then_some(secret.as_str());
    let mut round = number;
    let mut me = owner(User::Local(number % 4 / 2), secret);
    let mut generation = 0;
    while field.are_browsers_there() {
        round = round.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let mailbox = mailbox();
        let registered = field
            .registry
            .register(field.slot, me, Face::Protocol2, &mailbox);
        let Ok(registered) = registered else {
            // Its own delivery was over, or somebody else waits.
            if secret.is_some() {
                generation += 1;
                let fresh = format!("secret of {number}, {generation}");
                me = owner(me.user, Some(&fresh));
            }
            yield_now().await;
            continue;
        };
        wait(&field, number, me, registered.ticket, &mailbox, round >> 16).await;
    }
}

async fn wait(
    field: &Arc<Field>,
    number: u32,
    me: Owner,
    ticket: Ticket,
    mailbox: &Mailbox,
    chance: u32,
) {
    loop {
        let order = timeout(Duration::from_millis(2), mailbox.next()).await;
        let parcel = match order {
            // It comes back at once, as itself; or, if somebody else is faster, never.
            Err(_) if me.secret.is_some() && chance.is_multiple_of(3) => return field.stay(ticket),
            Err(_) | Ok(Order::Close(_)) => {
                if let Ok(Order::Close(reason)) = order {
                    assert_eq!(reason, CloseReason::Replaced);
                }
                return field.keep(field.registry.end(ticket));
            }
            Ok(Order::Deliver(parcel)) => parcel,
        };
        let code = parcel.callback.code().unwrap().expose().to_owned();
        {
            // Under one lock, so that who reads first is known.
            let mut seen = field.seen.lock().unwrap();
            if !field.registry.handed(ticket) {
                continue;
            }
            if let Some(before) = seen.readers.insert(code.clone(), number) {
                assert_eq!(before, number, "{code} may have been read by two");
            }
        }
        if chance.is_multiple_of(5) {
            yield_now().await;
        }
        match chance % 7 {
            0 => {
                assert!(field.registry.end(ticket).is_none());
            }
            1 if me.secret.is_none() => {
                // It is known that it was not read.
                let mut seen = field.seen.lock().unwrap();
                seen.readers.remove(&code);
                field.keep(field.registry.unread(ticket));
            }
            2 => {
                field.registry.finish(ticket, Ending::Rejected);
            }
            3 if me.secret.is_some() => field.stay(ticket),
            _ => {
                let mut seen = field.seen.lock().unwrap();
                if field.registry.finish(ticket, Ending::Delivered) {
                    assert_eq!(seen.delivered.insert(code, number), None);
                }
            }
        }
        return;
    }
}

/// A browser that brings one callback after another.
async fn browser(field: Arc<Field>, number: usize) {
    for round in 0..CALLBACKS {
        let code = format!("c{number}-{round}");
        let came = callback(&format!("code={code}&state=s"));
        let outcome = match field.registry.offer(field.slot, came) {
            Offer::Done(outcome) => outcome,
            Offer::Pending { outcome, hold } => {
                field.keep(hold);
                let told = timeout(PATIENCE, outcome)
                    .await
                    .expect("it was told nothing");
                told.expect("it was forgotten")
            }
        };
        let delivered = field.seen.lock().unwrap().delivered.contains_key(&code);
        assert_eq!(
            outcome == Outcome::Complete,
            delivered,
            "{code}: {outcome:?}"
        );
        yield_now().await;
    }
    field.browsers.fetch_sub(1, Ordering::SeqCst);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hostile_33_many_at_one_slot_get_each_callback_once() {
    let field = Arc::new(Field {
        registry: registry(|config| config.times.grace = GRACE),
        slot: slot(Some("s")),
        seen: Mutex::default(),
        browsers: AtomicUsize::new(BROWSERS),
    });
    let mut tasks = JoinSet::new();
    for number in 0..PROGRAMS {
        tasks.spawn(program(Arc::clone(&field), number));
    }
    for number in 0..BROWSERS {
        tasks.spawn(browser(Arc::clone(&field), number));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let all_gone = async {
        while field.registry.registrations() > 0 || field.registry.held() > 0 {
            tokio::time::sleep(GRACE).await;
        }
    };
    timeout(PATIENCE, all_gone).await.expect("somebody stays");
    assert_eq!(
        entries(&field.registry),
        1,
        "of the slot only what is spent"
    );
    let seen = field.seen.lock().unwrap();
    // Else nothing was tried.
    assert!(seen.delivered.len() > BROWSERS, "{}", seen.delivered.len());
}
