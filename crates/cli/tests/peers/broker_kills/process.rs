//! `oarlock serve` as a broker, on one port and one store through all its lives.

use std::{net::TcpListener, thread, time::Duration};

use http::Request;
use rustix::process::Signal;
use serde_json::Value;

use crate::{
    call::Running,
    http_client::{json, send},
    sandbox::Sandbox,
};

/// Ports that no system hands out by itself, so that nobody takes this one while the broker is dead.
const PORTS: std::ops::Range<u16> = 21_000..29_000;

const CONFIGURATION: &str = "server.toml";

/// Everybody comes by a proxy on this machine, from an address of their own; and nobody is too fast.
const USUAL: &str = r#"trusted_proxies = ["127.0.0.1"]
scopes = ["deploy"]
[registration]
policy = "open"
[lifetimes]
code = "10m"
device_interval = 1
[limits]
logins_per_minute = 100000
misses_per_minute = 100000
"#;

/// The lines of a broker with made-up people.
pub(super) fn dev(people: usize) -> String {
    let person = |number| {
        format!("[[upstreams.dev.users]]\nsubject = \"p{number}\"\nname = \"Person {number}\"\n")
    };
    let people: String = (0..people).map(person).collect();
    format!("upstream = [\"dev\"]\n{USUAL}{people}")
}

/// The lines of a broker whose people are another's, with these lines of the provider.
pub(super) fn with_provider(name: &str, lines: &str) -> String {
    format!(
        "upstream = [\"{name}\"]\n{USUAL}[pairing]\nreturns = \"access_token\"\n[upstreams.{name}]\n{lines}\n"
    )
}

/// The process; it ends when this is dropped.
pub(super) struct Broker {
    running: Option<Running>,
    sandbox: Sandbox,
    port: u16,
}

impl Broker {
    pub(super) fn start(lines: &str) -> Self {
        let port = PORTS
            .clone()
            .cycle()
            .skip(usize::try_from(std::process::id()).unwrap() % PORTS.len())
            .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
            .unwrap();
        let sandbox = Sandbox::new();
        let audit = sandbox.home().join("audit.jsonl");
        let text = format!("listen = \"127.0.0.1:{port}\"\n{lines}[audit]\nfile = {audit:?}\n");
        sandbox.secret_file(CONFIGURATION, &text);
        let mut broker = Self {
            running: None,
            sandbox,
            port,
        };
        broker.start_again();
        broker
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn spawn(&self) -> Running {
        let file = self.sandbox.path(CONFIGURATION);
        let arguments = ["serve", "--no-relay", "--config", file.to_str().unwrap()];
        self.sandbox.oarlock(arguments).spawn()
    }

    pub(super) fn start_again(&mut self) {
        let running = self.spawn();
        running.told(|line| line.trim_start().starts_with("HTTP ").then_some(()));
        self.running = Some(running);
    }

    /// By SIGKILL, until it is gone.
    pub(super) fn die(&mut self) {
        let running = self.running.take().unwrap();
        running.signal(Signal::KILL);
        running.finish().ended_with(128 + 9);
    }

    pub(super) fn is_killed_at_its_start(&self, after: Duration) {
        let running = self.spawn();
        thread::sleep(after);
        running.signal(Signal::KILL);
        running.finish().ended_with(128 + 9);
    }

    /// In order; what it leaves.
    pub(super) fn stop(mut self) -> Sandbox {
        let running = self.running.take().unwrap();
        running.signal(Signal::TERM);
        running.finish().ended_with(0);
        self.sandbox
    }

    /// The keys that it publishes.
    pub(super) fn keys(&self) -> Value {
        let request = Request::get(format!("{}/jwks.json", self.url()));
        json(&send(request.body(Vec::new()).unwrap()))
    }
}
