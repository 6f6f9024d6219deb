use super::{AuthorizationError, CodeGrant, ErrorResponse};
use crate::{
    endpoint::Issuer,
    parameters::Parameters,
    secret::{AuthorizationCode, CodeVerifier, Nonce, State},
};
use std::fmt;
use subtle::ConstantTimeEq as _;

/// What must be remembered of an authorization request until the response comes.
#[derive(Clone)]
pub struct PendingAuthorization {
    /// As sent.
    pub state: State,
    /// The code verifier, where PKCE is used.
    pub verifier: Option<CodeVerifier>,
    /// The nonce, where `openid` was asked for.
    pub nonce: Option<Nonce>,
    /// As sent.
    pub redirect_uri: String,
    /// Whose answer it has to be, where the profile says it.
    pub issuer: Option<Issuer>,
    /// Whether the server promises `iss` in every answer.
    pub iss_required: bool,
}

impl PendingAuthorization {
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
        check_issuer(response, self.issuer.as_ref(), self.iss_required)?;
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

/// Checks `iss` of an answer alone (RFC 9207, section 2.4): where it is there it has to be exactly the issuer's text, and where it is
/// promised it has to be there.
///
/// # Errors
/// [`AuthorizationError::WrongIssuer`].
pub fn check_issuer(
    response: &Parameters,
    issuer: Option<&Issuer>,
    required: bool,
) -> Result<(), AuthorizationError> {
    match (response.get("iss"), issuer) {
        (Some(found), Some(expected)) if found != expected.as_str() => {
            Err(AuthorizationError::WrongIssuer)
        }
        (None, _) if required => Err(AuthorizationError::WrongIssuer),
        _ => Ok(()),
    }
}

impl fmt::Debug for PendingAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthorization")
            .field("redirect_uri", &self.redirect_uri)
            .field("issuer", &self.issuer)
            .field("iss_required", &self.iss_required)
            .finish_non_exhaustive()
    }
}
