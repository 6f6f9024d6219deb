//! Our crash-safe write against write, fsync, rename and fsync of the directory.

use super::home::Home;
use super::statistics;
use crate::failure::{Doing, Failure};
use crate::process;
use crate::workspace::Workspace;

const ROUNDS: usize = 15;
const WRITES: usize = 20;
const GOAL: f64 = 1.2;

pub(super) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let home = Home::new(workspace, "write")?;
    println!("{ROUNDS} rounds of {WRITES} writes each, in turns");
    let mut program = workspace.program(workspace.target.join("release/safe_write"));
    program
        .arg(home.folder().join("credentials"))
        .args([ROUNDS.to_string(), WRITES.to_string()]);
    let printed = process::output(&mut program)?;
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for line in printed.lines() {
        let (our, least) = line
            .split_once('\t')
            .ok_or_else(|| Failure::new(format!("unexpected line {line:?}")))?;
        ours.push(micros(our)?);
        floor.push(micros(least)?);
    }
    if ours.len() != ROUNDS {
        return Err(Failure::new(format!(
            "{} rounds instead of {ROUNDS}",
            ours.len()
        )));
    }
    statistics::compare("one write", "us", &ours, &floor, GOAL);
    Ok(())
}

fn micros(text: &str) -> Result<f64, Failure> {
    text.parse()
        .doing(format_args!("read {text:?} as microseconds"))
}
