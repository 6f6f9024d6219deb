//! Fifty processes find the token expired at once: one refresh request in all, and hardly longer than one process alone.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::home::{Credential, Home};
use super::statistics;
use super::token_endpoint::TokenEndpoint;
use crate::failure::{Doing, Failure};
use crate::workspace::Workspace;

const ROUNDS: usize = 7;
const PROCESSES: usize = 50;
/// As long as a provider far away may take.
const DELAY: Duration = Duration::from_millis(300);
const GOAL: f64 = 1.5;

pub(super) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let endpoint = TokenEndpoint::start(DELAY)?;
    let home = Home::new(workspace, "race")?;
    println!(
        "{ROUNDS} rounds, {PROCESSES} processes against one, the endpoint answers after {} ms",
        DELAY.as_millis()
    );
    let (mut many, mut one) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        many.push(round(&home, &endpoint, PROCESSES)?);
        one.push(round(&home, &endpoint, 1)?);
    }
    println!(
        "{} token requests in {} rounds",
        endpoint.requests(),
        2 * ROUNDS
    );
    statistics::compare("wall time", "ms", &many, &one, GOAL);
    Ok(())
}

/// Milliseconds from the first start to the last end.
fn round(home: &Home, endpoint: &TokenEndpoint, processes: usize) -> Result<f64, Failure> {
    home.store(&Credential {
        access_token: "stale",
        refresh_token: "first",
        issued_at: "2026-01-01T00:00:00Z",
        expires_at: "2026-01-01T01:00:00Z",
        token_endpoint: &endpoint.url,
    })?;
    let before = endpoint.requests();
    let started = Instant::now();
    let mut running = Vec::new();
    for _ in 0..processes {
        let mut command = home.token();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        running.push(command.spawn().doing("start oarlock token")?);
    }
    let expected = format!("fresh-{}\n", before + 1);
    let mut outputs = Vec::new();
    for child in running {
        outputs.push(child.wait_with_output().doing("wait for oarlock token")?);
    }
    let took = started.elapsed();
    for output in outputs {
        if !output.status.success() || output.stdout != expected.as_bytes() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(format!(
                "oarlock token did not print the new token ({}): {said}",
                output.status
            )));
        }
    }
    match endpoint.requests() - before {
        1 => Ok(took.as_secs_f64() * 1000.0),
        requests => Err(Failure::new(format!(
            "{processes} processes made {requests} token requests instead of one"
        ))),
    }
}
