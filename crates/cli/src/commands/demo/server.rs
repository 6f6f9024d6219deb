//! The demo's server: a broker as `oarlock serve --upstream dev` is, with a clock that can be turned.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use http::{Request, StatusCode, header};
use oarlock::oauth::secret::AccessToken;
use oarlock_io::{
    Clock, Environment, HttpClient, HttpConfig,
    web_server::{self, WebLimits},
};
use oarlock_server::{
    broker::{Broker, Surroundings},
    config::{ListenAddress, ServerConfig},
    metrics::Metrics,
    web,
};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

use super::{super::serve, folder::Folder};
use crate::{arguments::ServeArguments, failure::Failure};

/// For a request that is open when the story ends.
const DRAIN: Duration = Duration::from_secs(1);

/// Ends when it is dropped.
pub(super) struct DemoServer {
    url: Url,
    http: HttpClient,
    task: JoinHandle<()>,
}

impl DemoServer {
    /// Starts it on a free port of loopback; all it keeps is in the folder.
    pub(super) async fn start(folder: &Folder, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let home = folder.path().display().to_string();
        let environment = Environment::from_pairs([("OARLOCK_HOME", home)]);
        let arguments = ServeArguments {
            listen: Some("127.0.0.1:0".into()),
            upstream: vec!["dev".into()],
            no_relay: true,
            ..ServeArguments::default()
        };
        let mut config: ServerConfig = serve::configuration(&arguments, &environment)?;
        let broker = config
            .broker
            .take()
            .ok_or_else(|| Failure::failed("the demo's configuration has no broker"))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        config.listen = ListenAddress::Bind(address);
        let url = Url::parse(&format!("http://{address}/"))
            .map_err(|error| Failure::failed(error.to_string()))?;
        let metrics = Metrics::default();
        let surroundings = Surroundings {
            public_url: url.clone(),
            trusted_proxies: Vec::new(),
            metrics: metrics.clone(),
            clock,
        };
        let broker = Broker::open(broker, surroundings)
            .await
            .map_err(|error| Failure::failed(format!("the demo's server: {error}")))?;
        let limits = WebLimits {
            connections: config.http.connections,
            connections_per_peer: config.http.connections_per_peer,
            uncounted: Vec::new(),
            drain: DRAIN,
        };
        let site = web::router(Arc::new(config), &url, None, Some(broker), metrics);
        let http = HttpClient::new(HttpConfig::default())
            .map_err(|error| Failure::failed(error.to_string()))?;
        http.trust(&url);
        let serving = web_server::serve(listener, None, limits, site, std::future::pending());
        Ok(Self {
            url,
            http,
            task: tokio::spawn(serving),
        })
    }

    /// With a slash at its end.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Without.
    pub(super) fn issuer(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Where it says who somebody is.
    pub(super) fn userinfo(&self) -> String {
        format!("{}/userinfo", self.issuer())
    }

    /// Whether it takes an access token: it is asked.
    pub(super) async fn takes(&self, token: &AccessToken) -> Result<bool, Failure> {
        let failed = |reason: &dyn std::fmt::Display| {
            Failure::failed(format!("the demo's server does not answer: {reason}"))
        };
        let request = Request::get(self.userinfo())
            .header(header::AUTHORIZATION, format!("Bearer {}", token.expose()))
            .body(Vec::new())
            .map_err(|error| failed(&error))?;
        let answer = self
            .http
            .send(request)
            .await
            .map_err(|error| failed(&error))?;
        Ok(answer.status() == StatusCode::OK)
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
