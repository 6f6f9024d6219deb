//! Authorization request and response (RFC 6749, section 4.1; RFC 9207).

mod error;

pub use self::error::{AuthorizationError, ErrorCode, ErrorResponse};

use crate::{
    Random,
    endpoint::Issuer,
    parameters::Parameters,
    pkce,
    profile::{Pkce, ProfileError, ProviderProfile},
    scope::Scopes,
    secret::{AuthorizationCode, CodeVerifier, Nonce, State},
};
use std::fmt;
use subtle::ConstantTimeEq as _;
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

/// An authorization request on its way: what must be remembered until the response comes.
pub struct AuthorizationRequest {
    url: Url,
    state: State,
    verifier: Option<CodeVerifier>,
    nonce: Option<Nonce>,
    redirect_uri: String,
    issuer: Option<Issuer>,
    iss_required: bool,
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
            state,
            verifier,
            nonce,
            redirect_uri: redirect_uri.to_owned(),
            issuer: profile.issuer.clone(),
            iss_required: profile.authorization_response_iss_parameter_supported,
        })
    }

    /// For the browser. It carries `state` and the nonce: not for logs.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// As sent.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Checks `state` (constant time), then `iss`, then `error`, then `code`.
    ///
    /// Borrowing: a response that is not ours must not end the login. `iss` has to be exactly the issuer's text
    /// (RFC 9207, section 2.4); where the server promises it, its absence is refused too. An error response has
    /// to pass the same two checks, or anybody could end the login.
    ///
    /// # Errors
    /// It is not an answer to this request, names another issuer, carries an error, or no code.
    pub fn check(&self, response: &Parameters) -> Result<CodeGrant, AuthorizationError> {
        let state = response.get("state").unwrap_or_default();
        if !bool::from(state.as_bytes().ct_eq(self.state.expose().as_bytes())) {
            return Err(AuthorizationError::WrongState);
        }
        match (response.get("iss"), &self.issuer) {
            (Some(found), Some(expected)) if found != expected.as_str() => {
                return Err(AuthorizationError::WrongIssuer);
            }
            (None, _) if self.iss_required => return Err(AuthorizationError::WrongIssuer),
            _ => {}
        }
        let code = response.get("code");
        if let Some(error) = ErrorResponse::from_parameters(response) {
            return Err(if code.is_some() {
                AuthorizationError::Ambiguous
            } else {
                AuthorizationError::Refused(error)
            });
        }
        code.map(|code| self.grant_bare(AuthorizationCode::new(code)))
            .ok_or(AuthorizationError::NoCode)
    }

    /// The same for a bare pasted code, whose state nobody could check (the person handed it over).
    pub fn grant_bare(&self, code: AuthorizationCode) -> CodeGrant {
        CodeGrant {
            code,
            state: self.state.clone(),
            verifier: self.verifier.clone(),
            nonce: self.nonce.clone(),
            redirect_uri: self.redirect_uri.clone(),
        }
    }
}

impl fmt::Debug for AuthorizationRequest {
    /// Without the URL, which carries `state`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("redirect_uri", &self.redirect_uri)
            .field("issuer", &self.issuer)
            .field("iss_required", &self.iss_required)
            .finish_non_exhaustive()
    }
}

/// Adds parameters to an endpoint; its own query stays byte for byte, unless a name clashes.
fn with_query(endpoint: &Url, query: &[(&str, String)]) -> Url {
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
