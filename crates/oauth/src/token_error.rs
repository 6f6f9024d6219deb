use crate::{authorization::ErrorResponse, text::Untrusted};

/// Why there is no token.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// An OAuth error answer.
    #[error("{0}")]
    Refused(ErrorResponse),
    /// A passing fault: 5xx, 429, 408, or the errors `server_error` and `temporarily_unavailable` with any status.
    #[error("the server is unavailable (HTTP {status})")]
    Unavailable {
        /// HTTP status.
        status: u16,
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// Neither what was asked for nor an OAuth error; an excerpt of prose, inert and never of a 2xx body.
    #[error("the server's answer (HTTP {status}) is no OAuth answer{}", excerpted(.excerpt.as_ref()))]
    Malformed {
        /// HTTP status.
        status: u16,
        /// First words of a text body, with what looks like a token cut out.
        excerpt: Option<Untrusted>,
    },
    /// A type that is not Bearer (DPoP, MAC).
    #[error("token type {0} is not supported, only Bearer is")]
    UnsupportedType(Untrusted),
}

fn excerpted(excerpt: Option<&Untrusted>) -> String {
    excerpt
        .map(|excerpt| format!(": {excerpt}"))
        .unwrap_or_default()
}
