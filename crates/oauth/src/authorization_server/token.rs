//! Token, revocation, introspection and device authorization requests, as the server reads them.

use http::HeaderMap;

use super::error::EndpointRefusal;
use crate::{
    client_auth::ClientAuthentication,
    scope::Scopes,
    secret::{AuthorizationCode, ClientSecret, CodeVerifier, DeviceCode, RefreshToken},
};

/// Who asks, and how it proves it: by one method alone (RFC 6749, section 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedClient {
    /// `client_id`, from the header or the body.
    pub client_id: String,
    /// The method that was used.
    pub method: ClientAuthentication,
    /// The secret, unless the method is `none`.
    pub secret: Option<ClientSecret>,
}

/// A request to one of the endpoints that programs call: the form was decoded, the client is still to be checked.
///
/// Forms only (`application/x-www-form-urlencoded`); no parameter twice but `resource`; credentials in the query are refused by not being read.
#[derive(Debug)]
pub struct EndpointRequest {
    /// Who asks.
    pub client: PresentedClient,
    // helper: rules (private: the decoded form)
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
    /// # Errors
    /// `invalid_request`; `invalid_client` with a challenge where Basic cannot be read.
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, EndpointRefusal> {
        let _ = (headers, body);
        todo!("helper: rules")
    }

    /// The grant of a token request.
    ///
    /// # Errors
    /// `unsupported_grant_type`; `invalid_request` for a parameter that is missing or not what it must be.
    pub fn grant(&self) -> Result<RequestedGrant, EndpointRefusal> {
        todo!("helper: rules")
    }

    /// The token of a revocation or introspection request (RFC 7009, section 2.1; RFC 7662, section 2.1). The hint is not needed and ignored.
    ///
    /// # Errors
    /// `invalid_request`: there is none.
    pub fn token(&self) -> Result<RefreshToken, EndpointRefusal> {
        todo!("helper: rules")
    }

    /// A device authorization request.
    ///
    /// # Errors
    /// `invalid_target`: a resource is no absolute URI without fragment.
    pub fn device(&self) -> Result<DeviceRequest, EndpointRefusal> {
        todo!("helper: rules")
    }
}
