//! Medians, spread, and how a ratio stands to its goal.

/// The middle value; 0 of none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or_default();
    if sorted.len().is_multiple_of(2) {
        let lower = middle
            .checked_sub(1)
            .and_then(|index| sorted.get(index))
            .copied()
            .unwrap_or_default();
        f64::midpoint(lower, upper)
    } else {
        upper
    }
}

/// Largest minus smallest, as a part of the median.
pub(super) fn spread(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::MIN, f64::max);
    let smallest = values.iter().copied().fold(f64::MAX, f64::min);
    if values.is_empty() {
        0.0
    } else {
        (largest - smallest) / median(values)
    }
}

/// Prints medians and spread of both and the ratio with its goal.
pub(super) fn compare(what: &str, unit: &str, ours: &[f64], floor: &[f64], goal: f64) {
    print_row(what, "ours", unit, ours);
    print_row(what, "floor", unit, floor);
    let ratio = median(ours) / median(floor);
    let verdict = if ratio <= goal { "met" } else { "MISSED" };
    println!("{what}: {ratio:.2} x the floor; goal <= {goal} x: {verdict}");
}

/// Prints a rate beside the floor's.
pub(super) fn at_least(what: &str, ours: &[f64], floor: &[f64], goal: f64) {
    let part = median(ours) / median(floor);
    println!(
        "{what}: {:.0} (spread {:.0} %), floor {:.0} (spread {:.0} %): {part:.2} of it; goal >= {goal}: {}",
        median(ours),
        spread(ours) * 100.0,
        median(floor),
        spread(floor) * 100.0,
        verdict(part >= goal)
    );
}

/// How a goal is spoken of.
pub(super) fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}

fn print_row(what: &str, who: &str, unit: &str, values: &[f64]) {
    let percent = spread(values) * 100.0;
    println!(
        "{what}: {who:5} median {:>9.2} {unit} (spread {percent:.0} % over {} rounds)",
        median(values),
        values.len()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).abs() < 1e-9);
    }

    #[test]
    fn the_spread_is_relative() {
        assert!((spread(&[9.0, 10.0, 11.0]) - 0.2).abs() < 1e-9);
    }
}
