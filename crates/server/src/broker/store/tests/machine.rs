//! Anything in any order, done to a store and to the model: the same answers, and the same to be seen afterwards.

use oarlock_oauth::Timestamp;
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestCaseError, TestRunner},
};

use super::{
    examples::{
        AnyStore, allow, asked_for_code, at, at_upstream, browser, code, deny, device_code, handle,
        identify, new_device, new_login, new_pairing, new_session, paircode, rotate, state,
        user_code,
    },
    model::Model,
};
use crate::broker::{
    id::{LoginId, SessionId, UserId},
    login::Stage,
    request::Asked,
    session::SessionKind,
    store::{
        Approach, Decide, Decided, Decision, LoginKey, NewLogin, Redeemed, Rotated, SessionFilter,
        SessionKey,
    },
};

const NAMES: &[&str] = &["a", "b", "c"];
const PEOPLE: &[&str] = &["ada", "grace"];

type Name = &'static str;

/// Something that is done.
#[derive(Clone, Debug)]
enum Step {
    Begin(Name, What, u64),
    Approach(Name, Name, Where),
    TakeCallback(Name, Name),
    Identify(Name, Name, bool),
    Fail(Name),
    Allow(Name, Name, bool),
    Deny(Name, Name),
    Redeem(Name, What),
    /// The secret that is shown is the present one, or that many turns old.
    Rotate(usize, usize),
    Revoke(usize),
    RemoveUser(Name),
    Sweep,
    Wait(i64),
}

#[derive(Clone, Copy, Debug)]
enum What {
    Code,
    Device,
    Pairing,
    SignedIn,
}

#[derive(Clone, Copy, Debug)]
enum Where {
    Upstream,
    SignedIn,
    Denied,
}

/// One step, or the way that most logins go, part of it or all.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let whole = (
        select(NAMES),
        what(),
        select(PEOPLE),
        any::<bool>(),
        1..7usize,
    );
    let whole = whole.prop_map(|(name, what, person, flag, parts)| {
        let mut way = vec![Step::Begin(name, what, 9)];
        if matches!(what, What::Device) {
            way.push(Step::Approach(name, name, Where::Upstream));
        }
        way.extend([
            Step::TakeCallback(name, name),
            Step::Identify(name, person, flag),
            Step::Allow(name, name, flag),
            Step::Redeem(name, what),
        ]);
        way.truncate(parts);
        way
    });
    prop_oneof![1 => whole, 2 => step().prop_map(|step| vec![step])]
}

fn what() -> impl Strategy<Value = What> {
    select(&[What::Code, What::Device, What::Pairing, What::SignedIn][..])
}

fn step() -> impl Strategy<Value = Step> {
    let name = || select(NAMES);
    // Mostly the one whose login it is.
    let both = || {
        let both = (name(), name(), prop::bool::weighted(0.8));
        both.prop_map(|(name, other, own)| (name, if own { name } else { other }))
    };
    let most = select(&[2u64, 4, 9][..]);
    let place = select(&[Where::Upstream, Where::SignedIn, Where::Denied][..]);
    prop_oneof![
        4 => (name(), what(), most).prop_map(|(name, what, most)| Step::Begin(name, what, most)),
        3 => (both(), place).prop_map(|((name, browser), place)| Step::Approach(name, browser, place)),
        4 => both().prop_map(|(name, browser)| Step::TakeCallback(name, browser)),
        4 => (name(), select(PEOPLE), any::<bool>()).prop_map(|(name, person, token)| Step::Identify(name, person, token)),
        1 => name().prop_map(Step::Fail),
        4 => (both(), any::<bool>()).prop_map(|((name, browser), remember)| Step::Allow(name, browser, remember)),
        1 => both().prop_map(|(name, browser)| Step::Deny(name, browser)),
        5 => (name(), what()).prop_map(|(name, what)| Step::Redeem(name, what)),
        5 => (0..3usize, select(&[0usize, 0, 0, 1, 5][..])).prop_map(|(session, turns)| Step::Rotate(session, turns)),
        1 => (0..4usize).prop_map(Step::Revoke),
        1 => select(PEOPLE).prop_map(Step::RemoveUser),
        1 => Just(Step::Sweep),
        3 => select(&[1i64, 1, 1, 30, 30, 60, 600, 9_000][..]).prop_map(Step::Wait),
    ]
}

