//! The page a browser ends at: it says how the login went, and nothing that is secret.
//!
//! No script, nothing from outside, no answer's code or state. What strangers wrote is made inert by
//! [`Untrusted`] and escaped by the template.

use askama::Template;
use http::{
    HeaderValue, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
};
use oarlock_oauth::text::Untrusted;

/// The style is named by its digest, so nothing else that might slip in is ever applied.
const POLICY: HeaderValue = HeaderValue::from_static(concat!(
    "default-src 'none'; img-src data:; style-src 'sha256-",
    "7/4lrQchdUu7njFfCzekjVMlGyxUddJJn1xow5jTNgA=",
    "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
));

/// What a page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The program has its tokens.
    LoggedIn {
        /// Where to.
        provider: Untrusted,
    },
    /// The answer came; how it ends is not known yet.
    Received {
        /// From where.
        provider: Untrusted,
    },
    /// The person or the provider said no.
    Denied {
        /// Who said so.
        provider: Untrusted,
        /// What else the provider said.
        description: Option<Untrusted>,
    },
    /// The login went wrong after the answer came.
    Failed {
        /// Where to.
        provider: Untrusted,
        /// Why.
        reason: Untrusted,
    },
    /// A request that is no answer to this login, which goes on.
    Foreign {
        /// Of the response.
        status: StatusCode,
        /// Why.
        reason: Untrusted,
    },
}

/// Colour and sign of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Good,
    Bad,
    Calm,
}

impl std::fmt::Display for Tone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Calm => "calm",
        })
    }
}

#[derive(Template)]
#[template(path = "page.html")]
struct PageTemplate {
    tone: Tone,
    title: String,
    heading: String,
    reason: Option<String>,
    next: &'static str,
}

impl Page {
    /// The page as an answer.
    pub(crate) fn response(&self) -> Response<String> {
        let template = self.template();
        let (body, kind) = match template.render() {
            Ok(page) => (page, "text/html; charset=utf-8"),
            Err(error) => {
                tracing::error!(%error, "a page could not be drawn");
                (template.heading, "text/plain; charset=utf-8")
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // The page's address holds the code.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if self.status() == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::LoggedIn { .. } | Self::Received { .. } => StatusCode::OK,
            Self::Denied { .. } => StatusCode::FORBIDDEN,
            Self::Failed { .. } => StatusCode::BAD_GATEWAY,
            Self::Foreign { status, .. } => *status,
        }
    }

    fn template(&self) -> PageTemplate {
        match self {
            Self::LoggedIn { provider } => PageTemplate {
                tone: Tone::Good,
                title: format!("Logged in to {provider}"),
                heading: format!("You are logged in to {provider}"),
                reason: None,
                next: "You can close this window and go back to the program.",
            },
            Self::Received { provider } => PageTemplate {
                tone: Tone::Calm,
                title: format!("Answer of {provider} received"),
                heading: format!("The answer of {provider} was received"),
                reason: None,
                next: "The program is still working on it and will say how it ends. You can close this window.",
            },
            Self::Denied {
                provider,
                description,
            } => PageTemplate {
                tone: Tone::Bad,
                title: format!("Access to {provider} denied"),
                heading: "Access was denied".into(),
                reason: description
                    .as_ref()
                    .map(|text| format!("{provider} says: {text}")),
                next: "You are not logged in. To try again, start the login anew in the program.",
            },
            Self::Failed { provider, reason } => PageTemplate {
                tone: Tone::Bad,
                title: format!("Login to {provider} failed"),
                heading: "The login failed".into(),
                reason: Some(sentence(reason)),
                next: "You are not logged in. The program says more, and what to do.",
            },
            Self::Foreign { status, reason } => PageTemplate {
                tone: Tone::Calm,
                title: "Not an answer to this login".into(),
                heading: match *status {
                    StatusCode::NOT_FOUND => "There is nothing here".into(),
                    _ => "This is not the answer the program waits for".into(),
                },
                reason: Some(sentence(reason)),
                next: "Nothing was changed, and the login goes on. If you were logging in, use the address that the program shows.",
            },
        }
    }
}

/// Messages begin in lower case, because they follow a colon elsewhere; here they stand alone.
fn sentence(reason: &Untrusted) -> String {
    let text = reason.to_string();
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => text,
    }
}

#[cfg(test)]
mod tests;
