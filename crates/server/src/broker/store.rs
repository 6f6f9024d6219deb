//! Where everything is kept, in atomic verbs of the domain. Every verb is one transaction: it happened or it did not.
//!
//! What is kept of secrets is digests, or sealed. Times are given, never asked for. A verb that ends a stage says whether it was this
//! call that ended it, so that of two callers exactly one goes on.

mod migrations;
pub mod sqlite;
mod statements;
#[cfg(test)]
mod tests;

use std::{fmt::Debug, future::Future, pin::Pin};

use oarlock_oauth::{Timestamp, authorization_server::paircode::PaircodeDigest, scope::Scopes};

use super::{
    clients::RegisteredClient,
    digest::Digest,
    id::{LoginId, SessionId, UserId},
    login::{Login, Stage},
    request::LoginRequest,
    session::{NewSession, Session},
    user::{Person, User},
};

/// What a verb answers.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Why a verb did not happen. Nothing was changed.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// It may work in a while: busy, full disk, no connection.
    #[error("the store cannot be used now: {0}")]
    Unavailable(String),
    /// It will not work by itself: damaged, of a newer version, not ours.
    #[error("the store is of no use: {0}")]
    Broken(String),
}

/// The store.
pub trait Store: Send + Sync + Debug {
    // Logins

    /// Puts a login under way in. `Full`: there are as many as there may be; nobody who is under way is put out for it.
    fn begin(&self, login: NewLogin) -> Answer<'_, Begun>;
    /// Moves a device's login on, when its browser comes: from `Asked`, or from `Upstream` or `Identified` by the same browser.
    /// `None`: it is not there, over, or another browser's.
    fn approach(&self, approach: Approach, now: Timestamp) -> Answer<'_, Option<Login>>;
    /// Looks at a login, if it has not expired.
    fn login(&self, key: LoginKey, now: Timestamp) -> Answer<'_, Option<Login>>;
    /// `Upstream` → `Exchanging`, by the browser that started.
    fn take_callback(&self, state: Digest, browser: Digest, now: Timestamp) -> Answer<'_, Taken>;
    /// `Exchanging` → `Identified`: the person's row is made or brought up to date, and the browser signed in. `None`: it is over.
    /// With `upstream_token`: a sealed token of the provider is laid by, for `decide` to hand on.
    fn identify(&self, identify: Identify, now: Timestamp) -> Answer<'_, Option<Identified>>;
    /// `Upstream` or `Exchanging` → `Failed`.
    fn fail(&self, login: LoginId, now: Timestamp) -> Answer<'_, ()>;
    /// `Identified` → `Granted` or `Denied`, by the browser that started. Only who is still signed in can agree: the browser's session is alive.
    /// Agreeing can be remembered for the client, beside what was agreed to before.
    fn decide(&self, decide: Decide, now: Timestamp) -> Answer<'_, Decided>;
    /// `Granted` → `Redeemed`: makes the session. A login that was redeemed before says so and has its session revoked (`Code` alone).
    fn redeem(&self, key: LoginKey, session: NewSession, now: Timestamp) -> Answer<'_, Redeemed>;

    // Sessions

    /// Looks at a session and its user, alive or not.
    fn session(&self, key: SessionKey) -> Answer<'_, Option<(Session, User)>>;
    /// Changes the secret half of a refresh token. A secret that is not the session's present one revokes the session.
    fn rotate(&self, rotate: Rotate, now: Timestamp) -> Answer<'_, Rotated>;
    /// Notes (to the minute) that a session was used.
    fn touch(&self, session: SessionId, now: Timestamp) -> Answer<'_, ()>;
    /// Ends a session. `None`: there is none; else as it was before.
    fn revoke_session(&self, session: SessionId, now: Timestamp) -> Answer<'_, Option<Session>>;
    /// Ends one access token before its time (RFC 7009); remembered until it would have expired.
    fn revoke_access_token(&self, id: String, until: Timestamp) -> Answer<'_, ()>;
    /// The session and user of an access token that is good still: not revoked itself, nor its session.
    fn access_token(
        &self,
        id: String,
        session: SessionId,
        now: Timestamp,
    ) -> Answer<'_, Option<(Session, User)>>;
    /// Sessions, newest first.
    fn sessions(&self, filter: SessionFilter) -> Answer<'_, Vec<(Session, User)>>;

    // People and their consent

    /// Looks a person up, by id.
    fn user(&self, user: UserId) -> Answer<'_, Option<User>>;
    /// People, last seen first; after this one, so many.
    fn users(&self, limit: u32) -> Answer<'_, Vec<User>>;
    /// Removes a person with sessions and consent. `false`: there is none.
    fn remove_user(&self, user: UserId) -> Answer<'_, bool>;
    /// What a person agreed to before for a client.
    fn consent(&self, user: UserId, client_id: String) -> Answer<'_, Option<Scopes>>;

    // Clients

    /// Keeps a registered client. `Full`: there are as many as there may be.
    fn register(&self, client: RegisteredClient, most: u64) -> Answer<'_, Begun>;
    /// Looks a registered client up, and notes (to the hour) that it was used.
    fn client(&self, client_id: String, now: Timestamp) -> Answer<'_, Option<RegisteredClient>>;

    // Keys

