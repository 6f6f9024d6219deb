//! Waiting programs are killed at every moment, and so is the relay: what browsers are told, and who has the code.
//!
//! The programs are processes of `peers/relay-waiters/herd.py`; what the kernel handed to one stays known when it is dead.
//! What a test says when it fails begins with its seed; `OARLOCK_TEST_SEED` lets the next run have the same one.

mod herd;
mod life;
mod verdict;

use std::{collections::BTreeMap, thread};

use crate::relay::{Relay, Settings};
use herd::Herd;
pub(crate) use herd::seed;
use life::Life;
use verdict::{Tally, Verdict};

/// Where programs come.
#[derive(Clone, Copy, Debug)]
enum Place {
    Unix,
    Tcp,
}

impl Place {
    /// A relay that lets any number of browsers miss.
    fn relay(self, times: Times) -> Relay {
        let place = match self {
            Self::Unix => "",
            Self::Tcp => "use_tcp = true\ntcp_fallback_port = 0\n",
        };
        let Times {
            grace,
            acknowledgement,
        } = times;
        let times = format!("grace = {grace}\nacknowledgement_timeout = {acknowledgement}");
        Relay::start(Settings {
            relay: &format!("{place}{times}\n[http]\nunmatched_per_minute = 0"),
            ..Settings::default()
        })
    }
}

/// How long a relay waits, in seconds.
#[derive(Clone, Copy, Debug)]
struct Times {
    grace: u32,
    acknowledgement: u32,
}

impl Times {
    /// The longest that a browser of so many programs waits: the callback is held before each and after the last.
    fn patience(self, programs: u32) -> u32 {
        self.grace * (programs + 1) + self.acknowledgement * programs
    }
}

/// What happens often at each place, and under which protocols.
const OFTEN: [(&[u8], &str); 8] = [
    (&[1, 2], "killed while it waited"),
    (&[1, 2], "killed with a part of the line"),
    (&[1, 2], "killed with the line"),
    (&[1, 2], "killed after its end"),
    (&[1, 2], "complete, it has it"),
    (&[1, 2], "complete, one that came back has it"),
    (&[1, 2], "nobody, nobody has it"),
    (&[1, 2], "repeated: complete, then already"),
];
/// What happens at least ten times in all.
const SELDOM: [(&[u8], &str); 6] = [
    (&[1, 2], "killed before it waited"),
    (&[1, 2], "repeated: nobody, then nobody"),
    (&[2], "unconfirmed, nobody has it"),
    (&[2], "unconfirmed, it has it"),
    (&[2], "complete, its owner has it twice"),
    (&[2], "another owner refused"),
];

/// So many die at random moments, and more that come back after them.
fn die_at_random(place: Place, count: usize, seed: u64) -> Tally {
    const TIMES: Times = Times {
        grace: 1,
        acknowledgement: 3,
    };
    let relay = place.relay(TIMES);
    let lives = Herd::start(&relay, "random", count, seed).lives();
    assert_eq!(lives.len(), count);
    let mut tally = Tally::default();
    for life in &lives {
        tally.add(&Verdict::of(life, TIMES, seed).stands());
    }
    tally
}

#[test]
fn hostile_33_of_1000_programs_killed_at_random_none_is_called_complete_without_its_code() {
    let seed = seed();
    let (unix, tcp) = thread::scope(|scope| {
        let unix = scope.spawn(|| die_at_random(Place::Unix, 600, seed));
        let tcp = die_at_random(Place::Tcp, 400, seed);
        (unix.join().unwrap(), tcp)
    });
    println!("seed {seed}\nUnix socket: {unix}\nTCP: {tcp}");
    for tally in [&unix, &tcp] {
        tally.has(&OFTEN, seed);
    }
    unix.and(tcp).has(&SELDOM, seed);
}

/// What becomes of a callback whose program dies at this step: the browser's page, and whether the program has the code, and
/// whether the one has it that comes back.
fn becomes(life: &Life) -> (&'static str, bool, bool) {
    let (step, comes_back) = match life.scene.split_once(',') {
        Some((step, _)) => (step, true),
        None => (life.scene.as_str(), false),
    };
    let (page, has_it) = match (step, life.protocol) {
        ("acknowledged" | "told" | "closed", _) | ("read", 1) => return ("complete", true, false),
        ("read" | "acknowledging", _) => ("unconfirmed", true),
        ("arrived" | "reading", 2) => ("unconfirmed", false),
        _ => ("nobody", false),
    };
    if comes_back {
        ("complete", has_it, true)
    } else {
        (page, has_it, false)
    }
}

