//! The store: one insert and one take, beside the engine.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::process::Command;

use super::{Bench, ROUNDS};
use crate::bench::statistics::{at_least, median};
use crate::failure::{Doing, Failure};
use crate::process;
use crate::workspace::Workspace;

const PAIRS: &str = "20000";
/// Within 1.5 x of the engine.
const GOAL: f64 = 0.67;

pub(super) fn run(bench: &Bench, workspace: &Workspace) -> Result<(), Failure> {
    let program = bench.home.install(workspace, "broker_store")?;
    let folder = bench.home.folder().join("store");
    DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .doing(format_args!("make {}", folder.display()))?;
    let mut command = Command::new(program);
    command.arg(&folder).arg(ROUNDS.to_string()).arg(PAIRS);
    let printed = process::output(&mut command)?;
    let mut columns = [const { vec![] }; 6];
    for line in printed.lines() {
        let mut values = line.split('\t').map(str::parse);
        for column in &mut columns {
            match values.next() {
                Some(Ok(value)) => column.push(value),
                _ => return Err(Failure::new(format!("not six figures: {line:?}"))),
            }
        }
    }
    let [one, one_busy, many, many_busy, engine, engine_busy] = &columns;
    at_least("store, pairs a second, 64 at once", many, engine, GOAL);
    println!(
        "store, pairs a second, one at a time: {:.0}: {:.2} of the engine",
        median(one),
        median(one) / median(engine)
    );
    println!(
        "store, us of CPU for a pair: {:.1} at 64, {:.1} one at a time, engine {:.1}",
        median(many_busy),
        median(one_busy),
        median(engine_busy)
    );
    Ok(())
}
