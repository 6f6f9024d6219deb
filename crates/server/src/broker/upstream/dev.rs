//! `dev`: anybody signs in as anybody. For trying things, on loopback alone.

use oarlock_oauth::{authorization::PendingAuthorization, parameters::Parameters, secret::State};
use url::Url;

use super::{Arrival, Departure, Kept, UpstreamError, allow, allow::AllowRule, random};
use crate::broker::user::Person;

#[derive(Debug)]
pub(super) struct Dev {
    pub(super) people: Vec<Person>,
    pub(super) allow: Vec<AllowRule>,
    pub(super) redirect_uri: Url,
}

impl Dev {
    /// To the page beside the redirect URI that lists the people.
    pub(super) fn depart(&self) -> Result<Departure, UpstreamError> {
        let state = State::from_random(random()?);
        let mut location = self
            .redirect_uri
            .join("dev")
            .map_err(|error| UpstreamError::Refused(error.to_string()))?;
        location
            .query_pairs_mut()
            .append_pair("state", state.expose());
        let kept = Kept {
            verifier: None,
            nonce: None,
            state: state.clone(),
        };
        Ok(Departure {
            location,
            state,
            kept,
        })
    }

    pub(super) fn back(&self, subject: &str, state: &State) -> Option<Url> {
        let person = self
            .people
            .iter()
            .find(|person| person.subject == subject)?;
        let mut location = self.redirect_uri.clone();
        location
            .query_pairs_mut()
            .append_pair("code", &person.subject)
            .append_pair("state", state.expose());
        Some(location)
    }

    /// The code is no secret: who is asked who they are may say anything here. That it is the same browser, the state and the cookie say.
    pub(super) fn arrive(&self, kept: Kept, answer: &Parameters) -> Result<Arrival, UpstreamError> {
        let pending = PendingAuthorization {
            state: kept.state,
            verifier: kept.verifier,
            nonce: kept.nonce,
            redirect_uri: self.redirect_uri.as_str().to_owned(),
            issuer: None,
            iss_required: false,
        };
        let grant = pending.check(answer)?;
        let person = self
            .people
            .iter()
            .find(|person| person.subject == grant.code.expose())
            .ok_or_else(|| UpstreamError::Refused("nobody on the list was picked".to_owned()))?;
        if !allow::lets_in(&self.allow, person) {
            return Err(UpstreamError::NotAllowed);
        }
        Ok(Arrival {
            person: person.clone(),
            token: None,
        })
    }
}
