//! What a store is, in the plainest way: lists in memory. Tests do the same to it and to a real one, and compare all that can be seen.

use oarlock_oauth::{Timestamp, scope::Scopes};

use crate::broker::{
    digest::Digest,
    id::{SessionId, UserId},
    login::{AtUpstream, Login, Stage},
    request::Asked,
    session::{NewSession, Session, SessionKind},
    store::{
        Approach, Begun, Decide, Decided, Decision, Identified, Identify, LoginKey, NewLogin,
        Redeemed, Rotate, Rotated, Swept, Taken,
    },
    user::User,
};

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Model {
    logins: Vec<Row>,
    pub(crate) sessions: Vec<Held>,
    pub(crate) users: Vec<User>,
    pub(crate) consents: Vec<(UserId, String, Scopes)>,
}

/// A login, and what is found by it beside.
#[derive(Clone, Debug)]
struct Row {
    login: Login,
    state: Option<Digest>,
    /// Who was identified last.
    user: Option<UserId>,
    device: Option<(Digest, Digest)>,
    code: Option<Digest>,
    token: Option<Vec<u8>>,
    kept_until: Timestamp,
}

/// A session, and what its holder shows.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) session: Session,
    pub(crate) handle: Option<Digest>,
    secret: Option<Digest>,
    code: Option<Digest>,
}

impl Row {
    fn word(&self) -> &'static str {
        self.login.stage.word()
    }

    fn is_alive(&self, now: Timestamp) -> bool {
        now < self.login.expires_at
    }

    fn pairing(&self) -> Option<[u8; 32]> {
        match self.login.request.asked {
            Asked::Pairing(paircode) => Some(paircode.0),
            _ => None,
        }
    }

    fn is_fetched_by_pairing(&self) -> bool {
        ["granted", "redeemed"].contains(&self.word())
    }

    fn has(&self, key: &LoginKey) -> bool {
        match key {
            LoginKey::Id(id) => self.login.id == *id,
            LoginKey::UpstreamState(state) => self.state == Some(*state),
            LoginKey::Code(code) => self.code == Some(*code),
            LoginKey::Device(device) => self.device.is_some_and(|(code, _)| code == *device),
            LoginKey::UserCode(user) => {
                let undecided = ["asked", "upstream", "exchanging", "identified"];
                self.device.is_some_and(|(_, code)| code == *user)
                    && undecided.contains(&self.word())
            }
            LoginKey::Pairing(paircode) => {
                self.pairing() == Some(paircode.0) && self.is_fetched_by_pairing()
            }
        }
    }

    fn enter(&mut self, stage: Stage) {
        self.state = match &stage {
            Stage::Upstream(AtUpstream { state, .. }) => Some(*state),
            _ => None,
        };
        self.user = match &stage {
            Stage::Identified { user, .. } => Some(user.clone()),
            _ => None,
        };
        self.login.stage = stage;
    }
}

impl Model {
    pub(crate) fn begin(&mut self, new: &NewLogin) -> Begun {
        let full = |model: &Self| model.logins.len() as u64 >= new.most;
        if full(self) {
            let before = self.logins.len();
            self.logins.retain(|row| row.kept_until > new.request.at);
            if self.logins.len() == before {
                let ended = ["redeemed", "denied", "failed"];
                self.logins.retain(|row| !ended.contains(&row.word()));
            }
        }
        if full(self) {
            return Begun::Full;
        }
        let mut row = Row {
            login: Login {
                id: new.id.clone(),
                request: new.request.clone(),
                stage: Stage::Asked,
                browser: new.browser,
                expires_at: new.expires_at,
            },
            state: None,
            user: None,
            device: new.device,
            code: None,
            token: None,
            kept_until: new.expires_at,
        };
        row.enter(new.stage.clone());
        let collides = self.logins.iter().any(|other| {
            other.login.id == row.login.id
                || (row.state.is_some() && other.state == row.state)
                || row
                    .device
                    .zip(other.device)
                    .is_some_and(|(new, old)| new.0 == old.0 || new.1 == old.1)
        });
        if collides {
            return Begun::Taken;
        }
        self.logins.push(row);
        Begun::Yes
    }

    pub(crate) fn approach(&mut self, approach: &Approach, now: Timestamp) -> Option<Login> {
        let row = self.logins.iter_mut().find(|row| {
            let its = row.login.browser == Some(approach.browser);
            row.is_alive(now)
                && row
                    .device
                    .is_some_and(|(_, code)| code == approach.user_code)
                && match row.word() {
                    "asked" => true,
                    "upstream" | "identified" => its,
                    _ => false,
                }
        })?;
        row.token = None;
        row.enter(approach.stage.clone());
        row.login.browser = Some(approach.browser);
        Some(row.login.clone())
    }

