use crate::endpoint::Endpoint;

/// Redirect URIs a provider accepts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redirect {
    /// Host in the URI: `127.0.0.1`, `localhost` or `[::1]`.
    pub host: String,
    /// Ports to try in order; empty: an ephemeral one (RFC 8252, section 7.3).
    pub ports: Vec<u16>,
    /// Path, with its slash.
    pub path: String,
    /// A page of the provider that shows the code to be pasted (Anthropic); used by the paste flow instead of loopback.
    pub hosted: Option<Endpoint>,
}

impl Default for Redirect {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            ports: Vec::new(),
            path: "/callback".into(),
            hosted: None,
        }
    }
}

impl Redirect {
    /// The loopback redirect URI on a port, on the host the profile names.
    pub fn uri(&self, port: u16) -> String {
        format!("http://{}:{port}{}", self.host, self.path)
    }

    /// Every loopback redirect URI to register: the profile's host first, then the other two ways to write
    /// loopback; with the fixed ports where there are some, else without a port (RFC 8252, section 7.3).
    pub fn registered_uris(&self) -> Vec<String> {
        let others = LOOPBACK_HOSTS.into_iter().filter(|host| *host != self.host);
        std::iter::once(self.host.as_str())
            .chain(others)
            .flat_map(|host| {
                let portless = self
                    .ports
                    .is_empty()
                    .then(|| format!("http://{host}{}", self.path));
                let ported = self
                    .ports
                    .iter()
                    .map(move |port| format!("http://{host}:{port}{}", self.path));
                portless.into_iter().chain(ported)
            })
            .collect()
    }

    /// What is wrong: key, value and what would be right.
    pub(super) fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        if !LOOPBACK_HOSTS.contains(&self.host.as_str()) {
            return Some((
                "redirect.host",
                self.host.clone(),
                "use 127.0.0.1, localhost or [::1]",
            ));
        }
        if self.ports.contains(&0) {
            return Some((
                "redirect.ports",
                "0".into(),
                "name ports from 1 to 65535, or none for an ephemeral one",
            ));
        }
        let is_path_byte =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte);
        if !self.path.starts_with('/')
            || self.path.starts_with("//")
            || !self.path.bytes().all(is_path_byte)
        {
            return Some((
                "redirect.path",
                self.path.clone(),
                "it should look like /callback, without a query",
            ));
        }
        None
    }
}

const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];
