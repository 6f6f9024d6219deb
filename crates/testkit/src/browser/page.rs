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
use std::{
    io,
    sync::{Mutex, PoisonError},
};
use url::Url;

/// What came back.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Sends a request with the cookies that belong to it.
pub(crate) async fn load(step: &Step, cookies: &Mutex<Cookies>) -> Result<Page, BrowserError> {
    let failed = |source| BrowserError::io(&step.url, source);
    let mut request = Request::builder()
        .method(step.method.clone())
        .uri(step.url.as_str());
    request = request
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-mode", "navigate");
    let jar = || cookies.lock().unwrap_or_else(PoisonError::into_inner);
    let posts = step.method == Method::POST;
    let sent = jar().for_request(&step.url, step.from.as_ref(), posts);
    if let Some(sent) = sent {
        request = request.header(header::COOKIE, sent);
    }
    if let Some(from) = step.from.as_ref().filter(|_| posts) {
        let origin = from.origin();
        let site = if origin == step.url.origin() {
            "same-origin"
        } else {
            "cross-site"
        };
        let named = match step.nameless {
            true => "null".to_owned(),
            false => origin.ascii_serialization(),
        };
        request = request
            .header(header::ORIGIN, named)
            .header("sec-fetch-site", site)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let body = step.body.clone().unwrap_or_default().into_bytes();
    let request = request
        .body(body)
        .map_err(|error| failed(io::Error::other(error)))?;
    let response = plain::send(request).await.map_err(failed)?;
    jar().keep(&step.url, response.headers());
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
        answer: &mut Answer<'_>,
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
                if !kept {
                    return Ok(Some(Step {
                        refused: step.refused,
                        ..Step::get(url)
                    }));
                }
                let (here, there) = (step.url.origin(), url.origin());
                let came_from_here = step.from.as_ref().is_none_or(|from| from.origin() == here);
                Ok(Some(Step {
                    method: step.method.clone(),
                    body: step.body.clone(),
                    from: step.from.clone(),
                    nameless: step.nameless || here != there && !came_from_here,
                    refused: step.refused,
                    url,
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
                let next = forms::submit(&self.body, &step.url, answer);
                Ok(next.map(|next| Step {
                    nameless: self.wants_no_name(),
                    ..next
                }))
            }
        }
    }

    /// Where a page leads by itself, at once: `<meta http-equiv="refresh" content="0;url=…">`.
    fn refresh(&self) -> Option<String> {
        let is_refresh = |kind: &str| kind.eq_ignore_ascii_case("refresh");
        let tag = tags(&self.body)
            .into_iter()
            .find(|tag| tag.name == "meta" && tag.get("http-equiv").is_some_and(is_refresh))?;
        let (delay, target) = tag.get("content")?.split_once([';', ','])?;
        // A page that refreshes itself later is read meanwhile.
        let at_once = delay.trim() == "0";
        let target = target.trim_start();
        let is_named = target
            .get(..4)
            .is_some_and(|name| name.eq_ignore_ascii_case("url="));
        let target = target.get(4..).filter(|_| at_once && is_named)?;
        Some(target.trim().trim_matches(['\'', '"']).to_owned())
    }

    /// `Referrer-Policy: no-referrer` hides where a form came from, too.
    fn wants_no_name(&self) -> bool {
        let policy = self.headers.get(header::REFERRER_POLICY);
        policy.is_some_and(|policy| policy == "no-referrer")
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
