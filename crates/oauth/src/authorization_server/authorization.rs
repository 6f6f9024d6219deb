//! Authorization request and response, as the server sees them (RFC 6749, section 4.1; RFC 7636; RFC 9207; RFC 8707; OpenID Connect Core, section 3.1.2).

use url::Url;

use super::client::ClientMetadata;
use crate::{
    authorization::ErrorCode,
    endpoint::Issuer,
    parameters::ParametersError,
    scope::Scopes,
    secret::{AuthorizationCode, Nonce, State},
};

/// A query of an authorization request that was decoded, and whose client is still to be looked up.
#[derive(Debug)]
pub struct UncheckedRequest {
    // helper: rules (private fields: the decoded parameters, resources apart because they may be repeated)
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
        let _ = query;
        todo!("helper: rules")
    }

    /// `client_id`.
    pub fn client_id(&self) -> &str {
        todo!("helper: rules")
    }

    /// All checks, in the order that decides who is told: first `redirect_uri` (page), then the rest (client).
    ///
    /// `request`, `request_uri`, `response_type` other than `code`, `response_mode` other than `query`, a missing or other PKCE method, a challenge that is no S256 digest, a state or nonce
    /// over 2,000 bytes and a resource that is no absolute URI without fragment are refused. `known_scopes` are those the server has; others are left out
    /// (RFC 6749, section 3.3), also those that the client's metadata does not have.
    ///
    /// # Errors
    /// See [`AuthorizationRefusal`].
    pub fn check(
        self,
        client: &ClientMetadata,
        known_scopes: &Scopes,
        issuer: &Issuer,
    ) -> Result<AuthorizationRequest, AuthorizationRefusal> {
        let _ = (client, known_scopes, issuer);
        todo!("helper: rules")
    }
}

impl AuthorizationRequest {
    /// Where the browser goes with a code: `code`, `state`, `iss` (RFC 9207), beside what the redirect URI's query has.
    pub fn granted(&self, code: &AuthorizationCode, issuer: &Issuer) -> Url {
        let _ = (code, issuer);
        todo!("helper: rules")
    }

    /// Where the browser goes with an error: `error`, `error_description`, `state`, `iss`.
    pub fn refused(&self, error: &ErrorCode, description: &str, issuer: &Issuer) -> Url {
        let _ = (error, description, issuer);
        todo!("helper: rules")
    }
}
