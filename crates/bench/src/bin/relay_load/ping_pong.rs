//! The least that a line there and a line back can cost.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    time::Instant,
};

use crate::{Fault, runs::percentile};

/// Two threads and one Unix socket; pinned or not by whoever starts it.
pub(crate) fn run(count: usize) -> Result<(), Fault> {
    let (mut here, mut there) = UnixStream::pair()?;
    let other = std::thread::spawn(move || -> std::io::Result<()> {
        let mut line = [0; 64];
        for _ in 0..count {
            there.read_exact(&mut line)?;
            there.write_all(&line)?;
        }
        Ok(())
    });
    let mut times = Vec::with_capacity(count);
    let mut line = [b'.'; 64];
    for _ in 0..count {
        let began = Instant::now();
        here.write_all(&line)?;
        here.read_exact(&mut line)?;
        times.push(began.elapsed());
    }
    other.join().map_err(|_| "the other side failed")??;
    println!("p50_us {:.2}", percentile(&mut times, 50));
    Ok(())
}
