use proptest::prelude::*;

use super::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const START: i64 = 1_767_225_600;

fn schedule() -> Schedule {
    Schedule {
        algorithm: Algorithm::EdDsa,
        rotate_every: Duration::from_secs(90 * DAY),
        publish_before: Duration::from_secs(DAY),
        publish_after: Duration::from_secs(10 * MINUTE),
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_second(START + i64::try_from(seconds).unwrap()).unwrap()
}

/// Kept at that time.
fn kept(schedule: &Schedule, document: &Document, seconds: u64) -> Document {
    let kept = schedule.keep(document, at(seconds)).unwrap();
    kept.unwrap_or_else(|| document.clone())
}

/// The ids of all keys, and the place of the one that signs.
fn keys(document: &Document, seconds: u64) -> (Vec<String>, usize) {
    let ids = document.signing_keys.iter().map(|key| key.info().id);
    let signer = signer(&document.signing_keys, at(seconds)).unwrap();
    (ids.collect(), signer)
}

#[test]
fn a_key_is_made_known_signs_and_goes() {
    let schedule = schedule();
    let first = schedule.first(at(0)).unwrap();
    assert_eq!(keys(&first, 0).1, 0);
    // Nothing to do until the next one has to be known.
    assert_eq!(schedule.keep(&first, at(0)).unwrap(), None);
    assert_eq!(schedule.keep(&first, at(89 * DAY - 1)).unwrap(), None);

    let known = kept(&schedule, &first, 89 * DAY);
    let (ids, signer) = keys(&known, 90 * DAY - 1);
    assert_eq!((ids.len(), signer), (2, 0));
    assert_eq!(known.signing_keys[1].signs_from, at(90 * DAY));
    assert_eq!(schedule.keep(&known, at(90 * DAY - 1)).unwrap(), None);

    // It signs when its time has come, whether somebody looks after the keys or not.
    assert_eq!(keys(&known, 90 * DAY).1, 1);
    let taken = kept(&schedule, &known, 90 * DAY);
    let gone = 90 * DAY + 15 * MINUTE;
    assert_eq!(taken.signing_keys[0].published_until, Some(at(gone)));
    assert_eq!(taken.signing_keys[1].published_until, None);
    assert_eq!(schedule.keep(&taken, at(gone - 1)).unwrap(), None);

    let left = kept(&schedule, &taken, gone);
    assert_eq!(keys(&left, gone).0, ids[1..]);
    // And so on.
    assert_eq!(kept(&schedule, &left, 179 * DAY).signing_keys.len(), 2);
    assert_eq!(left.seal_key, first.seal_key);
}

#[test]
fn a_server_that_was_off_for_long_makes_its_next_key_known_before_it_signs() {
    let schedule = schedule();
    let first = schedule.first(at(0)).unwrap();
    let later = kept(&schedule, &first, 500 * DAY);
    assert_eq!(keys(&later, 500 * DAY).1, 0);
    assert_eq!(later.signing_keys[1].signs_from, at(501 * DAY));
    // Off again: what the first key signed has long expired when somebody looks.
    let off = kept(&schedule, &later, 502 * DAY);
    assert_eq!(off.signing_keys.len(), 1);
    assert_eq!(off.signing_keys[0], later.signing_keys[1]);
}

#[test]
fn another_algorithm_is_known_before_it_signs_too() {
    let schedule = schedule();
    let first = schedule.first(at(0)).unwrap();
    let other = Schedule {
        algorithm: Algorithm::Es256,
        ..schedule
    };
    let known = kept(&other, &first, HOUR);
    assert_eq!(known.signing_keys[1].algorithm, Algorithm::Es256);
    assert_eq!(known.signing_keys[1].signs_from, at(HOUR + DAY));
    assert_eq!(keys(&known, HOUR).1, 0);
    assert_eq!(other.keep(&known, at(2 * HOUR)).unwrap(), None);
    assert_eq!(keys(&known, HOUR + DAY).1, 1);
}

#[test]
fn two_instances_that_disagree_make_no_heap_of_keys() {
    let mine = schedule();
    let theirs = Schedule {
        algorithm: Algorithm::Es256,
        ..mine
    };
    let mut document = mine.first(at(0)).unwrap();
    for minute in 0..3 * 24 * 60 {
        document = kept(&mine, &document, minute * MINUTE);
        document = kept(&theirs, &document, minute * MINUTE);
        assert!(document.signing_keys.len() <= 3, "minute {minute}");
    }
}

#[test]
fn a_key_by_command_waits_its_time_or_withdraws_all_others() {
    let schedule = schedule();
    let first = schedule.first(at(0)).unwrap();
    let rotated = schedule.rotate(&first, false, at(HOUR)).unwrap();
    assert_eq!(keys(&rotated, HOUR + DAY - 1).1, 0);
    assert_eq!(keys(&rotated, HOUR + DAY).1, 1);

    let now = schedule.rotate(&rotated, true, at(2 * HOUR)).unwrap();
    let (ids, signer) = keys(&now, 2 * HOUR);
    assert_eq!((ids.len(), signer), (1, 0));
    assert!(!keys(&rotated, 0).0.contains(&ids[0]));
    assert_eq!(schedule.keep(&now, at(2 * HOUR)).unwrap(), None);
}

#[test]
fn commands_without_end_are_refused_before_the_set_is_too_large() {
    let schedule = schedule();
    let mut document = schedule.first(at(0)).unwrap();
    let refused = (0..100).find_map(
        |second| match schedule.rotate(&document, false, at(second)) {
            Ok(rotated) => {
                document = rotated;
                None
            }
            Err(error) => Some(error),
        },
    );
    assert!(
        matches!(refused, Some(KeyringError::Full(MOST))),
        "{refused:?}"
    );
    // Nobody is locked out by it.
    assert_eq!(schedule.keep(&document, at(100)).unwrap(), None);
    let later = kept(&schedule, &document, 2 * DAY);
    assert_eq!(later.signing_keys.len(), 1);
    assert!(schedule.rotate(&document, true, at(100)).is_ok());
}

#[test]
fn hostile_32_a_clock_set_back_leaves_a_key_that_is_known_longest() {
    let schedule = schedule();
    let first = schedule.first(at(100 * DAY)).unwrap();
    let rotated = schedule.rotate(&first, false, at(100 * DAY)).unwrap();
    // Before all of them. A key that is made while the clock is wrong waits as any other.
    assert_eq!(keys(&rotated, 0).1, 0);
    let wrong = kept(&schedule, &rotated, 0);
    assert_eq!(keys(&wrong, DAY - 1), (keys(&wrong, 0).0, 0));
    assert_eq!(wrong.signing_keys.len(), 3);
    assert_eq!(schedule.keep(&wrong, at(HOUR)).unwrap(), None);
    // And is gone when the clock is right.
    let right = kept(&schedule, &wrong, 100 * DAY + HOUR);
    assert_eq!(right, rotated);

    // Back over the moment of change: the old key signs again and is published as long as it does.
    let changed = kept(&schedule, &rotated, 101 * DAY);
    assert!(changed.signing_keys[0].published_until.is_some());
    let back = kept(&schedule, &changed, 101 * DAY - HOUR);
    assert_eq!(keys(&back, 101 * DAY - HOUR).1, 0);
    assert_eq!(back.signing_keys[0].published_until, None);
}

#[test]
fn hostile_32_a_clock_that_was_a_year_ahead_costs_nothing() {
    let schedule = schedule();
    let first = schedule.first(at(0)).unwrap();
    let mut ahead = first.clone();
    for hour in 0..30 {
        ahead = kept(&schedule, &ahead, 365 * DAY + hour * HOUR);
    }
    assert_eq!(ahead.signing_keys.len(), 1, "the key of a year ago is gone");
    // Shorter than that, and it is there still, and signs again.
    let ahead = kept(&schedule, &first, 365 * DAY);
    let back = kept(&schedule, &ahead, DAY);
    assert_eq!(keys(&back, DAY).1, 0);
    // The change on schedule does not wait for the key of next year.
    let next = kept(&schedule, &back, 89 * DAY);
    assert_eq!(next.signing_keys.len(), 3);
    assert_eq!(keys(&next, 90 * DAY).1, 2);
}

/// What may come.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Jump(i64),
    Rotate,
    Withdraw,
    Algorithm(bool),
}

