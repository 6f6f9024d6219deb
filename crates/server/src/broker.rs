//! The broker: a small authorization server before any provider, with users and sessions of its own.
//!
//! Pairing a terminal with a browser login is no protocol of its own: it is OAuth against this server. Loopback redirect, pasted code,
//! device grant and the older paircodes are faces of the same states ([`login`]).
//!
//! | What | Here |
//! |---|---|
//! | what a program asks, and how far its login is | [`request`], [`login`] |
//! | who signed in, and what for | [`user`], [`session`] |
//! | which programs there are | [`clients`] |
//! | what is kept, in atomic verbs | [`store`] |
//! | keys, seals, tokens | [`keyring`], [`seal`], [`tokens`] |
//! | who knows the person | [`upstream`] |
//! | what browsers and programs see | [`web`], [`pages`] |
//! | what happened | [`audit`] |

pub mod audit;
mod broom;
pub mod clients;
pub mod id;
pub mod keyring;
pub mod login;
pub mod pages;
pub mod request;
pub mod seal;
pub mod session;
pub mod store;
mod throttles;
pub mod tokens;
mod under_way;
pub mod upstream;
pub mod user;
pub mod web;

pub use crate::digest;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ipnet::IpNet;
use jiff::SignedDuration;
use oarlock_io::{Clock, HttpClient, HttpError};
use oarlock_oauth::{
    endpoint::{Issuer, is_loopback},
    scope::Scopes,
};
use url::Url;

use crate::{
    config::broker::{BrokerConfig, PairingReturns, StoreConfig, UpstreamConfig, UpstreamKind},
    metrics::Metrics,
};
use audit::{Audit, Event, What};
use broom::Broom;
use clients::Clients;
use keyring::{KeyInfo, Keyring};
use seal::Seal;
use store::{Store, sqlite::SqliteStore};
use throttles::Throttles;
use tokens::Tokens;
use under_way::UnderWay;
use upstream::Upstreams;

/// How often expired things are removed and the keys are looked at.
const HOUSEKEEPING: Duration = Duration::from_secs(30);

/// How long it counts that the store could be used.
const READY: Duration = Duration::from_secs(1);

/// A broker: everything its pages and endpoints are made of. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Broker(Arc<Parts>);

/// What a broker consists of.
#[derive(Debug)]
pub struct Parts {
    /// What is to be served.
    pub(crate) config: BrokerConfig,
    /// Who it is: the public URL without a slash at its end.
    pub(crate) issuer: Issuer,
    /// The same as a URL, with its slash.
    pub(crate) public_url: Url,
    /// Where everything is kept.
    pub(crate) store: Arc<dyn Store>,
    /// Keys.
    pub(crate) keyring: Arc<Keyring>,
    /// What is sealed into pages and addresses.
    pub(crate) seal: Seal,
    /// Tokens made and checked.
    pub(crate) tokens: Tokens,
    /// Programs.
    pub(crate) clients: Clients,
    /// Providers.
    pub(crate) upstreams: Upstreams,
    /// What happened.
    pub(crate) audit: Audit,
    /// Numbers.
    pub(crate) metrics: Metrics,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Scopes that can be had.
    pub(crate) known_scopes: Scopes,
    /// Who is believed about where a request comes from.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// What strangers try too often.
    pub(crate) throttles: Throttles,
    /// Until when it counts that the store could be used, by the monotonic clock.
    ready: Mutex<Duration>,
    /// Exchanges with providers.
    pub(crate) under_way: UnderWay,
    /// When what has expired may go.
    pub(crate) broom: Broom,
}

impl Parts {
    /// Notes what happened, and counts it.
    pub(crate) fn note(&self, event: &Event<'_>) {
        self.metrics.event(event.what);
        self.audit.note(event);
    }
}

/// What a broker finds where it is.
#[derive(Debug)]
pub struct Surroundings {
    /// What browsers call it.
    pub public_url: Url,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Numbers.
    pub metrics: Metrics,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Why a broker cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The keys cannot be read or made.
    #[error(transparent)]
    Keyring(#[from] keyring::KeyringError),
    /// The settings of the network.
    #[error(transparent)]
    Network(#[from] HttpError),
    /// The audit log cannot be opened.
    #[error("cannot open the audit log: {0}")]
    Audit(std::io::Error),
    /// The dev upstream signs anybody in.
    #[error(
        "the upstream dev lets anybody sign in as anybody, so it is for loopback alone; {0} is public"
    )]
    DevInPublic(Url),
    /// The same, where it listens.
    #[error(
        "the upstream dev lets anybody sign in as anybody, so it is for loopback alone; {0} can be reached from elsewhere"
    )]
    DevListens(std::net::SocketAddr),
    /// The public URL is no issuer.
    #[error("{0} cannot be an issuer: it must be https, or http on loopback")]
    Issuer(Url),
}

