//! Every setting of `serve`, once: its key in the file, its flag, its variables, its default. The reference is made of it.

mod broker;
mod relay;
mod server;

pub(crate) use broker::*;
pub(crate) use relay::*;
pub(crate) use server::*;

/// A setting and all the places it can come from.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its key in the file, with its table.
    pub(crate) key: &'static str,
    /// Its flag.
    pub(crate) flag: Option<&'static str>,
    /// Its variables.
    pub(crate) variable: Variable,
    /// What counts where nothing is said; in words.
    pub(crate) default: &'static str,
    /// What it does.
    pub(crate) meaning: &'static str,
}

/// How a setting is called in the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    /// Not at all.
    None,
    /// This name.
    Own(&'static str),
    /// `OARLOCK_RELAY_` and this, or `OAUTH_` and this, as poast-relay has it.
    Relay(&'static str),
    /// `OARLOCK_RELAY_` and this alone: a word that opens something is said to this program and to no other.
    Explicit(&'static str),
}

/// The prefix that wins.
pub(crate) const CANONICAL: &str = "OARLOCK_RELAY_";
/// poast-relay's prefix.
pub(crate) const ALIAS: &str = "OAUTH_";

impl Variable {
    /// The names, the first wins.
    pub(crate) fn names(self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Own(name) => vec![name.into()],
            Self::Relay(name) => vec![format!("{CANONICAL}{name}"), format!("{ALIAS}{name}")],
            Self::Explicit(name) => vec![format!("{CANONICAL}{name}")],
        }
    }
}

const fn setting(key: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting {
        key,
        flag: None,
        variable: Variable::None,
        default,
        meaning,
    }
}

impl Setting {
    const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    const fn own(mut self, name: &'static str) -> Self {
        self.variable = Variable::Own(name);
        self
    }

    const fn relay(mut self, name: &'static str) -> Self {
        self.variable = Variable::Relay(name);
        self
    }

    const fn explicit(mut self, name: &'static str) -> Self {
        self.variable = Variable::Explicit(name);
        self
    }
}

/// All of them, in the order of the file.
pub(crate) const SETTINGS: &[&Setting] = &[
    &LISTEN,
    &PUBLIC_URL,
    &ALLOWED_HOSTS,
    &TRUSTED_PROXIES,
    &METRICS_LISTEN,
    &LOG,
    &LOG_FORMAT,
    &HTTP_CONNECTIONS,
    &HTTP_PER_PEER,
    &HTTP_BODY,
    &UNMATCHED,
    &TLS_CERTIFICATE,
    &TLS_KEY,
    &UPSTREAM,
    &STORE,
    &SCOPES,
    &RESOURCES,
    &REGISTRATION_POLICY,
    &INITIAL_ACCESS_TOKENS,
    &METADATA_DOCUMENTS,
    &PAIRCODE,
    &PAIRING_RETURNS,
    &KEYS_HOME,
    &KEYS_ALGORITHM,
    &KEYS_ROTATE_EVERY,
    &UPSTREAM_TOKEN_KEY_FILE,
    &LOGIN_LIFETIME,
    &CODE_LIFETIME,
    &DEVICE_LIFETIME,
    &DEVICE_INTERVAL,
    &ACCESS_TOKEN_LIFETIME,
    &ID_TOKEN_LIFETIME,
    &SESSION_LIFETIME,
    &BROWSER_SESSION_LIFETIME,
    &UNUSED_CLIENT_LIFETIME,
    &MAX_LOGINS,
    &MAX_CLIENTS,
    &REGISTRATIONS_PER_HOUR,
    &LOGINS_PER_MINUTE,
    &USER_CODE_TRIES,
    &MISSES_PER_MINUTE,
    &EXCHANGES,
    &AUDIT_FILE,
    &ENABLED,
    &CALLBACK_PATH,
    &CODE_KEYS,
    &SOCKET_PATH,
    &SHARED_DIRECTORY,
    &USE_TCP,
    &TCP_BIND_ADDRESS,
    &TCP_PORT,
    &INSECURE_TCP,
    &DEFAULT_TIMEOUT,
    &LONGEST_TIMEOUT,
    &GRACE,
    &ACKNOWLEDGEMENT,
    &HEARTBEAT,
    &LOG_UNMATCHED,
    &MAX_REGISTRATIONS,
    &MAX_PER_USER,
    &MAX_CONNECTIONS,
    &MAX_PER_ADDRESS,
    &MAX_HELD,
];

/// Keys of `[[relay.tokens]]`.
pub(crate) const TOKEN_KEYS: &[(&str, &str)] = &[
    ("name", "Who it is, in logs: `a-z`, `0-9`, `.`, `-`, `_`."),
    (
        "sha256",
        "SHA-256 of the token, in hexadecimal; `oarlock serve --new-token NAME` makes one.",
    ),
    (
        "max_registrations",
        "Registrations at once with this token; default `100`.",
    ),
];

/// Keys of `[upstreams.NAME]` beside those of `[providers.NAME]`.
pub(crate) const UPSTREAM_KEYS: &[(&str, &str)] = &[
    (
        "allow",
        "Who may come in by this provider; default everybody it knows. `*@example.com`, `ada@example.com` (addresses that the provider says are verified), `sub:1234` (its own id).",
    ),
    (
        "deadline",
        "How long it may take to answer one request; default `10`, at most `60`.",
    ),
    (
        "hand_out_tokens",
        "Whether its access token is kept, sealed, and handed out to programs of the older face; default `false`.",
    ),
];

/// Keys of each `[[upstreams.dev.users]]`.
pub(crate) const DEV_USER_KEYS: &[(&str, &str)] = &[
    ("subject", "Who it is; needed."),
    ("name", "Name for people."),
    ("username", "Name of the account."),
    ("email", "Address; taken as verified."),
];

/// Keys of `[clients.ID]`, under the names of RFC 7591 where it has one.
pub(crate) const CLIENT_KEYS: &[(&str, &str)] = &[
    ("client_name", "Name for people."),
    ("client_uri", "Its page."),
    (
        "redirect_uris",
        "Where codes may go: `https`, `http` on loopback with any port (`http://127.0.0.1/callback`), or a scheme of its own (`com.example.tool:/callback`).",
    ),
    (
        "grant_types",
        "`authorization_code`, `refresh_token`, `urn:ietf:params:oauth:grant-type:device_code`; default the first two, without `redirect_uris` the last two.",
    ),
    (
        "token_endpoint_auth_method",
        "`none`, `client_secret_basic` or `client_secret_post`; default `none`, with a secret `client_secret_basic`.",
    ),
    (
        "client_secret_sha256",
        "Digest of its secret; `oarlock serve --new-client-secret ID` makes both.",
    ),
    (
        "scope",
        "The most it may ask for, with spaces between; default whatever the server has.",
    ),
    (
        "trusted",
        "Whether you answer for it: its people are not asked for consent. Default `false`.",
    ),
];