fn step(jumps: bool) -> impl Strategy<Value = Step> {
    let far = i64::try_from(400 * DAY).unwrap();
    prop_oneof![
        6 => (0..2 * DAY).prop_map(Step::Pass),
        2 => (0..60 * DAY).prop_map(Step::Pass),
        if jumps { 3 } else { 0 } => (-far..far).prop_map(Step::Jump),
        1 => Just(Step::Rotate),
        1 => Just(Step::Withdraw),
        1 => any::<bool>().prop_map(Step::Algorithm),
    ]
}

/// A server that looks after its keys each hour, and everything it ever signed with.
struct Server {
    schedule: Schedule,
    document: Document,
    /// What its clock says is this far from the truth.
    off: i64,
    truth: u64,
    /// Since when each key was in the document.
    known: Vec<(String, u64)>,
    /// Which key signed last when.
    signed: Vec<(String, u64)>,
    /// Whether all keys have been withdrawn once, and nothing was known before.
    fresh: Option<String>,
}

impl Server {
    fn start() -> Self {
        let schedule = schedule();
        let document = schedule.first(at(500 * DAY)).unwrap();
        let mut server = Self {
            fresh: Some(document.signing_keys[0].info().id),
            schedule,
            document,
            off: 0,
            truth: 500 * DAY,
            known: Vec::new(),
            signed: Vec::new(),
        };
        server.look();
        server
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(START + i64::try_from(self.truth).unwrap() + self.off).unwrap()
    }

