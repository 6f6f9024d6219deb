//! Goes to the broker's pages where no person does: keeps cookies, reads the one form of each page, presses its first button.

use std::collections::BTreeMap;

use http::{HeaderMap, Method, Request, StatusCode, header};
use oarlock_io::{HttpClient, HttpConfig};
use url::Url;

use crate::failure::Failure;

/// More pages than any login has.
const MOST_STEPS: usize = 20;

/// Somebody with a browser. Everything it visits is on this machine.
pub(super) struct Visitor {
    http: HttpClient,
    /// Where the cookies belong.
    home: Url,
    cookies: BTreeMap<String, String>,
}

/// A page, or the way to the next one.
struct Answer {
    url: Url,
    status: StatusCode,
    next: Option<Url>,
    body: String,
}

/// What a press of a button sends.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Visitor {
    pub(super) fn new(home: &Url) -> Result<Self, Failure> {
        let http = HttpClient::new(HttpConfig::default()).map_err(failed)?;
        Ok(Self {
            http,
            home: home.clone(),
            cookies: BTreeMap::new(),
        })
    }

    /// Follows the address to the end: the page of whoever was waited for.
    pub(super) async fn visit(mut self, address: &Url) -> Result<(), Failure> {
        let mut answer = self
            .ask(Method::GET, address.clone(), String::new())
            .await?;
        for _ in 0..MOST_STEPS {
            answer = if let Some(next) = answer.next.take() {
                self.ask(Method::GET, next, String::new()).await?
            } else if !self.is_home(&answer.url) && answer.status.is_success() {
                return Ok(());
            } else if let Some(form) = Form::of(&answer.body) {
                let url = answer.url.join(&form.action).map_err(failed)?;
                let body = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(&form.fields)
                    .finish();
                self.ask(Method::POST, url, body).await?
            } else {
                return Err(failed(format!("a page ({}) has no button", answer.status)));
            };
        }
        Err(failed("the pages have no end"))
    }

    fn is_home(&self, url: &Url) -> bool {
        url.origin() == self.home.origin()
    }

    async fn ask(&mut self, method: Method, url: Url, body: String) -> Result<Answer, Failure> {
        self.http.trust(&url);
        let mut request = Request::builder().method(&method).uri(url.as_str());
        if self.is_home(&url) && !self.cookies.is_empty() {
            let pairs = self.cookies.iter();
            let pairs: Vec<String> = pairs
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        if method == Method::POST {
            request = request
                .header(header::ORIGIN, url.origin().ascii_serialization())
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let request = request.body(body.into_bytes()).map_err(failed)?;
        let response = self.http.stream(request).await.map_err(failed)?;
        let (parts, mut stream) = response.into_parts();
        if self.is_home(&url) {
            self.keep(&parts.headers);
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
        }
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let location = parts.headers.get(header::LOCATION);
        let next = location
            .and_then(|location| location.to_str().ok().map(String::from))
            .or_else(|| refresh(&body));
        Ok(Answer {
            next: next.and_then(|next| url.join(&next).ok()),
            status: parts.status,
            body,
            url,
        })
    }

    fn keep(&mut self, headers: &HeaderMap) {
        let cookies = headers.get_all(header::SET_COOKIE).iter();
        for cookie in cookies.filter_map(|value| value.to_str().ok()) {
            let pair = cookie.split(';').next().unwrap_or(cookie);
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.trim().into(), value.trim().into());
            }
        }
    }
}

impl Form {
    /// The page's first form, with its first button pressed.
    fn of(page: &str) -> Option<Self> {
        let start = page.find("<form")?;
        let rest = page.get(start..)?;
        let inside = rest.split("</form>").next()?;
        let mut tags = tags(inside);
        let action = attribute(tags.next()?, "action")?;
        let mut fields = Vec::new();
        for tag in tags {
            let is_button = tag.starts_with("button");
            let is_hidden =
                tag.starts_with("input") && attribute(tag, "type").as_deref() == Some("hidden");
            if !is_button && !is_hidden {
                continue;
            }
            if let (Some(name), Some(value)) = (attribute(tag, "name"), attribute(tag, "value")) {
                fields.push((name, value));
            }
            if is_button {
                return Some(Self { action, fields });
            }
        }
        None
    }
}

/// Where a page sends its reader by itself.
fn refresh(page: &str) -> Option<String> {
    let tag = tags(page).find(|tag| {
        tag.starts_with("meta") && attribute(tag, "http-equiv").as_deref() == Some("refresh")
    })?;
    let content = attribute(tag, "content")?;
    Some(content.split_once("url=")?.1.to_owned())
}

/// What stands between `<` and `>`. The pages are our own: no `>` in an attribute is left as it is.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))?;
    let value = tag.get(start..)?.split('"').nth(1)?;
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    const ENTITIES: [(&str, &str); 8] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        // Last, so that what is escaped twice is unescaped once.
        ("&#38;", "&"),
    ];
    let text = ENTITIES
        .iter()
        .fold(text.to_owned(), |text, (entity, character)| {
            text.replace(entity, character)
        });
    text.replace("&amp;", "&")
}

fn failed(reason: impl std::fmt::Display) -> Failure {
    Failure::failed(format!("the demo's visitor did not arrive: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_button_is_pressed_with_what_is_hidden() {
        let page = r#"<p>x</p><form method="post" action="/login?a=1&#38;b">
            <input type="hidden" name="request" value="a&#38;b&#34;"><input name="typed" value="no">
            <button class="first" name="upstream" value="dev">Go</button>
            <button name="cancel" value="yes">No</button></form>"#;
        let form = Form::of(page).unwrap();
        assert_eq!(form.action, "/login?a=1&b");
        let pairs = [("request", "a&b\""), ("upstream", "dev")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(form.fields, pairs);
        assert_eq!(Form::of("<p>nothing</p>"), None);
        assert_eq!(Form::of("<form action=\"/x\"></form>"), None);
    }

    #[test]
    fn a_page_that_goes_on_by_itself_is_followed() {
        let page = r#"<head><meta name="robots" content="noindex"><meta http-equiv="refresh" content="0;url=http://127.0.0.1:1/cb?code=a&#38;state=b">"#;
        let next = refresh(page).unwrap();
        assert_eq!(next, "http://127.0.0.1:1/cb?code=a&state=b");
        assert_eq!(refresh("<meta charset=\"utf-8\">"), None);
    }
}
