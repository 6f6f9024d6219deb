//! Keeping a credential fresh, however many processes use it.
//!
//! The whole of it happens under the account's lock: read again, adopt what somebody else bought, else take room
//! on the disk, ask, save, let go. What is in flight is never abandoned: [`Refresher::finish`] runs to its end
//! even when whoever waits for it goes away, because a rotated token that is not saved logs everybody out.

use std::{sync::Arc, time::Duration};

use oarlock_io::{
    Clock, HttpClient,
    provider::{self, ProviderError},
};
use oarlock_oauth::{
    authorization::ErrorCode,
    profile::ProviderProfile,
    secret::AccessToken,
    text::Untrusted,
    token::{Grant, TokenError, TokenResponse},
};

use crate::{
    account::AccountKey,
    credential::{Credential, Dead, Freshness, Renewal},
    error::Error,
    server,
    store::{AccountLock, CredentialStore, StoreError},
};

/// What the caller wants of a token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Want {
    /// At least this much life left.
    pub(crate) min_ttl: Duration,
    /// Anything but this token: it was refused, or a new one is asked for.
    pub(crate) other_than: Option<AccessToken>,
}

impl Want {
    /// A token that serves for at least `min_ttl`.
    pub(crate) fn at_least(min_ttl: Duration) -> Self {
        Self {
            min_ttl,
            ..Self::default()
        }
    }

    /// A token other than this one, which a server refused.
    pub(crate) fn other_than(token: AccessToken) -> Self {
        Self {
            other_than: Some(token),
            ..Self::default()
        }
    }

    fn is_met_by(&self, credential: &Credential, clock: &dyn Clock) -> bool {
        if self.other_than.as_ref() == Some(&credential.access_token) {
            return false;
        }
        credential.freshness(clock.now(), self.min_ttl) == Freshness::Fresh
    }
}

/// What the store alone could say.
pub(crate) enum Begun {
    /// It serves as it is.
    Fresh(Box<Credential>),
    /// It should be renewed and still serves: renewing is not possible here (a store that cannot be written), or was just done.
    Kept(Box<Refreshed>),
    /// It must be renewed; nobody else can, until this is done.
    Due(Box<DueRefresh>),
}

/// A renewal that is due, with the lock that lets nobody else do it.
pub(crate) struct DueRefresh {
    lock: AccountLock,
    credential: Credential,
    want: Want,
}

impl DueRefresh {
    /// What is to be renewed.
    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Takes over what the configuration says of the same client at the same server today: a rotated secret, an endpoint that moved.
    pub(crate) fn with_profile_of(mut self, configured: Option<&ProviderProfile>) -> Self {
        let profile = &mut self.credential.profile;
        if let Some(configured) = configured
            && configured.client_id.is_some()
            && configured.client_id == profile.client_id
            && server::is_same(profile, configured)
        {
            if configured.client_secret.is_some() {
                profile.client_secret.clone_from(&configured.client_secret);
            }
            if configured.token_endpoint.is_some() {
                profile
                    .token_endpoint
                    .clone_from(&configured.token_endpoint);
            }
        }
        self
    }
}

/// Where the renewed credential came from.
enum Renewed {
    Saved(Box<Credential>),
    /// Rotated meanwhile by somebody who does not take our lock.
    Elsewhere(Box<Credential>),
}

/// How a refresh came out.
#[derive(Debug)]
pub(crate) struct Refreshed {
    pub(crate) credential: Credential,
    /// It failed, and the old token still serves.
    pub(crate) warning: Option<String>,
}

