//! Our relay as a process of the test, for browsers, proxies and programs that are not ours.

use std::fs;

use http::{Method, Request};
use rustix::process::Signal;

use crate::{
    call::{Finished, Running},
    http_client::send,
    sandbox::Sandbox,
};

const CONFIGURATION: &str = "server.toml";

/// A running `oarlock serve`; it ends when this is dropped.
pub(crate) struct Relay {
    running: Running,
    sandbox: Sandbox,
    http: String,
    programs: String,
    metrics: String,
    token: String,
}

/// What it is told beyond the fixture's own settings: lines of `server.toml`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings<'a> {
    /// Address and port of HTTP.
    pub(crate) listen: &'a str,
    /// At the top.
    pub(crate) top: &'a str,
    /// In the table `relay`.
    pub(crate) relay: &'a str,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0",
            top: "",
            relay: "",
        }
    }
}

impl Relay {
    /// One that takes programs on a Unix socket, with these further lines in the table `relay`.
    pub(crate) fn on_a_unix_socket(lines: &str) -> Self {
        Self::start(Settings {
            relay: lines,
            ..Settings::default()
        })
    }

    /// The same on a port of loopback.
    pub(crate) fn on_tcp(lines: &str) -> Self {
        Self::on_a_unix_socket(&format!("use_tcp = true\ntcp_fallback_port = 0\n{lines}"))
    }

    /// One with these settings.
    pub(crate) fn start(settings: Settings<'_>) -> Self {
        let sandbox = Sandbox::new();
        let made = sandbox.run(["serve", "--new-token", "peer"]).ended_with(0);
        let (_, token) = made.stderr.split_once("\n\n").unwrap();
        let Settings { listen, top, relay } = settings;
        let ours = format!("listen = \"{listen}\"\nmetrics_listen = \"127.0.0.1:0\"");
        let text = format!("{ours}\n{top}\n[relay]\n{relay}\n{token}");
        sandbox.secret_file(CONFIGURATION, &text);
        Self::run(sandbox, made.stdout.trim().to_owned())
    }

    fn run(sandbox: Sandbox, token: String) -> Self {
        let file = sandbox.path(CONFIGURATION);
        let file = file.to_str().unwrap();
        let running = sandbox.oarlock(["serve", "--config", file]).spawn();
        let told = |name: &'static str| {
            running.told(move |line| {
                let place = line.strip_prefix("  ")?.strip_prefix(name)?;
                Some(place.split_whitespace().next()?.to_owned())
            })
        };
        Self {
            http: told("HTTP"),
            programs: told("Programs"),
            metrics: told("Metrics"),
            token,
            running,
            sandbox,
        }
    }

    /// Address and port of HTTP.
    pub(crate) fn http(&self) -> &str {
        &self.http
    }

    /// Where browsers come, without a path.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// The callback with this query.
    pub(crate) fn callback(&self, query: &str) -> String {
        format!("{}/oauth/callback?{query}", self.url())
    }

    /// Where programs come: the path of a socket, or host and port.
    pub(crate) fn programs(&self) -> &str {
        &self.programs
    }

    /// A bearer token that this relay knows.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Its home, which is also that of programs on its machine.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// `oarlock wait` for a state, registered.
    pub(crate) fn waiting(&self, state: &str) -> Running {
        let waiting = self.sandbox.oarlock(["wait", "--state", state]).spawn();
        waiting.told(|line| line.starts_with("Waiting for").then_some(()));
        waiting
    }

    /// The sum of all its metrics that begin so.
    pub(crate) fn count(&self, metric: &str) -> u64 {
        let request = Request::builder().method(Method::GET).uri(&self.metrics);
        let page = send(request.body(Vec::new()).unwrap());
        let page = String::from_utf8(page.into_body()).unwrap();
        let values = page
            .lines()
            .filter_map(|line| line.strip_prefix(metric)?.rsplit_once(' '));
        values.map(|(_, value)| value.parse::<u64>().unwrap()).sum()
    }

    /// Tells it to stop, and does not wait.
    pub(crate) fn begin_to_stop(&self) {
        self.running.signal(Signal::TERM);
    }

    /// Stops it in order: what it had to say.
    pub(crate) fn stop(self) -> Finished {
        self.begin_to_stop();
        self.running.finish().ended_with(0)
    }

    /// Ends it by SIGKILL, at once.
    pub(crate) fn kill(&self) {
        self.running.signal(Signal::KILL);
    }

    /// The same, until it is gone.
    pub(crate) fn killed(self) -> Finished {
        self.kill();
        self.running.finish().ended_with(128 + 9)
    }

    /// Kills it, and starts another in its home.
    pub(crate) fn killed_and_started_again(self) -> Self {
        self.kill();
        self.running.finish().ended_with(128 + 9);
        Self::run(self.sandbox, self.token)
    }

    /// A folder for what a test needs.
    pub(crate) fn folder(&self, name: &str) -> String {
        let folder = self.sandbox.path(name);
        fs::create_dir(&folder).unwrap();
        folder.to_str().unwrap().to_owned()
    }
}
