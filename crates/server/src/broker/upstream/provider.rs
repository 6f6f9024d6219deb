//! One provider, and one login there.

use std::{borrow::Cow, sync::Arc, time::Duration};

use oarlock_io::{Clock, HttpClient, provider};
use oarlock_oauth::{
    authorization::{AuthorizationRandom, AuthorizationRequest, PendingAuthorization},
    endpoint::Issuer,
    id_token,
    parameters::Parameters,
    profile::ProviderProfile,
    secret::AccessToken,
    text::Untrusted,
    token::{Grant, TokenResponse},
    userinfo,
};
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use super::{
    Arrival, Departure, Kept, UpstreamError,
    allow::{self, AllowRule},
    claims,
    fetched::Fetched,
    known::{self, Known},
    random,
};
use crate::broker::user::Person;

/// Connections are kept for less than servers do, so that a request seldom meets one that was just closed.
const IDLE: Duration = Duration::from_secs(2);
/// When to come again where too many wait.
const BUSY: Duration = Duration::from_secs(5);

/// A provider of the configuration.
#[derive(Debug)]
pub(super) struct Provider {
    name: String,
    configured: ProviderProfile,
    allow: Vec<AllowRule>,
    /// For one request; twice that for all of one login.
    deadline: Duration,
    hands_out_tokens: bool,
    redirect_uri: Url,
    http: HttpClient,
    clock: Arc<dyn Clock>,
    known: Fetched<Known>,
    /// Logins that may wait for it at once: it can hold up no more than these.
    turns: Semaphore,
}

/// What a provider is made of.
pub(super) struct Setup {
    pub(super) name: String,
    pub(super) profile: ProviderProfile,
    pub(super) allow: Vec<AllowRule>,
    pub(super) deadline: Duration,
    pub(super) hands_out_tokens: bool,
    pub(super) redirect_uri: Url,
    pub(super) exchanges: usize,
}

impl Provider {
    pub(super) fn new(setup: Setup, http: &HttpClient, clock: Arc<dyn Clock>) -> Self {
        let http = http.apart(setup.deadline, IDLE);
        provider::trust(&http, &setup.profile);
        Self {
            known: known::fetched(&setup.profile, &http, &clock),
            turns: Semaphore::new(setup.exchanges),
            name: setup.name,
            configured: setup.profile,
            allow: setup.allow,
            deadline: setup.deadline,
            hands_out_tokens: setup.hands_out_tokens,
            redirect_uri: setup.redirect_uri,
            http,
            clock,
        }
    }

    pub(super) fn title(&self) -> &str {
        self.configured.display_name()
    }

    pub(super) fn allow(&self) -> &[AllowRule] {
        &self.allow
    }

    pub(super) fn hands_out_tokens(&self) -> bool {
        self.hands_out_tokens
    }

    pub(super) fn issuer(&self) -> Option<&Issuer> {
        self.configured.issuer.as_ref()
    }

    /// Whether each of its answers has to name it, as far as is known now.
    pub(super) fn promises_iss(&self) -> bool {
        self.configured
            .authorization_response_iss_parameter_supported
            || self
                .known
                .ready()
                .is_some_and(|known| known.profile.authorization_response_iss_parameter_supported)
    }

    pub(super) async fn depart(&self, again: bool) -> Result<Departure, UpstreamError> {
        let known = self.known().await?;
        let mut profile = Cow::Borrowed(&known.profile);
        if again && let Some(prompt) = prompt_to_sign_in(&known.profile) {
            let parameters = &mut profile.to_mut().authorization_parameters;
            parameters.insert("prompt".to_owned(), prompt);
        }
        let random = AuthorizationRandom {
            state: random()?,
            verifier: random()?,
            nonce: random()?,
        };
        let request = AuthorizationRequest::new(
            &profile,
            self.redirect_uri.as_str(),
            &profile.scopes,
            random,
        )?;
        let pending = request.pending();
        Ok(Departure {
            location: request.url().clone(),
            state: pending.state.clone(),
            kept: Kept {
                verifier: pending.verifier.clone(),
                nonce: pending.nonce.clone(),
                state: pending.state.clone(),
            },
        })
    }

    pub(super) async fn arrive(
        &self,
        kept: Kept,
        answer: &Parameters,
    ) -> Result<Arrival, UpstreamError> {
        let _turn = self.turn()?;
        self.in_time(self.exchange(kept, answer)).await
    }