/// Renews credentials of one store.
#[derive(Clone)]
pub(crate) struct Refresher {
    pub(crate) store: CredentialStore,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Refresher {
    /// Looks at what was read; when it does not serve, waits for the lock and reads again. Blocks the thread; touches no network.
    pub(crate) fn begin(
        &self,
        key: &AccountKey,
        credential: Credential,
        want: Want,
    ) -> Result<Begun, Error> {
        if want.is_met_by(&credential, &*self.clock) {
            return Ok(Begun::Fresh(Box::new(credential)));
        }
        let lock = match self.store.lock(key) {
            Ok(lock) => lock,
            Err(error) => {
                let kept = self.fall_back(credential, &want, error.into())?;
                return Ok(Begun::Kept(Box::new(kept)));
            }
        };
        let read = credential.access_token;
        let Some(credential) = self.store.load(key)? else {
            return Err(not_logged_in(key));
        };
        if want.is_met_by(&credential, &*self.clock) {
            return Ok(Begun::Fresh(Box::new(credential)));
        }
        // Somebody renewed it while we waited, and its life is shorter than wanted: another renewal makes it no longer.
        let usual = Want {
            min_ttl: Duration::ZERO,
            ..want.clone()
        };
        if credential.access_token != read && usual.is_met_by(&credential, &*self.clock) {
            return Ok(Begun::Kept(Box::new(self.short_lived(credential, &want))));
        }
        Ok(Begun::Due(Box::new(DueRefresh {
            lock,
            credential,
            want,
        })))
    }

    /// Asks and saves. The future must be run to its end once it was polled.
    pub(crate) async fn finish(
        &self,
        due: DueRefresh,
        http: impl FnOnce() -> Result<HttpClient, Error>,
    ) -> Result<Refreshed, Error> {
        let DueRefresh {
            lock,
            credential,
            want,
        } = due;
        let result = match http() {
            Ok(http) => self.renew(&lock, &credential, &http).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(credential) => Ok(self.short_lived(credential, &want)),
            Err(error) => self.fall_back(credential, &want, error),
        }
    }

    async fn renew(
        &self,
        lock: &AccountLock,
        credential: &Credential,
        http: &HttpClient,
    ) -> Result<Credential, Error> {
        match self.renew_once(lock, credential, http).await? {
            Renewed::Saved(renewed) => Ok(*renewed),
            Renewed::Elsewhere(current) if self.lives(&current) => Ok(*current),
            // Somebody else's token expired as well: theirs is the refresh token that counts now.
            Renewed::Elsewhere(current) => match self.renew_once(lock, &current, http).await? {
                Renewed::Saved(renewed) => Ok(*renewed),
                Renewed::Elsewhere(again) => self.living(*again),
            },
        }
    }

    fn lives(&self, credential: &Credential) -> bool {
        credential.freshness(self.clock.now(), Duration::ZERO) != Freshness::Expired
    }

    /// An expired token is never handed out as if it had been renewed.
    fn living(&self, credential: Credential) -> Result<Credential, Error> {
        if self.lives(&credential) {
            return Ok(credential);
        }
        let reason = "another program renews it without taking turns, and leaves expired tokens";
        Err(expired(&credential, Untrusted::new(reason)))
    }

    async fn renew_once(
        &self,
        lock: &AccountLock,
        credential: &Credential,
        http: &HttpClient,
    ) -> Result<Renewed, Error> {
        if let Some(dead) = &credential.dead {
            return Err(expired(credential, dead.reason.clone()));
        }
        if !credential.is_renewable() {
            return Err(expired(
                credential,
                Untrusted::new("the login expired, and the provider gave no refresh token"),
            ));
        }
        // Before the refresh token is spent: a full disk must not cost the login (hostile 28).
        let room = self.store.reserve(lock)?;
        match self.ask(credential, http).await {
            Ok((tokens, offset)) => {
                let renewed = credential.refreshed(tokens, offset);
                self.store.save(lock, room, &renewed)?;
                Ok(Renewed::Saved(Box::new(renewed)))
            }
            Err(Error::Token(TokenError::Refused(refusal)))
                if refusal.code == ErrorCode::InvalidGrant =>
            {
                let reason = refusal
                    .description
                    .unwrap_or_else(|| Untrusted::new("the refresh token is no longer valid"));
                drop(room);
                self.bury(lock, credential, reason)
            }
            Err(error) => Err(error),
        }
    }

    /// One request, and one more when the answer to the first was lost on the way (hostile 31).
    async fn ask(
        &self,
        credential: &Credential,
        http: &HttpClient,
    ) -> Result<(TokenResponse, i64), Error> {
        let grant = match (&credential.refresh_token, credential.renewal) {
            (_, Renewal::ClientCredentials) | (None, _) => Grant::ClientCredentials {
                scopes: &credential.scope,
            },
            (Some(token), Renewal::RefreshToken) => Grant::Refresh {
                token,
                scopes: None,
            },
        };
        let ask = || provider::tokens(http, &*self.clock, &credential.profile, &grant);
        let answered = match ask().await {
            Err(ProviderError::Http(error)) if error.may_have_been_processed() => {
                tracing::info!(%error, "the answer to a refresh was lost; asking once more");
                ask().await
            }
            other => other,
        };
        Ok(answered?)
    }

    /// The provider refuses the refresh token for good. Somebody without our lock may have rotated it: then
    /// theirs is taken. Otherwise the credential is marked, never deleted (hostile 30).
    fn bury(
        &self,
        lock: &AccountLock,
        credential: &Credential,
        reason: Untrusted,
    ) -> Result<Renewed, Error> {
        let Some(current) = self.store.load(lock.key())? else {
            return Err(not_logged_in(lock.key()));
        };
        if current.refresh_token != credential.refresh_token
            || current.access_token != credential.access_token
        {
            return Ok(Renewed::Elsewhere(Box::new(current)));
        }
        let error = expired(credential, reason.clone());
        let dead = Credential {
            dead: Some(Dead {
                since: self.clock.now(),
                reason,
            }),
            ..current
        };
        self.store.save(lock, self.store.reserve(lock)?, &dead)?;
        Err(error)
    }

    fn short_lived(&self, credential: Credential, want: &Want) -> Refreshed {
        let short = credential.freshness(self.clock.now(), want.min_ttl) != Freshness::Fresh
            && !want.min_ttl.is_zero();
        let warning = short.then(|| {
            format!(
                "{} gives tokens of a shorter life than was asked for",
                credential.profile.display_name()
            )
        });
        Refreshed {
            credential,
            warning,
        }
    }

    /// A refresh that fails before the real expiry still yields the valid token, unless that one is not wanted.
    fn fall_back(
        &self,
        credential: Credential,
        want: &Want,
        error: Error,
    ) -> Result<Refreshed, Error> {
        let unwanted = want.other_than.as_ref() == Some(&credential.access_token);
        let valid = self.lives(&credential);
        // A refresh token that was spent and not saved is never passed over.
        let passable = !matches!(error, Error::Store(StoreError::NotSaved { .. }));
        if valid && !unwanted && passable {
            let warning = Some(format!(
                "{error}; the present token is still valid and was used"
            ));
            return Ok(Refreshed {
                credential,
                warning,
            });
        }
        Err(error)
    }
}

pub(crate) fn not_logged_in(key: &AccountKey) -> Error {
    let account =
        (key.account() != crate::account::DEFAULT_ACCOUNT).then(|| key.account().to_owned());
    Error::NotLoggedIn {
        provider: key.provider().into(),
        account,
    }
}

fn expired(credential: &Credential, reason: Untrusted) -> Error {
    let account =
        (credential.account != crate::account::DEFAULT_ACCOUNT).then(|| credential.account.clone());
    Error::LoginExpired {
        provider: credential.provider.clone(),
        account,
        reason,
    }
}

#[cfg(test)]
mod tests;
