//! One provider stalls for five seconds: what logins and polls elsewhere notice.

use super::{Bench, ROUNDS};
use crate::bench::statistics::{self, median};
use crate::failure::Failure;

const MILLISECONDS: &str = "3000";
const SLOW: &str = "64";
/// Identical runs differ by so much.
const TIE: f64 = 1.3;

pub(super) fn run(bench: &Bench) -> Result<(), Failure> {
    let ours = bench.ours("")?;
    let names = ["login_p50_us", "login_p99_us", "poll_p50_us", "poll_p99_us"];
    let mut without = names.map(|_| vec![]);
    let mut with = names.map(|_| vec![]);
    let mut logins = vec![];
    for _ in 0..ROUNDS {
        for (slow, all) in [("0", &mut without), (SLOW, &mut with)] {
            let run = ["stall", &ours.http, &bench.provider, MILLISECONDS, slow];
            let figures = bench.load(&run)?;
            for (name, values) in names.iter().zip(all) {
                values.push(figures.value(name)?);
            }
            logins.push(figures.value("logins")?);
        }
    }
    println!(
        "{SLOW} logins at a provider that stalls 5 s; beside them {:.0} others in 3 s",
        median(&logins)
    );
    for ((name, without), with) in names.iter().zip(&without).zip(&with) {
        let ratio = median(with) / median(without);
        println!(
            "{name}: {:.0} without, {:.0} with (spread {:.0} %): {ratio:.2} x; goal <= {TIE} x: {}",
            median(without),
            median(with),
            statistics::spread(with) * 100.0,
            statistics::verdict(ratio <= TIE)
        );
    }
    Ok(())
}
