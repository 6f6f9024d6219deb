//! A credential: the tokens of one account, and what a refresh needs.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use oarlock_oauth::{
    profile::ProviderProfile,
    scope::Scopes,
    secret::{AccessToken, IdToken, RefreshToken},
    text::Untrusted,
    token::TokenResponse,
};
use serde::{Deserialize, Serialize};

use crate::{
    account::{AccountError, AccountKey},
    named::Named,
};

/// A token is due for a refresh when less than this is left, or less than half its lifetime.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// A clock that stands this far before the moment of issue has jumped.
const JUMP: SignedDuration = SignedDuration::from_secs(60);

/// The tokens of one account, as the credential file holds them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// What requests carry.
    pub access_token: AccessToken,
    /// What buys the next access token.
    #[serde(default)]
    pub refresh_token: Option<RefreshToken>,
    /// End of the access token's life, by the server's clock; `None`: not said, taken as "until refused".
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// `Bearer`.
    pub token_type: String,
    /// As granted.
    #[serde(default)]
    pub scope: Scopes,
    /// Name of the provider.
    pub provider: String,
    /// Name of the account here.
    pub account: String,
    /// Begin of the access token's life, by the server's clock.
    pub issued_at: Timestamp,
    /// Counts what was saved of this account, so that the newer of two files is known whatever the clocks said.
    #[serde(default)]
    pub revision: u64,
    /// Server's clock minus ours at the moment of issue, in seconds; 0 where they agree.
    #[serde(default)]
    pub clock_offset: i64,
    /// Who logged in, in the provider's words.
    #[serde(default)]
    pub identity: Option<Untrusted>,
    /// The ID token of the login.
    #[serde(default)]
    pub id_token: Option<IdToken>,
    /// What bought the tokens: it decides how they are renewed.
    #[serde(default)]
    pub renewal: Renewal,
    /// Set when the provider refused the refresh token for good.
    #[serde(default)]
    pub dead: Option<Dead>,
    /// The provider as it was at login, registration included: a refresh needs nothing else.
    pub profile: ProviderProfile,
    /// Which of the profile's endpoints the user named; the others are the word of the server's metadata.
    #[serde(default)]
    pub named: Named,
}

/// How an access token is renewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// By the refresh token (RFC 6749, section 6); without one, by a new login.
    #[default]
    RefreshToken,
    /// By asking again as the client itself (RFC 6749, section 4.4).
    ClientCredentials,
}

/// Why a login is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    /// Since when.
    pub since: Timestamp,
    /// What the provider said.
    pub reason: Untrusted,
}

/// How fresh an access token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Long enough to be handed out.
    Fresh,
    /// Valid, but due for a refresh.
    Due,
    /// Past its end, or the clock cannot be believed.
    Expired,
}

impl Credential {
    /// Makes the credential of a new login.
    pub fn new(
        key: &AccountKey,
        profile: ProviderProfile,
        tokens: TokenResponse,
        asked: &Scopes,
        clock_offset: i64,
    ) -> Self {
        Self {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            expires_at: tokens.expires_at,
            token_type: tokens.token_type,
            scope: tokens.scope.unwrap_or_else(|| asked.clone()),
            provider: key.provider().into(),
            account: key.account().into(),
            issued_at: tokens.issued_at,
            revision: 0,
            clock_offset,
            identity: None,
            id_token: tokens.id_token,
            renewal: Renewal::default(),
            dead: None,
            profile,
            named: Named::default(),
        }
    }

    /// The credential after a refresh; what the answer leaves out stays (RFC 6749, section 6).
    ///
    /// So does the ID token of the login: one that comes with a refresh is not checked here, so it is not believed.
    #[must_use]
    pub fn refreshed(&self, tokens: TokenResponse, clock_offset: i64) -> Self {
        Self {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token.or_else(|| self.refresh_token.clone()),
            expires_at: tokens.expires_at,
            token_type: tokens.token_type,
            scope: tokens.scope.unwrap_or_else(|| self.scope.clone()),
            issued_at: tokens.issued_at,
            revision: self.revision.saturating_add(1),
            clock_offset,
            dead: None,
            ..self.clone()
        }
    }

    /// Which account it belongs to.
    ///
    /// # Errors
    /// The file was edited, and the names in it are none.
    pub fn key(&self) -> Result<AccountKey, AccountError> {
        AccountKey::new(&self.provider, &self.account)
    }

    /// How fresh the access token is at `now` (our clock), wanting at least `min_ttl`.
    pub fn freshness(&self, now: Timestamp, min_ttl: Duration) -> Freshness {
        let Some(expires_at) = self.expires_at else {
            return Freshness::Fresh;
        };
        let now = self.server_time(now);
        if now + JUMP < self.issued_at {
            // The clock was set back since: what is left cannot be known, so it is asked for anew.
            return Freshness::Expired;
        }
        let left = expires_at.duration_since(now);
        let lifetime = expires_at
            .duration_since(self.issued_at)
            .max(SignedDuration::ZERO);
        let wanted = SignedDuration::try_from(min_ttl).unwrap_or(SignedDuration::MAX);
        if left <= SignedDuration::ZERO {
            Freshness::Expired
        } else if left < MARGIN.min(lifetime / 2) || left < wanted {
            Freshness::Due
        } else {
            Freshness::Fresh
        }
    }

    /// Our clock's reading, corrected by what the server's clock told at the moment of issue.
    pub fn server_time(&self, now: Timestamp) -> Timestamp {
        now.checked_add(SignedDuration::from_secs(self.clock_offset))
            .unwrap_or(now)
    }

    /// The provider as far as the user named it, without what the server's metadata said.
    pub fn named_profile(&self) -> ProviderProfile {
        self.named.part_of(&self.profile)
    }

    /// Whether it can be renewed without a person.
    pub fn is_renewable(&self) -> bool {
        self.dead.is_none()
            && (self.refresh_token.is_some() || self.renewal == Renewal::ClientCredentials)
    }
}

#[cfg(test)]
mod tests;
