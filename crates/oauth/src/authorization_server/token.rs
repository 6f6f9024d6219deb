//! Token, revocation, introspection and device authorization requests, as the server reads them.

mod presented;

pub use self::presented::PresentedClient;

use http::{HeaderMap, header::CONTENT_TYPE};

use super::{client::GrantType, error::EndpointRefusal, resource};
use crate::{
    authorization::ErrorCode,
    parameters::{Parameters, ParametersError},
    scope::Scopes,
    secret::{AuthorizationCode, CodeVerifier, DeviceCode, RefreshToken},
};

const MALFORMED: &str = "the form is not well-formed";

/// A request to one of the endpoints that programs call: the form was decoded, the client is still to be checked.
///
/// Forms only (`application/x-www-form-urlencoded`); no parameter twice but `resource`; credentials in the query are refused by not being read.
#[derive(Debug)]
pub struct EndpointRequest {
    /// Who asks.
    pub client: PresentedClient,
    form: Parameters,
    resources: Vec<String>,
}

/// What a token request asks for.
#[derive(Debug)]
pub enum RequestedGrant {
    /// RFC 6749, section 4.1.3.
    Code {
        /// The code.
        code: AuthorizationCode,
        /// As in the authorization request.
        redirect_uri: String,
        /// RFC 7636, section 4.5: 43 to 128 unreserved characters.
        verifier: CodeVerifier,
        /// A part of those asked for before (RFC 8707, section 2.2).
        resources: Vec<String>,
    },
    /// RFC 6749, section 6.
    Refresh {
        /// The refresh token.
        token: RefreshToken,
        /// A part of those granted, or all.
        scopes: Option<Scopes>,
        /// A part of those granted.
        resources: Vec<String>,
    },
    /// RFC 8628, section 3.4.
    Device {
        /// The device code.
        code: DeviceCode,
    },
}

/// What a device asks for (RFC 8628, section 3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceRequest {
    /// What for.
    pub scopes: Scopes,
    /// Where for.
    pub resources: Vec<String>,
}

impl EndpointRequest {
    /// Reads headers (`Content-Type`, `Authorization`) and body.
    ///
    /// A Basic header without a password is a public client's (Go's `oauth2` tries that first); a `client_id` in the body beside it must be the same.
    ///
    /// # Errors
    /// `invalid_request`; `invalid_client` with a challenge where Basic cannot be read.
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, EndpointRefusal> {
        if !is_form(headers) {
            return Err(invalid(
                "the body must be a form, Content-Type: application/x-www-form-urlencoded",
            ));
        }
        let body = std::str::from_utf8(body).map_err(|_| invalid(MALFORMED))?;
        let (form, resources) =
            Parameters::parse_with_list(body, Some("resource")).map_err(|error| {
                invalid(match error {
                    ParametersError::Repeated(_) => "a parameter is there twice",
                    ParametersError::Malformed => MALFORMED,
                    ParametersError::TooLong => "the form is too long",
                })
            })?;
        let client = PresentedClient::read(headers, &form)?;
        Ok(Self {
            client,
            form,
            resources,
        })
    }

    /// The grant of a token request.
    ///
    /// # Errors
    /// `unsupported_grant_type`; `invalid_request` for a parameter that is missing or not what it must be; `invalid_target` for a resource
    /// that is no absolute URI without fragment; `invalid_scope` for scopes of which none is one.
    pub fn grant(&self) -> Result<RequestedGrant, EndpointRefusal> {
        let name = self.required("grant_type", "grant_type is missing")?;
        match GrantType::parse(name) {
            Some(GrantType::AuthorizationCode) => self.code(),
            Some(GrantType::RefreshToken) => Ok(RequestedGrant::Refresh {
                token: RefreshToken::new(
                    self.required("refresh_token", "refresh_token is missing")?,
                ),
                scopes: self.scopes()?,
                resources: self.resources()?,
            }),
            Some(GrantType::DeviceCode) => Ok(RequestedGrant::Device {
                code: DeviceCode::new(self.required("device_code", "device_code is missing")?),
            }),
            None => Err(EndpointRefusal::new(
                ErrorCode::UnsupportedGrantType,
                "grant_type can be authorization_code, refresh_token or urn:ietf:params:oauth:grant-type:device_code",
            )),
        }
    }

    /// The token of a revocation or introspection request (RFC 7009, section 2.1; RFC 7662, section 2.1). The hint is not needed and ignored.
    ///
    /// # Errors
    /// `invalid_request`: there is none.
    pub fn token(&self) -> Result<RefreshToken, EndpointRefusal> {
        self.required("token", "token is missing")
            .map(RefreshToken::new)
    }

    /// A device authorization request.
    ///
    /// # Errors
    /// `invalid_target`: a resource is no absolute URI without fragment; `invalid_scope`: none of the scopes is one.
    pub fn device(&self) -> Result<DeviceRequest, EndpointRefusal> {
        Ok(DeviceRequest {
            scopes: self.scopes()?.unwrap_or_default(),
            resources: self.resources()?,
        })
    }

    fn code(&self) -> Result<RequestedGrant, EndpointRefusal> {
        let code = self.required("code", "code is missing")?;
        let redirect_uri = self.required(
            "redirect_uri",
            "redirect_uri is missing: the one of the authorization request",
        )?;
        let verifier = self.required(
            "code_verifier",
            "code_verifier is missing: PKCE is required",
        )?;
        let is_verifier = (43..=128).contains(&verifier.len())
            && verifier
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        if !is_verifier {
            return Err(invalid(
                "code_verifier must have 43 to 128 characters of A-Z, a-z, 0-9, -._~",
            ));
        }
        Ok(RequestedGrant::Code {
            code: AuthorizationCode::new(code),
            redirect_uri: redirect_uri.to_owned(),
            verifier: CodeVerifier::new(verifier),
            resources: self.resources()?,
        })
    }

    fn required(&self, name: &str, missing: &'static str) -> Result<&str, EndpointRefusal> {
        self.form.get(name).ok_or_else(|| invalid(missing))
    }

    fn scopes(&self) -> Result<Option<Scopes>, EndpointRefusal> {
        let scopes = self.form.get("scope").map(Scopes::parse);
        if scopes.as_ref().is_some_and(Scopes::is_empty) {
            return Err(EndpointRefusal::new(
                ErrorCode::InvalidScope,
                "scope has no scope that RFC 6749, section 3.3 allows",
            ));
        }
        Ok(scopes)
    }

    fn resources(&self) -> Result<Vec<String>, EndpointRefusal> {
        resource::read(&self.resources)
            .ok_or_else(|| EndpointRefusal::new(ErrorCode::InvalidTarget, resource::NONE))
    }
}

/// Exactly one `Content-Type`, and it is a form's; parameters such as `charset` are ignored.
fn is_form(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(kind), None) = (types.next(), types.next()) else {
        return false;
    };
    let essence = kind.to_str().ok().and_then(|kind| kind.split(';').next());
    essence.is_some_and(|kind| {
        kind.trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

fn invalid(description: &'static str) -> EndpointRefusal {
    EndpointRefusal::new(ErrorCode::InvalidRequest, description)
}

#[cfg(test)]
mod tests;
