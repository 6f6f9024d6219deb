//! Every SQL statement, once, for SQLite and PostgreSQL alike.
//!
//! Parameters are `$1`, `$2` and so on, and first appear in that order, because to SQLite they are names. Whoever changes a stage names
//! in the same statement the stage it starts from, so that of two callers one wins, whatever the database's isolation.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)*

        /// All of them, by name.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

macro_rules! login {
    () => {
        "id, request, stage, browser, upstream, upstream_state, upstream_sealed, user_id, session_id, auth_time, upstream_token, \
         expires_at"
    };
}

macro_rules! session {
    () => {
        "sessions.id, sessions.user_id, sessions.kind, sessions.client_id, sessions.scopes, sessions.resources, sessions.auth_time, \
         sessions.created_at, sessions.last_used_at, sessions.expires_at, sessions.revoked_at, sessions.came_from"
    };
}

macro_rules! user {
    () => {
        "users.id, users.provider, users.subject, users.profile, users.first_login, users.last_login"
    };
}

macro_rules! session_and_user {
    ($where:literal) => {
        concat!(
            "SELECT ",
            session!(),
            ", ",
            user!(),
            " FROM sessions JOIN users ON users.id = sessions.user_id WHERE ",
            $where
        )
    };
}

macro_rules! find_login {
    ($where:literal) => {
        concat!("SELECT ", login!(), " FROM logins WHERE ", $where)
    };
}

macro_rules! redeem {
    ($column:literal) => {
        concat!(
            "UPDATE logins SET stage = 'redeemed', session_id = $1 WHERE ",
            $column,
            " = $2 AND stage = 'granted' AND expires_at > $3 RETURNING ",
            login!()
        )
    };
}

