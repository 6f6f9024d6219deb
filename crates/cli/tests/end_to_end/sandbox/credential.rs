//! Logins that a test makes up, without logging in.

use jiff::SignedDuration;
use oarlock_io::{Clock as _, SystemClock};
use oarlock_testkit::{DEFAULT_CLIENT_ID, Server};
use serde_json::{Value, json};

use super::{Sandbox, write_private};

/// Name of the provider these logins belong to.
pub(crate) const PROVIDER: &str = "work";
/// What they may do.
const SCOPE: &str = "openid email offline_access";

/// A login that is written into a sandbox.
pub(crate) struct StoredLogin {
    json: Value,
}

impl StoredLogin {
    /// A login of `alice` at this server, with tokens that it takes, just issued.
    pub(crate) fn at(server: &Server) -> Self {
        let tokens = server.issue(DEFAULT_CLIENT_ID, "alice", SCOPE).unwrap();
        let issuer = server.issuer();
        let json = json!({
            "access_token": tokens.access_token.expose(),
            "refresh_token": tokens.refresh_token.as_ref().map(|token| token.expose()),
            "expires_at": tokens.expires_at,
            "token_type": "Bearer",
            "scope": SCOPE,
            "provider": PROVIDER,
            "account": "default",
            "issued_at": tokens.expires_at - SignedDuration::from_hours(1),
            "identity": "alice@example.com",
            "profile": {
                "name": PROVIDER,
                "issuer": issuer,
                "client_id": DEFAULT_CLIENT_ID,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "revocation_endpoint": format!("{issuer}/revoke"),
                "userinfo_endpoint": format!("{issuer}/userinfo"),
                "jwks_uri": format!("{issuer}/jwks.json"),
            },
        });
        Self { json }
    }

    /// Its access token expired an hour ago, by this machine's clock.
    pub(crate) fn expired(self) -> Self {
        let now = SystemClock.now();
        self.with("issued_at", json!(now - SignedDuration::from_hours(2)))
            .with("expires_at", json!(now - SignedDuration::from_hours(1)))
    }

    /// Its access token has a minute of its hour left: valid, but due.
    pub(crate) fn due(self) -> Self {
        let now = SystemClock.now();
        self.with("issued_at", json!(now - SignedDuration::from_mins(59)))
            .with("expires_at", json!(now + SignedDuration::from_mins(1)))
    }

    pub(crate) fn without_refresh_token(self) -> Self {
        self.with("refresh_token", Value::Null)
    }

    /// Another member of the file.
    pub(crate) fn with(mut self, member: &str, value: Value) -> Self {
        self.json[member] = value;
        self
    }

    /// Another member of the profile in the file.
    pub(crate) fn with_profile(mut self, member: &str, value: Value) -> Self {
        self.json["profile"][member] = value;
        self
    }

    /// For another account.
    pub(crate) fn account(self, name: &str) -> Self {
        self.with("account", json!(name))
    }

    /// For another provider.
    pub(crate) fn provider(self, name: &str) -> Self {
        self.with("provider", json!(name))
            .with_profile("name", json!(name))
    }

    pub(crate) fn access_token(&self) -> String {
        self.json["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn refresh_token(&self) -> String {
        self.json["refresh_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string_pretty(&self.json).unwrap()
    }

    /// Writes its file.
    pub(crate) fn write(self, sandbox: &Sandbox) -> Self {
        let name = format!(
            "{}@{}.json",
            self.json["provider"].as_str().unwrap(),
            self.json["account"].as_str().unwrap()
        );
        write_private(&sandbox.credentials().join(name), &self.text());
        self
    }
}

impl Sandbox {
    /// What the login's file holds now.
    #[track_caller]
    pub(crate) fn stored(&self) -> Value {
        let text = std::fs::read_to_string(self.credential_file()).unwrap();
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("the credential file is not whole ({error}): {text:?}"))
    }
}
