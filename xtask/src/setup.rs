//! `cargo xtask setup`: everything the tests need, on a machine that has only Rust and git.
//!
//! What is there already is left alone, so that a second run takes no time. What cannot be had is an error that says
//! what to do; nothing is skipped in silence.

mod debian;
mod npm;
mod python;
mod tools;

use crate::failure::{Doing, Failure};
use crate::steps::Steps;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<(), Failure> {
    steps.step("setup: programs", debian::install)?;
    steps.step("setup: npm packages", || npm::install(workspace))?;
    steps.step("setup: Python packages", || python::install(workspace))?;
    for tool in tools::TOOLS {
        steps.step(&format!("setup: {}", tool.name), || {
            tools::install(workspace, tool)
        })?;
    }
    Ok(())
}

/// Names of the folders of `peers` that have this file.
fn peers_with(workspace: &Workspace, file: &str) -> Result<Vec<String>, Failure> {
    let folder = workspace.root.join("peers");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).doing(format_args!("read {}", folder.display()))? {
        let entry = entry.doing(format_args!("read {}", folder.display()))?;
        if entry.path().join(file).is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
