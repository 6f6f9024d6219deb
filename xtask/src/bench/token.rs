//! `oarlock token` with a valid credential, against a program that reads the same file and prints the field.

use std::process::Command;
use std::time::Instant;

use super::home::{Credential, Home};
use super::{Pinned, memory, statistics};
use crate::failure::{Doing, Failure};
use crate::workspace::Workspace;

const ROUNDS: usize = 15;
const RUNS: u32 = 40;
const MEMORY_ROUNDS: usize = 5;
const TIME_GOAL: f64 = 1.5;
const MEMORY_GOAL: f64 = 2.0;

pub(super) fn run(workspace: &Workspace) -> Result<(), Failure> {
    // As long as a signed access token usually is.
    let token = format!("bench.{}", "t".repeat(900));
    let home = Home::new(workspace, "token")?;
    home.store(&Credential {
        access_token: &token,
        refresh_token: "refresh",
        issued_at: "2026-01-01T00:00:00Z",
        expires_at: "2099-01-01T00:00:00Z",
        token_endpoint: "https://login.example.com/token",
    })?;
    let ours = || home.token();
    let floor = home.install(workspace, "floor_token")?;
    let floor = || {
        let mut command = Command::new(&floor);
        command.arg(home.credential_file()).env_clear();
        command
    };

    let _pinned = Pinned::new();
    println!("{ROUNDS} rounds of {RUNS} runs each, in turns");
    round(&ours, &token)?;
    round(&floor, &token)?;
    let (mut our_times, mut floor_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        our_times.push(round(&ours, &token)?);
        floor_times.push(round(&floor, &token)?);
    }
    statistics::compare("time", "ms", &our_times, &floor_times, TIME_GOAL);

    let (mut our_peaks, mut floor_peaks) = (Vec::new(), Vec::new());
    for _ in 0..MEMORY_ROUNDS {
        our_peaks.push(memory::peak(&mut ours(), &token)?);
        floor_peaks.push(memory::peak(&mut floor(), &token)?);
    }
    statistics::compare("peak memory", "kB", &our_peaks, &floor_peaks, MEMORY_GOAL);
    Ok(())
}

/// Milliseconds for one run, from start to end of the process.
fn round(command: &dyn Fn() -> Command, token: &str) -> Result<f64, Failure> {
    let mut total = 0.0;
    for _ in 0..RUNS {
        let mut command = command();
        let started = Instant::now();
        let output = command.output().doing("start the program")?;
        total += started.elapsed().as_secs_f64();
        if !output.status.success() || output.stdout.strip_suffix(b"\n") != Some(token.as_bytes()) {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(format!(
                "{command:?} did not print the token ({}): {said}",
                output.status
            )));
        }
    }
    Ok(total / f64::from(RUNS) * 1000.0)
}
