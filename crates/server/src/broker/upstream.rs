//! Who knows the person: providers, each with its own PKCE, state, nonce, deadline and turn; and `dev`, for trying things on loopback.

pub mod allow;
mod claims;
mod dev;
mod error;
mod fetched;
mod known;
mod provider;

pub use self::error::UpstreamError;

use std::sync::Arc;

use oarlock_io::{Clock, HttpClient, entropy};
use oarlock_oauth::{
    Random,
    authorization::check_issuer,
    parameters::Parameters,
    secret::{AccessToken, CodeVerifier, Nonce, State},
};
use url::Url;

use self::{
    allow::AllowRule,
    dev::Dev,
    provider::{Provider, Setup},
};
use super::user::{Person, User};
use crate::config::broker::{UpstreamConfig, UpstreamKind};

/// All upstreams, in the order of the configuration.
#[derive(Debug)]
pub struct Upstreams(Vec<Upstream>);

#[derive(Debug)]
struct Upstream {
    name: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Provider(Box<Provider>),
    Dev(Dev),
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
    pub verifier: Option<CodeVerifier>,
    /// Nonce, if an ID token is expected.
    pub nonce: Option<Nonce>,
    /// State, for the check of the answer.
    pub state: State,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept(redacted)")
    }
}

impl std::fmt::Debug for Departure {
    /// Without the address, which carries `state`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Departure(redacted)")
    }
}

/// Who came back.
#[derive(Debug)]
pub struct Arrival {
    /// Who.
    pub person: Person,
    /// The provider's access token, where it is to be handed out.
    pub token: Option<AccessToken>,
}

impl Upstreams {
    /// Those of the configuration; nothing is asked of them yet. `redirect_uri` is the one fixed address to come back to; `exchanges` is how
    /// many logins may wait for one provider at once.
    pub fn new(
        configs: Vec<UpstreamConfig>,
        redirect_uri: Url,
        http: HttpClient,
        clock: Arc<dyn Clock>,
        exchanges: usize,
    ) -> Self {
        let upstream = |config: UpstreamConfig| {
            let allow = rules(&config);
            let kind = match config.kind {
                UpstreamKind::Provider(profile) => {
                    let setup = Setup {
                        name: config.name.clone(),
                        profile: *profile,
                        allow,
                        deadline: config.deadline,
                        hands_out_tokens: config.hand_out_tokens,
                        redirect_uri: redirect_uri.clone(),
                        exchanges,
                    };
                    Kind::Provider(Box::new(Provider::new(setup, &http, Arc::clone(&clock))))
                }
                UpstreamKind::Dev(people) => Kind::Dev(Dev {
                    people: people
                        .into_iter()
                        .map(|person| Person {
                            provider: config.name.clone(),
                            ..person
                        })
                        .collect(),
                    allow,
                    redirect_uri: redirect_uri.clone(),
                }),
            };
            Upstream {
                name: config.name,
                kind,
            }
        };
        Self(configs.into_iter().map(upstream).collect())
    }

    /// What a page offers.
    pub fn choices(&self) -> Vec<Choice> {
        let choice = |upstream: &Upstream| Choice {
            name: upstream.name.clone(),
            title: upstream.title().to_owned(),
        };
        self.0.iter().map(choice).collect()
    }

    /// Its title, for a page.
    pub fn title(&self, name: &str) -> Option<String> {
        let upstream = self.find(name).ok()?;
        Some(upstream.title().to_owned())
    }

    /// Sends the browser off. `again`: the person is to sign in anew there (`prompt=login`), where the provider knows that.
    ///
    /// # Errors
    /// The metadata cannot be had; no such provider.
    pub async fn depart(&self, name: &str, again: bool) -> Result<Departure, UpstreamError> {
        match &self.find(name)?.kind {
            Kind::Provider(provider) => provider.depart(again).await,
            Kind::Dev(dev) => dev.depart(),
        }
    }

