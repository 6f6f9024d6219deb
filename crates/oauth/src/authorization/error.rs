use crate::{parameters::Parameters, scrub::scrub, text::Untrusted};
use serde_json::{Map, Value};
use std::fmt;

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
    /// Neither code nor error.
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
///
/// `Display` is the code and, where there is one, the description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorResponse {
    /// `error`.
    pub code: ErrorCode,
    /// `error_description`, with words that look like tokens cut out: servers echo what they were sent.
    pub description: Option<Untrusted>,
    /// `error_uri`.
    pub uri: Option<Untrusted>,
}

impl ErrorResponse {
    /// The error in the parameters of a redirect or a form; `None` where there is none.
    pub fn from_parameters(parameters: &Parameters) -> Option<Self> {
        let code = parameters.get("error")?;
        Some(Self::new(
            code,
            parameters.get("error_description"),
            parameters.get("error_uri"),
        ))
    }

    /// The error in a JSON body; `None` where there is none.
    ///
    /// Beside `{"error":"code"}` it knows `{"error":{"code"|"type"|"status":…,"message":…}}`, which API gateways
    /// before token endpoints answer.
    pub fn from_json(body: &Map<String, Value>) -> Option<Self> {
        let text = |map: &'_ Map<String, Value>, names: &[&str]| {
            names.iter().find_map(|name| {
                map.get(*name)?
                    .as_str()
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned)
            })
        };
        match body.get("error")? {
            Value::String(code) if !code.is_empty() => {
                let description = text(body, &["error_description"]);
                Some(Self::new(
                    code,
                    description.as_deref(),
                    text(body, &["error_uri"]).as_deref(),
                ))
            }
            Value::Object(error) => {
                let code = text(error, &["code", "type", "status"])
                    .unwrap_or_else(|| "unknown_error".into());
                Some(Self::new(
                    &code,
                    text(error, &["message", "error_description"]).as_deref(),
                    None,
                ))
            }
            _ => None,
        }
    }

    /// An error by its code; the description is scrubbed of what looks like a token.
    pub(crate) fn new(name: &str, description: Option<&str>, uri: Option<&str>) -> Self {
        let code = ErrorCode::parse(name);
        // A provider's own name for a registered code would be lost otherwise.
        let description = description.or_else(|| (code.as_str() != name).then_some(name));
        Self {
            code,
            description: description.map(|text| Untrusted::new(scrub(text))),
            uri: uri.map(|uri| Untrusted::new(scrub(uri))),
        }
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.description {
            Some(description) => write!(f, "{}: {description}", self.code),
            None => self.code.fmt(f),
        }
    }
}

impl std::error::Error for ErrorResponse {}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $(| $alias:literal)*;)*) => {
        /// The registered error codes, and what providers call them.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
            /// A code that is not registered.
            Other(Untrusted),
        }

        impl ErrorCode {
            /// The code of a name.
            pub fn parse(name: &str) -> Self {
                match name {
                    $($name $(| $alias)* => Self::$variant,)*
                    other => Self::Other(Untrusted::new(other)),
                }
            }

            /// The registered name; raw text for one that is not registered, so for comparison only.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name.raw(),
                }
            }
        }
    };
}

codes! {
    /// The person or server said no (RFC 6749, section 4.1.2.1; Entra: `authorization_declined`).
    AccessDenied = "access_denied" | "authorization_declined";
    /// RFC 6749, sections 4.1.2.1 and 5.2.
    InvalidRequest = "invalid_request";
    /// The client is unknown or its authentication failed (RFC 6749, section 5.2; GitHub, Slack: their own).
    InvalidClient = "invalid_client" | "incorrect_client_credentials" | "bad_client_secret" | "invalid_client_id";
    /// The code or refresh token is invalid, expired, used or revoked (RFC 6749, section 5.2; GitHub, Slack, OpenAI: their own).
    InvalidGrant = "invalid_grant" | "bad_verification_code" | "bad_refresh_token" | "invalid_code" | "code_already_used"
        | "invalid_refresh_token" | "refresh_token_expired" | "refresh_token_reused" | "refresh_token_invalidated";
    /// RFC 6749, sections 4.1.2.1 and 5.2.
    InvalidScope = "invalid_scope";
    /// A resource indicator is refused (RFC 8707, section 2).
    InvalidTarget = "invalid_target";
    /// RFC 6749, sections 4.1.2.1 and 5.2.
    UnauthorizedClient = "unauthorized_client" | "device_flow_disabled";
    /// RFC 6749, section 5.2.
    UnsupportedGrantType = "unsupported_grant_type";
    /// RFC 6749, section 4.1.2.1.
    UnsupportedResponseType = "unsupported_response_type";
    /// RFC 6749, section 4.1.2.1.
    ServerError = "server_error";
    /// RFC 6749, section 4.1.2.1.
    TemporarilyUnavailable = "temporarily_unavailable";
    /// The person has not finished (RFC 8628, section 3.5).
    AuthorizationPending = "authorization_pending";
    /// Poll less often (RFC 8628, section 3.5).
    SlowDown = "slow_down";
    /// The device code expired (RFC 8628, section 3.5).
    ExpiredToken = "expired_token";
    /// OpenID Connect Core, section 3.1.2.6.
    LoginRequired = "login_required";
    /// OpenID Connect Core, section 3.1.2.6.
    ConsentRequired = "consent_required";
    /// OpenID Connect Core, section 3.1.2.6.
    InteractionRequired = "interaction_required";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => name.fmt(f),
            known => f.write_str(known.as_str()),
        }
    }
}