    pub(crate) fn login(&self, key: &LoginKey, now: Timestamp) -> Option<Login> {
        let row = self.logins.iter().find(|row| row.has(key))?;
        let there = match key {
            LoginKey::UpstreamState(_) => now < row.kept_until,
            _ => row.is_alive(now),
        };
        there.then(|| row.login.clone())
    }

    pub(crate) fn take_callback(
        &mut self,
        state: Digest,
        browser: Digest,
        now: Timestamp,
    ) -> Taken {
        let row = self.logins.iter_mut().find(|row| {
            row.state == Some(state) && row.login.browser == Some(browser) && now < row.kept_until
        });
        let Some(row) = row else {
            return Taken::Unknown;
        };
        let before = row.login.clone();
        if let Stage::Upstream(at) = &before.stage {
            row.login.stage = Stage::Exchanging {
                upstream: at.upstream.clone(),
            };
            return Taken::Now(before);
        }
        Taken::Before(before)
    }

    pub(crate) fn identify(&mut self, identify: &Identify, now: Timestamp) -> Option<Identified> {
        let row = self.logins.iter_mut().find(|row| {
            row.login.id == identify.login && row.word() == "exchanging" && row.is_alive(now)
        })?;
        let person = &identify.person;
        let known = self
            .users
            .iter_mut()
            .find(|user| user.provider == person.provider && user.subject == person.subject);
        let is_new = known.is_none();
        let user = match known {
            Some(user) => {
                user.profile = person.profile.clone();
                user.last_login = now;
                user.clone()
            }
            None => {
                let user = User {
                    id: identify.new_user.clone(),
                    provider: person.provider.clone(),
                    subject: person.subject.clone(),
                    profile: person.profile.clone(),
                    first_login: now,
                    last_login: now,
                };
                self.users.push(user.clone());
                user
            }
        };
        row.login.stage = Stage::Identified {
            user: user.id.clone(),
            session: identify.session.id.clone(),
        };
        row.user = Some(user.id.clone());
        row.token = identify.upstream_token.clone();
        let login = row.login.clone();
        self.hold(&identify.session, &user.id, None, now, now);
        let consent = login
            .request
            .asked
            .client_id()
            .and_then(|client| self.consent(&user.id, client));
        Some(Identified {
            login,
            user,
            consent,
            is_new,
        })
    }

    fn hold(
        &mut self,
        new: &NewSession,
        user: &UserId,
        bought: Option<(&Row, Option<Digest>)>,
        auth_time: Timestamp,
        now: Timestamp,
    ) -> Session {
        let asked = bought.as_ref().map(|(row, _)| &row.login.request.asked);
        let session = Session {
            id: new.id.clone(),
            user: user.clone(),
            kind: new.kind,
            client_id: asked
                .and_then(Asked::client_id)
                .unwrap_or_default()
                .to_owned(),
            scopes: asked.map(Asked::scopes).unwrap_or_default(),
            resources: match asked {
                Some(Asked::Code(request)) => request.resources.clone(),
                _ => Vec::new(),
            },
            auth_time,
            created_at: now,
            last_used_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            from: new.from,
        };
        self.sessions.push(Held {
            session: session.clone(),
            handle: new.handle,
            secret: new.secret,
            code: bought.and_then(|(_, code)| code),
        });
        session
    }

    pub(crate) fn consent(&self, user: &UserId, client: &str) -> Option<Scopes> {
        let found = self
            .consents
            .iter()
            .find(|(of, id, _)| of == user && id == client);
        found.map(|(_, _, scopes)| scopes.clone())
    }

    pub(crate) fn fail(&mut self, key: &LoginKey, now: Timestamp) {
        for row in &mut self.logins {
            if row.has(key) && row.is_alive(now) && ["upstream", "exchanging"].contains(&row.word())
            {
                row.login.stage = Stage::Failed;
            }
        }
    }

