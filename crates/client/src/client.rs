//! The client: log in, get a fresh token, make an authenticated request, log out.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use oarlock_io::{Clock, Directories, Environment, HttpClient, SystemClock};
use oarlock_oauth::{endpoint::Issuer, profile::ProviderProfile, secret::AccessToken};
use tokio::sync::watch;

use crate::{
    account::{AccountKey, DEFAULT_ACCOUNT},
    config::{Config, ENVIRONMENT_PROVIDER},
    credential::Credential,
    discovery,
    error::Error,
    interaction::Interaction,
    refresh::{Begun, DueRefresh, Refresher, Want},
    source::{self, Token},
    store::CredentialStore,
    terminal::Terminal,
};

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
    in_flight: watch::Sender<usize>,
}

/// Makes a [`Client`].
pub struct ClientBuilder {
    application: String,
    environment: Option<Environment>,
    clock: Arc<dyn Clock>,
    interaction: Option<Arc<dyn Interaction>>,
    providers: Vec<ProviderProfile>,
}

/// Which token is wanted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TokenQuery {
    /// Name of the provider or its issuer; `None`: the one that is logged in.
    pub provider: Option<String>,
    /// Account; `None`: `OARLOCK_ACCOUNT`, else `default`, else the only one.
    pub account: Option<String>,
    /// Least life left.
    pub min_ttl: Duration,
    /// A new token, whatever the stored one is worth.
    pub force_refresh: bool,
}

impl TokenQuery {
    /// A token of this provider.
    pub fn of(provider: impl Into<String>) -> Self {
        Self {
            provider: Some(provider.into()),
            ..Self::default()
        }
    }
}

/// An account, and what its file holds or why it cannot be read.
pub type Login = (AccountKey, Result<Credential, Error>);

/// What can be said without the network.
pub enum TokenNow {
    /// A token that serves.
    Ready(Box<Token>),
    /// A renewal is due; this process holds the account's lock. [`Client::renew`] does it.
    Due(PendingRenewal),
}

/// A renewal that nobody else can do meanwhile.
pub struct PendingRenewal {
    key: AccountKey,
    due: Box<DueRefresh>,
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
        let store =
            CredentialStore::new(directories.credentials.clone(), directories.runtime.clone());
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
        if provider.contains("://") {
            return self.profile_of_issuer(provider);
        }
        match self
            .inner
            .config
            .provider(provider, &self.inner.environment)
        {
            Ok(profile) => Ok(profile),
            Err(error) => match self.stored_profile(provider)? {
                Some(profile) => Ok(profile),
                None => Err(error.into()),
            },
        }
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
                return Ok(Some(credential.profile));
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

