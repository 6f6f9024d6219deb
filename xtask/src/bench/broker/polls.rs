//! Polls of what is not ready.

use super::{Bench, ROUNDS, Rates, goal_of};
use crate::bench::statistics::{median, spread};
use crate::failure::Failure;

const GOAL: f64 = 40_000.0;
const AT_ONCE: &str = "64";
const MILLISECONDS: &str = "1000";
const DEVICES: &str = "20000";

pub(super) fn run(bench: &Bench) -> Result<(), Failure> {
    let ours = bench.ours("")?;
    let floor = bench.floor()?;
    for (kind, what) in [
        ("unknown", "polls of an unknown paircode"),
        ("pending", "polls of a login that is not ready"),
    ] {
        let (mut measured, mut least) = (Rates::default(), Rates::default());
        for _ in 0..ROUNDS {
            let run = |kind, http| ["polls", kind, http, AT_ONCE, MILLISECONDS];
            bench.rate(&mut measured, &ours, &run(kind, &ours.http))?;
            bench.rate(&mut least, &floor, &run("floor", &floor.http))?;
        }
        measured.print(what, &least, Some(GOAL));
    }
    devices(bench)
}

fn devices(bench: &Bench) -> Result<(), Failure> {
    let (mut begun, mut first, mut second) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        // Each round's devices are still there in the next, so a new store.
        let ours = bench.ours("")?;
        let figures = bench.load(&["devices", &ours.http, AT_ONCE, DEVICES])?;
        begun.push(figures.value("begun_per_second")?);
        first.push(figures.value("first_per_second")?);
        second.push(figures.value("second_per_second")?);
    }
    for (what, rates, goal) in [
        ("devices that begin", &begun, None),
        ("polls of devices, pending", &first, Some(GOAL)),
        ("polls of devices, too soon", &second, Some(GOAL)),
    ] {
        println!(
            "{what}: {:.0} a second (spread {:.0} %){}",
            median(rates),
            spread(rates) * 100.0,
            goal_of(median(rates), goal)
        );
    }
    Ok(())
}
