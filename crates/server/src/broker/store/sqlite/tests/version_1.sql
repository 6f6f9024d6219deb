-- A database of version 1, as it was written down then. It is never changed.

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

INSERT INTO schema VALUES(1);
INSERT INTO users VALUES('user at a','dev','ada','{"name":"ada ‮Example","email":"ada@example.com","email_verified":true}',1800000001000,1800000001000);
INSERT INTO sessions VALUES('session of browser of a','user at a','browser','','','[]',1800000001000,1800000001000,1800000001000,1800010000000,NULL,'192.0.2.7',X'F4C92E5CFC3C31BDE47321F842A6FBC69A647864DE9B9F44D69F7F764C2077C0',NULL,NULL);
INSERT INTO sessions VALUES('session of a','user at a','client','mytool','openid deploy','["https://api.example.com"]',1800000001000,1800000003000,1800000003000,1800010000000,NULL,'192.0.2.7',X'EEBA381C3FAEFB1BB4D3C2072D675AC87160CD9C1772361CDD70103B23A0C6A2',X'7C5EC56E8433D508166E76A1B839B867974664A78C44E9A0F1E53DF791229374',X'57423E4E4D5F06889D0CCC1B563DBDBE2086949EEDB87AC905A5DF5EA63AD766');
INSERT INTO sessions VALUES('session of browser of b','user at a','browser','','','[]',1800000001000,1800000001000,1800000001000,1800010000000,NULL,'192.0.2.7',X'B624FC54E5C9F51209199089014363B25AD9555A1F7386A7C32B08294BC5EFA5',NULL,NULL);
INSERT INTO consents VALUES('user at a','mytool','openid deploy');
INSERT INTO logins VALUES('a','{"asked":{"code":{"client_id":"mytool","redirect_uri":"http://127.0.0.1:4711/callback","scopes":"openid deploy","state":"the client''s own","nonce":null,"code_challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","resources":["https://api.example.com"],"prompt":{"none":false,"login":false,"consent":false,"select_account":false},"max_age":60}},"at":"2027-01-15T08:00:00Z","from":"2001:db8::7"}','redeemed',X'7A1C324BD1A3EB179497B1086014B3BC8D44B55E9A16FCB083DCB1C1596D05C9','dev',X'12857F36EB137AD06FEA0552D722669CE4372E1887EB7EDB4BE91A7E69DCEEBF',NULL,'user at a','session of a',1800000001000,NULL,NULL,NULL,X'57423E4E4D5F06889D0CCC1B563DBDBE2086949EEDB87AC905A5DF5EA63AD766',NULL,1800000060000,1800000600000);
INSERT INTO logins VALUES('b','{"asked":{"code":{"client_id":"mytool","redirect_uri":"http://127.0.0.1:4711/callback","scopes":"openid deploy","state":"the client''s own","nonce":null,"code_challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","resources":["https://api.example.com"],"prompt":{"none":false,"login":false,"consent":false,"select_account":false},"max_age":60}},"at":"2027-01-15T08:00:00Z","from":"2001:db8::7"}','granted',X'23FB7AEF79826D112E9B7C26A1E80BC19F4C8DDC4C6FC62E90393B0B07863F3F','dev',X'01EE3A7CF8BBE22460E1CAECC49EA531D05D974B91193A0CA99D97872C891A95',NULL,'user at a','session of browser of b',1800000001000,NULL,NULL,NULL,X'91101B9CCAC4F83DD9082DA33094F721FFD09D34666EE979FE9BDCF766AF7AA1',NULL,1800000060000,1800000600000);
INSERT INTO logins VALUES('c','{"asked":{"device":{"client_id":"mytool","scopes":"openid","resources":[],"user_code":"C"}},"at":"2027-01-15T08:00:00Z","from":"2001:db8::7"}','asked',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,X'3CE330DB2DD6D0DBE17A49B3C9BA0868036868C11075DAE2B5A047442197A57C',X'C0581A84C4C42C1233AE4F0A3E338A94E03DFC5F0399EB15AF166C115CB1175D',NULL,NULL,1800000600000,1800000600000);
INSERT INTO logins VALUES('d','{"asked":{"pairing":[138,37,87,130,98,41,86,56,86,233,69,215,238,95,250,203,97,23,164,209,243,157,116,182,156,120,181,44,170,86,33,55]},"at":"2027-01-15T08:00:00Z","from":"2001:db8::7"}','upstream',X'DAC1F995876C113272BDBFAE82F1F3FDF723E7EE4976B25170FD79A65F1EA442','dev',X'8245C81111BECA8020306362BE5DF506B75FCDCA4A7E33B38F9AD4EFFCE82070',X'7365616C6564',NULL,NULL,NULL,NULL,NULL,NULL,NULL,X'8A2557826229563856E945D7EE5FFACB6117A4D1F39D74B69C78B52CAA562137',1800000600000,1800000600000);
INSERT INTO clients VALUES('registered','{"client_name":"A <b>tool</b>","redirect_uris":["http://127.0.0.1/callback"],"grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:device_code"],"token_endpoint_auth_method":"client_secret_basic","scope":"openid"}',X'62C31601390626EF1E8D1CA30C0854A86CC98024B09982925C6A6189AD1484E5',1800000000000,1800000000000);
INSERT INTO keyring VALUES('keyring',1,'keys');
INSERT INTO revoked_access_tokens VALUES('revoked',1800000100000);
