//! Which proxy a request goes by.

use super::{HttpError, guard};
use crate::Environment;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use std::sync::OnceLock;
use url::Url;

/// The rules: a configured proxy, or those of the environment and the system, read when first needed.
pub(super) struct Proxies {
    rules: OnceLock<Matcher>,
}

impl Proxies {
    pub(super) fn new(configured: Option<&Url>) -> Result<Self, HttpError> {
        let rules = OnceLock::new();
        if let Some(url) = configured {
            let known = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
            if !known.contains(&url.scheme()) || url.host_str().is_none() {
                return Err(HttpError::Configuration(format!(
                    "{} cannot be a proxy; it should look like http://proxy.example.com:3128 or socks5h://127.0.0.1:1080",
                    shown(url)
                )));
            }
            let environment = Environment::capture();
            let exceptions = environment
                .get("NO_PROXY")
                .or_else(|| environment.get("no_proxy"))
                .unwrap_or_default();
            let matcher = Matcher::builder().all(url.as_str()).no(exceptions).build();
            rules.get_or_init(|| matcher);
        }
        Ok(Self { rules })
    }

    /// The proxy for a URL. Loopback is never reached by one: it would be the proxy's own.
    pub(super) fn for_url(&self, url: &Url) -> Option<Proxy> {
        if guard::is_loopback(url) {
            return None;
        }
        let rules = self.rules.get_or_init(Matcher::from_system);
        let uri: http::Uri = url.as_str().parse().ok()?;
        rules.intercept(&uri).map(Proxy)
    }
}

/// A proxy with its credentials.
pub(super) struct Proxy(Intercept);

impl Proxy {
    /// Scheme, host and port.
    pub(super) fn shown(&self) -> String {
        self.0.uri().to_string().trim_end_matches('/').to_owned()
    }

    /// What tells proxies apart. One address has one set of credentials in one set of rules.
    pub(super) fn name(&self) -> String {
        self.shown()
    }

    pub(super) fn host(&self) -> String {
        self.0.uri().host().unwrap_or_default().to_owned()
    }

    pub(super) fn to_reqwest(&self) -> Result<reqwest::Proxy, HttpError> {
        let bad = || HttpError::Configuration(format!("{} cannot be a proxy", self.shown()));
        let mut url = Url::parse(&self.0.uri().to_string()).map_err(|_| bad())?;
        if let Some((user, password)) = self.0.raw_auth() {
            url.set_username(user).map_err(|()| bad())?;
            url.set_password(Some(password)).map_err(|()| bad())?;
        }
        let proxy = reqwest::Proxy::all(url).map_err(|_| bad())?;
        Ok(match self.0.basic_auth().cloned() {
            Some(header) => proxy.custom_http_auth(header),
            None => proxy,
        })
    }
}

/// A proxy's URL without user name and password.
pub(super) fn shown(url: &Url) -> String {
    match url.host_str() {
        Some(host) => match url.port() {
            Some(port) => format!("{}://{host}:{port}", url.scheme()),
            None => format!("{}://{host}", url.scheme()),
        },
        None => format!("a {} URL", url.scheme()),
    }
}
