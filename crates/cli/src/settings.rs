//! Every setting of `serve`, once: its key in the file, its flag, its variables, its default. The reference is made of it.

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

pub(crate) const LISTEN: Setting = setting(
    "listen",
    "`127.0.0.1:5001`",
    "Address and port of HTTP. A socket that the service manager passes under the name `http` is used instead.",
)
.flag("--listen")
.own("OARLOCK_LISTEN");

pub(crate) const PUBLIC_URL: Setting = setting(
    "public_url",
    "on loopback `http://` and `listen`; elsewhere it must be said",
    "What browsers call this server, without a path. The callback URL is made of it, never of what a request says.",
)
.flag("--public-url")
.own("OARLOCK_PUBLIC_URL");

pub(crate) const ALLOWED_HOSTS: Setting = setting(
    "allowed_hosts",
    "none",
    "Further names that requests may have as their `Host`, besides that of `public_url`, `localhost` and loopback addresses.",
);

pub(crate) const TRUSTED_PROXIES: Setting = setting(
    "trusted_proxies",
    "none",
    "Addresses or networks of proxies whose `X-Forwarded-For` is believed: `[\"127.0.0.1\", \"10.0.0.0/8\"]`.",
)
.own("OARLOCK_TRUSTED_PROXIES");

pub(crate) const METRICS_LISTEN: Setting = setting(
    "metrics_listen",
    "nowhere",
    "Address and port where `/metrics` is served, for Prometheus. Never the public one.",
)
.flag("--metrics-listen")
.own("OARLOCK_METRICS_LISTEN");

pub(crate) const LOG: Setting = setting(
    "log",
    "`info`",
    "Level of the log on standard error: `off`, `error`, `warn`, `info`, `debug`, `trace`.",
)
.flag("-v")
.own("OARLOCK_LOG");

pub(crate) const LOG_FORMAT: Setting = setting(
    "log_format",
    "`text`",
    "`text`, or `json`: one object for each line.",
)
.flag("--log-format")
.own("OARLOCK_LOG_FORMAT");

pub(crate) const HTTP_CONNECTIONS: Setting =
    setting("http.connections", "`2048`", "HTTP connections at once.");

pub(crate) const HTTP_PER_PEER: Setting = setting(
    "http.connections_per_peer",
    "`128`",
    "The same of one address; trusted proxies and loopback addresses are not counted.",
);

pub(crate) const HTTP_BODY: Setting =
    setting("http.body", "`65536`", "The largest body, in bytes.");

pub(crate) const UNMATCHED: Setting = setting(
    "http.unmatched_per_minute",
    "`60`",
    "Callbacks that nobody waits for, for each address and minute; `0`: any number.",
);

pub(crate) const ENABLED: Setting = setting(
    "relay.enabled",
    "`true`",
    "Whether there is a relay. Nothing else is served yet, so `false` leaves nothing.",
)
.flag("--relay, --no-relay")
.relay("ENABLED");

pub(crate) const CALLBACK_PATH: Setting = setting(
    "relay.callback_path",
    "`/oauth/callback`",
    "Path of the callback; with `public_url` before it, it is the redirect URI to register at the provider.",
)
.relay("CALLBACK_PATH");

pub(crate) const CODE_KEYS: Setting = setting(
    "relay.code_keys",
    "`code,authorization_code`",
    "Parameters that can hold the code, the first that is there counts; compared without case.",
)
.relay("CODE_KEYS");

pub(crate) const SOCKET_PATH: Setting = setting(
    "relay.socket_path",
    "`relay.sock` in `$OARLOCK_HOME/run`, else in `$XDG_RUNTIME_DIR/oarlock`, else in `~/.local/state/oarlock/run`",
    "Unix socket where programs of this machine register. A socket that the service manager passes under the name `relay` is used instead.",
)
.relay("SOCKET_PATH");

pub(crate) const SHARED_DIRECTORY: Setting = setting(
    "relay.insecure_socket_directory",
    "`false`",
    "Allows a socket in a directory that everybody can write to, if it is root's and sticky (`/tmp`).",
)
.explicit("INSECURE_SOCKET_DIRECTORY");

pub(crate) const USE_TCP: Setting = setting(
    "relay.use_tcp",
    "`false`; on Windows `true`",
    "TCP instead of the Unix socket.",
)
.relay("USE_TCP");

pub(crate) const TCP_BIND_ADDRESS: Setting = setting(
    "relay.tcp_bind_address",
    "`127.0.0.1`",
    "Address for TCP. Beyond loopback each program needs a token of `[[relay.tokens]]`.",
)
.relay("TCP_BIND_ADDRESS");

pub(crate) const TCP_PORT: Setting =
    setting("relay.tcp_fallback_port", "`9999`", "Port for TCP.").relay("TCP_FALLBACK_PORT");

pub(crate) const INSECURE_TCP: Setting = setting(
    "relay.insecure_tcp",
    "`false`",
    "Lets everybody who reaches the TCP port register without a token, also beyond loopback.",
)
.explicit("INSECURE_TCP");

pub(crate) const DEFAULT_TIMEOUT: Setting = setting(
    "relay.default_timeout",
    "`300`",
    "How long a registration lasts that asks for nothing else.",
)
.relay("DEFAULT_TIMEOUT");

pub(crate) const LONGEST_TIMEOUT: Setting = setting(
    "relay.longest_timeout",
    "`3600`",
    "The longest a registration may ask for; at most a day.",
);

pub(crate) const GRACE: Setting = setting(
    "relay.grace",
    "`3`",
    "How long a callback waits for its program to register or to come back; at most a minute.",
);

pub(crate) const ACKNOWLEDGEMENT: Setting = setting(
    "relay.acknowledgement_timeout",
    "`10`",
    "How long a program may take to say that it has the callback; at most a minute.",
);

pub(crate) const HEARTBEAT: Setting = setting(
    "relay.heartbeat",
    "`30`",
    "Silence after which the relay asks whether a program still lives.",
);

pub(crate) const LOG_UNMATCHED: Setting = setting(
    "relay.log_unmatched",
    "`true`",
    "Whether callbacks that nobody waits for are logged.",
)
.relay("LOG_UNMATCHED");

pub(crate) const MAX_REGISTRATIONS: Setting = setting(
    "relay.max_registrations",
    "`16384`",
    "Registrations at once; further ones are refused.",
);

pub(crate) const MAX_PER_USER: Setting = setting(
    "relay.max_registrations_per_user",
    "`16384`",
    "The same of one user of this machine, or of everybody without a token on TCP.",
);

pub(crate) const MAX_CONNECTIONS: Setting = setting(
    "relay.max_connections",
    "`16640`",
    "Connections of programs at once.",
);

pub(crate) const MAX_PER_ADDRESS: Setting = setting(
    "relay.max_connections_per_address",
    "`1024`",
    "The same of one address that is not loopback, over TCP.",
);

pub(crate) const MAX_HELD: Setting = setting(
    "relay.max_held",
    "`1000`",
    "Callbacks that wait for their program at once.",
);

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
