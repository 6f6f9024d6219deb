//! Judges one HTTP request to the loopback redirect URI: is it the answer this login waits for?
//!
//! Whoever can make the person's browser fetch an address can send requests here. None of them may end the
//! login or consume anything; only a request that carries this login's `state` is an answer to it.

use http::{HeaderMap, Method, StatusCode, header::ORIGIN};
use oarlock_io::http_server::LoopbackRequest;
use oarlock_oauth::{
    authorization::{AuthorizationError, AuthorizationRequest, CodeGrant},
    parameters::{Parameters, ParametersError},
    text::Untrusted,
};

/// Headers by which browsers and scanners say that nobody has asked for the page yet.
const PREFETCH_HEADERS: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// What a request turned out to be.
#[derive(Debug)]
pub(super) enum Verdict {
    /// An answer to this login: a grant, or the provider's refusal.
    Answer(Result<CodeGrant, AuthorizationError>),
    /// Something else; the login goes on.
    Foreign(Refusal),
}

/// Why a request is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Another path than the redirect URI's.
    #[error("there is no such page")]
    Path,
    /// Not a GET: a redirect is one (RFC 6749, section 1.7).
    #[error("a redirect is a GET request, not {0}")]
    Method(Untrusted),
    /// A script of another page sent it.
    #[error("the request was made by another web page")]
    Origin,
    /// Fetched ahead of the person.
    #[error("the page was fetched ahead of time; open it again")]
    Prefetch,
    /// No parameters at all.
    #[error("the provider's answer is expected here, and this is an empty request")]
    Empty,
    /// Repeated or malformed parameters.
    #[error("{0}")]
    Parameters(#[from] ParametersError),
    /// Another login's answer, or none.
    #[error("{0}")]
    NoAnswer(AuthorizationError),
    /// This login has had another answer.
    #[error("this login has been answered already")]
    Answered,
}

impl Refusal {
    /// For the response.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Origin | Self::Prefetch => StatusCode::FORBIDDEN,
            Self::Empty | Self::Parameters(_) | Self::NoAnswer(_) | Self::Answered => {
                StatusCode::BAD_REQUEST
            }
        }
    }
}

/// Judges a request to a listener on `port` whose redirect URI has this `path`.
pub(super) fn judge(
    request: &LoopbackRequest,
    authorization: &AuthorizationRequest,
    port: u16,
    path: &str,
) -> Verdict {
    match parameters(request, port, path) {
        Err(refusal) => Verdict::Foreign(refusal),
        Ok(parameters) => match authorization.check(&parameters) {
            // With the right state, these are the provider's last word; anybody else's lack the state.
            Ok(grant) => Verdict::Answer(Ok(grant)),
            Err(error @ (AuthorizationError::Refused(_) | AuthorizationError::WrongIssuer)) => {
                Verdict::Answer(Err(error))
            }
            Err(error) => Verdict::Foreign(Refusal::NoAnswer(error)),
        },
    }
}

fn parameters(request: &LoopbackRequest, port: u16, path: &str) -> Result<Parameters, Refusal> {
    if request.path != path {
        return Err(Refusal::Path);
    }
    if request.method != Method::GET {
        return Err(Refusal::Method(Untrusted::new(request.method.as_str())));
    }
    if is_prefetch(&request.headers) {
        return Err(Refusal::Prefetch);
    }
    if !is_navigation(&request.headers, port) {
        return Err(Refusal::Origin);
    }
    match request.query.as_deref() {
        None | Some("") => Err(Refusal::Empty),
        Some(query) => Ok(Parameters::parse(query)?),
    }
}

fn is_prefetch(headers: &HeaderMap) -> bool {
    PREFETCH_HEADERS
        .iter()
        .flat_map(|name| headers.get_all(*name))
        .any(|value| {
            let value = value.as_bytes().to_ascii_lowercase();
            [&b"prefetch"[..], b"preview", b"prerender"]
                .iter()
                .any(|word| value.windows(word.len()).any(|part| part == *word))
        })
}

/// A redirect is a navigation: it has no `Origin` (only scripts and POSTs have one), and browsers that say the
/// mode of a request say `navigate` (Fetch Metadata). `Origin: null` is refused like any other.
fn is_navigation(headers: &HeaderMap, port: u16) -> bool {
    let ours = ["127.0.0.1", "[::1]", "localhost"].map(|host| format!("http://{host}:{port}"));
    let origin = headers
        .get_all(ORIGIN)
        .iter()
        .all(|origin| ours.iter().any(|our| our.as_bytes() == origin.as_bytes()));
    let mode = headers
        .get_all("sec-fetch-mode")
        .iter()
        .all(|mode| mode == "navigate");
    origin && mode
}

#[cfg(test)]
pub(super) mod tests;