/// An acknowledgement and the REGISTER of who comes back are on two connections, and the relay may read the second one first. Then the
/// same owner is given the same delivery again, as docs/relay-protocol.md says, and acknowledges it once more.
fn may_come_before_its_word(life: &Life) -> bool {
    life.protocol == 2 && life.scene.starts_with("acknowledged,")
}

fn die_at_each_step(place: Place) {
    const AMOUNT: usize = 5;
    // Nobody here waits for an acknowledgement, and whoever comes back does so at once.
    const TIMES: Times = Times {
        grace: 3,
        acknowledgement: 10,
    };
    let seed = seed();
    let relay = place.relay(TIMES);
    let mut met = BTreeMap::new();
    for life in Herd::start(&relay, "steps", AMOUNT, seed).lives() {
        let verdict = Verdict::of(&life, TIMES, seed).stands();
        let has_it = |index| verdict.has_it(index);
        let (page, first, second) = becomes(&life);
        let second = if may_come_before_its_word(&life) {
            has_it(1)
        } else {
            second
        };
        let became = (life.answers[0].page.as_str(), has_it(0), has_it(1));
        assert_eq!(became, (page, first, second), "{}", life.story(seed));
        *met.entry((life.protocol, life.scene)).or_insert(0) += 1;
    }
    // Each with a program that comes back, and as often without.
    assert_eq!(met.len(), 2 * (8 + 12), "{met:?}");
    assert!(met.values().all(|times| *times == AMOUNT), "{met:?}");
}

#[test]
fn hostile_33_a_program_killed_at_each_step_of_a_unix_socket() {
    die_at_each_step(Place::Unix);
}

#[test]
fn hostile_33_a_program_killed_at_each_step_of_tcp() {
    die_at_each_step(Place::Tcp);
}

/// So long that nothing is over before the relay is.
const LONG: Times = Times {
    grace: 60,
    acknowledgement: 60,
};

/// The relay dies between a callback and its confirmation, at each step of the program.
fn the_relay_dies(place: Place) {
    const AMOUNT: usize = 10;
    let seed = seed();
    let relay = place.relay(LONG);
    let mut herd = Herd::start(&relay, "fall", AMOUNT, seed);
    herd.waits_for_the_fall();
    let next = relay.killed_and_started_again();
    herd.goes_on_at(&next);
    let lives = herd.lives();
    assert_eq!(lives.len(), (4 + 5) * AMOUNT);
    for life in lives {
        let story = life.story(seed);
        let verdict = Verdict::of_a_fall(&life, seed).stands();
        let pages: Vec<&str> = life.answers.iter().map(|told| told.page()).collect();
        assert_eq!(pages, ["broken", "complete"], "{story}");
        assert!(verdict.has_it(1), "{story}");
        // Who came back is the one who was there; nobody else has it.
        let had = matches!(life.scene.as_str(), "read" | "acknowledging");
        assert_eq!(verdict.has_it(0), had, "{story}");
    }
}

#[test]
fn hostile_34_a_relay_killed_before_the_confirmation_says_nothing_and_the_next_delivers_the_repetition()
 {
    the_relay_dies(Place::Unix);
}

#[test]
fn hostile_34_so_it_is_over_tcp() {
    the_relay_dies(Place::Tcp);
}

#[test]
fn hostile_34_a_relay_killed_in_the_middle_of_deliveries_calls_none_complete_that_is_not() {
    const ROUNDS: u64 = 6;
    let seed = seed();
    let (mut complete, mut broken) = (0, 0);
    let mut relay = Place::Unix.relay(LONG);
    for round in 0..ROUNDS {
        let herd = Herd::start(&relay, "storm", 60, seed.wrapping_add(round));
        herd.waits_for_the_fall();
        relay.kill();
        for life in herd.lives() {
            Verdict::of_a_fall(&life, seed).stands();
            match life.answers[0].page() {
                "complete" => complete += 1,
                "broken" => broken += 1,
                other => panic!("{other}: {}", life.story(seed)),
            }
        }
        relay = relay.killed_and_started_again();
    }
    assert!(
        complete > 0 && broken > 0,
        "seed {seed}: {complete}, {broken}"
    );
}
