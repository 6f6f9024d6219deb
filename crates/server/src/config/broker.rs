//! The broker's part of the configuration: values that were read, merged and checked before anything is opened.

use std::{fmt, path::PathBuf, time::Duration};

use oarlock_io::HttpConfig;
use oarlock_oauth::{
    authorization_server::client::ClientMetadata, profile::ProviderProfile, scope::Scopes,
    secret::ClientSecret,
};

use crate::{
    digest::{Digest, Purpose},
    person::Person,
};

/// A whole broker.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// Who knows the people; at least one.
    pub upstreams: Vec<UpstreamConfig>,
    /// Where everything is kept.
    pub store: StoreConfig,
    /// Keys.
    pub keys: KeysConfig,
    /// Clients of the configuration.
    pub clients: Vec<ClientConfig>,
    /// Whether clients may register themselves.
    pub registration: RegistrationPolicy,
    /// Whether a client id may be the address of its metadata.
    pub metadata_documents: bool,
    /// The older face.
    pub pairing: Option<PairingConfig>,
    /// Scopes that can be had, beside `openid`, `profile`, `email` and `offline_access`.
    pub scopes: Scopes,
    /// Resources that tokens can be for (RFC 8707); empty: any.
    pub resources: Vec<String>,
    /// How long everything lasts.
    pub lifetimes: Lifetimes,
    /// How much of everything there may be.
    pub limits: BrokerLimits,
    /// Where the audit log goes.
    pub audit: AuditConfig,
    /// How providers and clients' documents are reached.
    pub network: HttpConfig,
}

/// One upstream.
#[derive(Clone, Debug)]
pub struct UpstreamConfig {
    /// Its name: in forms, in the store, in the audit log.
    pub name: String,
    /// What it is.
    pub kind: UpstreamKind,
    /// Who may come in by it; empty: whoever it knows. `*@example.com`, `somebody@example.com` (addresses that the provider says are verified), `sub:1234`.
    pub allow: Vec<String>,
    /// How long it may take to answer, for each request.
    pub deadline: Duration,
    /// Whether its access token is handed out to programs of the older face.
    pub hand_out_tokens: bool,
}

/// What an upstream is.
#[derive(Clone, Debug)]
pub enum UpstreamKind {
    /// A provider; its profile may lack what metadata has.
    Provider(Box<ProviderProfile>),
    /// Whoever is picked from this list. Loopback alone.
    Dev(Vec<Person>),
}

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreConfig {
    /// A file of SQLite, made 0600 in a directory of ours.
    Sqlite(PathBuf),
}

/// Keys.
#[derive(Clone)]
pub struct KeysConfig {
    /// Where they are kept.
    pub home: KeysHome,
    /// What new ones are.
    pub algorithm: Algorithm,
    /// How often a new one is made.
    pub rotate_every: Duration,
    /// How long a key is published before it signs.
    pub publish_before: Duration,
    /// How long it is published after: the longest life of what it signs.
    pub publish_after: Duration,
    /// A key of the operator's for providers' tokens that are kept.
    pub upstream_tokens: Option<zeroize::Zeroizing<[u8; 32]>>,
}

/// Where keys are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysHome {
    /// A file, 0600.
    File(PathBuf),
    /// The store: for several instances.
    Store,
}

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256: what every library knows.
    #[default]
    Es256,
    /// Ed25519.
    EdDsa,
}

/// A client of the configuration.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// `client_id`.
    pub id: String,
    /// What it is.
    pub metadata: ClientMetadata,
    /// Digest of its secret.
    pub secret: Option<Digest>,
    /// Whether the operator answers for it: consent is not asked.
    pub trusted: bool,
}

/// Whether clients may register themselves (RFC 7591).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Never.
    Off,
    /// Whoever comes, within limits.
    Open,
    /// Who has one of these initial access tokens.
    Token(Vec<Digest>),
}

/// The older face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairingConfig {
    /// What `/token?paircode=` answers.
    pub returns: PairingReturns,
}

/// What a program of the older face gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PairingReturns {
    /// The user's id.
    #[default]
    Identity,
    /// The provider's access token.
    AccessToken,
}

/// How long everything lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// A login, from the first page to the last.
    pub login: Duration,
    /// An authorization code.
    pub code: Duration,
    /// A device code, and a login of the older face from `/cli_login` on.
    pub device: Duration,
    /// Between two polls of a device.
    pub device_interval: Duration,
    /// An access token.
    pub access_token: Duration,
    /// An ID token.
    pub id_token: Duration,
    /// A program's session that is not refreshed.
    pub session: Duration,
    /// A browser's session.
    pub browser_session: Duration,
    /// A registered client that nobody uses.
    pub unused_client: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            login: 10 * MINUTE,
            code: MINUTE,
            device: 15 * MINUTE,
            device_interval: Duration::from_secs(5),
            access_token: 10 * MINUTE,
            id_token: 10 * MINUTE,
            session: 90 * DAY,
            browser_session: DAY,
            unused_client: 90 * DAY,
        }
    }
}

/// How much of everything there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerLimits {
    /// Logins under way.
    pub logins: u64,
    /// Clients that registered themselves.
    pub clients: u64,
    /// Registrations of one address and hour.
    pub registrations_per_hour: u32,
    /// Logins that one address may start a minute.
    pub logins_per_minute: u32,
    /// Wrong user codes of one address in ten minutes.
    pub user_code_tries: u32,
    /// Wrong codes, refresh tokens and client secrets of one address a minute.
    pub misses_per_minute: u32,
    /// Logins that wait for one provider's answer.
    pub exchanges: usize,
}

impl Default for BrokerLimits {
    fn default() -> Self {
        Self {
            logins: 100_000,
            clients: 10_000,
            registrations_per_hour: 20,
            logins_per_minute: 120,
            user_code_tries: 5,
            misses_per_minute: 60,
            exchanges: 256,
        }
    }
}

/// Where the audit log goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AuditConfig {
    /// The log of the server alone.
    #[default]
    Log,
    /// A file too.
    File(PathBuf),
}

impl ClientConfig {
    /// The digest of a client secret.
    pub fn secret_digest(secret: &ClientSecret) -> Digest {
        Digest::of(Purpose::ClientSecret, secret.expose())
    }
}

impl Algorithm {
    /// Its name in a header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl fmt::Debug for KeysConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeysConfig")
            .field("home", &self.home)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
