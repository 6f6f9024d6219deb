//! Bearer token usage and challenges (RFC 6750).
use crate::text::Untrusted;
/// A `WWW-Authenticate: Bearer` challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct BearerChallenge {
    pub realm: Option<Untrusted>,
    pub error: Option<Untrusted>,
    pub error_description: Option<Untrusted>,
    pub scope: Option<Untrusted>,
    pub resource_metadata: Option<String>,
}
/// The first Bearer challenge of a header value (RFC 9110, section 11.6.1).
pub fn challenge(header: &str) -> Option<BearerChallenge> {
    let _ = header;
    todo!()
}
