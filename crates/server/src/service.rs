//! All of it together: binds, serves, drains.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use oarlock_io::{
    SystemClock,
    socket::{Directory, Listener, SocketError},
    web_server::{self, Tls, TlsError, WebLimits},
};
use tokio::{net::TcpListener, sync::watch};
use url::Url;

use crate::{
    broker::{Broker, BrokerError, Surroundings},
    config::{
        ListenAddress, LocalAddress, RelayConfig, ServerConfig,
        broker::{BrokerConfig, UpstreamConfig, UpstreamKind},
    },
    metrics::{self, Metrics},
    relay::Relay,
    web,
};

/// For deliveries, and exchanges with providers, that are under way when the server stops (hostile 36): so long HTTP is served, because
/// programs on other machines acknowledge by a request of their own.
const SETTLE: Duration = Duration::from_secs(8);

/// For requests that are open then; everybody who waited has been told.
const DRAIN: Duration = Duration::from_secs(2);

/// Connections to the metrics at once; the open files of programs and browsers are reckoned without them.
const SCRAPERS: usize = 16;

/// Names of the sockets that a service manager passes (`FileDescriptorName=`).
const HTTP: &str = "http";
const RELAY: &str = "relay";

/// A server whose sockets are bound.
#[derive(Debug)]
pub struct Server {
    config: Arc<ServerConfig>,
    http: TcpListener,
    tls: Option<Tls>,
    metrics_http: Option<TcpListener>,
    metrics: Metrics,
    relay: Option<Bound>,
    broker: Option<Broker>,
    places: Places,
}

/// A relay and its programs' socket.
#[derive(Debug)]
struct Bound {
    relay: Relay,
    local: Listener,
    /// Whether everybody who reaches the socket may register.
    open: bool,
}

/// Where everything is, for whoever has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// HTTP.
    pub http: SocketAddr,
    /// What browsers call this server.
    pub public_url: Url,
    /// The relay's.
    pub relay: Option<RelayPlaces>,
    /// Metrics.
    pub metrics: Option<SocketAddr>,
}

/// Where the relay is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayPlaces {
    /// What providers have as the redirect URI.
    pub callback_url: Url,
    /// Where programs register.
    pub local: String,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The programs' socket cannot be bound.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The service manager was to pass a socket.
    #[error(
        "the service manager passed no socket named {0:?}; check FileDescriptorName= of the socket unit"
    )]
    NotPassed(&'static str),
    /// The public URL cannot have a path.
    #[error("no callback URL can be made of {0}")]
    CallbackUrl(Url),
    /// The certificate or its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The operating system has no randomness.
    #[error("no randomness: {0}")]
    Random(io::Error),
}

impl Server {
    /// Binds everything; nothing is served yet. `passed` are the service manager's sockets with their names.
    ///
    /// # Errors
    /// Something cannot be bound.
    pub async fn bind(
        config: ServerConfig,
        passed: Vec<(String, Listener)>,
    ) -> Result<Self, ServeError> {
        let (mut passed_http, mut passed_relay) = (None, None);
        for (name, listener) in passed {
            match name.as_str() {
                HTTP => passed_http = Some(listener),
                RELAY => passed_relay = Some(listener),
                _ => tracing::warn!(name, "a passed socket of this name has no use here"),
            }
        }
        let http = match config.listen {
            ListenAddress::Bind(address) => bind(address).await?,
            ListenAddress::Passed => passed_http
                .and_then(|listener| listener.into_tcp().ok())
                .ok_or(ServeError::NotPassed(HTTP))?,
        };
        let metrics_http = match config.metrics_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let tls = match &config.tls {
            Some(tls) => Some(Tls::load(&tls.certificate, &tls.key)?),
            None => None,
        };
        let metrics = Metrics::default();
        let public_url = public_url(&config, address(&http)?)?;
        let relay = match &config.relay {
            Some(relay) => Some(Bound::new(relay, &public_url, passed_relay, &metrics).await?),
            None => None,
        };
        let broker = match &config.broker {
            Some(broker) => {
                check_place(broker, address(&http)?)?;
                Some(open_broker(broker, &config, &public_url, &metrics).await?)
            }
            None => None,
        };
        let places = Places {
            http: address(&http)?,
            relay: relay.as_ref().map(|bound| RelayPlaces {
                callback_url: bound.relay.callback_url().clone(),
                local: bound.local.address(),
            }),
            metrics: metrics_http.as_ref().map(address).transpose()?,
            public_url,
        };
        Ok(Self {
            config: Arc::new(config),
            http,
            tls,
            metrics_http,
            metrics,
            relay,
            broker,
            places,
        })
    }

    /// Where everything is.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The relay, to look at.
    pub fn relay(&self) -> Option<&Relay> {
        self.relay.as_ref().map(|bound| &bound.relay)
    }

    /// The broker, to look at.
    pub fn broker(&self) -> Option<&Broker> {
        self.broker.as_ref()
    }

