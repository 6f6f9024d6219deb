//! From the start to the first answer, and what an idle broker takes.

use super::{Bench, ROUNDS};
use crate::bench::statistics::{median, verdict};
use crate::failure::Failure;

pub(super) fn run(bench: &Bench) -> Result<(), Failure> {
    let (mut first, mut again, mut least) = (vec![], vec![], vec![]);
    let (mut size, mut least_size) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        first.push(bench.ours("")?.started);
        let server = bench.again("")?;
        again.push(server.started);
        size.push(server.resident()? / 1024.0);
        drop(server);
        let floor = bench.floor()?;
        least.push(floor.started);
        least_size.push(floor.resident()? / 1024.0);
    }
    let (took, memory) = (median(&again), median(&size));
    println!(
        "start to first answer: {took:.1} ms, {memory:.1} MB (floor {:.1} ms, {:.1} MB); goal <= 30 ms, 15 MB: {}; the very first, which makes store and keys: {:.1} ms",
        median(&least),
        median(&least_size),
        verdict(took <= 30.0 && memory <= 15.0),
        median(&first)
    );
    Ok(())
}
