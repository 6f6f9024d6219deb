//! The pages a browser ends at: they say how it went and what to do next, and nothing of the request.
//!
//! No script, nothing from outside. Every page is constant, so it is drawn once and then only handed out.

mod words;

use std::{collections::HashMap, sync::LazyLock};

use askama::Template;
use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{ALLOW, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER},
};

use crate::{hardening::harden, outcome::Outcome};
pub(crate) use words::Tone;
use words::Words;

/// The style is named by its digest, so nothing else that might slip in is ever applied.
const POLICY: HeaderValue = HeaderValue::from_static(concat!(
    "default-src 'none'; img-src data:; style-src 'sha256-",
    "rJFrBjXlaZWKASz16am4Sz+lC2r3d6BWURqGrS3iKak=",
    "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
));

/// What a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Page {
    /// How a callback ended.
    Callback(Outcome),
    /// The callback cannot be parsed or can be read in two ways: 400.
    Unreadable,
    /// The body of the callback did not arrive in time: 408.
    TooSlow,
    /// The body of the callback is too large: 413.
    TooLarge,
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
    /// The request names a host that is not this one: 421.
    Misdirected,
}

/// Every page there is, but for values of `Allow` that are not ours.
const PAGES: [Page; 17] = [
    Page::Callback(Outcome::Complete),
    Page::Callback(Outcome::Denied),
    Page::Callback(Outcome::NobodyWaiting),
    Page::Callback(Outcome::AlreadyDelivered),
    Page::Callback(Outcome::Unconfirmed),
    Page::Callback(Outcome::Rejected),
    Page::Callback(Outcome::Stopping),
    Page::Unreadable,
    Page::TooSlow,
    Page::TooLarge,
    Page::TooMany,
    Page::Prefetch,
    Page::Front,
    Page::NotFound,
    Page::Method { allow: "GET, POST" },
    Page::Method { allow: "GET, HEAD" },
    Page::Misdirected,
];

static DRAWN: LazyLock<HashMap<Page, Response<Bytes>>> =
    LazyLock::new(|| PAGES.map(|page| (page, page.draw())).into());

#[derive(Template)]
#[template(path = "page.html")]
struct PageTemplate {
    words: Words,
}

impl Page {
    /// The page of a callback that is refused with this status.
    pub(crate) fn refusal(status: StatusCode) -> Self {
        match status {
            StatusCode::REQUEST_TIMEOUT => Self::TooSlow,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::Unreadable,
        }
    }

    /// The page as an answer, with all its headers.
    pub fn response(&self) -> Response<Bytes> {
        DRAWN.get(self).cloned().unwrap_or_else(|| self.draw())
    }

    fn draw(&self) -> Response<Bytes> {
        let template = PageTemplate {
            words: self.words(),
        };
        let (body, kind) = match template.render() {
            Ok(page) => (page, "text/html; charset=utf-8"),
            Err(error) => {
                tracing::error!(%error, "a page could not be drawn");
                (
                    template.words.heading.to_owned(),
                    "text/plain; charset=utf-8",
                )
            }
        };
        let mut response = Response::new(body.into());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        harden(headers);
        match self {
            Self::Method { allow } => {
                headers.insert(ALLOW, HeaderValue::from_static(allow));
            }
            // What is left of the body is not worth reading.
            Self::TooSlow | Self::TooLarge => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        response
    }

    fn status(&self) -> StatusCode {
        match self {
            // A waiter has received it: that it is a refusal is for the words to say.
            Self::Callback(Outcome::Complete | Outcome::Denied) | Self::Front => StatusCode::OK,
            Self::Callback(
                Outcome::NobodyWaiting
                | Outcome::AlreadyDelivered
                | Outcome::Unconfirmed
                | Outcome::Rejected,
            )
            | Self::NotFound => StatusCode::NOT_FOUND,
            Self::Callback(Outcome::Stopping) | Self::Prefetch => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        }
    }

    /// In seconds.
    fn retry_after(&self) -> Option<&'static str> {
        match self {
            Self::Callback(Outcome::Stopping) => Some("5"),
            Self::TooMany => Some("60"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
