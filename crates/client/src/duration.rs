//! Durations as people write them: `90s`, `5m`, `1h30m`.

use std::time::Duration;

/// Spells a duration in at most two units: `5 minutes`, `1 hour 30 minutes`.
pub fn spell(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [
        (seconds / 86_400, "day"),
        (seconds / 3_600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let spelled: Vec<String> = parts
        .iter()
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    if spelled.is_empty() {
        "0 seconds".into()
    } else {
        spelled.join(" ")
    }
}

/// Reads `300`, `300s`, `5m`, `1h30m`, `2d`; a bare number is seconds.
///
/// # Errors
/// A message naming the right forms.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is not a duration; write 90s, 5m, 1h30m or a number of seconds");
    let (mut total, mut number) = (0_u64, String::new());
    for character in text.trim().chars() {
        let unit = match character {
            '0'..='9' => {
                number.push(character);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(wrong()),
        };
        let count: u64 = std::mem::take(&mut number).parse().map_err(|_| wrong())?;
        total = count
            .checked_mul(unit)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(wrong)?;
    }
    if !number.is_empty() {
        let count: u64 = number.parse().map_err(|_| wrong())?;
        total = total.checked_add(count).ok_or_else(wrong)?;
    } else if text.trim().is_empty() {
        return Err(wrong());
    }
    Ok(Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, seconds) in [
            ("90s", 90),
            ("5m", 300),
            ("1h30m", 5_400),
            ("300", 300),
            ("2d", 172_800),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "5 m", "-5", "1.5h", "99999999999999999999d"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spells_two_units_at_most() {
        assert_eq!(spell(Duration::from_secs(5_401)), "1 hour 30 minutes");
        assert_eq!(spell(Duration::from_secs(3_601)), "1 hour");
        assert_eq!(spell(Duration::from_secs(61)), "1 minute 1 second");
        assert_eq!(spell(Duration::ZERO), "0 seconds");
    }
}
