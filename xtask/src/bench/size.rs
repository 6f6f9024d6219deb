//! The stripped release binary.

use crate::failure::{Doing, Failure};
use crate::workspace::Workspace;

const GOAL: u64 = 8_000_000;

pub(super) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let program = workspace.target.join("release/oarlock");
    let size = std::fs::metadata(&program)
        .doing(format_args!("look at {}", program.display()))?
        .len();
    let verdict = if size <= GOAL { "met" } else { "MISSED" };
    println!(
        "{}.{:02} MB; goal <= 8 MB: {verdict}",
        size / 1_000_000,
        size % 1_000_000 / 10_000
    );
    Ok(())
}
