//! A login from the provider's name to the stored credential.

use oarlock_oauth::{profile::ProviderProfile, text::Untrusted};

use super::{LoginContext, LoginTokens, relay::Arrival, run};
use crate::{
    Client,
    account::{AccountKey, DEFAULT_ACCOUNT},
    credential::{Credential, Renewal},
    discovery,
    error::Error,
    identity,
    interaction::Event,
    named::Named,
    options::{Flow, LoginOptions},
    server,
};

impl Client {
    /// Logs in to a provider, by its name or its issuer's address, and stores the credential.
    ///
    /// # Errors
    /// What went wrong, by kind: configuration, network, denial, timeout, store.
    pub async fn login(&self, provider: &str, options: &LoginOptions) -> Result<Credential, Error> {
        self.login_with(self.profile(provider)?, options).await
    }

    /// The same with a profile the caller made.
    ///
    /// # Errors
    /// As [`login`](Self::login).
    pub async fn login_with(
        &self,
        mut profile: ProviderProfile,
        options: &LoginOptions,
    ) -> Result<Credential, Error> {
        let account = options
            .account
            .as_deref()
            .or_else(|| self.environment().get("OARLOCK_ACCOUNT"));
        let key = AccountKey::new(&profile.name, account.unwrap_or(DEFAULT_ACCOUNT))?;
        self.check_store(&key).await?;
        self.reuse_registration(&key, &mut profile)?;
        let http = self.http()?;
        let own = profile.scopes.clone();
        // Before any server says more.
        let named = Named::all_of(&profile);
        let built_in = discovery::complete(http, &mut profile).await?;
        // A program that logs in as itself is nobody OpenID could speak of.
        let usual = if options.flow == Flow::ClientCredentials {
            &own
        } else {
            &profile.scopes
        };
        let scopes = options.scopes.clone().unwrap_or_else(|| usual.clone());
        // Before a client is registered, which must know where the browser lands.
        let arrival = Arrival::register(self, options).await?;
        let callback = arrival.as_ref().map(Arrival::callback_url);
        if let Some(built_in) = &built_in {
            built_in.lend_client(&mut profile, callback);
        }
        let name = &self.inner.application;
        discovery::register(http, &mut profile, name, &scopes, callback).await?;
        // Its page is where this login lands; the next one asks again.
        let kept = profile.clone();
        if let Some(built_in) = &built_in {
            built_in.lend_page(&mut profile);
        }
        let context = LoginContext {
            profile: &profile,
            scopes: &scopes,
            options,
            compares: built_in.is_some(),
            http,
            clock: self.clock(),
            environment: self.environment(),
            interaction: self.interaction(),
        };
        // Checked and saved before the browser is told that it worked.
        run(&context, arrival, async |login: LoginTokens| {
            let LoginTokens {
                tokens,
                clock_offset,
                nonce,
            } = login;
            let mut credential = Credential::new(&key, kept, tokens, &scopes, clock_offset);
            credential.named = named;
            if options.flow == Flow::ClientCredentials {
                credential.renewal = Renewal::ClientCredentials;
            }
            identity::establish(http, &**self.clock(), &mut credential, nonce.as_ref()).await?;
            self.save_login(key.clone(), credential).await
        })
        .await
    }

    /// A store that cannot be written is found before a person logs in for nothing.
    async fn check_store(&self, key: &AccountKey) -> Result<(), Error> {
        let (store, key) = (self.store().clone(), key.clone());
        blocking(move || {
            let lock = store.lock(&key)?;
            store.reserve(&lock).map(drop)
        })
        .await
    }

    async fn save_login(
        &self,
        key: AccountKey,
        mut credential: Credential,
    ) -> Result<Credential, Error> {
        let store = self.store().clone();
        let (credential, before) = blocking(move || {
            let lock = store.lock(&key)?;
            let room = store.reserve(&lock)?;
            // What is there may be unreadable: it is about to be replaced.
            let before = store.load(&key).ok().flatten();
            if let Some(before) = &before {
                credential.revision = before.revision.saturating_add(1);
            }
            store.save(&lock, room, &credential)?;
            Ok((credential, before.and_then(|before| before.identity)))
        })
        .await?;
        self.tell_of_another_person(before.as_ref(), &credential);
        Ok(credential)
    }

    /// A browser may be signed in as somebody else than one thinks; then the wrong person is logged in, and should be known.
    fn tell_of_another_person(&self, before: Option<&Untrusted>, credential: &Credential) {
        let (Some(before), Some(now)) = (before, &credential.identity) else {
            return;
        };
        if before != now {
            let message = format!(
                "this login is {now}'s and replaces that of {before}; to keep both, log in with -a NAME"
            );
            self.interaction()
                .notify(&Event::Warning { message: &message });
        }
    }

    /// A client that was registered for the earlier login serves again; registering anew each time would litter the server.
    fn reuse_registration(
        &self,
        key: &AccountKey,
        profile: &mut ProviderProfile,
    ) -> Result<(), Error> {
        let known: Vec<ProviderProfile> = self
            .logins()?
            .into_iter()
            .filter(|(stored, _)| stored.provider() == key.provider())
            .filter_map(|(_, credential)| Some(credential.ok()?.profile))
            .collect();
        if let Some(other) = known.iter().find(|known| !server::is_same(known, profile)) {
            return Err(server::other(other, profile));
        }
        if profile.client_id.is_none()
            && let Some(known) = known.into_iter().find(|known| known.client_id.is_some())
        {
            profile.client_id = known.client_id;
            profile.client_secret = known.client_secret;
            profile.client_authentication = known.client_authentication;
        }
        Ok(())
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::store::StoreError> + Send + 'static,
) -> Result<T, Error> {
    let joined = tokio::task::spawn_blocking(work).await;
    Ok(joined.map_err(|error| Error::Io {
        action: "reach the credential store",
        source: std::io::Error::other(error),
    })??)
}
