//! `serve` and `wait`.

use std::time::Duration;

use clap::{Args, ValueHint};
use oarlock::relay::RelayAddress;

use super::patience;

/// `serve`. Values are checked together with those of environment and file.
#[derive(Debug, Default, Args)]
pub struct ServeArguments {
    /// Address and port of HTTP; default 127.0.0.1:5001
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// What browsers call this server (https://…). Needed when --listen is not loopback
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub public_url: Option<String>,
    /// Serve a broker before this provider (repeatable): a name of the configuration or the catalogue, `env`, or `dev` to try things
    #[arg(long, value_name = "PROVIDER")]
    pub upstream: Vec<String>,
    /// Where the broker keeps users and sessions: sqlite:/path; default server.db among your files
    #[arg(long, value_name = "STORE")]
    pub store: Option<String>,
    /// Serve the relay (which anything that is configured does)
    #[arg(long)]
    pub relay: bool,
    /// Serve no relay
    #[arg(long, conflicts_with = "relay")]
    pub no_relay: bool,
    /// The configuration; default server.toml beside config.toml, if it is there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<std::path::PathBuf>,
    /// Address and port where metrics are served; default nowhere
    #[arg(long, value_name = "ADDR")]
    pub metrics_listen: Option<String>,
    /// How lines of the log look: text or json
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Check the settings, say what would be served, and open nothing: ports and the socket's directory are tried at the start
    #[arg(long)]
    pub check: bool,
    /// Ask the server that these settings describe whether it is ready, and end: 0 it is, 1 it is not
    #[arg(long, conflicts_with = "check")]
    pub health: bool,
    /// Make a bearer token for a program on another machine: print it once, and what server.toml needs
    #[arg(long, value_name = "NAME", exclusive = true)]
    pub new_token: Option<String>,
    /// Make a secret for a program of the configuration: print it once, and what server.toml needs
    #[arg(long, value_name = "CLIENT_ID", exclusive = true)]
    pub new_client_secret: Option<String>,
    /// Make an initial access token for programs that register themselves: print it once, and what server.toml needs
    #[arg(long, exclusive = true)]
    pub new_registration_token: bool,
    /// Copy the broker's store into this new file, whole, while the server runs, and end
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["check", "health"])]
    pub backup: Option<std::path::PathBuf>,
}

/// `wait`.
#[derive(Debug, Args)]
pub struct WaitArguments {
    /// The state of the authorization request (- reads it from standard input); without it: a callback without a state
    #[arg(long, value_name = "STATE", allow_hyphen_values = true)]
    pub state: Option<String>,
    /// The relay: unix:/path, tcp://host:port or https://host; default: OARLOCK_RELAY, else the one of this machine
    #[arg(long, value_name = "ADDRESS")]
    pub relay: Option<RelayAddress>,
    /// How long to wait: 300 (seconds), 5m; default: OARLOCK_RELAY_DEFAULT_TIMEOUT, else 300
    #[arg(long, value_name = "DURATION", value_parser = patience)]
    pub timeout: Option<Duration>,
    /// Print code, state and every parameter as JSON
    #[arg(long)]
    pub json: bool,
}
