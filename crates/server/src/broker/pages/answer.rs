//! A page as an answer: status and headers.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER},
};

use super::{Device, DeviceProblem, Notice, Page, leave, span::whole_seconds};
use crate::hardening::harden;

/// As for the relay's pages, but these have forms, which post to this server alone.
const POLICY: HeaderValue = HeaderValue::from_static(concat!(
    "default-src 'none'; img-src data:; style-src 'sha256-",
    "aY/eB1eC7rrrleVTlhRIaPHap2CJcOcXXai8A5V7HNc=",
    "'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
));

impl Page<'_> {
    /// The page as an answer, with all its headers (`Content-Security-Policy` with `form-action 'self'` and the style's digest).
    pub fn response(&self) -> Response<Bytes> {
        if let Self::Leave(leave) = self
            && !leave::is_allowed(leave.to)
        {
            tracing::error!(whom = %leave.whom, "a browser was not sent on: the address is none for a browser");
            return Page::Notice(Notice::BadRequest(
                "It would send your browser to an address that is not allowed.",
            ))
            .response();
        }
        let (status, kind, body) = match self.draw() {
            Ok(page) => (self.status(), "text/html; charset=utf-8", page),
            Err(error) => {
                tracing::error!(%error, "a page could not be drawn");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "text/plain; charset=utf-8",
                    "This page could not be drawn. Go back and try again.".to_owned(),
                )
            }
        };
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        harden(headers);
        if let Some(wait) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::SignIn(_)
            | Self::Consent(_)
            | Self::Dev(_)
            | Self::Code(_)
            | Self::Sessions(_)
            | Self::Leave(_) => StatusCode::OK,
            Self::Device(Device { problem, .. }) => match problem {
                None => StatusCode::OK,
                Some(DeviceProblem::Nothing) => StatusCode::BAD_REQUEST,
                Some(DeviceProblem::TooMany(_)) => StatusCode::TOO_MANY_REQUESTS,
            },
            Self::Notice(notice) => notice.status(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Device(Device {
                problem: Some(DeviceProblem::TooMany(wait)),
                ..
            })
            | Self::Notice(Notice::TooMany(wait) | Notice::Full(wait)) => Some(*wait),
            Self::Notice(Notice::Unavailable) => Some(Duration::from_secs(5)),
            _ => None,
        }
    }
}

impl Notice<'_> {
    fn status(&self) -> StatusCode {
        match self {
            Self::Done | Self::Denied | Self::SignedOut | Self::Front => StatusCode::OK,
            Self::ProviderDenied | Self::NotAllowed | Self::Forged => StatusCode::FORBIDDEN,
            Self::ProviderUnavailable | Self::ProviderRefused => StatusCode::BAD_GATEWAY,
            Self::Expired | Self::BadRequest(_) | Self::NoCookies => StatusCode::BAD_REQUEST,
            Self::Interrupted => StatusCode::CONFLICT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Full(_) | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
