//! The broker: whole logins, polls, what waits, a provider that stalls, the start, the store; beside bare hyper and the bare engine.
//!
//! The generator (`broker_load`) is programs, browsers and provider in one process, on the same cores as what it measures. A rate says how
//! busy the machine was too; the server's own time on a processor (`us of CPU each`) says it less.

mod logins;
mod peer;
mod polls;
mod room;
mod stall;
mod start;
mod store;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::figures::Figures;
use super::home::Home;
use super::server::{Server, free_address};
use super::statistics::{self, median};
use crate::failure::{Doing, Failure};
use crate::workspace::Workspace;

const ROUNDS: usize = 5;

pub(super) fn run(workspace: &Workspace, peer: Option<&Path>) -> Result<(), Failure> {
    let bench = Bench::new(workspace)?;
    println!("{ROUNDS} rounds each, in turns; the generator shares the machine's cores");
    logins::run(&bench)?;
    if let Some(folder) = peer {
        peer::run(&bench, folder)?;
    }
    polls::run(&bench)?;
    room::run(&bench)?;
    stall::run(&bench)?;
    start::run(&bench)?;
    store::run(&bench, workspace)
}

struct Bench {
    home: Home,
    generator: PathBuf,
    floor: PathBuf,
    /// Where the generator is the provider.
    provider: String,
}

/// A rate, and the server's share of it.
#[derive(Default)]
struct Rates {
    per_second: Vec<f64>,
    /// Microseconds on a processor for each.
    busy: Vec<f64>,
}

impl Bench {
    fn new(workspace: &Workspace) -> Result<Self, Failure> {
        let home = Home::new(workspace, "broker")?;
        Ok(Self {
            generator: home.install(workspace, "broker_load")?,
            floor: home.install(workspace, "floor_broker")?,
            provider: free_address()?,
            home,
        })
    }

    /// Ours, with an empty store; `settings` are further lines of `[limits]`.
    fn ours(&self, settings: &str) -> Result<Server, Failure> {
        self.forget()?;
        self.again(settings)
    }

    /// Ours, with what the last one kept.
    fn again(&self, settings: &str) -> Result<Server, Failure> {
        Server::ours(&self.home, &config(&self.provider, settings))
    }

    fn floor(&self) -> Result<Server, Failure> {
        Server::floor(Command::new(&self.floor))
    }

    fn forget(&self) -> Result<(), Failure> {
        for name in ["server.db", "server.db-wal", "server.db-shm", "server.keys"] {
            let path = self.home.folder().join(name);
            if path.exists() {
                std::fs::remove_file(&path).doing(format_args!("remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    fn load(&self, arguments: &[&str]) -> Result<Figures, Failure> {
        Figures::of(Command::new(&self.generator).args(arguments))
    }

    /// One run more against a server.
    fn rate(
        &self,
        rates: &mut Rates,
        server: &Server,
        arguments: &[&str],
    ) -> Result<Figures, Failure> {
        let before = server.busy()?;
        let figures = self.load(arguments)?;
        let busy = server.busy()? - before;
        rates.per_second.push(figures.value("per_second")?);
        rates.busy.push(busy * 1e6 / figures.value("count")?);
        Ok(figures)
    }
}

impl Rates {
    /// Prints them beside the floor's, with a goal in absolute figures, if there is one.
    fn print(&self, what: &str, floor: &Self, goal: Option<f64>) {
        let (ours, least) = (median(&self.per_second), median(&floor.per_second));
        println!(
            "{what}: {ours:.0} a second (spread {:.0} %, {:.0} us of CPU each); floor {least:.0} (spread {:.0} %, {:.0} us): {:.2} of it{}",
            statistics::spread(&self.per_second) * 100.0,
            median(&self.busy),
            statistics::spread(&floor.per_second) * 100.0,
            median(&floor.busy),
            ours / least,
            goal_of(ours, goal)
        );
    }
}

/// A goal and whether it is met, for the end of a line; nothing without one.
fn goal_of(rate: f64, goal: Option<f64>) -> String {
    goal.map_or_else(String::new, |goal| {
        let verdict = statistics::verdict(rate >= goal);
        format!("; goal >= {goal}: {verdict}")
    })
}

/// The throttles are at their widest: everything comes from one address here.
fn config(provider: &str, limits: &str) -> String {
    let plain = |path: &str| {
        format!(
            r#"client_id = "broker"
authorization_endpoint = "http://{provider}/authorize"
token_endpoint = "http://{provider}{path}"
userinfo_endpoint = "http://{provider}/userinfo"
scopes = ["profile"]
"#
        )
    };
    format!(
        r#"log = "off"
upstream = ["plain", "oidc", "slow"]

[upstreams.plain]
{}
[upstreams.oidc]
issuer = "http://{provider}/oidc"
client_id = "broker"

[upstreams.slow]
{}
[clients.bench]
redirect_uris = ["http://127.0.0.1/callback"]
trusted = true

[clients.bench-device]
grant_types = ["urn:ietf:params:oauth:grant-type:device_code"]

[relay]
enabled = false

[limits]
logins_per_minute = 1000000
misses_per_minute = 1000000
{limits}
"#,
        plain("/token"),
        plain("/slow/token")
    )
}