impl Broker {
    /// Opens store and keys; nothing is asked of the upstreams yet.
    ///
    /// # Errors
    /// See [`BrokerError`].
    pub async fn open(
        config: BrokerConfig,
        surroundings: Surroundings,
    ) -> Result<Self, BrokerError> {
        let Surroundings {
            public_url,
            trusted_proxies,
            metrics,
            clock,
        } = surroundings;
        let issuer = issuer(&public_url)?;
        let has_dev = |upstream: &UpstreamConfig| matches!(upstream.kind, UpstreamKind::Dev(_));
        if config.upstreams.iter().any(has_dev) && !is_loopback(&public_url) {
            return Err(BrokerError::DevInPublic(public_url));
        }
        let StoreConfig::Sqlite(path) = &config.store;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(path)?);
        let keyring = Keyring::open(config.keys.clone(), Arc::clone(&store), Arc::clone(&clock));
        let keyring = Arc::new(keyring.await?);
        let http = HttpClient::new(config.network.clone())?;
        let redirect_uri = public_url
            .join("redirect")
            .map_err(|_| BrokerError::Issuer(public_url.clone()))?;
        Ok(Self(Arc::new(Parts {
            seal: Seal::new(&keyring.seal_key(), config.keys.upstream_tokens.as_deref()),
            tokens: Tokens::new(
                issuer.clone(),
                config.lifetimes.clone(),
                Arc::clone(&keyring),
                Arc::clone(&clock),
            ),
            clients: Clients::new(&config, &public_url, Arc::clone(&store), Arc::clone(&clock))?,
            upstreams: Upstreams::new(
                config.upstreams.clone(),
                redirect_uri,
                http,
                Arc::clone(&clock),
                config.limits.exchanges,
            ),
            audit: Audit::open(&config.audit, Arc::clone(&clock)).map_err(BrokerError::Audit)?,
            throttles: Throttles::new(&config.limits),
            ready: Mutex::default(),
            under_way: UnderWay::default(),
            broom: Broom::default(),
            known_scopes: known_scopes(&config.scopes),
            config,
            issuer,
            public_url,
            store,
            keyring,
            metrics,
            clock,
            trusted_proxies,
        })))
    }

    /// What it is made of.
    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    /// The page that shows a code to be pasted: a redirect URI of the built-in client.
    pub(crate) fn code_page(&self) -> String {
        format!("{}code", self.0.public_url)
    }

    /// Whether programs of the older face get the provider's access token.
    pub(crate) fn pairing_returns_tokens(&self) -> bool {
        let pairing = self.0.config.pairing;
        pairing.is_some_and(|pairing| pairing.returns == PairingReturns::AccessToken)
    }

    /// Whether it can work: whether the store can be read and written.
    pub async fn is_ready(&self) -> bool {
        // Looking is a write, and anybody may ask.
        let known = || self.0.ready.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.monotonic();
        if now < *known() {
            return true;
        }
        match self.0.store.ready().await {
            Ok(()) => {
                *known() = now.saturating_add(READY);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the broker is not ready");
                false
            }
        }
    }

    /// Waits until no exchange with a provider is under way, so long at most: its code is spent, and what it buys would be lost.
    pub async fn settle(&self, most: Duration) {
        if tokio::time::timeout(most, self.0.under_way.over())
            .await
            .is_err()
        {
            tracing::warn!("logins still wait for their provider");
        }
    }

    /// What has to be done beside requests: sweeping, key rotation. Never ends.
    pub async fn keep(&self) {
        let mut ticks = tokio::time::interval(HOUSEKEEPING);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.keep_keys().await;
            self.sweep().await;
        }
    }

    async fn keep_keys(&self) {
        let before = self.0.keyring.list();
        if let Err(error) = self.0.keyring.keep().await {
            tracing::error!(%error, "the keys could not be looked after");
            return;
        }
        let is_new = |key: &KeyInfo| before.iter().all(|known| known.id != key.id);
        if self.0.keyring.list().iter().any(is_new) {
            self.0.note(&Event {
                what: What::KeyRotated,
                ..Event::default()
            });
        }
    }

    async fn sweep(&self) {
        let now = self.0.clock.now();
        if !self.0.broom.may_sweep(now, self.0.clock.monotonic()) {
            return;
        }
        let unused = SignedDuration::try_from(self.0.config.lifetimes.unused_client)
            .ok()
            .and_then(|unused| now.checked_sub(unused).ok());
        match self.0.store.sweep(now, unused.unwrap_or(now)).await {
            Ok(swept) => tracing::debug!(?swept, "what has expired is gone"),
            Err(error) => tracing::error!(%error, "what has expired could not be removed"),
        }
    }
}

/// The standard's own, and those of the configuration.
fn known_scopes(further: &Scopes) -> Scopes {
    ["openid", "profile", "email", "offline_access"]
        .into_iter()
        .chain(further.iter())
        .collect()
}

/// The issuer: the public URL without the slash at its end.
fn issuer(public_url: &Url) -> Result<Issuer, BrokerError> {
    Issuer::parse(public_url.as_str().trim_end_matches('/'))
        .map_err(|_| BrokerError::Issuer(public_url.clone()))
}
