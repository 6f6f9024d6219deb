use std::time::Duration;

use oarlock_io::{HttpError, provider::ProviderError};
use oarlock_oauth::{
    authorization::{AuthorizationError, ErrorCode},
    id_token::IdTokenError,
    metadata::MetadataError,
    profile::ProfileError,
    token::TokenError,
};

/// Why a provider is of no help.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpstreamError {
    /// There is none of this name.
    #[error("no such provider")]
    Unknown,
    /// The person, or the provider, said no.
    #[error("the provider denied access")]
    Denied,
    /// The configuration lets this person not in.
    #[error("this account may not sign in here")]
    NotAllowed,
    /// It did not answer, or not in time: trying again may help.
    #[error("the provider cannot be reached now: {0}")]
    Unavailable(String),
    /// Too many logins wait for it; how long to wait before trying again.
    #[error("too many logins wait for the provider")]
    Busy(Duration),
    /// Its answer is not acceptable; the text is for logs, inert and without secrets.
    #[error("the provider's answer is refused: {0}")]
    Refused(String),
}

impl UpstreamError {
    fn unavailable(error: &dyn std::error::Error) -> Self {
        Self::Unavailable(error.to_string())
    }

    fn refused(error: &dyn std::error::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<ProviderError> for UpstreamError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Http(error) => error.into(),
            ProviderError::Token(error) => error.into(),
            ProviderError::Discovery { ref source, .. } if source.is_passing() => {
                Self::unavailable(&error)
            }
            ProviderError::Discovery { .. } | ProviderError::Profile(_) => Self::refused(&error),
        }
    }
}

impl From<HttpError> for UpstreamError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Dns { .. }
            | HttpError::Connect { .. }
            | HttpError::Tls { .. }
            | HttpError::TimedOut { .. }
            | HttpError::Lost { .. } => Self::unavailable(&error),
            _ => Self::refused(&error),
        }
    }
}

impl From<TokenError> for UpstreamError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unavailable { .. } => Self::unavailable(&error),
            _ => Self::refused(&error),
        }
    }
}

impl From<AuthorizationError> for UpstreamError {
    fn from(error: AuthorizationError) -> Self {
        let AuthorizationError::Refused(refusal) = &error else {
            return Self::refused(&error);
        };
        match refusal.code {
            ErrorCode::AccessDenied => Self::Denied,
            ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable => Self::unavailable(&error),
            _ => Self::refused(&error),
        }
    }
}

impl From<IdTokenError> for UpstreamError {
    fn from(error: IdTokenError) -> Self {
        Self::refused(&error)
    }
}

impl From<MetadataError> for UpstreamError {
    fn from(error: MetadataError) -> Self {
        Self::refused(&error)
    }
}

impl From<ProfileError> for UpstreamError {
    fn from(error: ProfileError) -> Self {
        Self::refused(&error)
    }
}
