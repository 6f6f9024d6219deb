//! Why a line is not a frame.

use super::ErrorWord;

/// Why a line is not a frame. No value is quoted.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// Over [`MAX_LINE`](crate::relay::MAX_LINE).
    #[error("the line is longer than 65536 bytes")]
    TooLong,
    /// Not a JSON object in UTF-8 with each name once, at most 16 deep and with at most 512 values.
    #[error(
        "the line is not a JSON object with each name once, at most 16 deep, with at most 512 values"
    )]
    NotAnObject,
    /// A `type` that is missing or unknown.
    #[error("the frame's type is unknown")]
    UnknownType,
    /// `protocol` is neither 1 nor 2.
    #[error("this protocol is not spoken here; there are 1 and 2")]
    UnsupportedProtocol,
    /// A member is missing or not what it should be.
    #[error("the member {name} {problem}")]
    Member {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl FrameError {
    /// The word for it in protocol 2.
    pub fn word(&self) -> ErrorWord {
        match self {
            Self::UnsupportedProtocol => ErrorWord::UnsupportedProtocol,
            Self::TooLong | Self::NotAnObject | Self::UnknownType | Self::Member { .. } => {
                ErrorWord::InvalidRequest
            }
        }
    }
}
