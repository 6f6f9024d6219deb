//! The broker is killed at random moments, while people and programs log in by every face, and started again on its store.
//!
//! Everybody keeps what they were told; at the end all of it must be true still. What a test says when it fails has its seed;
//! `OARLOCK_TEST_SEED` lets the next run have the same one.

mod actor;
mod browser;
mod chance;
mod holding;
mod ledger;
mod process;
mod program;
mod provider;
mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::relay_kills::seed;
use actor::Actor;
use chance::{Chance, Luck};
use ledger::Ledger;
use process::Broker;
use provider::Provider;

/// So often it is killed.
const KILLS: usize = 25;
/// So many log in at once, each a person with a browser and their programs.
const ACTORS: usize = 24;
/// So many people there are: several browsers are one person's.
const PEOPLE: usize = 8;

/// What everybody knows.
struct Stage {
    ledger: Ledger,
    /// Where browsers sign in, when it is not the `dev` upstream.
    provider: Option<Arc<Provider>>,
    /// Whether nothing new is to begin.
    curtain: AtomicBool,
    luck: Luck,
    url: String,
}

/// Lets everybody log in while the server is killed, and insists on all that they were told.
fn play(lines: &str, provider: Option<Arc<Provider>>, seed: u64) -> Ledger {
    let mut broker = Broker::start(lines);
    let stage = Stage {
        ledger: Ledger::default(),
        provider,
        curtain: AtomicBool::new(false),
        luck: Luck::new(Chance::new(seed, ACTORS + 1)),
        url: broker.url(),
    };
    stage.ledger.keys(&broker.keys());
    let mut actors = thread::scope(|scope| {
        let acting: Vec<_> = (0..ACTORS)
            .map(|number| {
                let mut actor = Actor::new(&stage, number, Chance::new(seed, number));
                scope.spawn(move || {
                    actor.act();
                    actor
                })
            })
            .collect();
        let mut chance = Chance::new(seed, ACTORS);
        for _ in 0..KILLS {
            thread::sleep(Duration::from_millis(chance.below(1_000) + 100));
            broker.die();
            thread::sleep(Duration::from_millis(chance.below(100)));
            if chance.one_in(4) {
                broker.is_killed_at_its_start(Duration::from_millis(chance.below(60)));
            }
            broker.start_again();
            stage.ledger.keys(&broker.keys());
        }
        stage.curtain.store(true, Ordering::SeqCst);
        let ended = acting.into_iter().map(|acting| acting.join());
        let ended: Vec<_> = ended.collect();
        ended
            .into_iter()
            .map(|actor| actor.unwrap_or_else(|_| panic!("seed {seed}: see above")))
            .collect::<Vec<_>>()
    });
    stage.luck.is_good_from_now_on();
    for actor in &mut actors {
        actor.still_has_everything();
    }
    stage.ledger.id_tokens_verify(&stage.url, &broker.keys());
    let sandbox = broker.stop();
    stage.ledger.agrees_with(&sandbox.home().join("server.db"));
    stage.ledger
}

/// What must have happened, or nothing was tried.
const EVERYWHERE: [(&str, usize); 12] = [
    ("request without its answer", 20),
    ("code: tokens", 10),
    ("device: tokens", 5),
    ("pairing: fetched", 5),
    ("refreshed", 50),
    ("session revoked", 3),
    ("access token revoked", 3),
    ("old refresh token: session ended", 3),
    ("old code: session ended", 1),
    ("old device code: refused", 1),
    ("old paircode: nothing", 1),
    ("client registered", ACTORS),
];

#[test]
fn hostile_27_a_broker_killed_at_any_point_keeps_its_word_and_issues_nothing_twice() {
    let seed = seed();
    println!("seed {seed}");
    let ledger = play(&process::dev(PEOPLE), None, seed);
    println!("{ledger}");
    ledger.has(&EVERYWHERE, seed);
}

#[test]
fn hostile_27_nor_is_a_providers_code_exchanged_twice() {
    let seed = seed();
    println!("seed {seed}");
    let provider = Provider::start(seed);
    let ledger = play(&provider.lines(), Some(Arc::clone(&provider)), seed);
    println!("{ledger}");
    ledger.has(&EVERYWHERE, seed);
    provider.exchanged_no_code_twice();
}
