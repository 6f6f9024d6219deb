//! What concerns the whole server.

use super::{Setting, setting};

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

pub(crate) const TLS_CERTIFICATE: Setting = setting(
    "tls.certificate",
    "plain HTTP",
    "PEM file of the certificate and those between it and its root. Read again when it changes.",
);

pub(crate) const TLS_KEY: Setting = setting(
    "tls.key",
    "plain HTTP",
    "PEM file of the certificate's key, yours alone.",
);
