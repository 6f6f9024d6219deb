//! Authorization request and response (RFC 6749, section 4.1; RFC 9207).
use crate::{Random, endpoint::Issuer, parameters::Parameters, profile::{ProviderProfile, ProfileError}, scope::Scopes, secret::*, text::Untrusted};
use url::Url;

/// 256 random bits for each of state, code verifier and nonce.
pub struct AuthorizationRandom { /// For `state`.
    pub state: Random, /// For the verifier.
    pub verifier: Random, /// For the nonce.
    pub nonce: Random }

/// An authorization request on its way: what must be remembered until the response comes.
#[derive(Debug)]
pub struct AuthorizationRequest { url: Url, state: State, verifier: Option<CodeVerifier>, nonce: Option<Nonce>, redirect_uri: String, issuer: Option<Issuer>, iss_required: bool }

/// A code that passed every check, with what its exchange needs.
#[derive(Debug)]
pub struct CodeGrant { /// The code.
    pub code: AuthorizationCode, /// The state, for providers that want it in the exchange.
    pub state: State, /// The verifier.
    pub verifier: Option<CodeVerifier>, /// The nonce, sent when `openid` was asked for.
    pub nonce: Option<Nonce>, /// As in the request.
    pub redirect_uri: String }

impl AuthorizationRequest {
    /// Builds the request URL; the verifier is in no URL.
    /// # Errors
    /// The profile lacks a client id or an authorization endpoint.
    pub fn new(profile: &ProviderProfile, redirect_uri: &str, scopes: &Scopes, random: AuthorizationRandom) -> Result<Self, ProfileError> { let _ = (profile, redirect_uri, scopes, random); todo!() }
    /// For the browser.
    pub fn url(&self) -> &Url { &self.url }
    /// The state.
    pub fn state(&self) -> &State { &self.state }
    /// As sent.
    pub fn redirect_uri(&self) -> &str { &self.redirect_uri }
    /// Checks `state` (constant time), then `iss`, then `error`, then `code`. Borrowing: a response that is not ours must not end the login.
    /// # Errors
    pub fn check(&self, response: &Parameters) -> Result<CodeGrant, AuthorizationError> { let _ = response; todo!() }
    /// The same for a bare pasted code, whose state nobody could check (the person handed it over).
    pub fn grant_bare(&self, code: AuthorizationCode) -> CodeGrant { let _ = code; todo!() }
}
/// Why a response is no grant.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// Missing or another's `state`: not an answer to this request.
    #[error("this answer belongs to another login (its state differs)")]
    WrongState,
    /// `iss` is missing where the server promises it, or differs (mix-up, RFC 9207).
    #[error("this answer comes from another issuer than the login went to")]
    WrongIssuer,
    /// Neither code nor error; or both.
    #[error("the answer carries no authorization code")]
    NoCode,
    /// `error` and `code` together.
    #[error("the answer carries both a code and an error")]
    Ambiguous,
    /// The server or person said no.
    #[error("{0}")]
    Refused(ErrorResponse),
}
/// An OAuth error response (RFC 6749, sections 4.1.2.1 and 5.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct ErrorResponse { /// `error`.
    pub code: ErrorCode, /// `error_description`.
    pub description: Option<Untrusted>, /// `error_uri`.
    pub uri: Option<Untrusted> }
/// The registered error codes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ErrorCode { AccessDenied, InvalidRequest, InvalidClient, InvalidGrant, InvalidScope, InvalidTarget, UnauthorizedClient, UnsupportedGrantType, UnsupportedResponseType, ServerError, TemporarilyUnavailable, AuthorizationPending, SlowDown, ExpiredToken, LoginRequired, ConsentRequired, InteractionRequired, Other(Untrusted) }
impl std::fmt::Display for ErrorCode { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() } }
