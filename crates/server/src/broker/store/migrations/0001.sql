-- Times are milliseconds since 1970, UTC. Digests and sealed things are bytes, everything structured is JSON.

CREATE TABLE schema (
    version BIGINT NOT NULL PRIMARY KEY
);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    subject TEXT NOT NULL,
    profile TEXT NOT NULL,
    first_login BIGINT NOT NULL,
    last_login BIGINT NOT NULL,
    UNIQUE (provider, subject)
);

CREATE TABLE consents (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_client ON consents (client_id);

-- Stages are the words of the stages. kept_until: how long the row stays, at least as long as it was to last at first.
CREATE TABLE logins (
    id TEXT NOT NULL PRIMARY KEY,
    request TEXT NOT NULL,
    stage TEXT NOT NULL,
    browser BYTEA,
    upstream TEXT,
    upstream_state BYTEA,
    upstream_sealed BYTEA,
    user_id TEXT,
    session_id TEXT,
    auth_time BIGINT,
    upstream_token BYTEA,
    device_code BYTEA,
    user_code BYTEA,
    code BYTEA,
    pairing BYTEA,
    expires_at BIGINT NOT NULL,
    kept_until BIGINT NOT NULL
);
CREATE UNIQUE INDEX logins_upstream_state ON logins (upstream_state) WHERE upstream_state IS NOT NULL;
CREATE UNIQUE INDEX logins_device_code ON logins (device_code) WHERE device_code IS NOT NULL;
CREATE UNIQUE INDEX logins_user_code ON logins (user_code) WHERE user_code IS NOT NULL;
CREATE UNIQUE INDEX logins_code ON logins (code) WHERE code IS NOT NULL;
-- Of several logins of one paircode the first that is granted counts.
CREATE UNIQUE INDEX logins_pairing ON logins (pairing) WHERE stage IN ('granted', 'redeemed') AND pairing IS NOT NULL;
CREATE INDEX logins_kept_until ON logins (kept_until);
CREATE INDEX logins_ended ON logins (kept_until) WHERE stage IN ('redeemed', 'denied', 'failed');

-- code: digest of the authorization code that bought it.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    resources TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    came_from TEXT NOT NULL,
    handle BYTEA,
    secret BYTEA,
    code BYTEA
);
CREATE UNIQUE INDEX sessions_handle ON sessions (handle) WHERE handle IS NOT NULL;
CREATE UNIQUE INDEX sessions_code ON sessions (code) WHERE code IS NOT NULL;
CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE revoked_access_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_access_tokens_expires_at ON revoked_access_tokens (expires_at);

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    metadata TEXT NOT NULL,
    secret BYTEA,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE INDEX clients_last_used_at ON clients (last_used_at);

CREATE TABLE keyring (
    name TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    content TEXT NOT NULL
);
