//! Who knows the person: providers, each with its own PKCE, state, nonce, deadline and turn; and `dev`, for trying things on loopback.

use std::{sync::Arc, time::Duration};

use oarlock_io::{Clock, HttpClient};
use oarlock_oauth::{parameters::Parameters, secret::State};
use url::Url;

use super::user::Person;
use crate::config::broker::UpstreamConfig;

/// All upstreams, in the order of the configuration.
#[derive(Debug)]
pub struct Upstreams {
    // helper: upstreams
}

/// A provider, for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name, in forms.
    pub name: String,
    /// Its name for people.
    pub title: String,
}

/// What a login at a provider starts with.
#[derive(Debug)]
pub struct Departure {
    /// Where the browser goes.
    pub location: Url,
    /// `state` in it; its digest is how the login is found again.
    pub state: State,
    /// What the exchange needs; to be sealed.
    pub kept: Kept,
}

/// What must be remembered until the browser is back. Secret: sealed before it is stored.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Kept {
    /// Code verifier, if PKCE is used.
    pub verifier: Option<oarlock_oauth::secret::CodeVerifier>,
    /// Nonce, if an ID token is expected.
    pub nonce: Option<oarlock_oauth::secret::Nonce>,
    /// State, for the check of the answer.
    pub state: State,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept(redacted)")
    }
}

/// Who came back, and the provider's access token (for `hand_out_tokens`).
#[derive(Debug)]
pub struct Arrival {
    /// Who.
    pub person: Person,
    /// The provider's access token; none for `dev`.
    pub token: Option<oarlock_oauth::secret::AccessToken>,
}

/// Why a provider is of no help.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpstreamError {
    /// There is none of this name.
    #[error("no such provider")]
    Unknown,
    /// The person, or the provider, said no.
    #[error("the provider denied access")]
    Denied,
    /// The configuration lets this person not in.
    #[error("this account may not sign in here")]
    NotAllowed,
    /// It did not answer, or not in time: trying again may help.
    #[error("the provider cannot be reached now: {0}")]
    Unavailable(String),
    /// Too many logins wait for it.
    #[error("too many logins wait for the provider")]
    Busy(Duration),
    /// Its answer is not acceptable; the text is for logs, inert and without secrets.
    #[error("the provider's answer is refused: {0}")]
    Refused(String),
}

impl Upstreams {
    /// Those of the configuration; nothing is asked of them yet. `redirect_uri` is the one fixed address to come back to.
    pub fn new(
        configs: Vec<UpstreamConfig>,
        redirect_uri: Url,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let _ = (configs, redirect_uri, http, clock);
        todo!("helper: upstreams")
    }

    /// What a page offers.
    pub fn choices(&self) -> Vec<Choice> {
        todo!("helper: upstreams")
    }

    /// Its title, for a page.
    pub fn title(&self, name: &str) -> Option<String> {
        let _ = name;
        todo!("helper: upstreams")
    }

    /// Sends the browser off. `again`: the person is to sign in anew there (`prompt=login`), where the provider knows that.
    ///
    /// # Errors
    /// The metadata cannot be had; no such provider.
    pub async fn depart(&self, name: &str, again: bool) -> Result<Departure, UpstreamError> {
        let _ = (name, again);
        todo!("helper: upstreams")
    }

    /// Whether an answer's `iss` may be the provider's, before anything is spent (RFC 9207): a mix-up is refused here.
    ///
    /// # Errors
    /// It is another's.
    pub fn check_issuer(&self, name: &str, answer: &Parameters) -> Result<(), UpstreamError> {
        let _ = (name, answer);
        todo!("helper: upstreams")
    }

    /// Exchanges the code and learns who it is.
    ///
    /// # Errors
    /// See [`UpstreamError`].
    pub async fn arrive(
        &self,
        name: &str,
        kept: Kept,
        answer: &Parameters,
    ) -> Result<Arrival, UpstreamError> {
        let _ = (name, kept, answer);
        todo!("helper: upstreams")
    }

    /// People of the `dev` upstream, if there is one: what its page lists.
    pub fn dev_people(&self) -> Option<Vec<Person>> {
        todo!("helper: upstreams")
    }

    /// The address to come back to for a person of the `dev` upstream who was picked: `/redirect` with a code made of it and this state.
    pub fn dev_return(&self, subject: &str, state: &State) -> Option<Url> {
        let _ = (subject, state);
        todo!("helper: upstreams")
    }

    /// Whether this upstream's token may be handed out.
    pub fn hands_out_tokens(&self, name: &str) -> bool {
        let _ = name;
        todo!("helper: upstreams")
    }
}
