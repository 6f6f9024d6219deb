//! A browser without a screen: what a person does on the way through a login, and what else
//! arrives at a loopback redirect URI.
mod callback;
mod cookies;
mod forms;
mod html;
mod page;
mod step;

use callback::deliver;
use cookies::Cookies;
use forms::Answer;
use http::HeaderMap;
use page::{Page, load};
use std::{
    fmt, io,
    str::FromStr,
    sync::{Arc, Mutex},
};
use step::Step;
use url::Url;

/// A person with a browser.
///
/// Given an authorization URL, it gets the page, follows redirects with cookies, fills the forms
/// (any plain HTML forms: our own and npm `oidc-provider`'s), and takes the answer to the redirect
/// URI. `http` only.
#[derive(Clone, Debug)]
pub struct FakeBrowser {
    user: String,
    deny: bool,
    callback: Callback,
    stop: bool,
    presses: Vec<(String, String)>,
    only_presses: bool,
    /// Cookies that stay from visit to visit.
    cookies: Option<Arc<Mutex<Cookies>>>,
}

/// How the browser comes to the redirect URI.
///
/// All but `Deliver` and `DropEarly` do something wrong first and then deliver properly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Callback {
    /// Once, as it should.
    #[default]
    Deliver,
    /// Twice: the second is a replay (hostile.md, 9).
    Twice,
    /// A HEAD before (hostile.md, 8).
    HeadFirst,
    /// A GET marked as a prefetch before (hostile.md, 8).
    PrefetchFirst,
    /// A GET with another `state`, and one with none, before (hostile.md, 10).
    WrongStateFirst,
    /// A GET with `Host: evil.example` before (hostile.md, 17).
    WrongHost,
    /// A GET with `Origin: https://evil.example` and one with `Origin: null` before (hostile.md, 17).
    ForeignOrigin,
    /// A cross-site POST before (hostile.md, 17).
    ForeignPost,
    /// A GET without any parameters, and one for `/favicon.ico`, before.
    StrayFirst,
    /// The request is sent and the connection closed before the page is read (hostile.md, 33).
    DropEarly,
}

const CALLBACKS: &[(&str, Callback)] = &[
    ("deliver", Callback::Deliver),
    ("twice", Callback::Twice),
    ("head-first", Callback::HeadFirst),
    ("prefetch-first", Callback::PrefetchFirst),
    ("wrong-state-first", Callback::WrongStateFirst),
    ("wrong-host", Callback::WrongHost),
    ("foreign-origin", Callback::ForeignOrigin),
    ("foreign-post", Callback::ForeignPost),
    ("stray-first", Callback::StrayFirst),
    ("drop-early", Callback::DropEarly),
];

impl Callback {
    /// Every way.
    pub fn all() -> impl Iterator<Item = Self> {
        CALLBACKS.iter().map(|(_, callback)| *callback)
    }
}

impl FromStr for Callback {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        CALLBACKS
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, callback)| *callback)
            .ok_or_else(|| {
                let names: Vec<_> = CALLBACKS.iter().map(|(name, _)| *name).collect();
                format!("{text:?} is none of: {}", names.join(", "))
            })
    }
}

/// Where a visit ended.
///
/// Addresses can hold codes; `Debug` leaves their queries out.
#[derive(Clone)]
#[non_exhaustive]
pub struct Visit {
    /// The last address.
    pub url: Url,
    /// The status of the last page; 0 where none was read.
    pub status: u16,
    /// The last page.
    pub page: String,
    /// The headers of the last page.
    pub headers: HeaderMap,
    /// The redirect to the redirect URI, with the answer in it (for pasting).
    pub redirect: Option<Url>,
    /// Statuses of the wrong requests, in order; 0 where the connection was closed.
    pub wrong: Vec<u16>,
    /// Every address on the way.
    pub trail: Vec<Url>,
}

/// Why a visit did not end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// No answer.
    #[error("{address}: {source}")]
    Io {
        /// Where, without the query.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A redirect to something that is no address.
    #[error("{0} redirects to nothing that can be opened")]
    Redirect(String),
    /// The pages go round in circles.
    #[error("no end after {0} pages")]
    Endless(usize),
}

/// Pages and redirects on the way.
const MOST: usize = 40;

impl Default for FakeBrowser {
    fn default() -> Self {
        Self {
            user: "alice".into(),
            deny: false,
            callback: Callback::default(),
            stop: false,
            presses: Vec::new(),
            only_presses: false,
            cookies: None,
        }
    }
}

