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
pub mod clients;
pub mod digest;
pub mod id;
pub mod keyring;
pub mod login;
pub mod pages;
pub mod request;
pub mod seal;
pub mod session;
pub mod store;
pub mod tokens;
pub mod upstream;
pub mod user;
pub mod web;

use std::sync::Arc;

use oarlock_io::{Clock, HttpClient};
use oarlock_oauth::endpoint::Issuer;
use url::Url;

use crate::{config::broker::BrokerConfig, metrics::Metrics};
use audit::Audit;
use clients::Clients;
use keyring::Keyring;
use seal::Seal;
use store::Store;
use tokens::Tokens;
use upstream::Upstreams;

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
    pub(crate) keyring: Keyring,
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
    /// The audit log cannot be opened.
    #[error("cannot open the audit log: {0}")]
    Audit(std::io::Error),
    /// The dev upstream signs anybody in.
    #[error(
        "the upstream dev lets anybody sign in as anybody, so it is for loopback alone; {0} is public"
    )]
    DevInPublic(Url),
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
        public_url: Url,
        http: HttpClient,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Result<Self, BrokerError> {
        let _ = (config, public_url, http, clock, metrics);
        todo!("core")
    }

    /// What has to be done beside requests: sweeping, key rotation. Ends when dropped.
    pub async fn keep(&self) {
        todo!("core")
    }
}

impl std::ops::Deref for Broker {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
