//! The pages a browser ends at.

use http::Response;

use crate::relay::Outcome;

/// What a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// How a callback ended.
    Callback(Outcome),
    /// The callback cannot be parsed or can be read in two ways: 400.
    Unreadable,
    /// Too many callbacks that nobody waits for from one address: 429.
    TooMany,
    /// A prefetch of a callback, which must not use it up: 503.
    Prefetch,
    /// The front page of the address.
    Front,
    /// There is nothing here: 404.
    NotFound,
    /// The method is not for this address: 405.
    Method {
        /// What may be used, as in `Allow`.
        allow: &'static str,
    },
}

impl Page {
    /// The page as an answer, with all its headers.
    pub fn response(&self) -> Response<String> {
        todo!()
    }
}
