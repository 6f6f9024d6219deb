//! Fresh tokens: what the store can say at once, and the renewal that is due otherwise.

use std::{sync::Arc, time::Duration};

use oarlock_io::provider;
use oarlock_oauth::{profile::ProviderProfile, secret::AccessToken};

use crate::{
    Client,
    account::{AccountKey, DEFAULT_ACCOUNT},
    client::Inner,
    credential::Credential,
    error::Error,
    refresh::{Begun, DueRefresh, Want, not_logged_in},
    server,
    source::{self, Token},
};

/// Which token is wanted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TokenQuery {
    /// Name of the provider or its issuer; `None`: the one that is logged in.
    pub provider: Option<String>,
    /// Account; `None`: `OARLOCK_ACCOUNT`, else `default`, else the only one. Who names one here gets a token of
    /// that login or none: variables and API keys belong to no account.
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
    resort: Resort,
}

/// Whether anything but the login serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resort {
    /// Whatever the environment gives.
    Environment,
    /// Nothing: an account was named, and nothing else belongs to it.
    Nothing,
}

impl Resort {
    pub(crate) fn of(query: &TokenQuery) -> Self {
        match query.account {
            Some(_) => Self::Nothing,
            None => Self::Environment,
        }
    }
}

impl Client {
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
        let configured = self.configured(&provider)?;
        let name = configured
            .as_ref()
            .map_or(provider.as_str(), |profile| &profile.name);
        // Read once: on a fresh credential everything else is waiting.
        let stored = self.stored(name, query.account.as_deref());
        let profile = match (configured, &stored) {
            (Some(profile), _) => profile,
            (None, Ok((_, credential))) => credential.profile.clone(),
            (None, Err(_)) => self.profile(&provider)?,
        };
        let resort = Resort::of(query);
        if resort == Resort::Environment
            && let Some(token) = source::from_variables(&profile, &self.inner.environment)?
        {
            return Ok(TokenNow::Ready(Box::new(token)));
        }
        let begun = stored.and_then(|(key, credential)| {
            // The name may have come to stand for another server since, and two issuers can have one name.
            if !server::is_same(&credential.profile, &profile) {
                return Err(server::other(&credential.profile, &profile));
            }
            let mut want = Want::at_least(query.min_ttl);
            if query.force_refresh {
                want.other_than = Some(credential.access_token.clone());
            }
            self.begin(key, credential, want, resort)
        });
        match begun {
            Err(error) => self
                .api_key_instead(&profile, error, resort)
                .map(|token| TokenNow::Ready(Box::new(token))),
            Ok(now) => Ok(now),
        }
    }

    /// The credential a query means. The usual account's file is tried before any listing.
    fn stored(
        &self,
        provider: &str,
        account: Option<&str>,
    ) -> Result<(AccountKey, Credential), Error> {
        let named = account.is_some() || self.inner.environment.get("OARLOCK_ACCOUNT").is_some();
        if !named {
            let usual = AccountKey::new(provider, DEFAULT_ACCOUNT)?;
            if let Some(credential) = self.store().load_or_recover(&usual)? {
                return Ok((usual, credential));
            }
        }
        let key = self.account(provider, account)?;
        match self.store().load_or_recover(&key)? {
            Some(credential) => Ok((key, credential)),
            None => Err(not_logged_in(&key)),
        }
    }

    fn begin(
        &self,
        key: AccountKey,
        credential: Credential,
        want: Want,
        resort: Resort,
    ) -> Result<TokenNow, Error> {
        Ok(match self.inner.refresher.begin(&key, credential, want)? {
            Begun::Fresh(credential) => {
                TokenNow::Ready(Box::new(Token::stored(key, *credential, None)))
            }
            Begun::Kept(kept) => {
                TokenNow::Ready(Box::new(Token::stored(key, kept.credential, kept.warning)))
            }
            Begun::Due(due) => TokenNow::Due(PendingRenewal { key, due, resort }),
        })
    }

    /// A token other than the one a server refused.
    pub(crate) async fn token_other_than(
        &self,
        key: AccountKey,
        refused: AccessToken,
        resort: Resort,
    ) -> Result<Token, Error> {
        let client = self.clone();
        let now = tokio::task::spawn_blocking(move || {
            let credential = client
                .store()
                .load(&key)?
                .ok_or_else(|| not_logged_in(&key))?;
            client.begin(key, credential, Want::other_than(refused), resort)
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
        let PendingRenewal { key, due, resort } = pending;
        let client = self.clone();
        let stored = due.credential().named_profile();
        // Found before, so that no other error can hide how the renewal ended.
        let configured = self.configured(key.provider())?;
        let profile = configured.clone().unwrap_or_else(|| stored.clone());
        let guard = InFlight::new(&self.inner);
        let task = tokio::spawn(async move {
            let _guard = guard;
            let http = || {
                let http = client.http()?;
                for named in configured.iter().chain([&stored]) {
                    provider::trust(http, named);
                }
                Ok(http.clone())
            };
            client
                .inner
                .refresher
                .finish(due.with_profile_of(configured.as_ref()), http)
                .await
        });
        match task.await.map_err(interrupted)? {
            Ok(refreshed) => Ok(Token::stored(key, refreshed.credential, refreshed.warning)),
            Err(error) => self.api_key_instead(&profile, error, resort),
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
    fn api_key_instead(
        &self,
        profile: &ProviderProfile,
        error: Error,
        resort: Resort,
    ) -> Result<Token, Error> {
        // A store that cannot be read or written, or a wrong name, is not answered with another token.
        if resort == Resort::Nothing
            || matches!(
                error,
                Error::Store(_) | Error::Account(_) | Error::SeveralLogins { .. }
            )
        {
            return Err(error);
        }
        let Some(mut token) = source::from_api_key(profile, &self.inner.environment)? else {
            return Err(error);
        };
        // Silence only where nobody ever logged in and no account was meant.
        if !matches!(error, Error::NotLoggedIn { account: None, .. }) {
            token.warning = Some(format!("{error}; {} was used instead", token.source));
        }
        Ok(token)
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