    /// Serves until `stop` resolves, then drains for at most 10 s.
    ///
    /// Whoever waits is told at once that the relay stops; deliveries and exchanges under way are finished, and until they are, HTTP is
    /// served and no new registration taken.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) {
        let Self {
            config,
            relay,
            broker,
            ..
        } = self;
        let stopping = watch::Sender::new(false);
        let stopped = || {
            let mut stopping = stopping.subscribe();
            async move {
                // An error would mean that the sender is gone, and then everything stops as well.
                drop(stopping.wait_for(|stopping| *stopping).await);
            }
        };
        let seen = relay.as_ref().map(|bound| bound.relay.clone());
        let site = web::router(
            Arc::clone(&config),
            &self.places.public_url,
            seen.clone(),
            broker.clone(),
            self.metrics.clone(),
        );
        let limits = WebLimits {
            connections: config.http.connections,
            connections_per_peer: config.http.connections_per_peer,
            uncounted: config.trusted_proxies.clone(),
            drain: DRAIN,
        };
        let http = web_server::serve(self.http, self.tls, limits.clone(), site, stopped());
        let programs = async {
            if let Some(bound) = relay {
                tracing::info!("OAuth relay enabled");
                bound.relay.listen(bound.local, bound.open).await;
                tracing::info!("OAuth relay stopped");
            }
        };
        let housekeeping = async {
            if let Some(broker) = &broker {
                tokio::select! {
                    () = broker.keep() => {}
                    () = stopped() => {}
                }
            }
        };
        let numbers = async {
            if let Some(listener) = self.metrics_http {
                let page = metrics::router(&self.metrics, &config.allowed_hosts);
                let few = WebLimits {
                    connections: SCRAPERS,
                    connections_per_peer: SCRAPERS,
                    ..limits.clone()
                };
                web_server::serve(listener, None, few, page, stopped()).await;
            }
        };
        let end = async {
            stop.await;
            tracing::info!("stopping");
            let deliveries = async {
                if let Some(relay) = &seen {
                    relay.stop();
                    relay.settle(SETTLE).await;
                }
            };
            let exchanges = async {
                if let Some(broker) = &broker {
                    broker.settle(SETTLE).await;
                }
            };
            tokio::join!(deliveries, exchanges);
            stopping.send_replace(true);
        };
        tokio::join!(http, programs, housekeeping, numbers, end);
    }
}

impl Bound {
    async fn new(
        config: &RelayConfig,
        public_url: &Url,
        passed: Option<Listener>,
        metrics: &Metrics,
    ) -> Result<Self, ServeError> {
        let (local, open) = local(&config.local, passed).await?;
        let callback_url = public_url
            .join(&config.callback_path)
            .map_err(|_| ServeError::CallbackUrl(public_url.clone()))?;
        let relay = Relay::new(config.clone(), callback_url, metrics.clone())
            .map_err(ServeError::Random)?;
        Ok(Self { relay, local, open })
    }
}

/// Whoever can connect can say in `Host` that they mean loopback, so that the socket counts as well: it may have been passed, from anywhere.
fn check_place(broker: &BrokerConfig, listens: SocketAddr) -> Result<(), BrokerError> {
    let has_dev = |upstream: &UpstreamConfig| matches!(upstream.kind, UpstreamKind::Dev(_));
    if listens.ip().to_canonical().is_loopback() || !broker.upstreams.iter().any(has_dev) {
        return Ok(());
    }
    Err(BrokerError::DevListens(listens))
}

async fn open_broker(
    broker: &BrokerConfig,
    config: &ServerConfig,
    public_url: &Url,
    metrics: &Metrics,
) -> Result<Broker, BrokerError> {
    Broker::open(
        broker.clone(),
        Surroundings {
            public_url: public_url.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            metrics: metrics.clone(),
            clock: Arc::new(SystemClock),
        },
    )
    .await
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Bind {
            address: address.to_string(),
            source,
        })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, ServeError> {
    listener.local_addr().map_err(|source| ServeError::Bind {
        address: "a socket that was bound".to_owned(),
        source,
    })
}

/// The programs' socket, and whether it is open to everybody who reaches it.
async fn local(
    local: &LocalAddress,
    passed: Option<Listener>,
) -> Result<(Listener, bool), ServeError> {
    Ok(match local {
        #[cfg(unix)]
        LocalAddress::Unix {
            path,
            shared_directory,
        } => {
            let directory = if *shared_directory {
                Directory::Shared
            } else {
                Directory::Private
            };
            (Listener::unix(path, directory)?, true)
        }
        #[cfg(not(unix))]
        LocalAddress::Unix { path, .. } => {
            return Err(ServeError::Bind {
                address: path.display().to_string(),
                source: io::ErrorKind::Unsupported.into(),
            });
        }
        LocalAddress::Tcp { address, open } => (Listener::tcp(*address).await?, *open),
        LocalAddress::Passed { open } => (passed.ok_or(ServeError::NotPassed(RELAY))?, *open),
    })
}

/// What the outside calls this server.
fn public_url(config: &ServerConfig, http: SocketAddr) -> Result<Url, ServeError> {
    if let Some(url) = &config.public_url {
        return Ok(url.clone());
    }
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let own = format!("{scheme}://{http}/");
    own.parse().map_err(|_| ServeError::Bind {
        address: own,
        source: io::ErrorKind::InvalidInput.into(),
    })
}
