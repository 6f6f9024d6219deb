//! Cookies by host, with the rules of browsers that a login depends on (RFC 6265; its revision, sections 4.1.3, 5.7 and 8.8).
use http::{HeaderMap, header};
use std::{collections::BTreeMap, fmt};
use url::{Host, Url};

/// The cookies of each host. Ports share them, as in browsers (RFC 6265, section 8.5).
#[derive(Default)]
pub(crate) struct Cookies(BTreeMap<String, Jar>);

/// By name and path.
type Jar = BTreeMap<(String, String), Cookie>;

struct Cookie {
    value: String,
    secure: bool,
    /// Sent with whatever another site sends, too (`SameSite=None`).
    everywhere: bool,
    /// Only within the site (`SameSite=Strict`).
    strict: bool,
}

/// One line of `Set-Cookie`.
struct Line<'a> {
    name: &'a str,
    value: &'a str,
    attributes: Vec<(String, &'a str)>,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let attributes = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        Some(Self {
            name,
            value,
            attributes,
        })
    }

    fn attribute(&self, wanted: &str) -> Option<&'a str> {
        let mut found = self.attributes.iter().filter(|(name, _)| name == wanted);
        found.next().map(|(_, value)| *value)
    }

    fn is_secure(&self) -> bool {
        self.attribute("secure").is_some()
    }

    fn path(&self) -> &'a str {
        self.attribute("path")
            .filter(|path| path.starts_with('/'))
            .unwrap_or("/")
    }

    fn is_gone(&self) -> bool {
        self.value.is_empty()
            || self
                .attribute("max-age")
                .is_some_and(|age| age.starts_with('-') || age == "0")
            || self
                .attribute("expires")
                .is_some_and(|date| date.contains("1970"))
    }

    /// Whether a browser takes it from there. The prefixes of names promise something, and lie in no other case of letters either.
    fn is_taken_from(&self, url: &Url) -> bool {
        let has_prefix = |prefix: &str| {
            let start = self.name.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        if self.is_secure() && !is_trustworthy(url) {
            return false;
        }
        if has_prefix("__Host-") {
            return self.is_secure()
                && self.attribute("path") == Some("/")
                && self.attribute("domain").is_none();
        }
        !has_prefix("__Secure-") || self.is_secure()
    }

    fn same_site(&self, wanted: &str) -> bool {
        self.attribute("samesite")
            .is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    }
}

impl Cookies {
    /// Takes the cookies of an answer. An empty value or an expiry in the past removes one.
    pub(crate) fn keep(&mut self, url: &Url, headers: &HeaderMap) {
        let jar = self.0.entry(host(url)).or_default();
        let lines = headers.get_all(header::SET_COOKIE);
        for line in lines.iter().filter_map(|line| line.to_str().ok()) {
            let Some(line) = Line::read(line).filter(|line| line.is_taken_from(url)) else {
                continue;
            };
            let key = (line.name.to_owned(), line.path().to_owned());
            if line.is_gone() {
                jar.remove(&key);
                continue;
            }
            let cookie = Cookie {
                value: line.value.to_owned(),
                secure: line.is_secure(),
                everywhere: line.same_site("none") && line.is_secure(),
                strict: line.same_site("strict"),
            };
            jar.insert(key, cookie);
        }
    }

    /// The `Cookie` header for a request. `from` is the page that sends it, where one does, and `posts` says that it is no mere link.
    pub(crate) fn for_request(&self, url: &Url, from: Option<&Url>, posts: bool) -> Option<String> {
        let foreign = from.is_some_and(|from| host(from) != host(url));
        let goes = |cookie: &Cookie| {
            (!cookie.secure || is_trustworthy(url))
                && (!foreign || cookie.everywhere || !posts && !cookie.strict)
        };
        let pairs: Vec<String> = self
            .0
            .get(&host(url))?
            .iter()
            .filter(|((_, path), cookie)| covers(path, url.path()) && goes(cookie))
            .map(|((name, _), cookie)| format!("{name}={}", cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.values().flat_map(|jar| jar.keys().map(|key| &key.0));
        f.debug_list().entries(names).finish()
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// https, or this machine, which browsers take for as good (Secure Contexts, section 3.1).
fn is_trustworthy(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || loopback
}

/// RFC 6265, section 5.1.4.
fn covers(path: &str, wanted: &str) -> bool {
    wanted
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "http://127.0.0.1:5001/redirect";

    /// What is sent to `to` after `line` came from `from`.
    fn sent(line: &str, from: &str, to: &str) -> Option<String> {
        let mut cookies = Cookies::default();
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, line.parse().unwrap());
        cookies.keep(&url(from), &headers);
        assert!(!format!("{cookies:?}").contains("v4lue"));
        cookies.for_request(&url(to), None, false)
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn hostile_22_a_name_that_promises_a_host_is_taken_only_where_it_is_kept() {
        for (line, taken) in [
            ("__Host-s=v4lue; Secure; Path=/; HttpOnly", true),
            ("__Host-s=v4lue; Path=/", false),
            ("__Host-s=v4lue; Secure", false),
            ("__Host-s=v4lue; Secure; Path=/a", false),
            ("__Host-s=v4lue; Secure; Path=/; Domain=127.0.0.1", false),
            ("__hoSt-s=v4lue; Path=/", false),
            ("__Secure-s=v4lue; Secure; Path=/x", false),
            ("__Secure-s=v4lue; Secure", true),
            ("__Secure-s=v4lue", false),
            ("oarlock-session=v4lue; Path=/", true),
        ] {
            assert_eq!(sent(line, HERE, HERE).is_some(), taken, "{line}");
        }
        let plain = "http://a.example/";
        assert_eq!(sent("s=v4lue; Secure", plain, plain), None);
        assert_eq!(sent("s=v4lue; Secure", "https://a.example/", plain), None);
        assert!(sent("s=v4lue", "https://a.example/", plain).is_some());
        assert_eq!(sent("s=v4lue", HERE, "http://localhost:5001/"), None);
    }

    #[test]
    fn hostile_17_another_site_posts_without_the_cookie() {
        let mut cookies = Cookies::default();
        let mut headers = HeaderMap::new();
        for line in [
            "lax=v4lue; SameSite=Lax",
            "none=v4lue; SameSite=None; Secure",
            "strict=v4lue; SameSite=Strict",
        ] {
            headers.append(header::SET_COOKIE, line.parse().unwrap());
        }
        cookies.keep(&url(HERE), &headers);
        let sent = |from, posts| {
            let sent = cookies.for_request(&url(HERE), Some(&url(from)), posts);
            sent.unwrap().replace("=v4lue", "")
        };
        assert_eq!(sent("http://127.0.0.1:9/", true), "lax; none; strict");
        assert_eq!(sent("http://localhost:9/", true), "none");
        assert_eq!(sent("http://localhost:9/", false), "lax; none");
    }
}
