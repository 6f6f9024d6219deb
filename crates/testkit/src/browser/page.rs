//! A page: how it is asked for, and where it leads.

use super::{
    BrowserError, Visit,
    cookies::Cookies,
    forms::{self, Answer},
    html::tags,
    step::Step,
    without_query,
};
use crate::plain;
use http::{HeaderMap, Method, Request, header};
use std::io;
use url::Url;

/// What came back.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Sends a request with the cookies that belong to it.
pub(crate) async fn load(step: &Step, cookies: &mut Cookies) -> Result<Page, BrowserError> {
    let failed = |source| BrowserError::io(&step.url, source);
    let mut request = Request::builder()
        .method(step.method.clone())
        .uri(step.url.as_str());
    request = request
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-mode", "navigate");
    if let Some(cookie) = cookies.for_url(&step.url) {
        request = request.header(header::COOKIE, cookie);
    }
    if let Some(from) = &step.from {
        let origin = from.origin();
        let site = if origin == step.url.origin() {
            "same-origin"
        } else {
            "cross-site"
        };
        request = request
            .header(header::ORIGIN, origin.ascii_serialization())
            .header("sec-fetch-site", site)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let body = step.body.clone().unwrap_or_default().into_bytes();
    let request = request
        .body(body)
        .map_err(|error| failed(io::Error::other(error)))?;
    let response = plain::send(request).await.map_err(failed)?;
    cookies.keep(&step.url, response.headers());
    Ok(Page::of(response))
}

impl Page {
    pub(crate) fn of(response: http::Response<Vec<u8>>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// Where the page leads: a redirect, a refresh, a form, or nowhere.
    pub(crate) fn next(
        &self,
        step: &Step,
        answer: &Answer<'_>,
    ) -> Result<Option<Step>, BrowserError> {
        let location = self
            .headers
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok());
        match location {
            Some(location) if (300..400).contains(&self.status) => {
                let target = step.url.join(location);
                let url = target.map_err(|_| BrowserError::Redirect(without_query(&step.url)))?;
                // 307 and 308 keep the method and the body (RFC 9110, section 15.4).
                let kept = matches!(self.status, 307 | 308);
                let (method, body) = if kept {
                    (step.method.clone(), step.body.clone())
                } else {
                    (Method::GET, None)
                };
                Ok(Some(Step {
                    method,
                    url,
                    body,
                    from: None,
                    refused: step.refused,
                }))
            }
            _ if !self.is_html() || self.status >= 500 => Ok(None),
            _ => {
                if let Some(target) = self.refresh() {
                    let target = step.url.join(&target);
                    let url =
                        target.map_err(|_| BrowserError::Redirect(without_query(&step.url)))?;
                    return Ok(Some(Step {
                        refused: step.refused,
                        ..Step::get(url)
                    }));
                }
                if step.refused {
                    return Ok(None);
                }
                Ok(forms::submit(&self.body, &step.url, answer))
            }
        }
    }

    /// Where a page leads by itself: `<meta http-equiv="refresh" content="0;url=…">`.
    fn refresh(&self) -> Option<String> {
        let is_refresh = |kind: &str| kind.eq_ignore_ascii_case("refresh");
        let tag = tags(&self.body)
            .into_iter()
            .find(|tag| tag.name == "meta" && tag.get("http-equiv").is_some_and(is_refresh))?;
        let (_, target) = tag.get("content")?.split_once("url=")?;
        Some(target.to_owned())
    }

    fn is_html(&self) -> bool {
        let kind = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        kind.is_some_and(|kind| kind.starts_with("text/html"))
    }

    pub(crate) fn ended(self, url: Url, trail: Vec<Url>) -> Visit {
        Visit {
            url,
            status: self.status,
            page: self.body,
            headers: self.headers,
            redirect: None,
            wrong: Vec::new(),
            trail,
        }
    }
}
