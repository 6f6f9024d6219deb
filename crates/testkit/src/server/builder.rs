//! Builds and starts the server.
use super::{
    app::{App, Settings, Store},
    devices::Devices,
    endpoint::Endpoint,
    fault_set::Faults,
    grants::Grants,
    interactions::Interactions,
    keys::SigningKey,
    parties::{Client, DEFAULT_CLIENT_ID, User},
    record::Records,
    running::{Listeners, Server},
};
use oarlock_io::{Clock, SystemClock};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
    time::Duration,
};
use url::Url;

/// The authorization server of the kit; see [`AuthorizationServer::builder`].
#[derive(Debug)]
pub struct AuthorizationServer;

impl AuthorizationServer {
    /// A server with the public client [`DEFAULT_CLIENT_ID`], the people `alice` and `bob`, access
    /// tokens of an hour, rotating refresh tokens and no faults.
    pub fn builder() -> AuthorizationServerBuilder {
        AuthorizationServerBuilder {
            settings: Settings {
                access_token_lifetime: Duration::from_secs(3600),
                refresh_rotation: true,
                pkce_required: true,
                device_interval: Duration::from_secs(5),
                device_lifetime: Duration::from_secs(600),
                users: vec![User::new("alice"), User::new("bob")],
                absent: BTreeSet::new(),
                built_in: None,
            },
            clients: vec![Client::public(DEFAULT_CLIENT_ID)],
            clock: Arc::new(SystemClock),
            faults: Faults::none(),
            issuer: None,
            port: 0,
        }
    }

    /// The builder's server as it is.
    ///
    /// # Errors
    /// No port, no thread, no randomness.
    pub async fn start() -> io::Result<Server> {
        Self::builder().start().await
    }
}

/// Settings of a server to be.
#[derive(Clone, Debug)]
#[must_use = "nothing runs until `start`"]
pub struct AuthorizationServerBuilder {
    settings: Settings,
    clients: Vec<Client>,
    clock: Arc<dyn Clock>,
    faults: Faults,
    issuer: Option<Url>,
    port: u16,
}

impl AuthorizationServerBuilder {
    /// How long access tokens live.
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.access_token_lifetime = lifetime;
        self
    }

    /// Whether a refresh answers a new refresh token (the default) or the old one again.
    pub fn refresh_rotation(mut self, rotate: bool) -> Self {
        self.settings.refresh_rotation = rotate;
        self
    }

    /// Whether an authorization request without PKCE is refused (the default).
    pub fn pkce_required(mut self, required: bool) -> Self {
        self.settings.pkce_required = required;
        self
    }

    /// Seconds between polls of a device; below a second the answer still says one.
    pub fn device_interval(mut self, interval: Duration) -> Self {
        self.settings.device_interval = interval;
        self
    }

    /// How long device and user codes live.
    pub fn device_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.device_lifetime = lifetime;
        self
    }

    /// Replaces the people who can sign in.
    pub fn users<I: IntoIterator<Item: Into<User>>>(mut self, users: I) -> Self {
        self.settings.users = users.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a client; one with the same id is replaced.
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Takes an endpoint away: 404, and not in the metadata.
    pub fn without(mut self, endpoint: Endpoint) -> Self {
        self.settings.absent.insert(endpoint);
        self
    }

    /// Says in the metadata what a broker has ready: this client (a public one of that id is added, unless one is given later)
    /// and the page at this path, which shows a code to be pasted.
    pub fn built_in(mut self, client_id: impl Into<String>, code_page: impl Into<String>) -> Self {
        self.settings.built_in = Some((client_id.into(), code_page.into()));
        self
    }

    /// Where the time comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What the server does wrong from the start.
    pub fn faults(mut self, faults: impl Into<Faults>) -> Self {
        self.faults = faults.into();
        self
    }

    /// The issuer the world sees, where a [`crate::FaultProxy`] stands before the server.
    pub fn issuer(mut self, issuer: Url) -> Self {
        self.issuer = Some(issuer);
        self
    }

    /// A fixed port in place of a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts on 127.0.0.1, in a thread of its own, so that it serves even while a test blocks.
    ///
    /// # Errors
    /// No port, no thread, no randomness.
    pub async fn start(self) -> io::Result<Server> {
        self.start_blocking()
    }

    /// The same outside of async code.
    ///
    /// # Errors
    /// No port, no thread, no randomness.
    pub fn start_blocking(self) -> io::Result<Server> {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = server.local_addr()?;
        let issuer = self.issuer.map_or_else(
            || format!("http://{address}"),
            |url| url.as_str().trim_end_matches('/').to_owned(),
        );
        let built_in = self.settings.built_in.iter().map(|(id, page)| {
            let client = Client::public(id);
            let mut uris = client.redirect_uris.clone();
            uris.push(format!("{issuer}{page}"));
            client.redirect_uris(uris)
        });
        let clients: BTreeMap<_, _> = built_in
            .chain(self.clients)
            .map(|client| (client.id.clone(), client))
            .collect();
        let app = App {
            issuer,
            elsewhere: format!("http://{}", elsewhere.local_addr()?),
            settings: self.settings,
            key: SigningKey::generate("key-1")?,
            foreign_key: SigningKey::generate("key-unknown")?,
            clock: self.clock,
            store: Mutex::new(Store {
                clients,
                grants: Grants::default(),
                devices: Devices::default(),
                interactions: Interactions::default(),
            }),
            faults: Mutex::new(self.faults),
            records: Mutex::new(Records::default()),
        };
        Server::run(Arc::new(app), Listeners { server, elsewhere })
    }
}
