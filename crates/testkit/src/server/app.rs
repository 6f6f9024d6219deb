//! What the handlers share.
use super::{
    answer::{self, Encoding, Refusal},
    devices::Devices,
    endpoint::Endpoint,
    fault_set::Faults,
    faults::Fault,
    grants::{Grants, Issue},
    interactions::Interactions,
    keys::SigningKey,
    parties::{Client, User},
    record::Records,
};
use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use oarlock_io::Clock;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How the server was built.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) access_token_lifetime: Duration,
    pub(crate) refresh_rotation: bool,
    pub(crate) pkce_required: bool,
    pub(crate) device_interval: Duration,
    pub(crate) device_lifetime: Duration,
    pub(crate) users: Vec<User>,
    pub(crate) absent: BTreeSet<Endpoint>,
    /// The client that a broker has ready, and the path of its page that shows codes.
    pub(crate) built_in: Option<(String, String)>,
}

/// What changes. One lock, held for one step of one request.
pub(crate) struct Store {
    pub(crate) clients: BTreeMap<String, Client>,
    pub(crate) grants: Grants,
    pub(crate) devices: Devices,
    pub(crate) interactions: Interactions,
}

pub(crate) struct App {
    /// Without a slash at the end, as the metadata names it.
    pub(crate) issuer: String,
    /// The other origin, without a slash at the end.
    pub(crate) elsewhere: String,
    pub(crate) settings: Settings,
    pub(crate) key: SigningKey,
    /// A key that is in no set.
    pub(crate) foreign_key: SigningKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Mutex<Store>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) records: Mutex<Records>,
}

/// How fast the clock is with `clock-fast`.
const FAST: SignedDuration = SignedDuration::from_mins(10);

/// A code lives so long (RFC 6749, section 4.1.2 recommends ten minutes at most).
pub(crate) const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// Locks; a panic elsewhere does not take the server with it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl App {
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    /// Whether a fault is on at this place; counts it as shown.
    pub(crate) fn shows(&self, fault: Fault, place: Endpoint) -> bool {
        self.shown(fault, place).is_some()
    }

    /// The same with the fault's value.
    pub(crate) fn shown(&self, fault: Fault, place: Endpoint) -> Option<Fault> {
        lock(&self.faults).show(&fault, place)
    }

    /// True time, by which tokens live and die.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time that the server tells others.
    pub(crate) fn told_time(&self, place: Endpoint) -> Timestamp {
        let now = self.now();
        if self.shows(Fault::ClockFast, place) {
            now.checked_add(FAST).unwrap_or(now)
        } else {
            now
        }
    }

    /// `now` and `lifetime`, as far as time goes.
    pub(crate) fn after(&self, lifetime: Duration) -> Timestamp {
        self.now().checked_add(lifetime).unwrap_or(Timestamp::MAX)
    }

    /// A name that cannot be guessed, with a prefix that says what it names.
    pub(crate) fn random(&self, prefix: &str) -> io::Result<String> {
        let random = oarlock_io::entropy::random()?;
        Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// The client's name for people.
    pub(crate) fn client_name(&self, client_id: &str, place: Endpoint) -> String {
        if self.shows(Fault::HostileClientName, place) {
            return HOSTILE.to_owned();
        }
        let store = self.store();
        let client = store.clients.get(client_id);
        client.map_or_else(|| client_id.to_owned(), |client| client.name.clone())
    }

    pub(crate) fn user(&self, login: &str) -> Option<&User> {
        self.settings.users.iter().find(|user| user.login == login)
    }

    /// Remembers tokens.
    pub(crate) fn issue(&self, issue: Issue) {
        self.store().grants.issue(issue);
    }

    /// A refusal as an answer.
    pub(crate) fn refuse(&self, place: Endpoint, mut refusal: Refusal) -> Response {
        if self.shows(Fault::HostileErrorDescription, place) {
            refusal.description = HOSTILE.to_owned();
        }
        let mut status = refusal.status;
        let mut challenge = refusal.challenge_value();
        if self.shows(Fault::ErrorWith200, place) {
            status = StatusCode::OK;
            challenge = None;
        }
        let response = answer::object(status, refusal.members(), self.encoding(place));
        match challenge {
            Some(value) => answer::with_header(response, header::WWW_AUTHENTICATE, value),
            None => response,
        }
    }

    /// How this place writes objects.
    pub(crate) fn encoding(&self, place: Endpoint) -> Encoding {
        if self.shows(Fault::FormTokenResponse, place) {
            Encoding::Form
        } else {
            Encoding::Json
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::server(error.to_string())
    }
}

/// Text that does harm where it is shown as it is: ANSI escapes, a bidi override, a line break
/// that would make a header, HTML.
pub const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}gnp.exe\u{202c}\r\nX-Injected: yes\n<script>alert(1)</script>&\"'";
