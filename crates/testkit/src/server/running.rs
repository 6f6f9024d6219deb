//! A server that runs, as a test holds it.
use super::{
    app::{App, lock},
    device,
    endpoint::Endpoint,
    fault_set::Faults,
    grants::Grant,
    parties::Client,
    record::RecordedRequest,
    routes, token,
    wire::{Wire, WireListener},
};
use crate::background::Background;
use jiff::Timestamp;
use oarlock_oauth::secret::{AccessToken, IdToken, RefreshToken};
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};
use url::Url;

/// A running server; it ends when this is dropped.
pub struct Server {
    app: Arc<App>,
    address: SocketAddr,
    url: Url,
    elsewhere: Url,
    _running: Background,
}

/// Tokens made without a login.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedTokens {
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token; none under `no-refresh-token`.
    pub refresh_token: Option<RefreshToken>,
    /// The ID token, when `openid` is among the scopes.
    pub id_token: Option<IdToken>,
    /// When the access token expires, by the server's clock.
    pub expires_at: Timestamp,
    /// What was granted.
    pub scope: String,
}

pub(crate) struct Listeners {
    pub(crate) server: TcpListener,
    pub(crate) elsewhere: TcpListener,
}

impl Server {
    pub(crate) fn run(app: Arc<App>, listeners: Listeners) -> io::Result<Self> {
        let Listeners { server, elsewhere } = listeners;
        let address = server.local_addr()?;
        let parse = |text: &str| Url::parse(text).map_err(io::Error::other);
        let (url, elsewhere_url) = (parse(&app.issuer)?, parse(&app.elsewhere)?);
        server.set_nonblocking(true)?;
        elsewhere.set_nonblocking(true)?;
        let shared = Arc::clone(&app);
        let running = Background::start("oarlock-testkit-server", async move || {
            let server = WireListener(tokio::net::TcpListener::from_std(server)?);
            let elsewhere = WireListener(tokio::net::TcpListener::from_std(elsewhere)?);
            let main = routes::server(&shared).into_make_service_with_connect_info::<Wire>();
            let trap = routes::elsewhere(&shared).into_make_service_with_connect_info::<Wire>();
            tokio::try_join!(async { axum::serve(server, main).await }, async {
                axum::serve(elsewhere, trap).await
            },)?;
            Ok(())
        })?;
        Ok(Self {
            app,
            address,
            url,
            elsewhere: elsewhere_url,
            _running: running,
        })
    }

    /// The issuer identifier exactly as the metadata has it: no slash at the end.
    pub fn issuer(&self) -> &str {
        &self.app.issuer
    }

    /// The issuer as a URL (which has a slash at the end).
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The URL of a path here, for example `/api/whoami`.
    pub fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(path);
        url
    }

    /// Where it listens, which is not the issuer when a proxy stands before it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The other origin, to which the redirecting faults point.
    pub fn elsewhere(&self) -> &Url {
        &self.elsewhere
    }

    /// What was asked so far, oldest first (the newest 10,000).
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.app.records).all()
    }

    /// What one endpoint was asked.
    pub fn requests_to(&self, endpoint: Endpoint) -> Vec<RecordedRequest> {
        let mut requests = self.requests();
        requests.retain(|request| request.endpoint == endpoint);
        requests
    }

    /// Token requests with this `grant_type`.
    pub fn grants_of(&self, grant_type: &str) -> Vec<RecordedRequest> {
        let mut requests = self.requests_to(Endpoint::Token);
        requests.retain(|request| request.form("grant_type") == Some(grant_type));
        requests
    }

    /// How often one endpoint was asked.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        lock(&self.app.records).count(endpoint)
    }

    /// How often each endpoint was asked.
    pub fn counts(&self) -> BTreeMap<Endpoint, usize> {
        lock(&self.app.records).counts()
    }

    /// Forgets what was asked so far.
    pub fn forget_requests(&self) {
        lock(&self.app.records).forget();
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: impl Into<Faults>) {
        *lock(&self.app.faults) = faults.into();
    }

    /// Adds or replaces a client.
    pub fn register(&self, client: Client) {
        self.app.store().clients.insert(client.id.clone(), client);
    }

    /// Lets every access token expire now; refresh tokens stay good.
    pub fn expire_access_tokens(&self) {
        self.app.store().grants.expire_access_tokens();
    }

    /// Revokes every token there is.
    pub fn revoke_all(&self) {
        self.app.store().grants.revoke_all();
    }

    /// Allows a device, as the first of the people; `false` when no such code waits.
    pub fn approve_device(&self, user_code: &str) -> bool {
        let user = self.app.settings.users.first().cloned();
        user.is_some() && device::settle(&self.app, user_code, user)
    }

    /// Denies a device; `false` when no such code waits.
    pub fn deny_device(&self, user_code: &str) -> bool {
        device::settle(&self.app, user_code, None)
    }

    /// Whether a protected resource would take this access token now.
    pub fn takes_access_token(&self, token: &str) -> bool {
        self.app
            .store()
            .grants
            .live_access(token, self.app.now())
            .is_some()
    }

    /// Whether the token endpoint would take this refresh token now, as the newest of its family.
    pub fn takes_refresh_token(&self, token: &str) -> bool {
        self.app.store().grants.live_refresh(token).is_some()
    }

    /// Makes tokens as if `user` had logged in to `client_id` and allowed `scope` (separated by spaces).
    ///
    /// # Errors
    /// Client or user are unknown; no randomness.
    pub fn issue(&self, client_id: &str, user: &str, scope: &str) -> io::Result<IssuedTokens> {
        let unknown = |what: &str| {
            io::Error::new(io::ErrorKind::NotFound, format!("{what} is not known here"))
        };
        let user = self.app.user(user).cloned().ok_or_else(|| unknown(user))?;
        let scopes: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
        let grant = Grant {
            client_id: client_id.to_owned(),
            user: Some(user),
            scopes: scopes.clone(),
            nonce: None,
            auth_time: self.app.now(),
            revoked: false,
        };
        let grant = {
            let mut store = self.app.store();
            if !store.clients.contains_key(client_id) {
                return Err(unknown(client_id));
            }
            store.grants.add(grant)
        };
        let purchase = token::Purchase {
            grant,
            scopes,
            kind: token::Kind::First,
        };
        let members = token::tokens(&self.app, purchase)
            .map_err(|refusal| io::Error::other(refusal.description))?;
        let access_token = text(&members, "access_token").unwrap_or_default();
        let live = self
            .app
            .store()
            .grants
            .live_access(&access_token, self.app.now());
        Ok(IssuedTokens {
            access_token: AccessToken::new(access_token),
            refresh_token: text(&members, "refresh_token").map(RefreshToken::new),
            id_token: text(&members, "id_token").map(IdToken::new),
            expires_at: live.map_or_else(|| self.app.now(), |live| live.expires_at),
            scope: text(&members, "scope").unwrap_or_default(),
        })
    }
}

fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.get(name).and_then(Value::as_str).map(str::to_owned)
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("issuer", &self.app.issuer)
            .finish_non_exhaustive()
    }
}