impl FakeBrowser {
    /// Signs in as `alice` and allows everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Signs in as somebody else.
    #[must_use]
    pub fn user(mut self, login: impl Into<String>) -> Self {
        self.user = login.into();
        self
    }

    /// Denies.
    #[must_use]
    pub fn deny(mut self) -> Self {
        self.deny = true;
        self
    }

    /// Comes to the redirect URI in another way.
    #[must_use]
    pub fn callback(mut self, callback: Callback) -> Self {
        self.callback = callback;
        self
    }

    /// Stops before the redirect URI, see [`Visit::redirect`].
    #[must_use]
    pub fn stop_at_redirect(mut self) -> Self {
        self.stop = true;
        self
    }

    /// Presses the button of this name and value, once in a visit, where a page offers it, whatever else it offers.
    #[must_use]
    pub fn press(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.presses.push((name.into(), value.into()));
        self
    }

    /// Presses nothing else: a page without such a button is the end.
    #[must_use]
    pub fn only_press(mut self) -> Self {
        self.only_presses = true;
        self
    }

    /// Keeps its cookies from visit to visit; clones share them. Without, each visit is that of another browser.
    #[must_use]
    pub fn remembering(mut self) -> Self {
        self.cookies.get_or_insert_default();
        self
    }

    /// Goes through a login, a device page, or just to a page.
    ///
    /// # Errors
    /// A page or the redirect URI does not answer; pages without end.
    pub async fn visit(&self, url: &Url) -> Result<Visit, BrowserError> {
        let redirect_uri = redirect_uri_of(url);
        let cookies = self.cookies.clone().unwrap_or_default();
        let mut trail = Vec::new();
        let mut step = Step::get(url.clone());
        let mut answer = Answer {
            user: &self.user,
            deny: self.deny,
            presses: self.presses.clone(),
            acts: !self.only_presses,
        };
        for _ in 0..MOST {
            trail.push(step.url.clone());
            if redirect_uri
                .as_deref()
                .is_some_and(|uri| is_redirect_to(&step.url, uri))
            {
                return self.arrive(step.url, trail).await;
            }
            let page = load(&step, &cookies).await?;
            match page.next(&step, &mut answer)? {
                Some(next) => step = next,
                None => return Ok(page.ended(step.url, trail)),
            }
        }
        Err(BrowserError::Endless(MOST))
    }

    /// The same for tests without a runtime.
    ///
    /// # Errors
    /// As [`Self::visit`], and when there is no runtime to be had.
    pub fn visit_blocking(&self, url: &Url) -> Result<Visit, BrowserError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|source| BrowserError::io(url, source))?;
        runtime.block_on(self.visit(url))
    }

    async fn arrive(&self, redirect: Url, trail: Vec<Url>) -> Result<Visit, BrowserError> {
        let mut visit = Visit {
            url: redirect.clone(),
            status: 0,
            page: String::new(),
            headers: HeaderMap::new(),
            redirect: Some(redirect.clone()),
            wrong: Vec::new(),
            trail,
        };
        if self.stop {
            return Ok(visit);
        }
        let delivered = deliver(&redirect, self.callback).await;
        let delivered = delivered.map_err(|source| BrowserError::io(&redirect, source))?;
        visit.wrong = delivered.wrong;
        if let Some(response) = delivered.response {
            let page = Page::of(response);
            (visit.status, visit.headers, visit.page) = (page.status, page.headers, page.body);
        }
        Ok(visit)
    }
}

impl BrowserError {
    fn io(url: &Url, source: io::Error) -> Self {
        Self::Io {
            address: without_query(url),
            source,
        }
    }
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit")
            .field("url", &without_query(&self.url))
            .field("status", &self.status)
            .field("wrong", &self.wrong)
            .field(
                "trail",
                &self.trail.iter().map(without_query).collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

fn redirect_uri_of(url: &Url) -> Option<String> {
    url.query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .map(|(_, value)| value.into_owned())
}

/// The redirect URI itself, with whatever query or fragment was added.
fn is_redirect_to(url: &Url, redirect_uri: &str) -> bool {
    let Ok(target) = Url::parse(redirect_uri) else {
        return false;
    };
    url.scheme() == target.scheme()
        && url.host_str() == target.host_str()
        && url.port_or_known_default() == target.port_or_known_default()
        && url.path() == target.path()
}
