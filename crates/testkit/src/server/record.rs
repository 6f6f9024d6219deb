//! What the server was asked, for tests to look at.
use super::endpoint::Endpoint;
use http::{HeaderMap, Method};
use std::{collections::BTreeMap, fmt, time::Duration};

/// A request as it arrived.
///
/// It holds secrets in the clear, because tests must compare them; `Debug` shows names only.
#[derive(Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// What it was for.
    pub endpoint: Endpoint,
    /// The method.
    pub method: Method,
    /// The path, undecoded.
    pub path: String,
    /// Decoded parameters of the query, in order.
    pub query: Vec<(String, String)>,
    /// Decoded parameters of a form body, or the top-level members of a JSON object, in order.
    pub form: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Vec<u8>,
    /// When, by the server's monotonic clock.
    pub at: Duration,
}

impl RecordedRequest {
    /// The first value of a body parameter.
    pub fn form(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }

    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token of `Authorization: Bearer`.
    pub fn bearer(&self) -> Option<&str> {
        let value = self.header("authorization")?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    /// Whether `needle` occurs anywhere: path, query, headers or body. For canary values.
    pub fn contains(&self, needle: &str) -> bool {
        let in_pairs =
            |pairs: &[(String, String)]| pairs.iter().any(|(_, value)| value.contains(needle));
        let in_bytes = |bytes: &[u8]| {
            bytes
                .windows(needle.len().max(1))
                .any(|window| window == needle.as_bytes())
        };
        self.path.contains(needle)
            || in_pairs(&self.query)
            || in_pairs(&self.form)
            || self
                .headers
                .values()
                .any(|value| in_bytes(value.as_bytes()))
            || in_bytes(&self.body)
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| {
            pairs.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        f.debug_struct("RecordedRequest")
            .field("endpoint", &self.endpoint)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &names(&self.query))
            .field("form", &names(&self.form))
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// The requests so far. Counts are exact; of the requests themselves the newest are kept.
#[derive(Debug, Default)]
pub(crate) struct Records {
    kept: std::collections::VecDeque<RecordedRequest>,
    counts: BTreeMap<Endpoint, usize>,
}

/// Enough for a test, small enough for a demonstration that somebody leaves running.
const KEPT: usize = 10_000;

impl Records {
    pub(crate) fn add(&mut self, request: RecordedRequest) {
        *self.counts.entry(request.endpoint).or_default() += 1;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(request);
    }

    pub(crate) fn count(&self, endpoint: Endpoint) -> usize {
        self.counts.get(&endpoint).copied().unwrap_or_default()
    }

    pub(crate) fn counts(&self) -> BTreeMap<Endpoint, usize> {
        self.counts.clone()
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.kept.iter().cloned().collect()
    }

    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}
