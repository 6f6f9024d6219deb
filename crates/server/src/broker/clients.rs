//! Which programs there are: built in, configured, registered, or known by the address of their own metadata.

use std::sync::Arc;

use oarlock_io::{Clock, HttpClient};
use oarlock_oauth::{
    Timestamp,
    authorization_server::{
        client::ClientMetadata, error::EndpointRefusal, token::PresentedClient,
    },
    secret::RegistrationAccessToken,
};

use super::{
    digest::Digest,
    store::{Store, StoreError},
};
use crate::config::broker::BrokerConfig;

/// The client that needs no registration: a public native one with loopback redirects, the code page and the device grant.
pub const BUILT_IN: &str = "oarlock";

/// A program, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// What it is.
    pub metadata: ClientMetadata,
    /// Digest of its secret.
    pub secret: Option<Digest>,
    /// How it is known.
    pub origin: ClientOrigin,
}

/// How a program is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientOrigin {
    /// Built in.
    BuiltIn,
    /// In the configuration; `trusted`: its consent is not asked.
    Configured {
        /// Whether the operator answers for it.
        trusted: bool,
    },
    /// It registered itself.
    Registered,
    /// By the address of its metadata.
    Document,
}

/// A client that registered itself, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredClient {
    /// `client_id`.
    pub id: String,
    /// What it said, as far as it was accepted.
    pub metadata: ClientMetadata,
    /// Digest of its secret.
    pub secret: Option<Digest>,
    /// When.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Timestamp,
}

/// Why a client cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is none of this id.
    #[error("no such client")]
    Unknown,
    /// Its metadata document cannot be had or is none; the text is for people and logs.
    #[error("the program's metadata cannot be used: {0}")]
    Document(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All programs.
#[derive(Debug)]
pub struct Clients {
    // helper: clients
}

impl Clients {
    /// Those of the configuration; the others are looked for when they come.
    pub fn new(
        config: &BrokerConfig,
        public_url: &url::Url,
        store: Arc<dyn Store>,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let _ = (config, public_url, store, http, clock);
        todo!("helper: clients")
    }

    /// The client of an id.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn find(&self, client_id: &str) -> Result<Client, ClientError> {
        let _ = client_id;
        todo!("helper: clients")
    }

    /// The client that a program says it is, if it proves it: by the method it is known for, secrets compared in constant time.
    ///
    /// # Errors
    /// `invalid_client`, the same for unknown clients and wrong secrets; `temporarily_unavailable`.
    pub async fn authenticate(
        &self,
        presented: &PresentedClient,
    ) -> Result<Client, EndpointRefusal> {
        let _ = presented;
        todo!("helper: clients")
    }

    /// Registers a client (RFC 7591) and answers the body of section 3.2.1.
    ///
    /// # Errors
    /// The policy, the metadata or the number of clients forbid it.
    pub async fn register(
        &self,
        body: &[u8],
        token: Option<&RegistrationAccessToken>,
    ) -> Result<serde_json::Value, EndpointRefusal> {
        let _ = (body, token);
        todo!("helper: clients")
    }
}

impl Client {
    /// Whether its person need not be asked beyond the page that says who asks.
    pub fn is_trusted(&self) -> bool {
        matches!(
            self.origin,
            ClientOrigin::BuiltIn | ClientOrigin::Configured { trusted: true }
        )
    }
}
