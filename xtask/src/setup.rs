//! `cargo xtask setup`: everything the tests need, on a machine that has only Rust and git.
//!
//! What is there already is left alone, so that a second run takes no time. What cannot be had is an error that says
//! what to do; nothing is skipped in silence.

mod debian;
mod npm;
mod tools;

use crate::failure::Failure;
use crate::steps::Steps;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<(), Failure> {
    steps.step("setup: programs", debian::install)?;
    steps.step("setup: npm packages", || npm::install(workspace))?;
    for tool in tools::TOOLS {
        steps.step(&format!("setup: {}", tool.name), || {
            tools::install(workspace, tool)
        })?;
    }
    Ok(())
}
