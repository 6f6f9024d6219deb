//! All of it together: binds, serves, drains.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use oarlock_io::{
    socket::{Directory, Listener, SocketError},
    web_server::{self, WebLimits},
};
use tokio::{net::TcpListener, sync::watch};
use url::Url;

use crate::{
    config::{ListenAddress, LocalAddress, ServerConfig},
    metrics::{self, Metrics},
    relay::Relay,
    web,
};

/// For deliveries that are under way when the server stops (hostile 36): so long HTTP is served, because programs on
/// other machines acknowledge by a request of their own.
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
    local: Listener,
    open: bool,
    metrics_http: Option<TcpListener>,
    metrics: Metrics,
    relay: Relay,
    places: Places,
}

/// Where everything is, for whoever has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// HTTP.
    pub http: SocketAddr,
    /// What providers have as the redirect URI.
    pub callback_url: Url,
    /// Where programs register.
    pub local: String,
    /// Metrics.
    pub metrics: Option<SocketAddr>,
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
        let (local, open) = local(&config.relay.local, passed_relay).await?;
        let places = Places {
            http: address(&http)?,
            callback_url: callback_url(&config, address(&http)?)?,
            local: local.address(),
            metrics: metrics_http.as_ref().map(address).transpose()?,
        };
        let metrics = Metrics::default();
        let relay = Relay::new(
            config.relay.clone(),
            places.callback_url.clone(),
            metrics.clone(),
        )
        .map_err(ServeError::Random)?;
        Ok(Self {
            config: Arc::new(config),
            http,
            local,
            open,
            metrics_http,
            metrics,
            relay,
            places,
        })
    }

    /// Where everything is.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The relay, to look at.
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// Serves until `stop` resolves, then drains for at most 10 s.
    ///
    /// Whoever waits is told at once that the relay stops; deliveries under way are finished, and until they are, HTTP is
    /// served and nothing new taken.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) {
        tracing::info!("OAuth relay enabled");
        let Self { config, relay, .. } = self;
        let stopping = watch::Sender::new(false);
        let stopped = || {
            let mut stopping = stopping.subscribe();
            async move {
                // An error would mean that the sender is gone, and then everything stops as well.
                drop(stopping.wait_for(|stopping| *stopping).await);
            }
        };
        let site = web::router(Arc::clone(&config), relay.clone(), self.metrics.clone());
        let limits = WebLimits {
            connections: config.http.connections,
            connections_per_peer: config.http.connections_per_peer,
            uncounted: config.trusted_proxies.clone(),
            drain: DRAIN,
        };
        let http = web_server::serve(self.http, limits.clone(), site, stopped());
        let programs = relay.listen(self.local, self.open);
        let numbers = async {
            if let Some(listener) = self.metrics_http {
                let page = metrics::router(&self.metrics, &config.allowed_hosts);
                let few = WebLimits {
                    connections: SCRAPERS,
                    connections_per_peer: SCRAPERS,
                    ..limits.clone()
                };
                web_server::serve(listener, few, page, stopped()).await;
            }
        };
        let end = async {
            stop.await;
            tracing::info!("stopping");
            relay.stop();
            relay.settle(SETTLE).await;
            stopping.send_replace(true);
        };
        tokio::join!(http, programs, numbers, end);
        tracing::info!("OAuth relay stopped");
    }
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

/// The callback's address, as the outside calls it.
fn callback_url(config: &ServerConfig, http: SocketAddr) -> Result<Url, ServeError> {
    let base = match &config.public_url {
        Some(url) => url.clone(),
        None => {
            let plain = format!("http://{http}/");
            plain.parse().map_err(|_| ServeError::Bind {
                address: plain,
                source: io::ErrorKind::InvalidInput.into(),
            })?
        }
    };
    base.join(&config.relay.callback_path)
        .map_err(|_| ServeError::CallbackUrl(base))
}
