//! `cargo xtask bench`: ours beside the least that the same work can cost, in one run, in turns.
//!
//! A figure alone says little on a shared machine; a ratio of medians says more. Every answer is checked, and a wrong one voids
//! the run. One file for each bench; to add one, write its file and put it into `BENCHES`.

mod broker;
mod figures;
mod home;
mod memory;
mod parked;
mod race;
mod relay;
mod server;
mod size;
mod statistics;
mod token;
mod token_endpoint;
mod write;

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::process;
use crate::workspace::Workspace;

struct Bench {
    name: &'static str,
    run: fn(&Workspace) -> Result<(), Failure>,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "token",
        run: token::run,
    },
    Bench {
        name: "race",
        run: race::run,
    },
    Bench {
        name: "write",
        run: write::run,
    },
    Bench {
        name: "relay",
        run: relay::run,
    },
    Bench {
        name: "broker",
        run: |workspace| broker::run(workspace, None),
    },
    Bench {
        name: "size",
        run: size::run,
    },
];

pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let mut peer = None;
    let chosen: Vec<&Bench> = match arguments {
        [] => BENCHES.iter().collect(),
        ["broker", "--peer", folder] => {
            peer = Some(Path::new(folder));
            Vec::new()
        }
        [name] => BENCHES.iter().filter(|bench| bench.name == *name).collect(),
        _ => Vec::new(),
    };
    if chosen.is_empty() && peer.is_none() {
        let names: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        return Err(Failure::new(format!(
            "usage: cargo xtask bench [{}], or broker --peer DIR",
            names.join(" | ")
        )));
    }
    let build = [
        "build",
        "--release",
        "--locked",
        "--package",
        "oarlock-cli",
        "--package",
        "oarlock-bench",
    ];
    process::run(workspace.cargo().args(build))?;
    if peer.is_some() {
        return broker::run(workspace, peer);
    }
    for bench in chosen {
        println!("\n== {}", bench.name);
        (bench.run)(workspace)?;
    }
    Ok(())
}

/// This process and all it starts stay on one core, where that can be done, so that nothing wanders during a measurement.
struct Pinned {
    before: Option<String>,
}

impl Pinned {
    fn new() -> Self {
        let last = std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1);
        let before = affinity().and_then(|before| Self::set(&last.to_string()).map(|()| before));
        match &before {
            Ok(_) => println!("pinned to core {last}"),
            Err(failure) => println!("not pinned: {failure}"),
        }
        Self {
            before: before.ok(),
        }
    }

    fn set(cores: &str) -> Result<(), Failure> {
        let me = std::process::id().to_string();
        process::output(Command::new("taskset").args(["-cp", cores, &me])).map(drop)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Some(Err(failure)) = self.before.as_deref().map(Self::set) {
            println!("still pinned: {failure}");
        }
    }
}

/// The cores this process may use, as `taskset` writes them.
fn affinity() -> Result<String, Failure> {
    let said =
        process::output(Command::new("taskset").args(["-cp", &std::process::id().to_string()]))?;
    let list = said.trim().rsplit(": ").next().unwrap_or_default();
    Ok(list.to_owned())
}