    /// The key ring, where it is kept here: its version and text.
    fn keyring(&self) -> Answer<'_, Option<(i64, String)>>;
    /// Puts it in the place of that version (0: there was none). `false`: somebody else was first.
    fn replace_keyring(&self, version: i64, text: String) -> Answer<'_, bool>;

    // The rest

    /// Whether it can be read and written.
    fn ready(&self) -> Answer<'_, ()>;
    /// Removes what has expired: logins (a redeemed code stays with its session), sessions, tokens; clients that nobody used for so long.
    fn sweep(&self, now: Timestamp, unused_clients_before: Timestamp) -> Answer<'_, Swept>;
}

/// A login to put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLogin {
    /// Its name.
    pub id: LoginId,
    /// What is asked.
    pub request: LoginRequest,
    /// `Asked`, `Upstream` or `Identified`.
    pub stage: Stage,
    /// The browser.
    pub browser: Option<Digest>,
    /// Device code and user code.
    pub device: Option<(Digest, Digest)>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// As many logins there may be at once.
    pub most: u64,
}

/// Whether there was room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Begun {
    /// It is in.
    Yes,
    /// There is no room.
    Full,
    /// A code that is taken: try another.
    Taken,
}

/// What a login is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginKey {
    /// Its name. It says nothing of who asks: compare the browser.
    Id(LoginId),
    /// What came back from the provider, whatever the stage, and for as long as the login was to last at first: its page can be asked for again.
    UpstreamState(Digest),
    /// An authorization code.
    Code(Digest),
    /// A device code.
    Device(Digest),
    /// A user code; only while it waits for its browser or the decision.
    UserCode(Digest),
    /// A paircode; only once it is granted, or redeemed.
    Pairing(PaircodeDigest),
}

/// A browser that comes for a device's login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approach {
    /// Which login.
    pub user_code: Digest,
    /// Which browser.
    pub browser: Digest,
    /// `Upstream`, `Identified` or `Denied`.
    pub stage: Stage,
}

/// Whose callback it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// This caller's: the login as it was at the provider (stage `Upstream`).
    Now(Login),
    /// The same browser came before: as it is now, for as long as it was to last at first.
    Before(Login),
    /// Nobody's, expired, or another browser's: the answer is the same.
    Unknown,
}

/// Who came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identify {
    /// Which login.
    pub login: LoginId,
    /// Who.
    pub person: Person,
    /// An id for them, if they are new.
    pub new_user: UserId,
    /// The browser's session.
    pub session: NewSession,
    /// A token of the provider, sealed.
    pub upstream_token: Option<Vec<u8>>,
}

/// Who it is, and what they agreed to before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// The login, in stage `Identified`.
    pub login: Login,
    /// Who.
    pub user: User,
    /// What they agreed to before for this client; `None`: nothing.
    pub consent: Option<Scopes>,
    /// Whether they came for the first time.
    pub is_new: bool,
}

/// What a person decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decide {
    /// Which login.
    pub login: LoginId,
    /// In which browser.
    pub browser: Digest,
    /// Yes or no.
    pub decision: Decision,
}

/// Yes or no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow {
        /// The authorization code, where there is one.
        code: Option<Digest>,
        /// Until when it can be fetched.
        until: Timestamp,
        /// Whether it is remembered for this client and these scopes.
        remember: bool,
    },
    /// No.
    Deny,
}

/// How a decision was taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// By this call: the login in its new stage.
    Now(Login),
    /// Before: as it is. For a pairing also: another login of the same paircode was first.
    Before(Login),
    /// Not there, expired, another browser's, or its person is no longer signed in.
    Unknown,
}

/// What a program gets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is mostly the large one, and goes once from hand to hand"
)]
pub enum Redeemed {
    /// The session, made by this call; and the login as it was in stage `Granted`.
    Now {
        /// The session.
        session: Session,
        /// Whose.
        user: User,
        /// What was asked and granted.
        login: Login,
    },
    /// It was redeemed before. For a code: the session that it bought is revoked now.
    Replayed {
        /// What it bought.
        session: SessionId,
    },
    /// Nothing is granted under this key (look at the login for why).
    Nothing,
}

/// What a session is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionKey {
    /// Its name.
    Id(SessionId),
    /// What its holder shows.
    Handle(Digest),
}

/// A refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotate {
    /// The family's digest.
    pub handle: Digest,
    /// The digest of the secret that was shown.
    pub secret: Digest,
    /// The next one's.
    pub next: Digest,
    /// Who shows it: another client's refresh token is unknown.
    pub client_id: String,
    /// When the session ends now.
    pub expires_at: Timestamp,
}

/// How a refresh went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The new secret is the session's.
    Now(Box<(Session, User)>),
    /// The secret was an old one: the session is revoked now.
    Reused(SessionId),
    /// No such session for this client, or it has ended.
    Unknown,
}

/// Which sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Of this person alone.
    pub user: Option<UserId>,
    /// Those alone that are alive at this time.
    pub alive_at: Option<Timestamp>,
    /// So many at most.
    pub limit: u32,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Logins.
    pub logins: u64,
    /// Sessions.
    pub sessions: u64,
    /// Revoked access tokens that expired.
    pub access_tokens: u64,
    /// Clients that nobody used.
    pub clients: u64,
}
