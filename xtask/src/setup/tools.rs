//! Cargo's tools: taken from `PATH` when they are new enough, else built into `target/tools`.

use crate::failure::Failure;
use crate::process;
use crate::workspace::Workspace;

pub(super) struct Tool {
    pub(super) name: &'static str,
    /// As in `cargo NAME --version`.
    command: &'static str,
    oldest: Version,
    install: &'static str,
    features: &'static [&'static str],
}

type Version = (u32, u32, u32);

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "cargo-nextest",
        command: "nextest",
        oldest: (0, 9, 100),
        install: "0.9.143",
        features: &["--no-default-features", "--features", "default-no-update"],
    },
    Tool {
        name: "cargo-deny",
        command: "deny",
        oldest: (0, 19, 0),
        install: "0.20.2",
        features: &[],
    },
];

pub(super) fn install(workspace: &Workspace, tool: &Tool) -> Result<(), Failure> {
    if let Some(version) = installed(workspace, tool) {
        println!(
            "{} {}.{}.{} is there",
            tool.name, version.0, version.1, version.2
        );
        return Ok(());
    }
    let mut command = workspace.cargo();
    command
        .args(["install", "--locked", "--quiet", "--version", tool.install])
        .args(tool.features)
        .arg("--root")
        .arg(workspace.tools())
        .arg(tool.name)
        // Their own release profiles optimise for minutes; these tools wait for others most of the time.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false");
    process::run(&mut command)?;
    match installed(workspace, tool) {
        Some(_) => Ok(()),
        None => Err(Failure::new(format!(
            "{} was installed, but does not run",
            tool.name
        ))),
    }
}

/// The version there is, if it is new enough.
fn installed(workspace: &Workspace, tool: &Tool) -> Option<Version> {
    let said = process::output(workspace.cargo().args([tool.command, "--version"])).ok()?;
    version(&said).filter(|found| is_enough(*found, tool))
}

fn is_enough(found: Version, tool: &Tool) -> bool {
    found >= tool.oldest
}

/// The version in a line like `cargo-nextest 0.9.143 (60fa45f63 2026-08-04)`.
fn version(line: &str) -> Option<Version> {
    let mut numbers = line
        .split_whitespace()
        .nth(1)?
        .split('.')
        .map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_a_tool_says() {
        assert_eq!(
            version("cargo-nextest 0.9.143 (60fa45f63 2026-08-04)\nrelease: 0.9.143"),
            Some((0, 9, 143))
        );
        assert_eq!(version("cargo-deny 0.20.2\n"), Some((0, 20, 2)));
        assert_eq!(version("error: no such command"), None);
    }

    #[test]
    fn what_is_installed_is_enough_and_older_is_not() {
        for tool in TOOLS {
            let installed = version(&format!("{} {}", tool.name, tool.install)).unwrap();
            assert!(is_enough(installed, tool), "{}", tool.name);
            assert!(!is_enough((0, 9, 9), tool), "{}", tool.name);
        }
    }
}