    async fn exchange(&self, kept: Kept, answer: &Parameters) -> Result<Arrival, UpstreamError> {
        let known = self.known.value().await?;
        let profile = &known.profile;
        let pending = PendingAuthorization {
            state: kept.state,
            verifier: kept.verifier,
            nonce: kept.nonce,
            redirect_uri: self.redirect_uri.as_str().to_owned(),
            issuer: profile.issuer.clone(),
            iss_required: profile.authorization_response_iss_parameter_supported,
        };
        let grant = pending.check(answer)?;
        let (tokens, offset) =
            provider::tokens(&self.http, &*self.clock, profile, &Grant::Code(&grant)).await?;
        let now = provider::server_time(self.clock.now(), offset);
        let claims = known.id_token(&tokens, grant.nonce.as_ref(), now).await?;
        let person = match claims {
            Some(claims) => self.person_of(profile, claims, &tokens).await?,
            None => self.person_of_userinfo(profile, &tokens).await?,
        };
        let token = self.hands_out_tokens.then_some(tokens.access_token);
        Ok(Arrival { person, token })
    }

    /// Userinfo is a courtesy here: when it fails, the person stands without what only it could say.
    async fn person_of(
        &self,
        profile: &ProviderProfile,
        claims: id_token::Claims,
        tokens: &TokenResponse,
    ) -> Result<Person, UpstreamError> {
        let mut told = claims::profile(profile, &claims.subject, &claims.all);
        let mut missed = None;
        if claims::lacks(&told, &profile.scopes) {
            match self.userinfo(profile, &tokens.access_token).await {
                Ok(Some(more)) if userinfo::same_subject(&claims, &more) => {
                    let more = claims::profile(profile, &claims.subject, &more);
                    told = claims::completed(told, more);
                }
                Ok(Some(_)) => tracing::warn!(
                    upstream = self.name,
                    "userinfo speaks of somebody else than the ID token; it was ignored"
                ),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, upstream = self.name, "userinfo is missing");
                    missed = Some(error);
                }
            }
        }
        let person = Person {
            provider: self.name.clone(),
            subject: claims::checked_subject(claims.subject)?,
            profile: told,
        };
        // An address that was not told may be one that is let in.
        self.admitted(person)
            .map_err(|error| missed.unwrap_or(error))
    }

    async fn person_of_userinfo(
        &self,
        profile: &ProviderProfile,
        tokens: &TokenResponse,
    ) -> Result<Person, UpstreamError> {
        let nobody = |why: &str| UpstreamError::Refused(why.to_owned());
        let claims = self
            .userinfo(profile, &tokens.access_token)
            .await?
            .ok_or_else(|| nobody("it has neither ID tokens nor a userinfo_endpoint"))?;
        let subject = userinfo::subject(profile, &claims)
            .ok_or_else(|| nobody("userinfo has none of the subject_claims"))?;
        let subject = claims::checked_subject(subject)?;
        self.admitted(Person {
            provider: self.name.clone(),
            profile: claims::profile(profile, &subject, &claims),
            subject,
        })
    }

    fn admitted(&self, person: Person) -> Result<Person, UpstreamError> {
        if allow::lets_in(&self.allow, &person) {
            Ok(person)
        } else {
            // For the rule, or the answer, that the operator may have to write.
            tracing::warn!(
                upstream = self.name,
                subject = %Untrusted::new(person.subject.as_str()),
                "somebody may not sign in here: no rule of allow lets them in"
            );
            Err(UpstreamError::NotAllowed)
        }
    }

    async fn userinfo(
        &self,
        profile: &ProviderProfile,
        token: &AccessToken,
    ) -> Result<Option<Map<String, Value>>, UpstreamError> {
        let Some(request) = userinfo::request(profile, token) else {
            return Ok(None);
        };
        let response = self.http.send(request).await?;
        Ok(Some(userinfo::response(&response)?))
    }

    /// What is known of it; whoever has to wait for that takes a turn.
    async fn known(&self) -> Result<Arc<Known>, UpstreamError> {
        if let Some(known) = self.known.ready() {
            return Ok(known);
        }
        let _turn = self.turn()?;
        self.in_time(self.known.value()).await
    }

    fn turn(&self) -> Result<SemaphorePermit<'_>, UpstreamError> {
        self.turns
            .try_acquire()
            .map_err(|_| UpstreamError::Busy(BUSY))
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, UpstreamError>>,
    ) -> Result<T, UpstreamError> {
        let all = self.deadline.saturating_mul(2);
        let late = || UpstreamError::Unavailable(format!("it took longer than {all:?}"));
        tokio::time::timeout(all, work)
            .await
            .unwrap_or_else(|_| Err(late()))
    }
}

/// What makes a provider ask the person anew, where it knows such a thing.
fn prompt_to_sign_in(profile: &ProviderProfile) -> Option<String> {
    let of_openid = || {
        profile
            .scopes
            .contains("openid")
            .then(|| "login".to_owned())
    };
    profile.prompt_to_sign_in.clone().or_else(of_openid)
}
