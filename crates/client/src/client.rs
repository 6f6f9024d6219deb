//! The client: log in, get a fresh token, make an authenticated request, log out.

mod builder;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use oarlock_io::{Clock, Directories, Environment, HttpClient};
use oarlock_oauth::{endpoint::Issuer, profile::ProviderProfile};
use tokio::sync::watch;

use crate::{
    account::{AccountKey, DEFAULT_ACCOUNT},
    config::{Config, ENVIRONMENT_PROVIDER},
    credential::Credential,
    error::Error,
    interaction::Interaction,
    refresh::Refresher,
    server,
    store::CredentialStore,
};

pub use builder::ClientBuilder;

/// Logs a program in, keeps it logged in, and hands out tokens. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) application: String,
    pub(crate) environment: Environment,
    pub(crate) directories: Directories,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) interaction: Arc<dyn Interaction>,
    pub(crate) refresher: Refresher,
    http: OnceLock<HttpClient>,
    pub(crate) in_flight: watch::Sender<usize>,
}

/// An account, and what its file holds or why it cannot be read.
pub type Login = (AccountKey, Result<Credential, Error>);

impl Client {
    /// The configuration as read.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The environment as captured.
    pub fn environment(&self) -> &Environment {
        &self.inner.environment
    }

    /// Where configuration and credentials are.
    pub fn directories(&self) -> &Directories {
        &self.inner.directories
    }

    /// The credential store.
    pub fn store(&self) -> &CredentialStore {
        &self.inner.refresher.store
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    pub(crate) fn interaction(&self) -> &dyn Interaction {
        &*self.inner.interaction
    }

    /// The HTTP client, made when it is first needed: it loads the certificate authorities.
    ///
    /// # Errors
    /// The network settings are wrong.
    pub fn http(&self) -> Result<&HttpClient, Error> {
        if let Some(http) = self.inner.http.get() {
            return Ok(http);
        }
        let http = HttpClient::new(self.inner.config.http())?;
        Ok(self.inner.http.get_or_init(|| http))
    }

    /// The profile behind a name or an issuer's address: configured, built in, or as an earlier login left it.
    ///
    /// # Errors
    /// Nobody knows it.
    pub fn profile(&self, provider: &str) -> Result<ProviderProfile, Error> {
        if let Some(profile) = self.configured(provider)? {
            return Ok(profile);
        }
        match self.stored_profile(provider)? {
            Some(profile) => Ok(profile),
            None => Err(self.inner.config.unknown_provider(provider).into()),
        }
    }

    /// The profile behind a name or an issuer's address, as far as configuration and catalogue know it.
    pub(crate) fn configured(&self, provider: &str) -> Result<Option<ProviderProfile>, Error> {
        if provider.contains("://") {
            return self.profile_of_issuer(provider).map(Some);
        }
        Ok(self
            .inner
            .config
            .provider(provider, &self.inner.environment)?)
    }

    fn profile_of_issuer(&self, text: &str) -> Result<ProviderProfile, Error> {
        let issuer = Issuer::parse(text)?;
        if let Some(profile) = self.inner.config.provider_by_issuer(&issuer) {
            return Ok(profile);
        }
        Ok(Config::profile_for_issuer(text, &self.inner.environment)?)
    }

    fn stored_profile(&self, provider: &str) -> Result<Option<ProviderProfile>, Error> {
        for key in self
            .store()
            .accounts()?
            .iter()
            .filter(|key| key.provider() == provider)
        {
            if let Some(credential) = self.store().load(key)? {
                return Ok(Some(credential.named_profile()));
            }
        }
        Ok(None)
    }

    /// The account a query means.
    ///
    /// # Errors
    /// Several could be meant, or none.
    pub fn account(&self, provider: &str, account: Option<&str>) -> Result<AccountKey, Error> {
        if let Some(account) = account.or_else(|| self.inner.environment.get("OARLOCK_ACCOUNT")) {
            return Ok(AccountKey::new(provider, account)?);
        }
        let mut keys: Vec<AccountKey> = self
            .store()
            .accounts()?
            .into_iter()
            .filter(|key| key.provider() == provider)
            .collect();
        if let Some(key) = keys.iter().find(|key| key.account() == DEFAULT_ACCOUNT) {
            return Ok(key.clone());
        }
        match keys.len() {
            0 => Err(Error::NotLoggedIn {
                provider: provider.into(),
                account: None,
            }),
            1 => Ok(keys.remove(0)),
            _ => Err(Error::SeveralLogins {
                choices: keys.iter().map(AccountKey::stem).collect(),
            }),
        }
    }

    /// The account a query means that names an issuer by its address: two issuers can make one name.
    ///
    /// # Errors
    /// As [`account`](Self::account); the login of that name is one at another issuer.
    pub fn account_at(&self, issuer: &str, account: Option<&str>) -> Result<AccountKey, Error> {
        let asked = self.profile(issuer)?;
        let key = self.account(&asked.name, account)?;
        match self.store().load(&key) {
            Ok(Some(login)) if !server::is_same(&login.profile, &asked) => {
                Err(server::other(&login.profile, &asked))
            }
            // One that cannot be read can still be got rid of.
            _ => Ok(key),
        }
    }

    /// The provider a command means that names none: the configured default, else the only one that is logged in, else the only one
    /// that is configured, else the environment's.
    ///
    /// # Errors
    /// Several could be meant, or none.
    pub fn default_provider(&self) -> Result<String, Error> {
        if let Some(name) = &self.inner.config.default_provider {
            return Ok(name.clone());
        }
        let mut providers: Vec<String> = self
            .store()
            .accounts()?
            .iter()
            .map(|key| key.provider().to_owned())
            .collect();
        providers.dedup();
        match providers.len() {
            0 => self.only_configured().ok_or(Error::NobodyLoggedIn),
            1 => Ok(providers.remove(0)),
            _ => Err(Error::SeveralLogins { choices: providers }),
        }
    }

    /// As a login does that names no provider.
    fn only_configured(&self) -> Option<String> {
        let own = &self.inner.config.providers;
        let mut names = own.keys();
        match (names.next(), names.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => own
                .contains_key(ENVIRONMENT_PROVIDER)
                .then(|| ENVIRONMENT_PROVIDER.into()),
        }
    }

    /// Every stored login, sorted by provider and account, with what its file holds.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn logins(&self) -> Result<Vec<Login>, Error> {
        let mut logins = Vec::new();
        for key in self.store().accounts()? {
            match self.store().load(&key) {
                Ok(Some(credential)) => logins.push((key, Ok(credential))),
                // Removed between listing and reading.
                Ok(None) => {}
                Err(error) => logins.push((key, Err(error.into()))),
            }
        }
        Ok(logins)
    }

    /// The configuration file's path.
    pub fn config_file(&self) -> &PathBuf {
        &self.inner.directories.config_file
    }
}
