//! Logging out: revoke at the provider where it can, then remove.

use oarlock_io::{HttpClient, provider};
use oarlock_oauth::revocation::{self, TokenHint};

use crate::{Client, account::AccountKey, credential::Credential, error::Error};

/// What became of the tokens at the provider.
#[derive(Debug)]
#[non_exhaustive]
pub enum Revocation {
    /// The provider took them back.
    Revoked,
    /// The provider offers no revocation: the access token lives on until it expires.
    NotOffered,
    /// Nobody asked for it.
    Skipped,
    /// The provider could not be asked, or refused; the tokens may live on there.
    Failed(Box<Error>),
}

impl Client {
    /// Removes a login; `revoke` takes its tokens back at the provider first. `None`: there was no login.
    ///
    /// A provider that cannot be reached does not keep the login here: what is left over is told.
    ///
    /// # Errors
    /// The store.
    pub async fn logout(
        &self,
        key: &AccountKey,
        revoke: bool,
    ) -> Result<Option<Revocation>, Error> {
        let (store, locked) = (self.store().clone(), key.clone());
        let lock = tokio::task::spawn_blocking(move || store.lock(&locked))
            .await
            .map_err(|error| Error::Io {
                action: "reach the credential store",
                source: std::io::Error::other(error),
            })??;
        let credential = match self.store().load(key) {
            Ok(Some(credential)) => Some(credential),
            Ok(None) => return Ok(None),
            // What cannot be read cannot be revoked, but a person must be able to get rid of it.
            Err(crate::store::StoreError::Malformed { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let revocation = match credential {
            Some(credential) if revoke => self.revoke(&credential).await,
            _ => Revocation::Skipped,
        };
        self.store().remove(&lock)?;
        Ok(Some(revocation))
    }

    async fn revoke(&self, credential: &Credential) -> Revocation {
        let http = match self.http() {
            Ok(http) => http,
            Err(error) => return Revocation::Failed(Box::new(error)),
        };
        provider::trust(http, &credential.named_profile());
        // The refresh token first: with it, servers end the whole grant (RFC 7009, section 2.1).
        let refresh = credential
            .refresh_token
            .as_ref()
            .map(|token| (token.expose(), TokenHint::Refresh));
        let tokens = refresh
            .into_iter()
            .chain([(credential.access_token.expose(), TokenHint::Access)]);
        for (token, hint) in tokens {
            match revoke_one(http, credential, token, hint).await {
                Ok(true) => {}
                Ok(false) => return Revocation::NotOffered,
                Err(error) => return Revocation::Failed(Box::new(error)),
            }
        }
        Revocation::Revoked
    }
}

async fn revoke_one(
    http: &HttpClient,
    credential: &Credential,
    token: &str,
    hint: TokenHint,
) -> Result<bool, Error> {
    let Some(request) = revocation::request(&credential.profile, token, hint)? else {
        return Ok(false);
    };
    let response = http.send(request).await?;
    revocation::response(&response)?;
    Ok(true)
}