    /// Whether an answer's `iss` may be the provider's, before anything is spent (RFC 9207): a mix-up is refused here.
    ///
    /// Of a provider without an issuer nothing is expected; but another's name in its answer is a mix-up there too.
    ///
    /// # Errors
    /// It is another's, or missing where it is promised.
    pub fn check_issuer(&self, name: &str, answer: &Parameters) -> Result<(), UpstreamError> {
        let upstream = self.find(name)?;
        if let Kind::Provider(provider) = &upstream.kind
            && let Some(issuer) = provider.issuer()
        {
            return Ok(check_issuer(answer, Some(issuer), provider.promises_iss())?);
        }
        let others = self.0.iter().filter_map(Upstream::provider);
        let issuers = others.filter_map(Provider::issuer);
        for other in issuers {
            if answer.get("iss") == Some(other.as_str()) {
                return Err(UpstreamError::Refused(format!(
                    "this answer is {other}'s, and the login went elsewhere"
                )));
            }
        }
        Ok(())
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
        match &self.find(name)?.kind {
            Kind::Provider(provider) => provider.arrive(kept, answer).await,
            Kind::Dev(dev) => dev.arrive(kept, answer),
        }
    }

    /// People of the `dev` upstream, if there is one: what its page lists.
    pub fn dev_people(&self) -> Option<Vec<Person>> {
        Some(self.dev()?.people.clone())
    }

    /// The address to come back to for a person of the `dev` upstream who was picked: `/redirect` with a code made of it and this state.
    pub fn dev_return(&self, subject: &str, state: &State) -> Option<Url> {
        self.dev()?.back(subject, state)
    }

    /// Whether this upstream's token may be handed out.
    pub fn hands_out_tokens(&self, name: &str) -> bool {
        self.find(name)
            .ok()
            .and_then(Upstream::provider)
            .is_some_and(Provider::hands_out_tokens)
    }

    /// Whether somebody who came in by an upstream may still come in by it: what the configuration says today counts, for sessions of
    /// yesterday too. Those of an upstream that is no longer there are the operator's to revoke.
    pub(crate) fn admits(&self, user: &User) -> bool {
        let Ok(upstream) = self.find(&user.provider) else {
            return true;
        };
        let rules = upstream.allow();
        rules.is_empty()
            || allow::lets_in(
                rules,
                &Person {
                    provider: user.provider.clone(),
                    subject: user.subject.clone(),
                    profile: user.profile.clone(),
                },
            )
    }

    fn find(&self, name: &str) -> Result<&Upstream, UpstreamError> {
        self.0
            .iter()
            .find(|upstream| upstream.name == name)
            .ok_or(UpstreamError::Unknown)
    }

    fn dev(&self) -> Option<&Dev> {
        self.0.iter().find_map(|upstream| match &upstream.kind {
            Kind::Dev(dev) => Some(dev),
            Kind::Provider(_) => None,
        })
    }
}

impl Upstream {
    fn title(&self) -> &str {
        match &self.kind {
            Kind::Provider(provider) => provider.title(),
            Kind::Dev(_) => "Test users",
        }
    }

    fn allow(&self) -> &[AllowRule] {
        match &self.kind {
            Kind::Provider(provider) => provider.allow(),
            Kind::Dev(dev) => &dev.allow,
        }
    }

    fn provider(&self) -> Option<&Provider> {
        match &self.kind {
            Kind::Provider(provider) => Some(provider),
            Kind::Dev(_) => None,
        }
    }
}

/// The rules of the configuration, which has checked them. One that says nobody lets nobody in; were it left out, a list of one would let in
/// everybody.
fn rules(config: &UpstreamConfig) -> Vec<AllowRule> {
    let rule = |text: &String| {
        AllowRule::parse(text).unwrap_or_else(|error| {
            tracing::error!(upstream = config.name, %error, "a rule of allow");
            AllowRule::Nobody
        })
    };
    config.allow.iter().map(rule).collect()
}

fn random() -> Result<Random, UpstreamError> {
    entropy::random().map_err(|error| UpstreamError::Unavailable(error.to_string()))
}

#[cfg(test)]
mod tests;
