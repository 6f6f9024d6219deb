//! Our broker as a process, with a certified provider above it and other people's programs below.

mod examples;
mod libraries;
mod login;
mod outages;
mod pairing;
mod person;
mod upstream;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use serde_json::Value;

use crate::{
    call::{Finished, Running},
    provider::OidcProvider,
    sandbox::Sandbox,
};

const CONFIGURATION: &str = "server.toml";
/// What the configuration calls the provider above it.
const COMPANY: &str = "company";
/// Ports below those that the system gives away by itself, so that a broker finds its own again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A running `oarlock serve`; it ends when this is dropped.
struct Broker {
    running: Running,
    sandbox: Sandbox,
    address: SocketAddr,
}

impl Broker {
    /// One with people who are made up.
    fn of_made_up_people(lines: &str) -> Self {
        Self::start(&format!("upstream = [\"dev\"]\n{lines}"))
    }

    /// One before the certified provider.
    fn before(provider: &OidcProvider, upstream: &str, lines: &str) -> Self {
        Self::start(&format!("{}{upstream}\n{lines}", company(provider)))
    }

    fn start(configuration: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.secret_file(CONFIGURATION, configuration);
        Self::run(sandbox, address_of_its_own())
    }

    fn run(sandbox: Sandbox, address: SocketAddr) -> Self {
        let listen = address.to_string();
        let file = sandbox.path(CONFIGURATION);
        let file = file.to_str().unwrap();
        let serve = ["serve", "--no-relay", "--listen", &listen, "--config", file];
        let mut serve = sandbox.oarlock(serve);
        // What must not be in the log is in no log.
        let running = serve.environment("OARLOCK_LOG", "trace").spawn();
        running.told(|line| line.trim_start().starts_with("Broker").then_some(()));
        Self {
            running,
            sandbox,
            address,
        }
    }

    /// What it is called, without a slash at the end.
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url())
    }

    /// Its name where people read it.
    fn host(&self) -> String {
        self.address.to_string()
    }

    /// Ends it by SIGKILL, and starts another in its place.
    fn killed_and_started_again(self) -> Self {
        self.running.signal(rustix::process::Signal::KILL);
        self.running.finish().ended_with(128 + 9);
        Self::run(self.sandbox, self.address)
    }

    /// Stops it in order: what it had to say.
    fn stop(self) -> Finished {
        self.running.signal(rustix::process::Signal::TERM);
        self.running.finish().ended_with(0)
    }

    /// What its operator does, while it runs.
    fn operate(&self, arguments: &[&str]) -> Finished {
        let file = self.sandbox.path(CONFIGURATION);
        let file = ["--config", file.to_str().unwrap()];
        let all = arguments.iter().copied().chain(file);
        self.sandbox.run(all).ended_with(0)
    }

    fn listed(&self, what: &str) -> Vec<Value> {
        let listed = self.operate(&[what, "list", "--json"]).json();
        listed.as_array().unwrap().clone()
    }

    /// The operator ends a session.
    fn revoke(&self, session: &Value) {
        self.operate(&["session", "revoke", session["id"].as_str().unwrap()]);
    }

    /// The users, as their operator sees them.
    fn users(&self) -> Vec<Value> {
        self.listed("user")
    }

    /// The sessions that programs have by now.
    fn sessions_of_programs(&self) -> Vec<Value> {
        let mut sessions = self.listed("session");
        sessions.retain(|session| session["kind"] != "browser");
        sessions
    }
}

/// The certified provider, as the table that comes last in a configuration's beginning.
fn company(provider: &OidcProvider) -> String {
    let issuer = provider.issuer();
    format!(
        "upstream = [\"{COMPANY}\"]\n[upstreams.{COMPANY}]\nissuer = \"{issuer}\"\nclient_id = \"oarlock-broker\"\nclient_secret = \"p+ss w:rd%25&=/\"\ntitle = \"Example Inc.\"\n"
    )
}

/// An address that no other test takes while nobody listens there: each test is a process.
fn address_of_its_own() -> SocketAddr {
    let count = u32::from(PORTS.end - PORTS.start);
    let first = std::process::id() % count;
    (0..count)
        .map(|step| PORTS.start + u16::try_from((first + step) % count).unwrap())
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a port is free")
}
