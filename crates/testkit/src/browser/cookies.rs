//! Cookies by origin, as far as a login needs them.
use http::{HeaderMap, header};
use std::collections::BTreeMap;
use url::Url;

/// Name and value of each cookie, with its path, by host. Ports share cookies, as in browsers (RFC 6265, section 8.5).
#[derive(Debug, Default)]
pub(crate) struct Cookies(BTreeMap<String, BTreeMap<(String, String), String>>);

impl Cookies {
    /// Takes the cookies of an answer. An empty value or an expiry in the past removes one.
    pub(crate) fn keep(&mut self, url: &Url, headers: &HeaderMap) {
        let jar = self.0.entry(host(url)).or_default();
        for line in headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
        {
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let attributes: Vec<(String, &str)> = parts
                .map(|part| part.split_once('=').unwrap_or((part, "")))
                .map(|(name, value)| (name.to_ascii_lowercase(), value))
                .collect();
            let attribute = |wanted: &str| {
                attributes
                    .iter()
                    .find(|(name, _)| name == wanted)
                    .map(|(_, value)| *value)
            };
            let gone = value.is_empty()
                || attribute("max-age").is_some_and(|age| age.starts_with('-') || age == "0")
                || attribute("expires").is_some_and(|date| date.contains("1970"));
            let path = attribute("path")
                .filter(|path| path.starts_with('/'))
                .unwrap_or("/");
            let key = (name.to_owned(), path.to_owned());
            if gone {
                jar.remove(&key);
            } else {
                jar.insert(key, value.to_owned());
            }
        }
    }

    /// The `Cookie` header for a request.
    pub(crate) fn for_url(&self, url: &Url) -> Option<String> {
        let jar = self.0.get(&host(url))?;
        let pairs: Vec<String> = jar
            .iter()
            .filter(|((_, path), _)| covers(path, url.path()))
            .map(|((name, _), value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// RFC 6265, section 5.1.4.
fn covers(path: &str, wanted: &str) -> bool {
    wanted
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}
