//! The relay beside bare hyper that writes a line to a socket: how long a delivery takes, how many there are in a second,
//! what a program that waits costs, how fast it starts.
//!
//! The generator (`relay_load`) runs on the same two cores as what it measures, the same against both.

use std::path::PathBuf;
use std::process::Command;

use super::Pinned;
use super::figures::Figures;
use super::home::Home;
use super::parked;
use super::server::Server;
use super::statistics::{self, at_least, median};
use crate::failure::{Doing, Failure};
use crate::workspace::Workspace;

const ROUNDS: usize = 5;
/// poast-relay's deliveries and callbacks that nobody waits for, in a second, on another machine of this size (`bench.md`).
const POAST_DELIVERIES: f64 = 2_541.0;

pub(super) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let bench = Bench::new(workspace)?;
    println!("{ROUNDS} rounds each, in turns; the generator shares the machine's cores");
    bench.latency()?;
    bench.deliver()?;
    bench.miss()?;
    bench.cycle()?;
    bench.memory()?;
    bench.start()
}

struct Bench {
    home: Home,
    generator: PathBuf,
    floor: PathBuf,
}

/// A server and its programs' Unix socket.
struct Side {
    server: Server,
    socket: String,
}

impl Bench {
    fn new(workspace: &Workspace) -> Result<Self, Failure> {
        let home = Home::new(workspace, "relay")?;
        let generator = home.install(workspace, "relay_load")?;
        let floor = home.install(workspace, "floor_relay")?;
        Ok(Self {
            home,
            generator,
            floor,
        })
    }

    /// Ours; `settings` are lines of its configuration.
    fn ours(&self, settings: &str) -> Result<Side, Failure> {
        let socket = self.home.folder().join("run/relay.sock");
        Ok(Side {
            server: Server::ours(&self.home, &format!("[relay]\n{settings}"))?,
            socket: socket.display().to_string(),
        })
    }

    fn floor(&self) -> Result<Side, Failure> {
        let socket = self.home.folder().join("floor.sock");
        if socket.exists() {
            std::fs::remove_file(&socket).doing("remove the floor's socket")?;
        }
        let mut command = Command::new(&self.floor);
        command.arg(&socket);
        Ok(Side {
            server: Server::floor(command)?,
            socket: socket.display().to_string(),
        })
    }

    /// One run of the generator; the value of `name` in what it prints.
    fn load(
        &self,
        run: &str,
        side: Option<(&str, &Side)>,
        rest: &[&str],
    ) -> Result<Figures, Failure> {
        let mut command = Command::new(&self.generator);
        command.arg(run);
        if let Some((kind, side)) = side {
            command.args([kind, &side.server.http, &side.socket]);
        }
        Figures::of(command.args(rest))
    }

    /// A delivery is a line there (the callback) and a line on (to the program), so the least is a ping-pong and a bare exchange.
    fn latency(&self) -> Result<(), Failure> {
        const COUNT: &str = "3000";
        // Across cores a ping-pong costs several times as much, and where the kernel puts whom is chance.
        let _pinned = Pinned::new();
        // Replays are answered by 404, and one address makes thousands of them.
        let ours = self.ours("[http]\nunmatched_per_minute = 0\n")?;
        let floor = self.floor()?;
        let (mut whole, mut added, mut bare, mut ping) = (vec![], vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            let measured = self.load("latency", Some(("1", &ours)), &[COUNT])?;
            whole.push(measured.value("whole_p50_us")?);
            added.push(measured.value("whole_p50_us")? - measured.value("miss_p50_us")?);
            let measured = self.load("latency", Some(("floor", &floor)), &[COUNT])?;
            bare.push(measured.value("miss_p50_us")?);
            ping.push(self.load("ping-pong", None, &["20000"])?.value("p50_us")?);
        }
        let least: Vec<f64> = bare
            .iter()
            .zip(&ping)
            .map(|(bare, ping)| bare + ping)
            .collect();
        println!(
            "least: {:.1} us for a bare exchange, {:.1} us for a ping-pong",
            median(&bare),
            median(&ping)
        );
        statistics::compare("callback to line read", "us", &whole, &least, 1.5);
        statistics::compare("of it, delivery beside a 404", "us", &added, &ping, 1.3);
        Ok(())
    }

    fn deliver(&self) -> Result<(), Failure> {
        let arguments = ["3000", "5"];
        let ours = self.ours("")?;
        let floor = self.floor()?;
        let (mut first, mut second, mut least) = (vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            first.push(self.per_second("deliver", "1", &ours, &arguments)?);
            second.push(self.per_second("deliver", "2", &ours, &arguments)?);
            least.push(self.per_second("deliver", "floor", &floor, &arguments)?);
        }
        at_least("deliveries a second, protocol 1", &first, &least, 0.5);
        at_least("deliveries a second, protocol 2", &second, &least, 0.5);
        let times = median(&first) / POAST_DELIVERIES;
        println!(
            "poast-relay was seen to do {POAST_DELIVERIES} a second elsewhere: {times:.1} x (goal 10 x)"
        );
        Ok(())
    }

