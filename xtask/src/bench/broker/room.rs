//! What logins cost that wait, in memory and on the disk, and that they are capped.

use std::process::Command;

use super::Bench;
use crate::bench::parked;
use crate::bench::server::Server;
use crate::bench::statistics::verdict;
use crate::failure::{Doing, Failure};

/// Kilobytes of memory for each.
const GOAL: f64 = 1.0;
/// What an empty store grows to: connections, their caches, prepared statements.
const FEW: usize = 100;

pub(super) fn run(bench: &Bench) -> Result<(), Failure> {
    for kind in ["device", "upstream"] {
        for many in [10_000, 100_000] {
            let ours = bench.ours("logins = 1000000")?;
            let few = pending(bench, &ours, kind, FEW)?;
            let all = pending(bench, &ours, kind, many)?;
            let each = (all.resident - few.resident) / many as f64;
            println!(
                "memory of a login that waits ({kind}), {many} of them: {each:.2} kB (process {:.1} MB); goal <= {GOAL} kB: {}; on the disk {:.2} kB; begun {:.0} a second",
                all.resident / 1024.0,
                verdict(each <= GOAL),
                disk(bench)? / many as f64,
                all.per_second,
            );
        }
    }
    // Devices may have half of it.
    let capped = bench.ours("logins = 2000")?;
    let all = pending(bench, &capped, "device", 1_500)?;
    if all.refused != 500.0 {
        return Err(Failure::new(format!(
            "of 1,500 devices {} were refused, not 500",
            all.refused
        )));
    }
    println!(
        "of 1,500 devices a broker with room for 1,000 of them refused 500, and the others went on"
    );
    Ok(())
}

struct Pending {
    resident: f64,
    refused: f64,
    per_second: f64,
}

fn pending(bench: &Bench, ours: &Server, kind: &str, count: usize) -> Result<Pending, Failure> {
    let mut command = Command::new(&bench.generator);
    let count = count.to_string();
    command.args(["pending", kind, &ours.http, &bench.provider, &count]);
    let (resident, figures) = parked::look(&mut command, 3, || ours.resident())?;
    if figures.value("went_on")? == 0.0 {
        return Err(Failure::new("no login went on"));
    }
    Ok(Pending {
        resident,
        refused: figures.value("refused")?,
        per_second: figures.value("per_second")?,
    })
}

/// Kilobytes of the store's files.
fn disk(bench: &Bench) -> Result<f64, Failure> {
    let mut all = 0.0;
    for name in ["server.db", "server.db-wal"] {
        let path = bench.home.folder().join(name);
        let file = path
            .metadata()
            .doing(format_args!("look at {}", path.display()))?;
        all += file.len() as f64 / 1024.0;
    }
    Ok(all)
}
