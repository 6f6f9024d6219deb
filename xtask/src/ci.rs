//! `cargo xtask ci`: everything CI checks, in the order in which a mistake shows soonest.

use crate::failure::Failure;
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{fuzz, generate, process, setup, tidy};

pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let quick = match arguments {
        [] => false,
        ["--quick"] => true,
        _ => return Err(Failure::new("usage: cargo xtask ci [--quick]")),
    };
    Steps::run("ci", |steps| {
        setup::run(workspace, steps)?;
        steps.step("format", || {
            process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
        })?;
        steps.step("tidy", || tidy::run(workspace, &[]))?;
        if !quick {
            steps.step("cargo-deny", || deny(workspace))?;
            steps.step("advisories", || advisories(workspace))?;
        }
        steps.step("clippy", || clippy(workspace))?;
        steps.step("peers", || peers(workspace))?;
        steps.step("tests", || {
            cargo(workspace, &["nextest", "run", "--workspace", "--locked"])
        })?;
        steps.step("documentation tests", || {
            cargo(
                workspace,
                &["test", "--workspace", "--locked", "--doc", "--quiet"],
            )
        })?;
        steps.step("generated references", || {
            generate::run(workspace, &["--check"])
        })?;
        if !quick {
            steps.step("documentation", || documentation(workspace))?;
            steps.step("fuzz", || fuzz::run(workspace, &[]))?;
        }
        Ok(())
    })
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    process::run(workspace.cargo().args(arguments))
}

/// All targets: examples and benches are compiled here and nowhere else.
fn clippy(workspace: &Workspace) -> Result<(), Failure> {
    cargo(
        workspace,
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    )
}

fn deny(workspace: &Workspace) -> Result<(), Failure> {
    cargo(
        workspace,
        &["deny", "--locked", "check", "licenses", "bans", "sources"],
    )
}

/// Known vulnerabilities, when the database can be had.
fn advisories(workspace: &Workspace) -> Result<(), Failure> {
    match process::output(workspace.cargo().args(["deny", "fetch", "db"])) {
        Ok(_) => cargo(
            workspace,
            &["deny", "--locked", "check", "--disable-fetch", "advisories"],
        ),
        Err(failure) => {
            println!("{failure}");
            println!(
                "\n*** ADVISORIES WERE NOT CHECKED: the RustSec database cannot be fetched from here. ***"
            );
            println!(
                "*** Run `cargo deny check advisories` on a machine that reaches it before a release. ***"
            );
            Ok(())
        }
    }
}

/// The peers do what their README says, before our tests build on it.
fn peers(workspace: &Workspace) -> Result<(), Failure> {
    let node = workspace.peers().join("bin/node");
    process::run(workspace.program(node).args([
        "--test",
        "--test-reporter=dot",
        "peers/oidc-provider/server.test.mjs",
    ]))
}

fn documentation(workspace: &Workspace) -> Result<(), Failure> {
    let mut command = workspace.cargo();
    command
        .args(["doc", "--workspace", "--no-deps", "--locked", "--quiet"])
        .env("RUSTDOCFLAGS", "-D warnings");
    process::run(&mut command)
}
