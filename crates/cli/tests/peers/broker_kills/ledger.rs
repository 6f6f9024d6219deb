//! What everybody was told, together: what is there once must not be there twice.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    sync::{Mutex, MutexGuard},
};

use oarlock_io::{Clock as _, SystemClock};
use oarlock_oauth::{
    endpoint::Issuer,
    id_token,
    jwks::KeySet,
    profile::ProviderProfile,
    secret::{IdToken, Nonce},
};
use oarlock_server::broker::{
    session::SessionKind,
    store::{SessionFilter, Store as _, sqlite::SqliteStore},
};
use serde_json::Value;

use super::holding::claims;

#[derive(Default)]
pub(super) struct Ledger(Mutex<Told>);

#[derive(Default)]
struct Told {
    tally: BTreeMap<String, usize>,
    /// The server's id of each person of the provider.
    users: HashMap<String, String>,
    /// The session that each program got, by its address; none where the program cannot know.
    granted: HashMap<Ipv4Addr, Option<String>>,
    /// Ids of access tokens, and refresh tokens.
    issued: HashSet<String>,
    id_tokens: Vec<(String, String, Option<String>)>,
    /// Published keys, by id.
    keys: HashMap<String, Value>,
}

impl Ledger {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap()
    }

    pub(super) fn count(&self, what: &str) {
        *self.told().tally.entry(what.to_owned()).or_default() += 1;
    }

    /// A person is one user, whatever happens.
    #[track_caller]
    pub(super) fn user(&self, subject: &str, user: &str) {
        let mut told = self.told();
        let known = told.users.entry(subject.to_owned());
        assert_eq!(known.or_insert_with(|| user.to_owned()), user, "{subject}");
    }

    /// A login's program got its session.
    #[track_caller]
    pub(super) fn granted(&self, program: Ipv4Addr, session: Option<&str>) {
        let before = self
            .told()
            .granted
            .insert(program, session.map(str::to_owned));
        assert_eq!(before, None, "two sessions for {program}");
    }

    #[track_caller]
    pub(super) fn issued(&self, access: &str, refresh: &str) {
        let id = claims(access)["jti"].as_str().unwrap().to_owned();
        let mut told = self.told();
        assert!(told.issued.insert(id), "an access token was issued twice");
        assert!(
            told.issued.insert(refresh.to_owned()),
            "a refresh token was issued twice"
        );
    }

    pub(super) fn id_token(&self, token: String, client: &str, nonce: Option<&str>) {
        let nonce = nonce.map(str::to_owned);
        self.told()
            .id_tokens
            .push((token, client.to_owned(), nonce));
    }

    /// Published keys stay, and stay what they are.
    #[track_caller]
    pub(super) fn keys(&self, published: &Value) {
        let published = published["keys"].as_array().unwrap();
        let by_id = published.iter().map(|key| {
            let id = key["kid"].as_str().unwrap().to_owned();
            (id, key.clone())
        });
        let by_id: HashMap<_, _> = by_id.collect();
        let mut told = self.told();
        assert!(!by_id.is_empty());
        for (id, key) in &told.keys {
            assert_eq!(by_id.get(id), Some(key), "a key is gone");
        }
        told.keys = by_id;
    }

    /// Whatever was signed before a kill verifies after it.
    #[track_caller]
    pub(super) fn id_tokens_verify(&self, issuer: &str, published: &Value) {
        self.keys(published);
        let keys = KeySet::parse(published.to_string().as_bytes()).unwrap();
        let told = self.told();
        assert!(told.id_tokens.len() > 20);
        for (token, client, nonce) in &told.id_tokens {
            let mut profile = ProviderProfile::named("broker");
            profile.issuer = Some(Issuer::parse(issuer).unwrap());
            profile.client_id = Some(client.clone());
            let (token, nonce) = (IdToken::new(token), nonce.as_deref().map(Nonce::new));
            let now = SystemClock.now();
            id_token::check(&token, &profile, &keys, nonce.as_ref(), now).unwrap();
        }
    }

    /// The store has every user and session that somebody was told of; and of each login one session, told or not.
    #[track_caller]
    pub(super) fn agrees_with(&self, store: &Path) {
        let store = SqliteStore::open(store).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let filter = SessionFilter {
            limit: 1_000_000,
            ..SessionFilter::default()
        };
        let sessions = runtime.block_on(store.sessions(filter)).unwrap();
        let users = runtime.block_on(store.users(1_000_000)).unwrap();
        let told = self.told();
        let mut of_programs: HashMap<IpAddr, Vec<String>> = HashMap::new();
        for (session, _) in &sessions {
            if session.kind != SessionKind::Browser {
                let known = of_programs.entry(session.from).or_default();
                known.push(session.id.to_string());
            }
        }
        for (program, sessions) in &of_programs {
            assert_eq!(
                sessions.len(),
                1,
                "a login of {program} bought {sessions:?}"
            );
        }
        for (program, session) in &told.granted {
            let kept = of_programs.get(&IpAddr::V4(*program));
            let kept = kept.unwrap_or_else(|| panic!("the session of {program} is gone"));
            assert!(session.as_ref().is_none_or(|session| kept[0] == *session));
        }
        let kept: BTreeSet<_> = users
            .iter()
            .map(|user| (user.subject.clone(), user.id.to_string()))
            .collect();
        assert_eq!(kept.len(), users.len());
        let known: BTreeSet<_> = told.users.clone().into_iter().collect();
        assert!(known.is_subset(&kept), "{known:?}, {kept:?}");
        let subjects: BTreeSet<_> = kept.iter().map(|(subject, _)| subject).collect();
        assert_eq!(subjects.len(), kept.len(), "a person twice: {kept:?}");
    }

    /// Insists that all of these happened so often, or the rules would have stood for nothing.
    #[track_caller]
    pub(super) fn has(&self, events: &[(&str, usize)], seed: u64) {
        let told = self.told();
        for (event, least) in events {
            let times = told.tally.get(*event).copied().unwrap_or_default();
            assert!(times >= *least, "seed {seed}: {event}: {times}");
        }
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.told();
        told.tally
            .iter()
            .try_for_each(|(what, times)| writeln!(f, "{times:>6} {what}"))
    }
}
