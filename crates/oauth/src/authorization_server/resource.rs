//! Resource indicators (RFC 8707, section 2).

use url::Url;

/// Longest, in bytes.
const MAX_LENGTH: usize = 2000;

/// What is wrong with one that is none.
pub(super) const NONE: &str = "a resource must be an absolute URI without a fragment";

/// The resources of a request, each once and as written; `None` if one is no absolute URI without fragment.
pub(super) fn read(resources: &[String]) -> Option<Vec<String>> {
    let mut read = Vec::new();
    for resource in resources {
        if !is_resource(resource) {
            return None;
        }
        if !read.contains(resource) {
            read.push(resource.clone());
        }
    }
    Some(read)
}

fn is_resource(text: &str) -> bool {
    // Visible ASCII: RFC 3986 knows nothing else, and it ends in a token and on pages.
    text.len() <= MAX_LENGTH
        && text
            .bytes()
            .all(|byte| matches!(byte, b'!'..=b'~') && !b"#\\\"<>".contains(&byte))
        && Url::parse(text).is_ok()
}