/// Puts stores through it.
pub(crate) fn run<K>(made: impl Fn() -> (K, AnyStore)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(96)
    });
    let outcome = runner.run(&vec(steps(), 1..60), |steps| {
        let (_kept, store) = made();
        let mut machine = Machine {
            store,
            model: Model::default(),
            now: 0,
            drawn: 0,
            secrets: Vec::new(),
        };
        runtime.block_on(async {
            for step in steps.into_iter().flatten() {
                machine.take(step).await?;
                machine.look().await?;
            }
            Ok(())
        })
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

struct Machine {
    store: AnyStore,
    model: Model,
    now: i64,
    /// For names that are drawn at random elsewhere.
    drawn: usize,
    /// The secrets of each client's session, oldest first.
    secrets: Vec<(String, Vec<String>)>,
}

impl Machine {
    fn now(&self) -> Timestamp {
        at(self.now)
    }

    fn draw(&mut self) -> String {
        self.drawn += 1;
        format!("drawn {}", self.drawn)
    }

    /// Where a browser is that signed in before, if one did.
    fn signed_in(&self) -> Option<Stage> {
        let held = self
            .model
            .sessions
            .iter()
            .rev()
            .find(|held| held.session.kind == SessionKind::Browser)?;
        Some(Stage::Identified {
            user: held.session.user.clone(),
            session: held.session.id.clone(),
        })
    }

    fn new_login(&self, name: Name, what: What, most: u64) -> NewLogin {
        let mut new = match what {
            What::Device => new_device(name),
            What::Pairing => new_pairing(name, "pair"),
            What::Code | What::SignedIn => new_login(name, asked_for_code()),
        };
        if let (What::SignedIn, Some(stage)) = (what, self.signed_in()) {
            new.stage = stage;
        }
        new.request.at = self.now();
        new.expires_at = at(self.now + 600);
        new.most = most;
        new
    }

    async fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        let now = self.now();
        match step {
            Step::Begin(name, what, most) => {
                let new = self.new_login(name, what, most);
                let expected = self.model.begin(&new);
                prop_assert_eq!(self.store.begin(new).await, Ok(expected));
            }
            Step::Approach(name, by, place) => {
                let stage = match (place, self.signed_in()) {
                    (Where::Denied, _) => Stage::Denied,
                    (Where::SignedIn, Some(stage)) => stage,
                    // A state is drawn anew each time.
                    _ => at_upstream(&format!("{name} {}", self.draw())),
                };
                let approach = Approach {
                    user_code: user_code(name),
                    browser: browser(by),
                    stage,
                };
                let expected = self.model.approach(&approach, now);
                prop_assert_eq!(self.store.approach(approach, now).await, Ok(expected));
            }
            Step::TakeCallback(name, by) => {
                let state = self.state_of(name);
                let expected = self.model.take_callback(state, browser(by), now);
                let taken = self.store.take_callback(state, browser(by), now).await;
                prop_assert_eq!(taken, Ok(expected));
            }
            Step::Identify(name, person, token) => {
                let mut who = identify(name, person);
                let drawn = self.draw();
                who.new_user = UserId::known(&drawn);
                who.session = new_session(&drawn, SessionKind::Browser);
                who.session.expires_at = at(self.now + 10_000);
                who.upstream_token = token.then(|| b"token".to_vec());
                let expected = self.model.identify(&who, now);
                prop_assert_eq!(self.store.identify(who, now).await, Ok(expected));
            }
            Step::Fail(name) => {
                self.model.fail(&LoginKey::Id(LoginId::known(name)), now);
                prop_assert_eq!(self.store.fail(LoginId::known(name), now).await, Ok(()));
            }
            Step::Allow(name, by, remember) => {
                let with_code = self.asks_for_code(name);
                // A code is drawn anew each time, so one of an older login of the name is another.
                let drawn = self.draw();
                let decision = Decision::Allow {
                    code: with_code.then(|| code(&drawn)),
                    until: at(self.now + 60),
                    remember,
                };
                let yes = Decide {
                    browser: browser(by),
                    decision,
                    ..allow(name)
                };
                if self.decide(yes).await? && with_code {
                    self.secrets.push((format!("code of {name}"), vec![drawn]));
                }
            }
            Step::Deny(name, by) => {
                let no = Decide {
                    browser: browser(by),
                    ..deny(name)
                };
                self.decide(no).await?;
            }
            other => self.take_later(other).await?,
        }
        Ok(())
    }

    /// The steps of what a login has become.
    async fn take_later(&mut self, step: Step) -> Result<(), TestCaseError> {
        let now = self.now();
        match step {
            Step::Redeem(name, what) => {
                let drawn = self.draw();
                let kind = match what {
                    What::Pairing => SessionKind::Pairing,
                    _ => SessionKind::Client,
                };
                let key = self.key(name, what);
                let mut new = new_session(&drawn, kind);
                new.expires_at = at(self.now + 10_000);
                let expected = self.model.redeem(&key, &new, now);
                if matches!(expected, Redeemed::Now { .. }) {
                    self.secrets.push((drawn.clone(), vec![drawn]));
                }
                prop_assert_eq!(self.store.redeem(key, new, now).await, Ok(expected));
            }
            Step::Rotate(session, turns) => {
                let next = self.draw();
                let sessions = self
                    .secrets
                    .iter_mut()
                    .filter(|(name, _)| name.starts_with("drawn"));
                let Some((name, secrets)) = sessions.rev().nth(session) else {
                    return Ok(());
                };
                let shown = secrets.iter().rev().nth(turns).unwrap_or(&next).clone();
                let rotate = rotate(name, &shown, &next);
                let expected = self.model.rotate(&rotate, now);
                if matches!(expected, Rotated::Now(_)) {
                    secrets.push(next);
                }
                prop_assert_eq!(self.store.rotate(rotate, now).await, Ok(expected));
            }
            Step::Revoke(number) => {
                let held = self.model.sessions.iter().rev().nth(number);
                let id = held.map_or(SessionId::known("none"), |held| held.session.id.clone());
                let expected = self.model.revoke(&id, now);
                prop_assert_eq!(self.store.revoke_session(id, now).await, Ok(expected));
            }
            Step::RemoveUser(person) => {
                let user = self.model.users.iter().find(|user| user.subject == person);
                let id = user.map_or(UserId::known("none"), |user| user.id.clone());
                let expected = self.model.remove_user(&id);
                prop_assert_eq!(self.store.remove_user(id).await, Ok(expected));
            }
            Step::Sweep => {
                let expected = self.model.sweep(now);
                prop_assert_eq!(self.store.sweep(now, at(0)).await, Ok(expected));
            }
            Step::Wait(seconds) => self.now += seconds,
            other => panic!("{other:?}"),
        }
        Ok(())
    }

    /// Whether it was this decision.
    async fn decide(&mut self, decide: Decide) -> Result<bool, TestCaseError> {
        let now = self.now();
        let expected = self.model.decide(&decide, now);
        let by_this = matches!(expected, Decided::Now(_));
        prop_assert_eq!(self.store.decide(decide, now).await, Ok(expected));
        Ok(by_this)
    }

    fn asks_for_code(&self, name: &str) -> bool {
        let login = self
            .model
            .login(&LoginKey::Id(LoginId::known(name)), self.now());
        login.is_some_and(|login| matches!(login.request.asked, Asked::Code(_)))
    }

    /// The state of a login that is or was at the provider.
    fn state_of(&self, name: &str) -> crate::broker::digest::Digest {
        match self
            .model
            .login(&LoginKey::Id(LoginId::known(name)), self.now())
            .map(|login| login.stage)
        {
            Some(Stage::Upstream(at)) => at.state,
            _ => state(name),
        }
    }

    fn key(&self, name: &str, what: What) -> LoginKey {
        let wanted = format!("code of {name}");
        let drawn = self.secrets.iter().rev().find(|(of, _)| *of == wanted);
        match what {
            What::Device => LoginKey::Device(device_code(name)),
            What::Pairing => LoginKey::Pairing(paircode("pair")),
            What::Code => {
                let drawn = drawn.and_then(|(_, codes)| codes.first());
                LoginKey::Code(code(drawn.map_or(name, String::as_str)))
            }
            What::SignedIn => LoginKey::UserCode(user_code(name)),
        }
    }

    /// Everything that can be seen is the same.
    async fn look(&self) -> Result<(), TestCaseError> {
        let now = self.now();
        for name in NAMES {
            for key in [
                LoginKey::Id(LoginId::known(*name)),
                LoginKey::UpstreamState(self.state_of(name)),
                LoginKey::UserCode(user_code(name)),
                self.key(name, What::Code),
                self.key(name, What::Device),
                self.key(name, What::Pairing),
            ] {
                let expected = self.model.login(&key, now);
                prop_assert_eq!(self.store.login(key, now).await, Ok(expected));
            }
        }
        let filter = SessionFilter {
            limit: 1_000,
            ..SessionFilter::default()
        };
        let mut sessions = self.store.sessions(filter).await.unwrap();
        sessions.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        let mut expected: Vec<_> = self
            .model
            .sessions
            .iter()
            .map(|held| {
                let user = self
                    .model
                    .users
                    .iter()
                    .find(|user| user.id == held.session.user);
                (held.session.clone(), user.unwrap().clone())
            })
            .collect();
        expected.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        prop_assert_eq!(sessions, expected);
        let mut users = self.store.users(1_000).await.unwrap();
        users.sort_by(|one, other| one.id.cmp(&other.id));
        let mut expected = self.model.users.clone();
        expected.sort_by(|one, other| one.id.cmp(&other.id));
        prop_assert_eq!(&users, &expected);
        for user in users {
            let expected = self.model.consent(&user.id, "mytool");
            let consent = self.store.consent(user.id, "mytool".into()).await;
            prop_assert_eq!(consent, Ok(expected));
        }
        if let Some(held) = self.model.sessions.last() {
            let found = self
                .store
                .session(SessionKey::Handle(held.handle.unwrap_or(handle("none"))))
                .await;
            prop_assert_eq!(
                found.unwrap().map(|(session, _)| session),
                Some(held.session.clone())
            );
            let good = self
                .store
                .access_token("jti".into(), held.session.id.clone(), now)
                .await;
            prop_assert_eq!(good.unwrap().is_some(), held.session.is_alive(now));
        }
        Ok(())
    }
}
