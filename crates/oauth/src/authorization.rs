//! Authorization request and response (RFC 6749, section 4.1; RFC 9207).

mod error;
mod pending;

pub use self::{
    error::{AuthorizationError, ErrorCode, ErrorResponse},
    pending::{PendingAuthorization, check_issuer},
};

use crate::{
    Random,
    parameters::Parameters,
    pkce,
    profile::{Pkce, ProfileError, ProviderProfile},
    scope::Scopes,
    secret::{AuthorizationCode, CodeVerifier, Nonce, State},
};
use std::fmt;
use url::{Url, form_urlencoded};

/// 256 random bits for each of state, code verifier and nonce.
///
/// Each has bits of its own, so that the one in the URL tells nothing of the others.
pub struct AuthorizationRandom {
    /// For `state`.
    pub state: Random,
    /// For the verifier.
    pub verifier: Random,
    /// For the nonce.
    pub nonce: Random,
}

/// An authorization request on its way.
pub struct AuthorizationRequest {
    url: Url,
    pending: PendingAuthorization,
}

/// A code that passed every check, with what its exchange needs.
#[derive(Debug)]
pub struct CodeGrant {
    /// The code.
    pub code: AuthorizationCode,
    /// The state, for providers that want it in the exchange.
    pub state: State,
    /// The verifier.
    pub verifier: Option<CodeVerifier>,
    /// The nonce, sent when `openid` was asked for.
    pub nonce: Option<Nonce>,
    /// As in the request.
    pub redirect_uri: String,
}

impl AuthorizationRequest {
    /// Builds the request URL (RFC 6749, section 4.1.1); the verifier is in no URL.
    ///
    /// `scopes` are sent as given, none if there is none; the profile's own are for the caller to pick. A query
    /// that the endpoint has is kept (section 3.1), and no parameter is there twice: what the profile adds wins
    /// over the endpoint's query, and what the login itself sets wins over both.
    ///
    /// # Errors
    /// The profile lacks a client id or an authorization endpoint, or its extra parameters touch a reserved one.
    pub fn new(
        profile: &ProviderProfile,
        redirect_uri: &str,
        scopes: &Scopes,
        random: AuthorizationRandom,
    ) -> Result<Self, ProfileError> {
        profile.check_authorization_parameters()?;
        let state = State::from_random(random.state);
        let verifier =
            (profile.pkce != Pkce::None).then(|| CodeVerifier::from_random(random.verifier));
        let nonce = scopes
            .contains("openid")
            .then(|| Nonce::from_random(random.nonce));

        let mut query = vec![
            ("response_type", "code".to_owned()),
            ("client_id", profile.client_id()?.to_owned()),
        ];
        query.push(("redirect_uri", redirect_uri.to_owned()));
        if !scopes.is_empty() {
            query.push(("scope", scopes.join(profile.scope_separator)));
        }
        query.push(("state", state.expose().to_owned()));
        query.extend(
            nonce
                .as_ref()
                .map(|nonce| ("nonce", nonce.expose().to_owned())),
        );
        if let Some(verifier) = &verifier {
            query.push(("code_challenge", pkce::challenge(verifier)));
            query.push(("code_challenge_method", pkce::METHOD.to_owned()));
        }
        let extra = &profile.authorization_parameters;
        // OpenID Connect Core, section 11: without consent a server ignores offline_access, and no refresh token comes.
        let offline = scopes.contains("openid") && scopes.contains("offline_access");
        if offline && !extra.contains_key("prompt") {
            query.push(("prompt", "consent".to_owned()));
        }
        if !extra.contains_key("resource") {
            query.extend(
                profile
                    .resources
                    .iter()
                    .map(|resource| ("resource", resource.clone())),
            );
        }
        query.extend(
            extra
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        );

        Ok(Self {
            url: with_query(profile.authorization_endpoint()?.url(), &query),
            pending: PendingAuthorization {
                state,
                verifier,
                nonce,
                redirect_uri: redirect_uri.to_owned(),
                issuer: profile.issuer.clone(),
                iss_required: profile.authorization_response_iss_parameter_supported,
            },
        })
    }

    /// For the browser. It carries `state` and the nonce: not for logs.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What must be remembered until the response comes.
    pub fn pending(&self) -> &PendingAuthorization {
        &self.pending
    }

    /// The state.
    pub fn state(&self) -> &State {
        &self.pending.state
    }

    /// As sent.
    pub fn redirect_uri(&self) -> &str {
        &self.pending.redirect_uri
    }

    /// See [`PendingAuthorization::check`].
    ///
    /// # Errors
    /// It is not an answer to this request, names another issuer, carries an error, or no code.
    pub fn check(&self, response: &Parameters) -> Result<CodeGrant, AuthorizationError> {
        self.pending.check(response)
    }

    /// See [`PendingAuthorization::grant_bare`].
    pub fn grant_bare(&self, code: AuthorizationCode) -> CodeGrant {
        self.pending.grant_bare(code)
    }
}

impl fmt::Debug for AuthorizationRequest {
    /// Without the URL, which carries `state`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

/// Adds parameters to an endpoint; its own query stays byte for byte, unless a name clashes.
pub(crate) fn with_query(endpoint: &Url, query: &[(&str, String)]) -> Url {
    let mut url = endpoint.clone();
    let clashes = |name: &str| {
        query
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    let kept: Vec<(String, String)> = endpoint
        .query_pairs()
        .filter(|(name, _)| !clashes(name))
        .map(|(n, v)| (n.into(), v.into()))
        .collect();
    if kept.len() < endpoint.query_pairs().count() {
        url.set_query(None);
        if !kept.is_empty() {
            url.set_query(Some(
                &form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(&kept)
                    .finish(),
            ));
        }
    }
    url.query_pairs_mut()
        .extend_pairs(query.iter().map(|(name, value)| (*name, value.as_str())));
    url
}

#[cfg(test)]
mod tests;