    /// Keeps, and signs.
    fn look(&mut self) {
        if let Some(kept) = self.schedule.keep(&self.document, self.now()).unwrap() {
            self.document = kept;
        }
        for key in &self.document.signing_keys {
            let id = key.info().id;
            if !self.known.iter().any(|(known, _)| *known == id) {
                self.known.push((id, self.truth));
            }
        }
        let signer = signer(&self.document.signing_keys, self.now()).unwrap();
        let key = &self.document.signing_keys[signer];
        assert_eq!(key.published_until, None, "what signs is published");
        self.signed.push((key.info().id, self.truth));
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds / HOUR {
            self.truth += HOUR;
            self.look();
        }
        self.truth += seconds % HOUR;
        self.look();
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Pass(seconds) => self.pass(*seconds),
            Step::Jump(by) => {
                self.off = (self.off + by).clamp(-500 * i64::try_from(DAY).unwrap(), 9_999_999_999)
            }
            Step::Rotate => {
                if let Ok(rotated) = self.schedule.rotate(&self.document, false, self.now()) {
                    self.document = rotated;
                }
            }
            Step::Withdraw => {
                let now = self.now();
                self.document = self.schedule.rotate(&self.document, true, now).unwrap();
                self.fresh = Some(self.document.signing_keys[0].info().id);
                self.signed.clear();
            }
            Step::Algorithm(curve) => {
                self.schedule.algorithm = if *curve {
                    Algorithm::Es256
                } else {
                    Algorithm::EdDsa
                };
            }
        }
        self.look();
    }

    fn ids(&self) -> Vec<String> {
        keys(&self.document, 0).0
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_signed_can_be_checked_and_by_those_who_looked_before(steps in prop::collection::vec(step(false), 1..12)) {
        let mut server = Server::start();
        for step in &steps {
            server.take(step);
            let ids = server.ids();
            prop_assert!(ids.len() <= 6, "{} keys", ids.len());
            for (id, at) in &server.signed {
                let alive = server.truth < at + 10 * MINUTE;
                prop_assert!(!alive || ids.contains(id), "{step:?}");
                let known = server.known.iter().find(|(known, _)| known == id).unwrap().1;
                let early = server.fresh.as_ref() != Some(id) && *at < known + DAY;
                prop_assert!(!early, "{step:?}: it signed {} s after it was known", at - known);
            }
        }
    }

    #[test]
    fn hostile_32_whatever_the_clock_does_there_is_a_key_that_signs(steps in prop::collection::vec(step(true), 1..24)) {
        let mut server = Server::start();
        for step in &steps {
            // Looks itself.
            server.take(step);
            prop_assert!(server.ids().len() <= MOST);
            let text = server.document.text().unwrap();
            prop_assert_eq!(&Document::parse(text.as_bytes()).unwrap(), &server.document);
        }
        // And once it is right again, it is as before.
        server.off = 0;
        server.pass(2 * DAY);
        let at_most = server.schedule.rotate_every + server.schedule.publish_before;
        server.pass(100 * DAY);
        let later = signer(&server.document.signing_keys, server.now()).unwrap();
        let age = server.now().duration_since(server.document.signing_keys[later].signs_from);
        prop_assert!(age.unsigned_abs() <= at_most, "{age:?}");
    }
}
