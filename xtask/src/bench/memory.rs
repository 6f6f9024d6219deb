//! Peak memory of a short-lived program, without system calls of our own.
//!
//! What the kernel reports of an ended child includes what its parent had at the fork. So the program is caught alive: its standard
//! output is a pipe that is already full, it blocks on its last act, printing, and `/proc` tells its peak up to there.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Doing, Failure};

/// The capacity of a new pipe on Linux.
const PIPE: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// Peak resident memory in kilobytes.
pub(super) fn peak(command: &mut Command, token: &str) -> Result<f64, Failure> {
    let (mut reader, mut writer) = std::io::pipe().doing("make a pipe")?;
    writer.write_all(&[b'.'; PIPE]).doing("fill a pipe")?;
    let mut child = command
        .stdout(Stdio::from(writer))
        .spawn()
        .doing("start the program")?;
    // The command holds the writing end too; without this the pipe would never end.
    command.stdout(Stdio::null());
    let peak = peak_when_blocked(&mut child);
    let mut printed = Vec::new();
    reader
        .read_to_end(&mut printed)
        .doing("read from the program")?;
    let status = child.wait().doing("wait for the program")?;
    let ours = printed.get(PIPE..).unwrap_or_default();
    if !status.success() || ours.strip_suffix(b"\n") != Some(token.as_bytes()) {
        return Err(Failure::new(format!(
            "the program did not print the token ({status})"
        )));
    }
    peak
}

fn peak_when_blocked(child: &mut Child) -> Result<f64, Failure> {
    let folder = format!("/proc/{}", child.id());
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
        let waits_in = std::fs::read_to_string(format!("{folder}/wchan")).unwrap_or_default();
        if waits_in.contains("pipe_w") {
            let status = std::fs::read_to_string(format!("{folder}/status"))
                .doing("read a process's status")?;
            return peak_in(&status)
                .ok_or_else(|| Failure::new("the kernel does not say how much memory was used"));
        }
    }
    Err(Failure::new(
        "the program did not come to printing within 10 s",
    ))
}

fn peak_in(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read() {
        assert_eq!(
            peak_in("Name:\tx\nVmHWM:\t    2104 kB\nVmRSS:\t 1 kB\n"),
            Some(2104.0)
        );
        assert_eq!(peak_in("Name:\tx\n"), None);
    }
}
