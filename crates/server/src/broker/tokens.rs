//! The tokens made here: access tokens (RFC 9068), ID tokens (OpenID Connect Core, section 2), refresh tokens.

use std::sync::Arc;

use oarlock_io::Clock;
use oarlock_oauth::{
    authorization_server::access_token::AccessTokenClaims,
    endpoint::Issuer,
    scope::Scopes,
    secret::{AccessToken, IdToken, Nonce, RefreshToken},
};

use super::{
    digest::Digest,
    keyring::{Keyring, KeyringError},
    session::Session,
    user::User,
};
use crate::config::broker::Lifetimes;

/// Makes and checks them.
#[derive(Debug)]
pub struct Tokens {
    // helper: keys
}

/// A refresh token that was made: `FAMILY.SECRET`, 43 characters each. Who shows the right family with a wrong secret has an old token of that family.
#[derive(Debug)]
pub struct NewRefreshToken {
    /// For the client.
    pub token: RefreshToken,
    /// The digest of its family.
    pub family: Digest,
    /// The digest of its secret.
    pub secret: Digest,
}

impl Tokens {
    /// For an issuer.
    pub fn new(
        issuer: Issuer,
        lifetimes: Lifetimes,
        keyring: Arc<Keyring>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let _ = (issuer, lifetimes, keyring, clock);
        todo!("helper: keys")
    }

    /// An access token for a session: `iss`, `sub`, `aud` (the resources, else the issuer), `client_id`, `scope`, `jti`, `sid`, `iat`, `exp`, `auth_time`. Beside it its life in seconds, which never outlives the session.
    ///
    /// # Errors
    /// No randomness; the cryptography.
    pub fn access(
        &self,
        session: &Session,
        scopes: &Scopes,
        resources: &[String],
    ) -> Result<(AccessToken, u64), KeyringError> {
        let _ = (session, scopes, resources);
        todo!("helper: keys")
    }

    /// An ID token for a session: `iss`, `sub`, `aud` (the client), `azp`, `iat`, `exp`, `auth_time`, `nonce`, `sid`, `at_hash`, and what `profile` and `email` allow.
    ///
    /// # Errors
    /// The cryptography.
    pub fn id(
        &self,
        session: &Session,
        user: &User,
        nonce: Option<&Nonce>,
        access_token: &AccessToken,
    ) -> Result<IdToken, KeyringError> {
        let _ = (session, user, nonce, access_token);
        todo!("helper: keys")
    }

    /// A refresh token of a new family.
    ///
    /// # Errors
    /// No randomness.
    pub fn refresh(&self) -> Result<NewRefreshToken, KeyringError> {
        todo!("helper: keys")
    }

    /// The next refresh token of a family.
    ///
    /// # Errors
    /// No randomness.
    pub fn next(&self, shown: &RefreshToken) -> Result<Option<NewRefreshToken>, KeyringError> {
        let _ = shown;
        todo!("helper: keys; None where the text is no refresh token of ours")
    }

    /// The digests of a refresh token that is shown: family and secret. `None` where it is none of ours.
    pub fn shown(token: &RefreshToken) -> Option<(Digest, Digest)> {
        let _ = token;
        todo!("helper: keys")
    }

    /// Checks an access token of ours by its signature and claims; whether it is still good, the store says. `None` where it is none.
    pub fn check(&self, token: &AccessToken) -> Option<AccessTokenClaims> {
        let _ = token;
        todo!("helper: keys")
    }

    /// The claims of a person that scopes allow: `sub` always; `name`, `preferred_username` with `profile`; `email`, `email_verified` with `email`.
    pub fn claims(user: &User, scopes: &Scopes) -> serde_json::Map<String, serde_json::Value> {
        let _ = (user, scopes);
        todo!("helper: keys")
    }
}
