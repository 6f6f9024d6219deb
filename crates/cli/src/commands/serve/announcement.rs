//! What is served and where, for people.

use oarlock_server::{
    config::{ListenAddress, LocalAddress, ServerConfig},
    service::Places,
};

/// Where things are, in words.
#[derive(Debug)]
pub(super) struct Announcement {
    http: String,
    callback_url: String,
    programs: String,
    /// What is said of a TCP port that asks for tokens.
    remark: &'static str,
    tokens: usize,
    metrics: Option<String>,
}

impl Announcement {
    /// Of what the configuration says, with nothing bound.
    pub(super) fn planned(config: &ServerConfig) -> Self {
        const PASSED: &str = "the socket that the service manager passes";
        let public_url = match (&config.public_url, config.listen) {
            (Some(url), _) => url.as_str().trim_end_matches('/').to_owned(),
            (None, ListenAddress::Bind(address)) => format!("http://{address}"),
            (None, ListenAddress::Passed) => String::new(),
        };
        Self {
            http: match config.listen {
                ListenAddress::Bind(address) => address.to_string(),
                ListenAddress::Passed => PASSED.into(),
            },
            callback_url: format!("{public_url}{}", config.relay.callback_path),
            programs: match &config.relay.local {
                LocalAddress::Unix { path, .. } => path.display().to_string(),
                LocalAddress::Tcp { address, .. } => address.to_string(),
                LocalAddress::Passed { .. } => PASSED.into(),
            },
            remark: match config.relay.local {
                LocalAddress::Tcp { open: false, .. } => "  (with a token)",
                _ => "",
            },
            tokens: config.relay.tokens.len(),
            metrics: config.metrics_listen.map(|address| address.to_string()),
        }
    }

    /// The same with the places where everything was bound.
    #[must_use]
    pub(super) fn bound(self, places: &Places) -> Self {
        Self {
            http: places.http.to_string(),
            callback_url: places.callback_url.to_string(),
            programs: places.local.clone(),
            metrics: places.metrics.map(|address| address.to_string()),
            ..self
        }
    }

    /// Lines for people.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![
            ("HTTP", self.http.clone()),
            ("Callback", self.callback_url.clone()),
            ("Programs", format!("{}{}", self.programs, self.remark)),
        ];
        if self.tokens > 0 {
            let count = self.tokens;
            let plural = if count == 1 { "" } else { "s" };
            lines.push(("", format!("and over HTTPS, with {count} token{plural}")));
        }
        if let Some(address) = &self.metrics {
            lines.push(("Metrics", format!("http://{address}/metrics")));
        }
        let mut text =
            String::from("OAuth relay. Register the callback at the provider as a redirect URI.\n");
        for (name, place) in lines {
            text.push_str(&format!("  {name:<10}{place}\n"));
        }
        text
    }

    /// One event for machines.
    pub(super) fn log(&self) {
        tracing::info!(
            http = self.http,
            callback_url = self.callback_url,
            programs = self.programs,
            tokens = self.tokens,
            metrics = self.metrics.as_deref().unwrap_or("nowhere"),
            "serving"
        );
    }
}
