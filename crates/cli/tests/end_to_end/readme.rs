//! What README tells people to type is what there is.

use std::{path::Path, process::Command};

use clap::Parser as _;
use oarlock_cli::arguments::Arguments;

const README: &str = include_str!("../../../../README.md");

#[test]
fn cargo_run_means_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let defaults = metadata["workspace_default_members"].as_array().unwrap();
    let programs: Vec<&str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| defaults.contains(&package["id"]))
        .flat_map(|package| package["targets"].as_array().unwrap())
        .filter(|target| target["kind"][0] == "bin")
        .map(|target| target["name"].as_str().unwrap())
        .collect();
    assert_eq!(programs, ["oarlock"], "`cargo run -- demo` has to choose");
}

#[test]
fn every_line_of_the_readme_is_a_command_line() {
    let lines: Vec<&str> = README
        .lines()
        .map(|line| line.split(" #").next().unwrap_or(line).trim())
        .filter(|line| line.starts_with("oarlock ") && !line.contains(" = "))
        .collect();
    assert!(lines.len() > 8, "{lines:?}");
    for line in lines {
        if let Err(error) = Arguments::try_parse_from(line.split_whitespace()) {
            panic!("{line}: {error}");
        }
    }
}