    /// The provider a command means that names none: the configured default, else the only one that is logged in, else the environment's.
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
        if providers.is_empty()
            && self
                .inner
                .config
                .providers
                .contains_key(ENVIRONMENT_PROVIDER)
        {
            return Ok(ENVIRONMENT_PROVIDER.into());
        }
        match providers.len() {
            0 => Err(Error::NotLoggedIn {
                provider: "any provider".into(),
                account: None,
            }),
            1 => Ok(providers.remove(0)),
            _ => Err(Error::SeveralLogins { choices: providers }),
        }
    }

    /// A fresh access token of a provider, refreshed when it is due.
    ///
    /// # Errors
    /// Nobody is logged in, or the login is over; the network; the store.
    pub async fn token(&self, provider: &str) -> Result<AccessToken, Error> {
        Ok(self.token_for(TokenQuery::of(provider)).await?.access_token)
    }

    /// A fresh token, with where it comes from.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub async fn token_for(&self, query: TokenQuery) -> Result<Token, Error> {
        let client = self.clone();
        // Waiting for another process's refresh blocks; it must not hold up the runtime.
        let now = tokio::task::spawn_blocking(move || client.token_now(&query))
            .await
            .map_err(interrupted)??;
        match now {
            TokenNow::Ready(token) => Ok(*token),
            TokenNow::Due(pending) => self.renew(pending).await,
        }
    }

    /// What can be said without the network: no runtime, TLS or HTTP client is needed. Blocks while another process refreshes.
    ///
    /// # Errors
    /// Nobody is logged in; the store.
    pub fn token_now(&self, query: &TokenQuery) -> Result<TokenNow, Error> {
        let provider = match &query.provider {
            Some(provider) => provider.clone(),
            None => self.default_provider()?,
        };
        let profile = self.profile(&provider)?;
        if let Some(token) = source::from_variables(&profile, &self.inner.environment)? {
            return Ok(TokenNow::Ready(Box::new(token)));
        }
        let begun = self
            .account(&profile.name, query.account.as_deref())
            .and_then(|key| self.begin(key, query));
        match begun {
            Err(error) => self
                .api_key_instead(&profile, error)
                .map(|token| TokenNow::Ready(Box::new(token))),
            Ok(now) => Ok(now),
        }
    }

    fn begin(&self, key: AccountKey, query: &TokenQuery) -> Result<TokenNow, Error> {
        let mut want = Want::at_least(query.min_ttl);
        if query.force_refresh {
            want.other_than = self
                .store()
                .load(&key)?
                .map(|credential| credential.access_token);
        }
        self.begin_wanting(key, want)
    }

    fn begin_wanting(&self, key: AccountKey, want: Want) -> Result<TokenNow, Error> {
        Ok(match self.inner.refresher.begin(&key, want)? {
            Begun::Fresh(credential) => {
                TokenNow::Ready(Box::new(Token::stored(key, *credential, None)))
            }
            Begun::Due(due) => TokenNow::Due(PendingRenewal { key, due }),
        })
    }

    /// A token other than the one a server refused.
    pub(crate) async fn token_other_than(
        &self,
        key: AccountKey,
        refused: AccessToken,
    ) -> Result<Token, Error> {
        let client = self.clone();
        let now = tokio::task::spawn_blocking(move || {
            client.begin_wanting(key, Want::other_than(refused))
        })
        .await
        .map_err(interrupted)??;
        match now {
            TokenNow::Ready(token) => Ok(*token),
            TokenNow::Due(pending) => self.renew(pending).await,
        }
    }

    /// Does a renewal that is due. It goes on to its end even if this future is dropped; [`settled`](Self::settled) waits for that.
    ///
    /// # Errors
    /// The login is over; the network; the store.
    pub async fn renew(&self, pending: PendingRenewal) -> Result<Token, Error> {
        let PendingRenewal { key, due } = pending;
        let client = self.clone();
        let stored = due.profile().clone();
        let guard = InFlight::new(&self.inner);
        let task = tokio::spawn(async move {
            let _guard = guard;
            let http = |profile: &ProviderProfile| {
                let http = client.http()?.clone();
                discovery::trust(&http, profile);
                Ok(http)
            };
            let configured = client
                .inner
                .config
                .provider(&stored.name, &client.inner.environment)
                .ok();
            client
                .inner
                .refresher
                .finish(due.with_profile_of(configured.as_ref()), http)
                .await
        });
        match task.await.map_err(interrupted)? {
            Ok(refreshed) => Ok(Token::stored(key, refreshed.credential, refreshed.warning)),
            Err(error) => {
                let profile = self.profile(key.provider())?;
                self.api_key_instead(&profile, error)
            }
        }
    }

    /// Whether a refresh is in flight that must not be abandoned.
    pub fn is_refreshing(&self) -> bool {
        *self.inner.in_flight.borrow() > 0
    }

    /// Waits until no refresh is in flight: what was asked for is then saved.
    pub async fn settled(&self) {
        let mut in_flight = self.inner.in_flight.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        drop(in_flight.wait_for(|count| *count == 0).await);
    }

    /// A failed refresh, or no login, falls through to the API key, with a warning.
    fn api_key_instead(&self, profile: &ProviderProfile, error: Error) -> Result<Token, Error> {
        // A store that cannot be read or written, or a wrong name, is not answered with another token.
        if matches!(
            error,
            Error::Store(_) | Error::Account(_) | Error::SeveralLogins { .. }
        ) {
            return Err(error);
        }
        let Some(mut token) = source::from_api_key(profile, &self.inner.environment)? else {
            return Err(error);
        };
        if !matches!(error, Error::NotLoggedIn { .. }) {
            token.warning = Some(format!("{error}; {} was used instead", token.source));
        }
        Ok(token)
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

/// Counts a refresh in flight while it lives.
struct InFlight(Arc<Inner>);

impl InFlight {
    fn new(inner: &Arc<Inner>) -> Self {
        inner.in_flight.send_modify(|count| *count += 1);
        Self(Arc::clone(inner))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0
            .in_flight
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}

fn interrupted(error: tokio::task::JoinError) -> Error {
    Error::Io {
        action: "finish the work in hand",
        source: std::io::Error::other(error),
    }
}