    pub(crate) fn decide(&mut self, decide: &Decide, now: Timestamp) -> Decided {
        let found = self.logins.iter().position(|row| {
            row.login.id == decide.login
                && row.login.browser == Some(decide.browser)
                && now < row.kept_until
        });
        let Some(index) = found else {
            return Decided::Unknown;
        };
        let Stage::Identified { user, session } = self.logins[index].login.stage.clone() else {
            return Decided::Before(self.logins[index].login.clone());
        };
        let alive = self.sessions.iter().find(|held| {
            held.session.id == session && held.session.is_alive(now) && held.session.user == user
        });
        let auth_time = alive.map(|held| held.session.auth_time);
        let pairing = self.logins[index].pairing();
        let earlier = self.logins.iter().any(|row| {
            pairing.is_some() && row.pairing() == pairing && row.is_fetched_by_pairing()
        });
        let row = &mut self.logins[index];
        match (&decide.decision, auth_time) {
            (Decision::Deny, _) => {
                row.login.stage = Stage::Denied;
                row.token = None;
            }
            _ if earlier => return Decided::Before(row.login.clone()),
            (Decision::Allow { .. }, None) => return Decided::Unknown,
            (
                Decision::Allow {
                    code,
                    until,
                    remember,
                },
                Some(auth_time),
            ) => {
                row.login.stage = Stage::Granted {
                    user: user.clone(),
                    auth_time,
                    upstream_token: row.token.clone(),
                };
                row.code = *code;
                row.login.expires_at = *until;
                row.kept_until = row.kept_until.max(*until);
                let asked = row.login.request.asked.clone();
                if let (true, Some(client)) = (*remember, asked.client_id()) {
                    let mut scopes = self.consent(&user, client).unwrap_or_default();
                    asked.scopes().iter().for_each(|scope| scopes.insert(scope));
                    self.consents
                        .retain(|(of, id, _)| *of != user || id != client);
                    self.consents.push((user, client.to_owned(), scopes));
                }
            }
        }
        Decided::Now(self.logins[index].login.clone())
    }

    pub(crate) fn redeem(&mut self, key: &LoginKey, new: &NewSession, now: Timestamp) -> Redeemed {
        let by_code = match key {
            LoginKey::Code(code) => Some(*code),
            LoginKey::Device(_) | LoginKey::Pairing(_) => None,
            _ => return Redeemed::Nothing,
        };
        let found = self
            .logins
            .iter()
            .position(|row| row.has(key) && row.word() == "granted" && row.is_alive(now));
        let Some(index) = found else {
            let bought = self
                .sessions
                .iter_mut()
                .find(|held| by_code.is_some() && held.code == by_code);
            return bought.map_or(Redeemed::Nothing, |held| {
                held.session.revoked_at = held.session.revoked_at.or(Some(now));
                Redeemed::Replayed {
                    session: held.session.id.clone(),
                }
            });
        };
        let row = self.logins[index].clone();
        let Stage::Granted {
            user, auth_time, ..
        } = &row.login.stage
        else {
            unreachable!()
        };
        self.logins[index].login.stage = Stage::Redeemed {
            session: new.id.clone(),
        };
        let session = self.hold(new, user, Some((&row, by_code)), *auth_time, now);
        let user = self
            .users
            .iter()
            .find(|known| known.id == *user)
            .unwrap()
            .clone();
        Redeemed::Now {
            session,
            user,
            login: row.login,
        }
    }

    pub(crate) fn rotate(&mut self, rotate: &Rotate, now: Timestamp) -> Rotated {
        let held = self.sessions.iter_mut().find(|held| {
            held.handle == Some(rotate.handle)
                && held.session.kind == SessionKind::Client
                && held.session.client_id == rotate.client_id
                && held.session.is_alive(now)
        });
        let Some(held) = held else {
            return Rotated::Unknown;
        };
        if held.secret != Some(rotate.secret) {
            held.session.revoked_at = Some(now);
            return Rotated::Reused(held.session.id.clone());
        }
        held.secret = Some(rotate.next);
        held.session.last_used_at = now;
        held.session.expires_at = rotate.expires_at;
        let session = held.session.clone();
        let user = self
            .users
            .iter()
            .find(|user| user.id == session.user)
            .unwrap();
        Rotated::Now(Box::new((session, user.clone())))
    }

    pub(crate) fn revoke(&mut self, id: &SessionId, now: Timestamp) -> Option<Session> {
        let held = self
            .sessions
            .iter_mut()
            .find(|held| held.session.id == *id)?;
        let before = held.session.clone();
        held.session.revoked_at = before.revoked_at.or(Some(now));
        Some(before)
    }

    pub(crate) fn remove_user(&mut self, user: &UserId) -> bool {
        let before = self.users.len();
        self.users.retain(|known| known.id != *user);
        self.consents.retain(|(of, _, _)| of != user);
        self.logins.retain(|row| row.user.as_ref() != Some(user));
        self.sessions.retain(|held| held.session.user != *user);
        self.users.len() < before
    }

    pub(crate) fn sweep(&mut self, now: Timestamp) -> Swept {
        let (logins, sessions) = (self.logins.len(), self.sessions.len());
        self.logins.retain(|row| row.kept_until > now);
        self.sessions.retain(|held| held.session.expires_at > now);
        Swept {
            logins: (logins - self.logins.len()) as u64,
            sessions: (sessions - self.sessions.len()) as u64,
            ..Swept::default()
        }
    }
}
