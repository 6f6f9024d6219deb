//! The tokens made here: access tokens (RFC 9068), ID tokens (OpenID Connect Core, section 2), refresh tokens.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{self, SHA256, SHA512};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oarlock_io::{Clock, entropy};
use oarlock_oauth::{
    Timestamp,
    authorization_server::access_token::{self, AccessTokenClaims},
    endpoint::Issuer,
    scope::Scopes,
    secret::{AccessToken, IdToken, Nonce, RefreshToken},
    text::Untrusted,
};
use serde_json::{Map, Value};

use super::{
    digest::{Digest, Purpose},
    keyring::{Keyring, KeyringError},
    session::Session,
    user::User,
};
use crate::config::broker::{Algorithm, Lifetimes};

/// `typ` of an ID token's header.
const ID_TOKEN_TYPE: &str = "JWT";
/// 256 random bits as base64url.
const HALF_LENGTH: usize = 43;

/// Makes and checks them.
#[derive(Debug)]
pub struct Tokens {
    issuer: Issuer,
    lifetimes: Lifetimes,
    keyring: Arc<Keyring>,
    clock: Arc<dyn Clock>,
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
        Self {
            issuer,
            lifetimes,
            keyring,
            clock,
        }
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
        let (mut claims, life) = self.claims_of(session, self.lifetimes.access_token);
        let audience = match resources {
            [] => self.issuer.as_str().into(),
            [one] => one.as_str().into(),
            several => several.into(),
        };
        claims.insert("aud".to_owned(), audience);
        claims.insert("client_id".to_owned(), session.client_id.as_str().into());
        if !scopes.is_empty() {
            claims.insert("scope".to_owned(), scopes.join(' ').into());
        }
        claims.insert("jti".to_owned(), token_id()?.into());
        let token = self.keyring.sign(access_token::TYPE, &claims.into())?;
        Ok((AccessToken::new(token), life))
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
        let signer = self.keyring.signer()?;
        let (ours, _) = self.claims_of(session, self.lifetimes.id_token);
        let mut claims = Self::claims(user, &session.scopes);
        claims.extend(ours);
        claims.insert("aud".to_owned(), session.client_id.as_str().into());
        claims.insert("azp".to_owned(), session.client_id.as_str().into());
        if let Some(nonce) = nonce {
            claims.insert("nonce".to_owned(), nonce.expose().into());
        }
        let hash = access_token_hash(signer.algorithm(), access_token);
        claims.insert("at_hash".to_owned(), hash.into());
        let token = signer.sign(ID_TOKEN_TYPE, &claims.into())?;
        Ok(IdToken::new(token))
    }

    /// A refresh token of a new family.
    ///
    /// # Errors
    /// No randomness.
    pub fn refresh(&self) -> Result<NewRefreshToken, KeyringError> {
        NewRefreshToken::of_family(random_half()?.expose())
    }

    /// The next refresh token of a family; `None` where the text is no refresh token of ours.
    ///
    /// # Errors
    /// No randomness.
    pub fn next(&self, shown: &RefreshToken) -> Result<Option<NewRefreshToken>, KeyringError> {
        let halves = halves(shown);
        halves
            .map(|(family, _)| NewRefreshToken::of_family(family))
            .transpose()
    }

    /// The digests of a refresh token that is shown: family and secret. `None` where it is none of ours.
    pub fn shown(token: &RefreshToken) -> Option<(Digest, Digest)> {
        let (family, secret) = halves(token)?;
        Some((
            Digest::of(Purpose::RefreshFamily, family),
            Digest::of(Purpose::RefreshSecret, secret),
        ))
    }

    /// Checks an access token of ours by its signature and claims; whether it is still good, the store says. `None` where it is none.
    pub fn check(&self, token: &AccessToken) -> Option<AccessTokenClaims> {
        let ring = self.keyring.ring();
        let (keys, now) = (ring.key_set(), self.clock.now());
        access_token::check(token, &self.issuer, &[], keys, now).ok()
    }

    /// The claims of a person that scopes allow: `sub` always; `name`, `preferred_username` with `profile`; `email`, `email_verified` with `email`.
    pub fn claims(user: &User, scopes: &Scopes) -> Map<String, Value> {
        let profile = &user.profile;
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), user.id.as_str().into());
        let mut said = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                claims.insert(name.to_owned(), value);
            }
        };
        // As the provider said it: who shows it makes it inert.
        let text = |text: &Option<Untrusted>| text.as_ref().map(|text| text.raw().into());
        if scopes.contains("profile") {
            said("name", text(&profile.name));
            said("preferred_username", text(&profile.username));
        }
        if scopes.contains("email") {
            said("email", text(&profile.email));
            let verified = || Value::from(profile.email_verified);
            said("email_verified", profile.email.as_ref().map(|_| verified()));
        }
        claims
    }

    /// What all tokens of a session say, and how many seconds they live: never longer than the session.
    fn claims_of(&self, session: &Session, life: Duration) -> (Map<String, Value>, u64) {
        let now = self.clock.now();
        let until = now.checked_add(life).unwrap_or(Timestamp::MAX);
        let issued = now.as_second();
        let expires = until.min(session.expires_at).as_second().max(issued);
        let claims = [
            ("iss", self.issuer.as_str().into()),
            ("sub", session.user.as_str().into()),
            ("sid", session.id.as_str().into()),
            ("iat", issued.into()),
            ("exp", expires.into()),
            ("auth_time", session.auth_time.as_second().into()),
        ];
        let claims = claims.map(|(name, value): (&str, Value)| (name.to_owned(), value));
        (claims.into_iter().collect(), expires.abs_diff(issued))
    }
}

impl NewRefreshToken {
    fn of_family(family: &str) -> Result<Self, KeyringError> {
        let secret = random_half()?;
        Ok(Self {
            token: RefreshToken::new(format!("{family}.{}", secret.expose())),
            family: Digest::of(Purpose::RefreshFamily, family),
            secret: Digest::of(Purpose::RefreshSecret, secret.expose()),
        })
    }
}

/// Family and secret.
fn halves(token: &RefreshToken) -> Option<(&str, &str)> {
    let (family, secret) = token.expose().split_once('.')?;
    let is_half = |text: &str| {
        text.len() == HALF_LENGTH
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (is_half(family) && is_half(secret)).then_some((family, secret))
}

fn random_half() -> Result<RefreshToken, KeyringError> {
    let random = entropy::random().map_err(KeyringError::Random)?;
    Ok(RefreshToken::from_random(random))
}

/// `jti`: 128 random bits.
fn token_id() -> Result<String, KeyringError> {
    let random = entropy::random().map_err(KeyringError::Random)?;
    let (half, _) = random.split_at(16);
    Ok(URL_SAFE_NO_PAD.encode(half))
}

/// `at_hash` (OpenID Connect Core, section 3.1.3.6): the left half of the hash that the signature uses, which for Ed25519 is SHA-512.
fn access_token_hash(algorithm: Algorithm, token: &AccessToken) -> String {
    let hash = match algorithm {
        Algorithm::Es256 => &SHA256,
        Algorithm::EdDsa => &SHA512,
    };
    let hashed = digest::digest(hash, token.expose().as_bytes());
    let left = hashed.as_ref().iter().take(hash.output_len() / 2);
    URL_SAFE_NO_PAD.encode(left.copied().collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests;
