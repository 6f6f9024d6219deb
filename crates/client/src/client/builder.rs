//! Making a [`Client`].

use std::sync::{Arc, OnceLock};

use oarlock_io::{Clock, Directories, Environment, SystemClock};
use oarlock_oauth::profile::ProviderProfile;
use tokio::sync::watch;

use super::{Client, Inner};
use crate::{
    config::Config, error::Error, interaction::Interaction, refresh::Refresher,
    store::CredentialStore, terminal::Terminal,
};

/// Makes a [`Client`].
pub struct ClientBuilder {
    application: String,
    environment: Option<Environment>,
    clock: Arc<dyn Clock>,
    interaction: Option<Arc<dyn Interaction>>,
    providers: Vec<ProviderProfile>,
}

impl ClientBuilder {
    /// Instead of the process's environment.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Instead of the machine's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Instead of the terminal.
    #[must_use]
    pub fn interaction(mut self, interaction: Arc<dyn Interaction>) -> Self {
        self.interaction = Some(interaction);
        self
    }

    /// A provider the program brings along; the user's configuration wins over it.
    #[must_use]
    pub fn provider(mut self, profile: ProviderProfile) -> Self {
        self.providers.push(profile);
        self
    }

    /// Reads the configuration; opens nothing else.
    ///
    /// # Errors
    /// No home, or a wrong configuration.
    pub fn build(self) -> Result<Client, Error> {
        let environment = self.environment.unwrap_or_else(Environment::capture);
        let directories = Directories::from_environment(&environment, &self.application)?;
        let mut config = Config::read(&directories.config_file, &environment)?;
        for profile in self.providers {
            crate::account::check_provider(&profile.name)?;
            config
                .providers
                .entry(profile.name.clone())
                .or_insert(profile);
        }
        let store = CredentialStore::new(directories.credentials.clone(), &directories.runtime);
        let refresher = Refresher {
            store,
            clock: Arc::clone(&self.clock),
        };
        let interaction = self
            .interaction
            .unwrap_or_else(|| Arc::new(Terminal::new(&environment)));
        Ok(Client {
            inner: Arc::new(Inner {
                application: self.application,
                environment,
                directories,
                config,
                clock: self.clock,
                interaction,
                refresher,
                http: OnceLock::new(),
                in_flight: watch::Sender::new(0),
            }),
        })
    }
}

impl Client {
    /// A client with its own configuration and credentials, in the directories of `application`.
    ///
    /// # Errors
    /// No home, or a wrong configuration.
    pub fn new(application: &str) -> Result<Self, Error> {
        Self::builder(application).build()
    }

    /// A client that differs from the default somewhere.
    pub fn builder(application: &str) -> ClientBuilder {
        ClientBuilder {
            application: application.into(),
            environment: None,
            clock: Arc::new(SystemClock),
            interaction: None,
            providers: Vec::new(),
        }
    }
}
