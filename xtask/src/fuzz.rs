//! `cargo xtask fuzz`: libFuzzer on every parser that meets strangers, with the stable compiler.
//!
//! cargo-fuzz needs a nightly compiler for its sanitizers. Coverage alone does not: these are the same flags without them, so
//! that panics, overflows, endless loops and exploding memory are found. `cargo fuzz run TARGET` works as well where it is there.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::failure::{Doing, Failure};
use crate::process;
use crate::workspace::Workspace;

const DEFAULT_SECONDS: u64 = 20;

/// As cargo-fuzz sets them for `--sanitizer none`.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let (target, seconds) = match arguments {
        [] => (None, DEFAULT_SECONDS),
        ["--seconds", seconds] => (None, parse_seconds(seconds)?),
        [target] => (Some(*target), DEFAULT_SECONDS),
        [target, "--seconds", seconds] => (Some(*target), parse_seconds(seconds)?),
        _ => {
            return Err(Failure::new(
                "usage: cargo xtask fuzz [TARGET] [--seconds N]",
            ));
        }
    };
    let mut targets = targets(workspace)?;
    if let Some(target) = target {
        if !targets.iter().any(|known| known == target) {
            return Err(Failure::new(format!(
                "there is no target {target:?}; there are: {}",
                targets.join(", ")
            )));
        }
        targets.retain(|known| known == target);
    }
    let programs = build(workspace)?;
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let mut broken = Vec::new();
    for group in targets.chunks(at_once) {
        broken.extend(fuzz(workspace, &programs, group, seconds)?);
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "broken by an input: {}; put it into a test of the parser, and mend it",
        broken.join(", ")
    )))
}

fn parse_seconds(text: &str) -> Result<u64, Failure> {
    text.parse().doing(format_args!("read {text:?} as seconds"))
}

/// One target for each file in `fuzz/targets`.
fn targets(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let folder = workspace.root.join("fuzz/targets");
    let entries = std::fs::read_dir(&folder).doing(format_args!("read {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".rs")?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Builds all targets and returns the folder they are in.
fn build(workspace: &Workspace) -> Result<PathBuf, Failure> {
    // Naming the platform keeps the flags away from build scripts and macros, which cannot run with them.
    let platform = host(workspace)?;
    let target = workspace.target.join("fuzz");
    let mut command = workspace.cargo();
    command
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--target",
            &platform,
        ])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", FLAGS.join(" "));
    process::run(&mut command)?;
    Ok(target.join(platform).join("release"))
}

fn host(workspace: &Workspace) -> Result<String, Failure> {
    let said = process::output(workspace.program("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc does not say which platform it is for"))
}

/// Runs a few targets beside each other, waits for all, and names those that broke.
fn fuzz(
    workspace: &Workspace,
    programs: &Path,
    targets: &[String],
    seconds: u64,
) -> Result<Vec<String>, Failure> {
    let mut running = Vec::new();
    for target in targets {
        println!("fuzzing {target} for {seconds} s");
        running.push((
            target,
            start(workspace, &programs.join(target), target, seconds)?,
        ));
    }
    let mut broken = Vec::new();
    for (target, child) in running {
        let output = child
            .wait_with_output()
            .doing(format_args!("wait for {target}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            println!(
                "{target}: {}",
                said.lines()
                    .rev()
                    .find(|line| line.starts_with("Done "))
                    .unwrap_or("no summary")
            );
        } else {
            println!("{target}: BROKEN\n{}", what_broke(&said));
            broken.push(target.clone());
        }
    }
    Ok(broken)
}

/// The panic and where its input is, out of all that libFuzzer says; the end of it where there was no panic.
fn what_broke(said: &str) -> String {
    let panic = said
        .lines()
        .skip_while(|line| !line.contains("panicked at"))
        .take_while(|line| !line.starts_with("stack backtrace"));
    let told = said
        .lines()
        .filter(|line| line.contains("SUMMARY:") || line.contains("Test unit written"));
    let lines: Vec<&str> = panic.chain(told).collect();
    if lines.is_empty() {
        return said
            .lines()
            .rev()
            .take(20)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join("\n");
    }
    lines.join("\n")
}

fn start(
    workspace: &Workspace,
    program: &Path,
    target: &str,
    seconds: u64,
) -> Result<Child, Failure> {
    let corpus = workspace.target.join("fuzz/corpus").join(target);
    let artifacts = workspace.root.join("fuzz/artifacts").join(target);
    for folder in [&corpus, &artifacts] {
        std::fs::create_dir_all(folder).doing(format_args!("make {}", folder.display()))?;
    }
    let mut command = workspace.program(program);
    command
        .arg(&corpus)
        .arg(workspace.root.join("fuzz/seeds").join(target))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={seconds}"))
        // A single input that takes 5 s or 1 GiB is a fault by itself.
        .args(["-timeout=5", "-rss_limit_mb=1024", "-max_len=16384"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command.spawn().doing(format_args!("start {target}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panic_and_its_input_are_shown() {
        let said = "INFO: seed\nthread panicked at targets/a.rs:1:\nit passed\nstack backtrace:\n  0: x\nSUMMARY: libFuzzer: deadly signal\nartifact_prefix=; Test unit written to crash-1\n";
        assert_eq!(
            what_broke(said),
            "thread panicked at targets/a.rs:1:\nit passed\nSUMMARY: libFuzzer: deadly signal\nartifact_prefix=; Test unit written to crash-1"
        );
        assert_eq!(what_broke("killed\n"), "killed");
    }
}
