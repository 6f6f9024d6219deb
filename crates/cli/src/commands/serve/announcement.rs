//! What is served and where, for people.

use oarlock_server::{
    config::{
        ListenAddress, LocalAddress, RelayConfig, ServerConfig,
        broker::{BrokerConfig, StoreConfig},
    },
    service::Places,
};

const PASSED: &str = "the socket that the service manager passes";

/// Where things are, in words.
#[derive(Debug)]
pub(super) struct Announcement {
    http: String,
    /// What browsers call the server, without a slash at its end.
    public_url: String,
    broker: Option<OfBroker>,
    relay: Option<OfRelay>,
    metrics: Option<String>,
}

#[derive(Debug)]
struct OfBroker {
    /// Names of those at which the redirect URI is to be registered.
    providers: Vec<String>,
    has_dev: bool,
    store: String,
}

#[derive(Debug)]
struct OfRelay {
    callback_url: String,
    programs: String,
    /// What is said of a TCP port that asks for tokens.
    remark: &'static str,
    tokens: usize,
}

impl Announcement {
    /// Of what the configuration says, with nothing bound.
    pub(super) fn planned(config: &ServerConfig) -> Self {
        let scheme = if config.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let public_url = match (&config.public_url, config.listen) {
            (Some(url), _) => url.as_str().trim_end_matches('/').to_owned(),
            (None, ListenAddress::Bind(address)) => format!("{scheme}://{address}"),
            (None, ListenAddress::Passed) => String::new(),
        };
        Self {
            http: match config.listen {
                ListenAddress::Bind(address) => address.to_string(),
                ListenAddress::Passed => PASSED.into(),
            },
            broker: config.broker.as_ref().map(OfBroker::of),
            relay: config
                .relay
                .as_ref()
                .map(|relay| OfRelay::of(relay, &public_url)),
            metrics: config.metrics_listen.map(|address| address.to_string()),
            public_url,
        }
    }

    /// The same with the places where everything was bound.
    #[must_use]
    pub(super) fn bound(self, places: &Places) -> Self {
        let relay = self.relay.zip(places.relay.as_ref());
        Self {
            http: places.http.to_string(),
            public_url: places.public_url.as_str().trim_end_matches('/').to_owned(),
            relay: relay.map(|(relay, places)| OfRelay {
                callback_url: places.callback_url.to_string(),
                programs: places.local.clone(),
                ..relay
            }),
            metrics: places.metrics.map(|address| address.to_string()),
            ..self
        }
    }

    /// Lines for people.
    pub(super) fn text(&self) -> String {
        let mut text = match (&self.broker, &self.relay) {
            (Some(_), Some(_)) => "OAuth broker and relay.\n",
            (Some(_), None) => "OAuth broker.\n",
            _ => "OAuth relay. Register the callback at the provider as a redirect URI.\n",
        }
        .to_owned();
        let mut lines = vec![("HTTP", self.http.clone())];
        if let Some(broker) = &self.broker {
            lines.extend(broker.lines(&self.public_url));
        }
        if let Some(relay) = &self.relay {
            lines.extend(relay.lines());
        }
        if let Some(address) = &self.metrics {
            lines.push(("Metrics", format!("http://{address}/metrics")));
        }
        for (name, place) in lines {
            text.push_str(&format!("  {name:<10}{place}\n"));
        }
        text
    }

    /// One event for machines.
    pub(super) fn log(&self) {
        let broker = self.broker.as_ref();
        let relay = self.relay.as_ref();
        tracing::info!(
            http = self.http,
            public_url = self.public_url,
            store = broker.map(|broker| broker.store.as_str()),
            callback_url = relay.map(|relay| relay.callback_url.as_str()),
            programs = relay.map(|relay| relay.programs.as_str()),
            tokens = relay.map(|relay| relay.tokens),
            metrics = self.metrics.as_deref().unwrap_or("nowhere"),
            "serving"
        );
    }
}

impl OfBroker {
    fn of(config: &BrokerConfig) -> Self {
        let names = config.upstreams.iter().map(|upstream| &upstream.name);
        let StoreConfig::Sqlite(path) = &config.store;
        Self {
            providers: names
                .clone()
                .filter(|name| *name != "dev")
                .cloned()
                .collect(),
            has_dev: names.clone().any(|name| name == "dev"),
            store: path.display().to_string(),
        }
    }

    fn lines(&self, public_url: &str) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("Broker", public_url.to_owned()),
            ("Try it", format!("oarlock login {public_url}")),
        ];
        if !self.providers.is_empty() {
            let names = self.providers.join(", ");
            lines.push(("Redirect", format!("{public_url}/redirect")));
            lines.push(("", format!("(the redirect URI to register at {names})")));
        }
        if self.has_dev {
            lines.push((
                "Upstream",
                "dev: whoever comes picks who they are".to_owned(),
            ));
        }
        lines.push(("Store", self.store.clone()));
        lines
    }
}

impl OfRelay {
    fn of(config: &RelayConfig, public_url: &str) -> Self {
        Self {
            callback_url: format!("{public_url}{}", config.callback_path),
            programs: match &config.local {
                LocalAddress::Unix { path, .. } => path.display().to_string(),
                LocalAddress::Tcp { address, .. } => address.to_string(),
                LocalAddress::Passed { .. } => PASSED.into(),
            },
            remark: match config.local {
                LocalAddress::Tcp { open: false, .. } => "  (with a token)",
                _ => "",
            },
            tokens: config.tokens.len(),
        }
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("Callback", self.callback_url.clone()),
            ("Programs", format!("{}{}", self.programs, self.remark)),
        ];
        if self.tokens > 0 {
            let count = self.tokens;
            let plural = if count == 1 { "" } else { "s" };
            lines.push(("", format!("and over HTTPS, with {count} token{plural}")));
        }
        lines
    }
}
