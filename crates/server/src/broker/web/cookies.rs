//! Our two cookies: one ties forms and logins to a browser, one says who is signed in (hostile.md, 22).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use oarlock_oauth::secret::CookieSecret;
use zeroize::Zeroizing;

use crate::broker::Broker;

/// Longest value that may be one of ours: 43 characters.
const LENGTH: usize = 43;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// Ties forms and logins to a browser; says nothing of who has it.
    Browser,
    /// Who is signed in.
    Session,
}

impl Cookie {
    /// Its name: with the prefix that no other host and no path can set (RFC 6265bis, section 4.1.3.2), which needs https.
    fn name(self, broker: &Broker) -> &'static str {
        let is_https = broker.parts().public_url.scheme() == "https";
        match (self, is_https) {
            (Self::Browser, true) => "__Host-oarlock-browser",
            (Self::Browser, false) => "oarlock-browser",
            (Self::Session, true) => "__Host-oarlock-session",
            (Self::Session, false) => "oarlock-session",
        }
    }

    /// Its value in a request. A name that is there twice with different values is none: somebody else's cookie is among them.
    pub(crate) fn read(self, broker: &Broker, headers: &HeaderMap) -> Option<CookieSecret> {
        let name = self.name(broker);
        let mut values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(known, _)| *known == name)
            .map(|(_, value)| value.trim_matches('"'));
        let first = values.next()?;
        let is_ours = first.len() == LENGTH
            && first
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (is_ours && values.all(|other| other == first)).then(|| CookieSecret::new(first))
    }

    /// The header that sets it for so long.
    pub(crate) fn set(
        self,
        broker: &Broker,
        value: &CookieSecret,
        lasts: Duration,
    ) -> Option<HeaderValue> {
        let text = Zeroizing::new(format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{}",
            self.name(broker),
            value.expose(),
            lasts.as_secs(),
            self.secure(broker)
        ));
        let mut header = HeaderValue::from_str(&text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// The header that removes it.
    pub(crate) fn remove(self, broker: &Broker) -> Option<HeaderValue> {
        let text = format!(
            "{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{}",
            self.name(broker),
            self.secure(broker)
        );
        HeaderValue::from_str(&text).ok()
    }

    fn secure(self, broker: &Broker) -> &'static str {
        if broker.parts().public_url.scheme() == "https" {
            "; Secure"
        } else {
            ""
        }
    }
}
