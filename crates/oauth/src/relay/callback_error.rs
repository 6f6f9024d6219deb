//! Why a callback is refused.

use http::StatusCode;

use crate::{parameters::ParametersError, text::Untrusted};

/// Why a callback is refused. No value is quoted.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackError {
    /// Not a query, form or JSON object at all, or an empty one; a code or state that no provider makes.
    #[error("the callback is not well-formed")]
    Malformed,
    /// Too much of it: in bytes, in parameters, or for one line to the program.
    #[error("the callback is too large")]
    TooLarge,
    /// A parameter twice, names that differ in case with different values, `error` together with a code.
    #[error("the callback can be read in two ways: {0:?}")]
    Ambiguous(Untrusted),
    /// A state, code or error of a type that is none.
    #[error("the parameter {0:?} is not a text")]
    NotText(Untrusted),
}

impl CallbackError {
    /// How it is answered: 413 what is too large, 400 everything else.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed | Self::Ambiguous(_) | Self::NotText(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<ParametersError> for CallbackError {
    fn from(error: ParametersError) -> Self {
        match error {
            ParametersError::Repeated(name) => Self::Ambiguous(name),
            ParametersError::Malformed => Self::Malformed,
            ParametersError::TooLong => Self::TooLarge,
        }
    }
}
