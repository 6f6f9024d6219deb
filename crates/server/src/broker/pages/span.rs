//! Times in words.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long ago: `2 minutes ago`.
pub(super) fn ago(age: Duration) -> String {
    match age.as_secs() {
        0..10 => "just now".to_owned(),
        seconds => {
            let (count, unit) = largest(seconds);
            format!("{} ago", counted(count, unit))
        }
    }
}

/// How long to wait, never less than that: `3 minutes`.
pub(super) fn span(wait: Duration) -> String {
    let seconds = whole_seconds(wait);
    let (mut count, unit) = largest(seconds);
    // 61 seconds are two minutes to somebody who waits.
    if count.saturating_mul(length(unit)) < seconds {
        count = count.saturating_add(1);
    }
    counted(count, unit)
}

/// In seconds, rounded up, at least one: what `Retry-After` can say.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    let more = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(more).max(1)
}

/// In the largest unit of which there are at least two, or seconds.
fn largest(seconds: u64) -> (u64, &'static str) {
    let unit = match seconds {
        _ if seconds >= 2 * DAY => "day",
        _ if seconds >= 2 * HOUR => "hour",
        _ if seconds >= MINUTE => "minute",
        _ => "second",
    };
    (seconds / length(unit), unit)
}

fn length(unit: &str) -> u64 {
    match unit {
        "day" => DAY,
        "hour" => HOUR,
        "minute" => MINUTE,
        _ => 1,
    }
}

fn counted(count: u64, unit: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_the_unit_that_people_would_use() {
        for (seconds, words) in [
            (0, "just now"),
            (9, "just now"),
            (10, "10 seconds ago"),
            (59, "59 seconds ago"),
            (60, "1 minute ago"),
            (119, "1 minute ago"),
            (120, "2 minutes ago"),
            (7_199, "119 minutes ago"),
            (7_200, "2 hours ago"),
            (172_799, "47 hours ago"),
            (172_800, "2 days ago"),
            (u64::MAX, "213503982334601 days ago"),
        ] {
            assert_eq!(ago(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn a_wait_is_never_told_too_short() {
        for (wait, words, seconds) in [
            (Duration::ZERO, "1 second", 1),
            (Duration::from_millis(1_001), "2 seconds", 2),
            (Duration::from_secs(60), "1 minute", 60),
            (Duration::from_secs(61), "2 minutes", 61),
            (Duration::from_secs(7_201), "3 hours", 7_201),
            (Duration::MAX, "213503982334602 days", u64::MAX),
        ] {
            assert_eq!(span(wait), words);
            assert_eq!(whole_seconds(wait), seconds);
        }
    }
}
