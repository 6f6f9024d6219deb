//! The broker's settings.

use super::{Setting, setting};

pub(crate) const UPSTREAM: Setting = setting(
    "upstream",
    "every `[upstreams.NAME]`; without any there is no broker",
    "Who knows the people, in the order of the page: names of `[upstreams.NAME]`, of `[providers.NAME]` in `config.toml`, of built-in providers, `env`, or `dev`, where anybody is whoever they pick, on loopback alone.",
)
.flag("--upstream")
.own("OARLOCK_UPSTREAMS");

pub(crate) const STORE: Setting = setting(
    "store",
    "`server.db` in `$OARLOCK_HOME`, else in `$XDG_STATE_HOME/oarlock`, else in `~/.local/state/oarlock`",
    "Where users, sessions and logins are kept: `sqlite:/absolute/path`.",
)
.flag("--store")
.own("OARLOCK_STORE");

pub(crate) const SCOPES: Setting = setting(
    "scopes",
    "none",
    "Scopes that programs can have, beside `openid`, `profile`, `email` and `offline_access`.",
);

pub(crate) const RESOURCES: Setting = setting(
    "resources",
    "any",
    "Resources that access tokens can be for (RFC 8707): absolute URIs.",
);

pub(crate) const REGISTRATION_POLICY: Setting = setting(
    "registration.policy",
    "`off`",
    "Whether programs may register themselves (RFC 7591): `off`, `open`, or `token`, with an initial access token.",
);

pub(crate) const INITIAL_ACCESS_TOKENS: Setting = setting(
    "registration.initial_access_tokens_sha256",
    "none",
    "Digests of initial access tokens; `oarlock serve --new-registration-token` makes one.",
);

pub(crate) const METADATA_DOCUMENTS: Setting = setting(
    "registration.metadata_documents",
    "`true`",
    "Whether a client id may be the `https` address of the program's metadata, as MCP clients have it.",
);

pub(crate) const PAIRCODE: Setting = setting(
    "pairing.paircode",
    "`true` where the public URL is loopback, else `false`",
    "Whether `/cli_login`, `/token?paircode=` and `/secured` are served.",
);

pub(crate) const PAIRING_RETURNS: Setting = setting(
    "pairing.returns",
    "`identity`",
    "What `/token?paircode=` answers: `identity`, the user's id; `access_token`, the provider's, for which every upstream needs `hand_out_tokens = true`.",
);

pub(crate) const KEYS_HOME: Setting = setting(
    "keys.home",
    "`file`",
    "Where signing keys are kept: `file`, beside the store with the ending `.keys`; `store`, for several instances.",
);

pub(crate) const KEYS_ALGORITHM: Setting = setting(
    "keys.algorithm",
    "`ES256`",
    "How new keys sign: `ES256` or `EdDSA`.",
);

pub(crate) const KEYS_ROTATE_EVERY: Setting = setting(
    "keys.rotate_every",
    "`\"90d\"`",
    "How often a new signing key is made.",
);

pub(crate) const UPSTREAM_TOKEN_KEY_FILE: Setting = setting(
    "keys.upstream_token_key_file",
    "a key made of the signing keys' file",
    "File, yours alone, with the key that providers' tokens are sealed with: 32 random bytes in base64 or hexadecimal (`openssl rand -base64 32`). The variable `OARLOCK_UPSTREAM_TOKEN_KEY` holds the key itself, and wins.",
);

pub(crate) const LOGIN_LIFETIME: Setting = setting(
    "lifetimes.login",
    "`\"10m\"`",
    "A login, from its first page to its last.",
);

pub(crate) const CODE_LIFETIME: Setting =
    setting("lifetimes.code", "`\"1m\"`", "An authorization code.");

pub(crate) const DEVICE_LIFETIME: Setting = setting(
    "lifetimes.device",
    "`\"15m\"`",
    "A device code, and a login by paircode.",
);

pub(crate) const DEVICE_INTERVAL: Setting = setting(
    "lifetimes.device_interval",
    "`5`",
    "Between two polls of a device.",
);

pub(crate) const ACCESS_TOKEN_LIFETIME: Setting =
    setting("lifetimes.access_token", "`\"10m\"`", "An access token.");

pub(crate) const ID_TOKEN_LIFETIME: Setting =
    setting("lifetimes.id_token", "`\"10m\"`", "An ID token.");

pub(crate) const SESSION_LIFETIME: Setting = setting(
    "lifetimes.session",
    "`\"90d\"`",
    "A program's session that is not refreshed.",
);

pub(crate) const BROWSER_SESSION_LIFETIME: Setting = setting(
    "lifetimes.browser_session",
    "`\"1d\"`",
    "A browser's session.",
);

pub(crate) const UNUSED_CLIENT_LIFETIME: Setting = setting(
    "lifetimes.unused_client",
    "`\"90d\"`",
    "A program that registered itself and is not used.",
);

pub(crate) const MAX_LOGINS: Setting = setting(
    "limits.logins",
    "`100000`",
    "Logins under way; further ones are refused.",
);

pub(crate) const MAX_CLIENTS: Setting = setting(
    "limits.clients",
    "`10000`",
    "Programs that registered themselves; further ones are refused.",
);

pub(crate) const REGISTRATIONS_PER_HOUR: Setting = setting(
    "limits.registrations_per_hour",
    "`20`",
    "Registrations of one address and hour.",
);

pub(crate) const LOGINS_PER_MINUTE: Setting = setting(
    "limits.logins_per_minute",
    "`120`",
    "Logins that one address may start a minute.",
);

pub(crate) const USER_CODE_TRIES: Setting = setting(
    "limits.user_code_tries",
    "`5`",
    "Wrong codes of a device's page, for each address and ten minutes.",
);

pub(crate) const MISSES_PER_MINUTE: Setting = setting(
    "limits.misses_per_minute",
    "`60`",
    "Wrong authorization codes, refresh tokens and client secrets, for each address and minute.",
);

pub(crate) const EXCHANGES: Setting = setting(
    "limits.exchanges",
    "`256`",
    "Logins that wait for one provider's answer at once.",
);

pub(crate) const AUDIT_FILE: Setting = setting(
    "audit.file",
    "the log alone",
    "File, yours alone, to which a line of JSON is added for whatever happens: who, what, from where, which program. Never a secret.",
);

/// The variable that holds the key of providers' tokens itself; in no file but that of [`UPSTREAM_TOKEN_KEY_FILE`].
pub(crate) const UPSTREAM_TOKEN_KEY: &str = "OARLOCK_UPSTREAM_TOKEN_KEY";
