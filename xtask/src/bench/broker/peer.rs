//! FastHTML's CLI example, the seed of the older face, with the same logins. Its files are somebody else's, and named by whoever has them.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Bench, ROUNDS, Rates, goal_of};
use crate::bench::server::{Server, free_address};
use crate::bench::statistics::{self, median};
use crate::failure::{Doing, Failure};

const MILLISECONDS: &str = "1500";
/// At 16 at once.
const GOAL: f64 = 10.0;

pub(super) fn run(bench: &Bench, folder: &Path) -> Result<(), Failure> {
    let peer = start(bench, folder)?;
    let ours = bench.ours("")?;
    for at_once in ["1", "16", "64"] {
        let (mut measured, mut theirs) = (Rates::default(), Rates::default());
        for _ in 0..ROUNDS {
            let run = |kind, http| ["logins", kind, http, &bench.provider, at_once, MILLISECONDS];
            bench.rate(&mut measured, &ours, &run("pairing", &ours.http))?;
            bench.rate(&mut theirs, &peer, &run("fasthtml", &peer.http))?;
        }
        let times = median(&measured.per_second) / median(&theirs.per_second);
        let goal = (at_once == "16").then_some(GOAL);
        println!(
            "FastHTML's example with a pooled client, {at_once} at once: {:.0} logins a second (spread {:.0} %, {:.0} us of CPU each); ours {:.0}: {times:.1} x{}",
            median(&theirs.per_second),
            statistics::spread(&theirs.per_second) * 100.0,
            median(&theirs.busy),
            median(&measured.per_second),
            goal_of(times, goal)
        );
    }
    println!(
        "FastHTML's example: start to first answer {:.0} ms, {:.1} MB",
        peer.started,
        peer.resident()? / 1024.0
    );
    Ok(())
}

fn start(bench: &Bench, folder: &Path) -> Result<Server, Failure> {
    let folder = folder
        .canonicalize()
        .doing(format_args!("find {}", folder.display()))?;
    let script = bench.home.write("peer.py", include_str!("peer.py"))?;
    let http = free_address()?;
    let port = http.rsplit(':').next().unwrap_or_default().to_owned();
    let mut command = Command::new(folder.join("venv/bin/python"));
    // It writes its database and its session key where it runs.
    command
        .arg(script)
        .arg(&folder)
        .args([&port, &bench.provider])
        .current_dir(bench.home.folder())
        .stdout(Stdio::null());
    Server::start(command, http)
}