statements! {
    // Logins

    COUNT_LOGINS = "SELECT COUNT(*) FROM logins";
    BEGIN = "INSERT INTO logins (id, request, stage, browser, upstream, upstream_state, upstream_sealed, user_id, session_id, \
        device_code, user_code, pairing, expires_at, kept_until) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) ON CONFLICT DO NOTHING";
    APPROACH = concat!(
        "UPDATE logins SET stage = $1, browser = $2, upstream = $3, upstream_state = $4, upstream_sealed = $5, user_id = $6, \
         session_id = $7, upstream_token = NULL WHERE user_code = $8 AND expires_at > $9 \
         AND (stage = 'asked' OR (stage IN ('upstream', 'identified') AND browser = $2)) RETURNING ",
        login!()
    );
    LOGIN = find_login!("id = $1 AND expires_at > $2");
    LOGIN_OF_UPSTREAM_STATE = find_login!("upstream_state = $1 AND kept_until > $2");
    LOGIN_OF_CODE = find_login!("code = $1 AND expires_at > $2");
    LOGIN_OF_DEVICE = find_login!("device_code = $1 AND expires_at > $2");
    LOGIN_OF_USER_CODE =
        find_login!("user_code = $1 AND expires_at > $2 AND stage IN ('asked', 'upstream', 'exchanging', 'identified')");
    LOGIN_OF_PAIRING = find_login!("pairing = $1 AND expires_at > $2 AND stage IN ('granted', 'redeemed')");
    TAKE_CALLBACK = concat!(
        "UPDATE logins SET stage = 'exchanging' WHERE upstream_state = $1 AND browser = $2 AND stage = 'upstream' AND expires_at > $3 \
         RETURNING ",
        login!()
    );
    CALLBACK_TAKEN_BEFORE = find_login!("upstream_state = $1 AND browser = $2 AND kept_until > $3 AND stage <> 'upstream'");
    IDENTIFY = "UPDATE logins SET stage = 'identified', session_id = $1, upstream_token = $2, upstream_sealed = NULL \
        WHERE id = $3 AND stage = 'exchanging' AND expires_at > $4 RETURNING id";
    IDENTIFY_AS = concat!("UPDATE logins SET user_id = $1 WHERE id = $2 RETURNING ", login!());
    FAIL = "UPDATE logins SET stage = 'failed', upstream_sealed = NULL WHERE id = $1 AND stage IN ('upstream', 'exchanging') \
        AND expires_at > $2";
    /// The person must be signed in still, and for a pairing no other login of it may have been granted.
    GRANT = concat!(
        "UPDATE logins SET stage = 'granted', code = $1, expires_at = $2, \
         kept_until = CASE WHEN kept_until < $2 THEN $2 ELSE kept_until END, \
         auth_time = (SELECT sessions.auth_time FROM sessions WHERE sessions.id = logins.session_id) \
         WHERE id = $3 AND browser = $4 AND stage = 'identified' AND expires_at > $5 \
         AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = logins.session_id AND sessions.user_id = logins.user_id \
         AND sessions.revoked_at IS NULL AND sessions.expires_at > $5) \
         AND NOT EXISTS (SELECT 1 FROM logins AS earlier WHERE earlier.pairing = logins.pairing \
         AND earlier.stage IN ('granted', 'redeemed')) RETURNING ",
        login!()
    );
    DENY = concat!(
        "UPDATE logins SET stage = 'denied', upstream_token = NULL WHERE id = $1 AND browser = $2 AND stage = 'identified' \
         AND expires_at > $3 RETURNING ",
        login!()
    );
    /// A login that is still to be decided is found alone where another one of its pairing was granted.
    DECIDED_BEFORE = find_login!(
        "id = $1 AND browser = $2 AND kept_until > $3 AND (stage <> 'identified' \
         OR EXISTS (SELECT 1 FROM logins AS earlier WHERE earlier.pairing = logins.pairing AND earlier.stage IN ('granted', 'redeemed')))"
    );
    REDEEM_CODE = redeem!("code");
    REDEEM_DEVICE = redeem!("device_code");
    /// In the words of the index, or it would not be used.
    REDEEM_PAIRING = redeem!("stage IN ('granted', 'redeemed') AND pairing");
    FORGET_UPSTREAM_TOKEN = "UPDATE logins SET upstream_token = NULL WHERE id = $1";
    REMOVE_LOGINS_OF_USER = "DELETE FROM logins WHERE user_id = $1";
    SWEEP_LOGINS = "DELETE FROM logins WHERE id IN (SELECT id FROM logins WHERE kept_until <= $1 ORDER BY kept_until LIMIT $2)";
    /// Nothing can come of these any more; they are only there to be shown again.
    SWEEP_ENDED_LOGINS = "DELETE FROM logins WHERE id IN (SELECT id FROM logins WHERE stage IN ('redeemed', 'denied', 'failed') \
        ORDER BY kept_until LIMIT $1)";

    // Sessions

    ADD_SESSION = concat!(
        "INSERT INTO sessions (id, user_id, kind, client_id, scopes, resources, auth_time, created_at, last_used_at, expires_at, \
         came_from, handle, secret, code) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12, $13) RETURNING ",
        session!()
    );
    SESSION = session_and_user!("sessions.id = $1");
    SESSION_OF_HANDLE = session_and_user!("sessions.handle = $1");
    SESSIONS = session_and_user!(
        "(CAST($1 AS BIGINT) IS NULL OR (sessions.revoked_at IS NULL AND sessions.expires_at > $1)) \
         ORDER BY sessions.created_at DESC, sessions.id LIMIT $2"
    );
    SESSIONS_OF_USER = session_and_user!(
        "sessions.user_id = $1 AND (CAST($2 AS BIGINT) IS NULL OR (sessions.revoked_at IS NULL AND sessions.expires_at > $2)) \
         ORDER BY sessions.created_at DESC, sessions.id LIMIT $3"
    );
    ROTATE = concat!(
        "UPDATE sessions SET secret = $1, last_used_at = $2, expires_at = $3 WHERE handle = $4 AND client_id = $5 AND secret = $6 \
         AND revoked_at IS NULL AND expires_at > $2 RETURNING ",
        session!()
    );
    REVOKE_REUSED = "UPDATE sessions SET revoked_at = $1 WHERE handle = $2 AND client_id = $3 AND secret IS NOT NULL \
        AND revoked_at IS NULL AND expires_at > $1 RETURNING id";
    REVOKE_REPLAYED = "UPDATE sessions SET revoked_at = COALESCE(revoked_at, $1) WHERE code = $2 RETURNING id";
    REVOKE_SESSION = concat!(
        "UPDATE sessions SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING ",
        session!()
    );
    TOUCH_SESSION = "UPDATE sessions SET last_used_at = $1 WHERE id = $2 AND last_used_at < $1";
    REVOKE_ACCESS_TOKEN = "INSERT INTO revoked_access_tokens (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE \
        SET expires_at = CASE WHEN excluded.expires_at > revoked_access_tokens.expires_at THEN excluded.expires_at \
        ELSE revoked_access_tokens.expires_at END";
    SESSION_OF_ACCESS_TOKEN = session_and_user!(
        "sessions.id = $1 AND sessions.revoked_at IS NULL AND sessions.expires_at > $2 \
         AND NOT EXISTS (SELECT 1 FROM revoked_access_tokens WHERE revoked_access_tokens.id = $3)"
    );
    SWEEP_SESSIONS =
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    SWEEP_ACCESS_TOKENS = "DELETE FROM revoked_access_tokens WHERE id IN (SELECT id FROM revoked_access_tokens \
        WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

    // People and their consent

    KEEP_USER = concat!(
        "INSERT INTO users (id, provider, subject, profile, first_login, last_login) VALUES ($1, $2, $3, $4, $5, $5) \
         ON CONFLICT (provider, subject) DO UPDATE SET profile = excluded.profile, last_login = excluded.last_login RETURNING ",
        user!()
    );
    USER = concat!("SELECT ", user!(), " FROM users WHERE id = $1");
    USERS = concat!("SELECT ", user!(), " FROM users ORDER BY last_login DESC, id LIMIT $1");
    REMOVE_USER = "DELETE FROM users WHERE id = $1";
    CONSENT = "SELECT scopes FROM consents WHERE user_id = $1 AND client_id = $2";
    REMEMBER_CONSENT = "INSERT INTO consents (user_id, client_id, scopes) VALUES ($1, $2, $3) \
        ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = excluded.scopes";

    // Clients

    COUNT_CLIENTS = "SELECT COUNT(*) FROM clients";
    REGISTER = "INSERT INTO clients (id, metadata, secret, created_at, last_used_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    CLIENT = "SELECT id, metadata, secret, created_at, last_used_at FROM clients WHERE id = $1";
    TOUCH_CLIENT = "UPDATE clients SET last_used_at = $1 WHERE id = $2 AND last_used_at < $1";
    UNUSED_CLIENTS = "SELECT id FROM clients WHERE last_used_at < $1 ORDER BY last_used_at LIMIT $2";
    REMOVE_CLIENT = "DELETE FROM clients WHERE id = $1 AND last_used_at < $2";
    REMOVE_CONSENTS_OF_CLIENT = "DELETE FROM consents WHERE client_id = $1";

    // Keys

    KEYRING = "SELECT version, content FROM keyring WHERE name = 'keyring'";
    ADD_KEYRING = "INSERT INTO keyring (name, version, content) VALUES ('keyring', 1, $1) ON CONFLICT DO NOTHING";
    REPLACE_KEYRING = "UPDATE keyring SET version = version + 1, content = $1 WHERE name = 'keyring' AND version = $2";

    // The rest

    /// Changes nothing, but is written.
    WRITE = "UPDATE schema SET version = version";
    SCHEMA_VERSION = "SELECT COALESCE(MAX(version), 0) FROM schema";
    ADD_SCHEMA_VERSION = "INSERT INTO schema (version) VALUES ($1)";
}
