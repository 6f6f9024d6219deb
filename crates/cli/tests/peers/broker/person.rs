//! A person who goes from page to page, one at a time.

use std::collections::BTreeMap;

use http::{Request, header};
use url::{Url, form_urlencoded};

use crate::http_client::send;

/// More redirects than any login has.
const MOST: usize = 20;

/// A browser of their own.
#[derive(Default)]
pub(super) struct Person {
    /// By host, path and name.
    cookies: BTreeMap<(String, String, String), String>,
    /// Addresses that begin so are not opened.
    ends_at: Option<String>,
}

/// Where they are.
pub(super) struct Page {
    pub(super) url: Url,
    /// 0: not opened.
    pub(super) status: u16,
    pub(super) html: String,
    /// The addresses on the way here.
    pub(super) trail: Vec<Url>,
}

impl Person {
    /// From now on the browser leaves what begins so alone.
    pub(super) fn end_at(&mut self, address: &str) {
        self.ends_at = Some(address.to_owned());
    }

    /// Opens an address, and follows it to a page that asks something.
    pub(super) fn open(&mut self, address: &Url) -> Page {
        self.ends_at = self
            .ends_at
            .take()
            .filter(|end| !address.as_str().starts_with(end));
        self.follow(address.clone(), None)
    }

    /// Presses the button with this value in the page's form.
    pub(super) fn press(&mut self, page: &Page, button: &str) -> Page {
        self.fill(page, &[], button)
    }

    /// Types these first.
    pub(super) fn fill(&mut self, page: &Page, typed: &[(&str, &str)], button: &str) -> Page {
        let form = between(&page.html, "<form", "</form>").expect(&page.html);
        let tags = || form.split('<').skip(1);
        let button = tags()
            .filter(|tag| tag.starts_with("button"))
            .find(|tag| attribute(tag, "value").as_deref() == Some(button))
            .unwrap_or_else(|| panic!("no button {button}: {form}"));
        let hidden = tags().filter(|tag| tag.starts_with("input type=\"hidden\""));
        let named = |tag: &str| (attribute(tag, "name"), attribute(tag, "value"));
        let mut body = form_urlencoded::Serializer::new(String::new());
        for (name, value) in hidden.chain([button]).map(named) {
            body.append_pair(&name.unwrap(), &value.unwrap());
        }
        body.extend_pairs(typed);
        let action = page.url.join(&attribute(form, "action").unwrap()).unwrap();
        self.follow(action, Some((page.url.clone(), body.finish())))
    }

    /// What their browser would send there.
    pub(super) fn cookies(&self, url: &Url) -> String {
        let host = url.host_str().unwrap();
        let own = self.cookies.iter();
        let own = own.filter(|((of, path, _), _)| of == host && url.path().starts_with(path));
        let pairs: Vec<String> = own
            .map(|((_, _, name), value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn follow(&mut self, mut url: Url, mut form: Option<(Url, String)>) -> Page {
        let mut trail = Vec::new();
        for _ in 0..MOST {
            trail.push(url.clone());
            let ends = |end: &String| url.as_str().starts_with(end);
            if self.ends_at.as_ref().is_some_and(ends) {
                return Page {
                    url,
                    status: 0,
                    html: String::new(),
                    trail,
                };
            }
            let page = self.ask(&url, form.take());
            match page.leads_to {
                Some(next) => url = url.join(&next).unwrap(),
                None => {
                    return Page {
                        url,
                        status: page.status,
                        html: page.html,
                        trail,
                    };
                }
            }
        }
        panic!("the pages have no end: {url}");
    }

    fn ask(&mut self, url: &Url, form: Option<(Url, String)>) -> Answer {
        let mut request = Request::get(url.as_str()).header(header::ACCEPT, "text/html");
        let cookies = self.cookies(url);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        let body = match form {
            None => String::new(),
            Some((from, body)) => {
                request = request
                    .method("POST")
                    .header(header::ORIGIN, from.origin().ascii_serialization())
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                body
            }
        };
        let (head, body) = send(request.body(body.into_bytes()).unwrap()).into_parts();
        for cookie in head.headers.get_all(header::SET_COOKIE) {
            self.keep(url.host_str().unwrap(), cookie.to_str().unwrap());
        }
        let html = String::from_utf8(body).unwrap();
        let location = head.headers.get(header::LOCATION);
        Answer {
            status: head.status.as_u16(),
            leads_to: location
                .map(|location| location.to_str().unwrap().to_owned())
                .or_else(|| refresh(&html)),
            html,
        }
    }

    fn keep(&mut self, host: &str, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        let path = attributes
            .split(';')
            .find_map(|attribute| attribute.trim().strip_prefix_ignoring_case("path="));
        let key = (
            host.to_owned(),
            path.unwrap_or("/").to_owned(),
            name.to_owned(),
        );
        let is_gone = value.is_empty() || attributes.contains("Max-Age=0");
        if is_gone {
            self.cookies.remove(&key);
        } else {
            self.cookies.insert(key, value.to_owned());
        }
    }
}

struct Answer {
    status: u16,
    leads_to: Option<String>,
    html: String,
}

trait Prefixed {
    fn strip_prefix_ignoring_case(&self, prefix: &str) -> Option<&str>;
}

impl Prefixed for str {
    fn strip_prefix_ignoring_case(&self, prefix: &str) -> Option<&str> {
        let (start, rest) = self.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(rest)
    }
}

/// Where a page goes on to by itself.
fn refresh(html: &str) -> Option<String> {
    let content = between(html, "http-equiv=\"refresh\" content=\"", "\"")?;
    let (_, url) = content.split_once("url=")?;
    Some(plain(url))
}

/// What is in a text from one thing to the next.
pub(super) fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?
        .1
        .split_once(to)
        .map(|(found, _)| found)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    between(tag, &format!(" {name}=\""), "\"").map(plain)
}

/// Without the escapes that our pages and the provider's make.
fn plain(text: &str) -> String {
    let text = text.replace("&#34;", "\"").replace("&#38;", "&");
    text.replace("&quot;", "\"").replace("&amp;", "&")
}
