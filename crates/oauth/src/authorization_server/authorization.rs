//! Authorization request and response, as the server sees them (RFC 6749, section 4.1; RFC 7636; RFC 9207; RFC 8707; OpenID Connect Core, section 3.1.2).

mod checks;

use url::Url;

use self::checks::Refusal;
use super::client::ClientMetadata;
use crate::{
    authorization::{ErrorCode, with_query},
    endpoint::Issuer,
    parameters::{Parameters, ParametersError},
    scope::Scopes,
    secret::{AuthorizationCode, Nonce, State},
};

/// Longest `state`, `nonce` and `client_id`, in bytes.
const MAX_TEXT: usize = 2000;

/// A query of an authorization request that was decoded, and whose client is still to be looked up.
#[derive(Debug)]
pub struct UncheckedRequest {
    client_id: String,
    parameters: Parameters,
    resources: Vec<String>,
}

/// A request that passed every check which needs nothing but the client's metadata.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: String,
    /// Where the answer goes: exactly as in the request.
    pub redirect_uri: String,
    /// What for; empty: nothing was named.
    pub scopes: Scopes,
    /// Given back as it came.
    pub state: Option<State>,
    /// For the ID token.
    pub nonce: Option<Nonce>,
    /// S256 challenge: 43 characters of base64url.
    pub code_challenge: String,
    /// Resource indicators, absolute URIs without fragment.
    pub resources: Vec<String>,
    /// Words of `prompt`.
    pub prompt: Prompt,
    /// `max_age`, in seconds.
    pub max_age: Option<u64>,
}

/// `prompt` (OpenID Connect Core, section 3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Prompt {
    /// No page may be shown.
    pub none: bool,
    /// The person signs in anew.
    pub login: bool,
    /// Consent is asked again.
    pub consent: bool,
    /// The person may choose another account.
    pub select_account: bool,
}

/// Why a request is refused, and who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationRefusal {
    /// The person, on a page: whether the redirect URI is the client's is not known.
    Page(UntrustedRequest),
    /// The client, at its redirect URI.
    Client {
        /// Where to: with `error`, `error_description`, `state` and `iss`.
        location: Url,
        /// For logs.
        code: ErrorCode,
    },
}

/// Why no answer can be sent to the client.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UntrustedRequest {
    /// The query cannot be read.
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    /// `client_id` is missing.
    #[error("the request names no client (client_id)")]
    NoClient,
    /// The client is not known here.
    #[error("the program that asks is not known here (client_id)")]
    UnknownClient,
    /// `redirect_uri` is missing, or not one of the client's.
    #[error("the address to come back to (redirect_uri) is not one that the program registered")]
    RedirectUri,
}

impl UncheckedRequest {
    /// Decodes a query. `resource` may be there several times (RFC 8707, section 2), nothing else may.
    ///
    /// # Errors
    /// It cannot be read, or names no client.
    pub fn parse(query: &str) -> Result<Self, UntrustedRequest> {
        let (parameters, resources) = Parameters::parse_with_list(query, Some("resource"))?;
        let client_id = parameters
            .get("client_id")
            .ok_or(UntrustedRequest::NoClient)?;
        // RFC 6749, appendix A.1; it is looked up, logged and perhaps fetched.
        let is_id =
            |id: &str| id.len() <= MAX_TEXT && id.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !is_id(client_id) {
            return Err(UntrustedRequest::UnknownClient);
        }
        Ok(Self {
            client_id: client_id.to_owned(),
            parameters,
            resources,
        })
    }

    /// `client_id`.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// All checks, in the order that decides who is told: first `redirect_uri` (page), then the rest (client).
    ///
    /// `request`, `request_uri`, `response_type` other than `code`, `response_mode` other than `query`, a missing or other PKCE method, a challenge that is no S256 digest, a state or nonce
    /// over 2,000 bytes and a resource that is no absolute URI without fragment are refused. `known_scopes` are those the server has; others are left out
    /// (RFC 6749, section 3.3), also those that the client's metadata does not have; if none is left of those that were named, the request is refused.
    ///
    /// A refusal carries the request's state, unless that is the thing refused.
    ///
    /// # Errors
    /// See [`AuthorizationRefusal`].
    pub fn check(
        self,
        client: &ClientMetadata,
        known_scopes: &Scopes,
        issuer: &Issuer,
    ) -> Result<AuthorizationRequest, AuthorizationRefusal> {
        let redirect_uri = self.parameters.get("redirect_uri");
        let redirect_uri = redirect_uri
            .filter(|asked| client.allows_redirect(asked))
            .ok_or(AuthorizationRefusal::Page(UntrustedRequest::RedirectUri))?
            .to_owned();
        let state = self.parameters.get("state").map(State::new);
        self.read(client, known_scopes, &redirect_uri, &state)
            .map_err(|Refusal { code, description }| {
                let state = state
                    .as_ref()
                    .filter(|state| state.expose().len() <= MAX_TEXT);
                AuthorizationRefusal::Client {
                    location: with_error(&redirect_uri, (&code, description), state, issuer),
                    code,
                }
            })
    }
}

impl AuthorizationRequest {
    /// Where the browser goes with a code: `code`, `state`, `iss` (RFC 9207), beside what the redirect URI's query has.
    pub fn granted(&self, code: &AuthorizationCode, issuer: &Issuer) -> Url {
        let code = ("code", code.expose().to_owned());
        answer(&self.redirect_uri, vec![code], self.state.as_ref(), issuer)
    }

    /// Where the browser goes with an error: `error`, `error_description`, `state`, `iss`.
    pub fn refused(&self, error: &ErrorCode, description: &str, issuer: &Issuer) -> Url {
        let error = (error, description);
        with_error(&self.redirect_uri, error, self.state.as_ref(), issuer)
    }
}

fn with_error(
    redirect_uri: &str,
    (code, description): (&ErrorCode, &str),
    state: Option<&State>,
    issuer: &Issuer,
) -> Url {
    // The characters of RFC 6749, section 4.1.2.1.
    let allowed = |c| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
    let description = description
        .chars()
        .map(|c| if allowed(c) { c } else { '?' })
        .collect();
    let error = vec![
        ("error", code.as_str().to_owned()),
        ("error_description", description),
    ];
    answer(redirect_uri, error, state, issuer)
}

/// The redirect URI with an answer; a query of its own stays, but for names that the answer has.
fn answer(
    redirect_uri: &str,
    mut parameters: Vec<(&str, String)>,
    state: Option<&State>,
    issuer: &Issuer,
) -> Url {
    // Whatever a client registered can be parsed. If it could not, nothing would be told to anybody but this server.
    let Ok(url) = Url::parse(redirect_uri) else {
        return issuer.endpoint().url().clone();
    };
    parameters.extend(state.map(|state| ("state", state.expose().to_owned())));
    parameters.push(("iss", issuer.as_str().to_owned()));
    with_query(&url, &parameters)
}

#[cfg(test)]
mod tests;
