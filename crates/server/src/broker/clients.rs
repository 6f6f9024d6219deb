//! Which programs there are: built in, configured, registered, or known by the address of their own metadata.

mod authentication;
mod built_in;
mod documents;
mod registration;

use std::{collections::HashMap, sync::Arc};

use oarlock_io::{Clock, HttpError};
use oarlock_oauth::{
    Timestamp,
    authorization::ErrorCode,
    authorization_server::{
        client::{ClientIdUrl, ClientMetadata},
        error::EndpointRefusal,
    },
    scope::Scopes,
    text::Untrusted,
};

use super::{
    digest::Digest,
    pages::Standing,
    store::{Store, StoreError},
};
use crate::config::broker::{BrokerConfig, ClientConfig, RegistrationPolicy};
pub use documents::DocumentError;
use documents::Documents;

/// Longest client id that is looked for.
const LONGEST_ID: usize = 2_000;

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
    Document(#[from] DocumentError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All programs.
#[derive(Debug)]
pub struct Clients {
    /// Those that are known from the start.
    fixed: HashMap<String, Client>,
    registration: RegistrationPolicy,
    /// As many may register.
    most: u64,
    documents: Option<Documents>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Clients {
    /// Those of the configuration; the others are looked for when they come.
    ///
    /// Metadata documents are fetched by an HTTP client of their own: what the operator named (a provider inside the private network) is
    /// not therefore open to whoever makes up a client id.
    ///
    /// # Errors
    /// The network's settings are of no use.
    pub fn new(
        config: &BrokerConfig,
        public_url: &url::Url,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HttpError> {
        let configured = config.clients.iter().cloned().map(Client::configured);
        let fixed = std::iter::once(built_in::client(public_url)).chain(configured);
        let documents = match config.metadata_documents {
            true => Some(Documents::new(config.network.clone(), Arc::clone(&clock))?),
            false => None,
        };
        Ok(Self {
            fixed: fixed.map(|client| (client.id.clone(), client)).collect(),
            registration: config.registration.clone(),
            most: config.limits.clients,
            documents,
            store,
            clock,
        })
    }

    /// The client of an id.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn find(&self, client_id: &str) -> Result<Client, ClientError> {
        if let Some(client) = self.fixed.get(client_id) {
            return Ok(client.clone());
        }
        if client_id.len() > LONGEST_ID {
            return Err(ClientError::Unknown);
        }
        if let Some(address) = ClientIdUrl::parse(client_id) {
            let documents = self.documents.as_ref().ok_or(ClientError::Unknown)?;
            return Ok(Client {
                id: client_id.to_owned(),
                metadata: documents.find(&address).await?,
                secret: None,
                origin: ClientOrigin::Document,
            });
        }
        let registered = self
            .store
            .client(client_id.to_owned(), self.clock.now())
            .await?;
        registered
            .map(Client::registered)
            .ok_or(ClientError::Unknown)
    }
}

impl Clients {
    /// Whether a stranger's server has to be asked before this client is known.
    pub(crate) fn must_fetch(&self, client_id: &str) -> bool {
        let documents = self.documents.as_ref();
        let address = || ClientIdUrl::parse(client_id);
        !self.fixed.contains_key(client_id)
            && documents
                .zip(address())
                .is_some_and(|(documents, address)| !documents.remembers(&address))
    }
}

impl Client {
    fn configured(config: ClientConfig) -> Self {
        Self {
            id: config.id,
            metadata: config.metadata,
            secret: config.secret,
            origin: ClientOrigin::Configured {
                trusted: config.trusted,
            },
        }
    }

    fn registered(client: RegisteredClient) -> Self {
        Self {
            id: client.id,
            metadata: client.metadata,
            secret: client.secret,
            origin: ClientOrigin::Registered,
        }
    }

    /// Whether its person need not be asked beyond the page that says who asks.
    pub fn is_trusted(&self) -> bool {
        matches!(
            self.origin,
            ClientOrigin::BuiltIn | ClientOrigin::Configured { trusted: true }
        )
    }

    /// What people call it: its own word, else its id.
    pub fn display_name(&self) -> Untrusted {
        let name = self.metadata.client_name.clone();
        name.unwrap_or_else(|| Untrusted::new(self.id.clone()))
    }

    /// Who answers for its name.
    pub fn standing(&self) -> Standing {
        match self.origin {
            ClientOrigin::BuiltIn | ClientOrigin::Configured { .. } => Standing::Known,
            ClientOrigin::Registered | ClientOrigin::Document => Standing::SelfNamed,
        }
    }

    /// Whether it proves who it is.
    pub(crate) fn is_confidential(&self) -> bool {
        self.secret.is_some()
    }

    /// Of the scopes that are asked for, those that it can have; others are left out (RFC 6749, section 3.3).
    pub(crate) fn allowed(&self, asked: &Scopes, known: &Scopes) -> Scopes {
        let own = self.metadata.scope.as_ref();
        asked
            .iter()
            .filter(|scope| known.contains(scope))
            .filter(|scope| own.is_none_or(|own| own.contains(scope)))
            .collect()
    }
}

/// What a program is told when the store is of no help; why, the log is told.
pub(crate) fn store_refusal(error: &StoreError) -> EndpointRefusal {
    match error {
        StoreError::Unavailable(_) => {
            tracing::warn!(%error, "a program is asked to come back");
            EndpointRefusal::new(
                ErrorCode::TemporarilyUnavailable,
                "the server cannot look this up now; try again in a few seconds",
            )
        }
        StoreError::Broken(_) => {
            tracing::error!(%error, "a program cannot be served");
            EndpointRefusal::new(
                ErrorCode::ServerError,
                "something is wrong with this server; its operator finds the reason in its log",
            )
        }
    }
}

#[cfg(test)]
mod tests;
