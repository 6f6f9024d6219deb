//! Crash-safe writes, ours and the least that one can cost, in turns inside one process.
//!
//! Prints one line for each round: microseconds for one write of ours, a tab, and of the floor.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: safe_write FOLDER ROUNDS WRITES";
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or(usage)?;
    let rounds: u32 = arguments.next().ok_or(usage)?.parse()?;
    let writes: u32 = arguments.next().ok_or(usage)?.parse()?;

    let folder = Path::new(&folder);
    oarlock_io::private::ensure_directory(folder)?;
    let (our_file, floor_file) = (folder.join("ours.json"), folder.join("floor.json"));
    for round in 0..rounds {
        let content = content(round);
        let (mut ours, mut floor) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..writes {
            ours += time(|| Ok(oarlock_io::private::write(&our_file, &content)?))?;
            floor += time(|| floor_write(folder, &floor_file, &content))?;
        }
        if fs::read(&our_file)? != content || fs::read(&floor_file)? != content {
            return Err("what was written is not what is there".into());
        }
        println!("{}\t{}", micros(ours, writes), micros(floor, writes));
    }
    Ok(())
}

/// As large as a credential with an ID token.
fn content(round: u32) -> Vec<u8> {
    format!(
        "{{\"round\":{round},\"access_token\":\"{}\"}}",
        "x".repeat(3000)
    )
    .into_bytes()
}

fn time(work: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed())
}

/// Write, fsync, rename, fsync of the directory; no checks, no reservation.
fn floor_write(folder: &Path, file: &Path, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let temporary = folder.join("floor.tmp");
    let mut open = File::create(&temporary)?;
    open.write_all(content)?;
    open.sync_all()?;
    fs::rename(&temporary, file)?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

fn micros(total: Duration, writes: u32) -> u128 {
    (total / writes.max(1)).as_micros()
}
