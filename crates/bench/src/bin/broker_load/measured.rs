//! Figures as they are printed.

use std::time::Duration;

/// Microseconds at a part of a thousand.
pub(crate) fn percentile(times: &mut [Duration], thousandth: usize) -> f64 {
    times.sort_unstable();
    let index = times.len().saturating_sub(1) * thousandth / 1000;
    times
        .get(index)
        .map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

/// How many, and how long each took.
pub(crate) fn print(times: &mut [Duration], took: Duration) {
    println!("count {}", times.len());
    println!("per_second {:.0}", times.len() as f64 / took.as_secs_f64());
    println!("p50_us {:.1}", percentile(times, 500));
    println!("p99_us {:.1}", percentile(times, 990));
}
