//! The relay's settings.

use super::{Setting, setting};

pub(crate) const ENABLED: Setting = setting(
    "relay.enabled",
    "`true`",
    "Whether there is a relay. Without one there must be a broker: an upstream.",
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
