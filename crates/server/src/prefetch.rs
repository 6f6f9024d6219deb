//! Requests that nobody meant yet: browsers that look ahead (hostile.md, 8).

use http::{HeaderMap, HeaderName};

/// Headers by which browsers say that nobody has asked for the page yet: of today's, and of older ones.
const PURPOSES: [HeaderName; 4] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
];

pub(crate) fn is_prefetch(headers: &HeaderMap) -> bool {
    let values = PURPOSES.into_iter().flat_map(|name| headers.get_all(name));
    let mut words = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';', ' ']));
    words.any(|word| {
        ["prefetch", "prerender", "preview"]
            .iter()
            .any(|purpose| word.eq_ignore_ascii_case(purpose))
    })
}