    fn miss(&self) -> Result<(), Failure> {
        let arguments = ["1500"];
        let ours =
            self.ours("grace = \"0s\"\nlog_unmatched = false\n[http]\nunmatched_per_minute = 0\n")?;
        let floor = self.floor()?;
        let (mut measured, mut least) = (vec![], vec![]);
        for _ in 0..ROUNDS {
            measured.push(self.per_second("miss", "1", &ours, &arguments)?);
            least.push(self.per_second("miss", "floor", &floor, &arguments)?);
        }
        at_least(
            "callbacks that nobody waits for, a second",
            &measured,
            &least,
            0.7,
        );
        Ok(())
    }

    /// Every callback is right behind its REGISTER, and every one must be delivered at the first try.
    fn cycle(&self) -> Result<(), Failure> {
        let ours = self.ours("")?;
        for kind in ["1", "2"] {
            let mut measured = vec![];
            for _ in 0..ROUNDS {
                measured.push(self.per_second("cycle", kind, &ours, &["16000"])?);
            }
            let verdict = if median(&measured) >= 5_000.0 {
                "met"
            } else {
                "MISSED"
            };
            println!(
                "register and deliver, protocol {kind}: {:.0} a second (spread {:.0} %); goal >= 5000: {verdict}",
                median(&measured),
                statistics::spread(&measured) * 100.0
            );
        }
        Ok(())
    }

    fn memory(&self) -> Result<(), Failure> {
        for (kind, goal) in [("1", 2.0), ("2", 4.0)] {
            let ours = self.ours("")?;
            let (few, fast) = self.parked(&ours, kind, 10)?;
            let (many, slow) = self.parked(&ours, kind, 10_010)?;
            let each = (many - few) / 10_000.0;
            let verdict = if each <= goal { "met" } else { "MISSED" };
            println!(
                "memory of a waiter, protocol {kind}: {each:.2} kB; goal <= {goal} kB: {verdict}"
            );
            println!("a delivery among 10: {fast:.0} us; among 10,000: {slow:.0} us");
        }
        let (size, _) = self.parked(&self.ours("")?, "1", 15_000)?;
        println!("15,000 wait in one process of {:.1} MB", size / 1024.0);
        let capped = self.ours("max_registrations = 1000\n")?;
        self.parked(&capped, "2", 1_500)?;
        println!("of 1,500 a relay with room for 1,000 refused 500, and delivered to the others");
        Ok(())
    }

    /// Resident kilobytes while so many wait, and the median of deliveries among them.
    fn parked(&self, side: &Side, kind: &str, waiters: usize) -> Result<(f64, f64), Failure> {
        let mut command = Command::new(&self.generator);
        let waiting = waiters.to_string();
        command.args(["park", kind, &side.server.http, &side.socket, &waiting]);
        let (resident, figures) = parked::look(&mut command, 2, || side.server.resident())?;
        let refused = figures.value("refused")?;
        if (refused > 0.0) != (waiters == 1_500) {
            return Err(Failure::new(format!("{refused} were refused")));
        }
        Ok((resident, figures.value("whole_p50_us")?))
    }

    fn start(&self) -> Result<(), Failure> {
        let (mut ours, mut least) = (vec![], vec![]);
        let (mut size, mut least_size) = (vec![], vec![]);
        for _ in 0..ROUNDS {
            let Side { server, .. } = self.ours("")?;
            ours.push(server.started);
            size.push(server.resident()? / 1024.0);
            drop(server);
            let Side { server, .. } = self.floor()?;
            least.push(server.started);
            least_size.push(server.resident()? / 1024.0);
        }
        let (took, memory) = (median(&ours), median(&size));
        let verdict = if took <= 20.0 && memory <= 10.0 {
            "met"
        } else {
            "MISSED"
        };
        println!(
            "start to first answer: {took:.1} ms, {memory:.1} MB (floor {:.1} ms, {:.1} MB); goal <= 20 ms, 10 MB: {verdict}",
            median(&least),
            median(&least_size)
        );
        Ok(())
    }

    fn per_second(
        &self,
        run: &str,
        kind: &str,
        side: &Side,
        rest: &[&str],
    ) -> Result<f64, Failure> {
        self.load(run, Some((kind, side)), rest)?
            .value("per_second")
    }
}
