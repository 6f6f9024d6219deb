//! Where the browser lands with the answer: a port of this machine, a page of the provider that shows the code, or a relay.

use oarlock_io::http_server::LoopbackListener;
use oarlock_oauth::profile::Redirect;
use url::Url;

use super::{LoginContext, random, relay::Arrival, unavailable};
use crate::error::Error;

/// Hosts a loopback redirect URI may have (RFC 8252, sections 7.3 and 8.3).
const HOSTS: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];
/// The first of the ports that nobody is given for good (RFC 6335, section 6); there are 2^14.
const FIRST_EPHEMERAL: u16 = 49_152;

/// Where the browser lands.
#[derive(Debug)]
pub(super) struct Landing {
    /// In the authorization request.
    pub(super) redirect_uri: String,
    /// Its path.
    pub(super) path: String,
    /// Whoever takes the answer there; `None`: nobody, it is pasted.
    pub(super) listener: Option<LoopbackListener>,
    /// The relay that takes it instead.
    pub(super) arrival: Option<Arrival>,
}

impl Landing {
    /// Listens on the first free port of the options, else of the profile, else on an ephemeral one.
    ///
    /// # Errors
    /// The redirect URI is not one of this machine; every port is taken.
    pub(super) async fn listening(context: &LoginContext<'_>) -> Result<Self, Error> {
        let redirect = &context.profile.redirect;
        let ports = ports(context);
        // Before a port is taken, and the same for all of them.
        loopback_uri(redirect, FIRST_EPHEMERAL)
            .map_err(|reason| unavailable(context, "loopback", reason))?;
        let listener = LoopbackListener::bind(ports).await?;
        let redirect_uri = loopback_uri(redirect, listener.port())
            .map_err(|reason| unavailable(context, "loopback", reason))?;
        Ok(Self {
            redirect_uri,
            path: redirect.path.clone(),
            listener: Some(listener),
            arrival: None,
        })
    }

    /// The provider's page, where it has one; else a port of this machine on which nobody listens: the browser
    /// shows an error, and its address bar holds the answer.
    ///
    /// # Errors
    /// The redirect URI is not one of this machine; no randomness.
    pub(super) fn unattended(context: &LoginContext<'_>) -> Result<Self, Error> {
        let redirect = &context.profile.redirect;
        let redirect_uri = match &redirect.hosted {
            Some(page) => page.url().as_str().to_owned(),
            None => {
                let port = match ports(context).first() {
                    Some(port) => *port,
                    None => unattended_port()?,
                };
                loopback_uri(redirect, port)
                    .map_err(|reason| unavailable(context, "paste", reason))?
            }
        };
        Ok(Self {
            redirect_uri,
            path: redirect.path.clone(),
            listener: None,
            arrival: None,
        })
    }

    /// The relay's callback.
    pub(super) fn at_relay(arrival: Arrival) -> Self {
        Self {
            redirect_uri: arrival.callback_url().as_str().to_owned(),
            path: arrival.callback_url().path().to_owned(),
            listener: None,
            arrival: Some(arrival),
        }
    }
}

fn ports<'a>(context: &LoginContext<'a>) -> &'a [u16] {
    let options: &'a [u16] = &context.options.ports;
    if options.is_empty() {
        &context.profile.redirect.ports
    } else {
        options
    }
}

/// A random port, so that no other user of this machine can wait there for the answer.
fn unattended_port() -> Result<u16, Error> {
    let [high, low, ..] = random()?;
    Ok(FIRST_EPHEMERAL | (u16::from_be_bytes([high, low]) & !FIRST_EPHEMERAL))
}

/// The redirect URI on a port of this machine; nothing in the profile may lead elsewhere (hostile.md, 7).
fn loopback_uri(redirect: &Redirect, port: u16) -> Result<String, String> {
    let Redirect { host, path, .. } = redirect;
    if !HOSTS.contains(&host.as_str()) {
        return Err(format!(
            "its redirect host is {host:?}, not one of {}",
            HOSTS.join(", ")
        ));
    }
    let uri = format!("http://{host}:{port}{path}");
    // A path that a URL parser reads otherwise (`//`, `..`, `\`, `?`, `#`, white space) would land elsewhere.
    let read = Url::parse(&uri).ok().filter(|url| {
        url.path() == path
            && path.starts_with('/')
            && !path.starts_with("//")
            && url.query().is_none()
            && url.fragment().is_none()
    });
    match read {
        Some(_) => Ok(uri),
        None => Err(format!(
            "its redirect path is {path:?}; it should look like \"/callback\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(host: &str, path: &str) -> Redirect {
        Redirect {
            host: host.into(),
            path: path.into(),
            ..Redirect::default()
        }
    }

    #[test]
    fn the_uri_is_the_profiles_with_the_port() {
        assert_eq!(
            loopback_uri(&Redirect::default(), 8088).unwrap(),
            "http://127.0.0.1:8088/callback"
        );
        assert_eq!(
            loopback_uri(&redirect("localhost", "/"), 80).unwrap(),
            "http://localhost:80/"
        );
        assert_eq!(
            loopback_uri(&redirect("[::1]", "/a/b-c"), 1455).unwrap(),
            "http://[::1]:1455/a/b-c"
        );
    }

    #[test]
    fn hostile_07_a_redirect_that_leads_elsewhere_is_refused() {
        for host in [
            "evil.example",
            "127.0.0.1@evil.example",
            "localhost.evil.example",
            "0.0.0.0",
            "::1",
            "",
            "LOCALHOST",
            "127.0.0.1/",
        ] {
            assert!(
                loopback_uri(&redirect(host, "/callback"), 80).is_err(),
                "{host}"
            );
        }
        for path in [
            "",
            "callback",
            "//evil.example",
            "/\\evil.example",
            "/a/../b",
            "/a?code=1",
            "/a#b",
            "/a b",
            "/a\r\nX: y",
            "@evil.example/",
        ] {
            let refused = loopback_uri(&redirect("127.0.0.1", path), 80);
            assert!(
                refused
                    .as_ref()
                    .is_err_and(|reason| reason.contains("/callback")),
                "{path:?}: {refused:?}"
            );
        }
    }

    #[test]
    fn an_unattended_port_is_ephemeral_and_not_always_the_same() {
        let ports: std::collections::BTreeSet<u16> =
            (0..16).map(|_| unattended_port().unwrap()).collect();
        assert!(
            ports.iter().all(|port| *port >= FIRST_EPHEMERAL),
            "{ports:?}"
        );
        assert!(ports.len() > 1);
    }
}
