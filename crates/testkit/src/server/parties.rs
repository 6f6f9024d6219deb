//! Who takes part: clients and people.
use oarlock_oauth::secret::ClientSecret;

/// A registered client (RFC 6749, section 2).
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) secret: Option<ClientSecret>,
    pub(crate) redirect_uris: Vec<String>,
}

/// The client that is there unless others are named.
pub const DEFAULT_CLIENT_ID: &str = "oarlock-test";

impl Client {
    /// A public client: no secret, PKCE. It may redirect to `/callback` on any loopback port.
    pub fn public(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            secret: None,
            redirect_uris: loopback_uris("/callback"),
        }
    }

    /// A confidential client, which must authenticate by `client_secret_basic` or `client_secret_post`.
    pub fn confidential(id: impl Into<String>, secret: impl Into<String>) -> Self {
        let mut client = Self::public(id);
        client.secret = Some(ClientSecret::new(secret));
        client
    }

    /// The name shown to the person.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Replaces the redirect URIs.
    ///
    /// They are compared as text. A loopback one without a port stands for every port (RFC 8252,
    /// section 7.3); one with a port stands for that port alone.
    #[must_use]
    pub fn redirect_uris<I: IntoIterator<Item: Into<String>>>(mut self, uris: I) -> Self {
        self.redirect_uris = uris.into_iter().map(Into::into).collect();
        self
    }

    /// Whether a redirect URI is one of this client's.
    pub(crate) fn allows_redirect(&self, uri: &str) -> bool {
        self.redirect_uris
            .iter()
            .any(|registered| redirect_matches(registered, uri))
    }
}

fn loopback_uris(path: &str) -> Vec<String> {
    LOOPBACK
        .iter()
        .map(|origin| format!("{origin}{path}"))
        .collect()
}

const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];

/// Text against text, but for the port of a loopback URI that was registered without one.
/// Nothing is parsed or normalised, so nothing can be read in two ways.
fn redirect_matches(registered: &str, uri: &str) -> bool {
    if registered == uri {
        return true;
    }
    LOOPBACK.iter().any(|origin| {
        let Some(path) = registered
            .strip_prefix(origin)
            .filter(|path| path.starts_with('/'))
        else {
            return false;
        };
        let Some(port) = uri
            .strip_prefix(origin)
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|rest| rest.strip_suffix(path))
        else {
            return false;
        };
        !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok()
    })
}

/// Somebody who can sign in; there are no passwords, the person picks a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub(crate) login: String,
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) email: String,
}

impl User {
    /// A person called `login`, with the subject `user-LOGIN` and the address `LOGIN@example.com`.
    pub fn new(login: impl Into<String>) -> Self {
        let login = login.into();
        let mut name = login.clone();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self {
            subject: format!("user-{login}"),
            email: format!("{login}@example.com"),
            name,
            login,
        }
    }

    /// Replaces the subject identifier.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Replaces the name for people.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Replaces the e-mail address.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = email.into();
        self
    }
}

impl From<&str> for User {
    fn from(login: &str) -> Self {
        Self::new(login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_07_redirect_uris_differ_by_a_loopback_port_alone() {
        let client = Client::public("c");
        for good in [
            "http://127.0.0.1:1/callback",
            "http://127.0.0.1/callback",
            "http://[::1]:65535/callback",
            "http://localhost:8080/callback",
        ] {
            assert!(client.allows_redirect(good), "{good}");
        }
        for bad in [
            "https://127.0.0.1:1/callback",
            "http://127.0.0.1:1/callback/",
            "http://127.0.0.1:1/other/callback",
            "http://127.0.0.1:1/callback?x=1",
            "http://127.0.0.1:1/callback#x",
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:1@evil.example/callback",
            "http://127.0.0.1:1\\@evil.example/callback",
            "http://127.0.0.2:1/callback",
            "http://127.0.0.1.evil.example:1/callback",
            "//127.0.0.1:1/callback",
            "javascript:alert(1)//http://127.0.0.1:1/callback",
        ] {
            assert!(!client.allows_redirect(bad), "{bad}");
        }
    }

    #[test]
    fn a_registered_port_is_the_only_one() {
        let client = Client::public("c").redirect_uris(["http://localhost:1455/auth/callback"]);
        assert!(client.allows_redirect("http://localhost:1455/auth/callback"));
        assert!(!client.allows_redirect("http://localhost:1457/auth/callback"));
        assert!(!client.allows_redirect("http://localhost/auth/callback"));
    }
}
