//! One value, as a flag, a variable or the file has it. Errors say what would be right.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use toml::Value;

/// A text.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        _ => Err("write a text in quotes".into()),
    }
}

/// A truth value, as poast-relay's settings read it.
pub(super) fn boolean(value: &Value) -> Result<bool, String> {
    let wrong = || "write true or false".to_owned();
    let word = match value {
        Value::Boolean(value) => return Ok(*value),
        Value::String(word) => word.trim().to_ascii_lowercase(),
        Value::Integer(number) => number.to_string(),
        _ => return Err(wrong()),
    };
    match word.as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
        _ => Err(wrong()),
    }
}

/// A number from `least` to `most`.
pub(super) fn number(value: &Value, least: u64, most: u64) -> Result<u64, String> {
    let number = match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("write a number from {least} to {most}"))
}

/// A count of at least one.
pub(super) fn count(value: &Value) -> Result<usize, String> {
    const MOST: u64 = 1_000_000;
    let count = number(value, 1, MOST)?;
    usize::try_from(count).map_err(|error| error.to_string())
}

/// A duration from `least` to `most`; a bare number is seconds, with a fraction if need be.
pub(super) fn duration(value: &Value, least: Duration, most: Duration) -> Result<Duration, String> {
    let found = match value {
        Value::Integer(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
        Value::Float(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
        Value::String(text) => match text.trim().parse() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Err(_) => oarlock::duration::parse(text).ok(),
        },
        _ => None,
    };
    found
        .filter(|found| (least..=most).contains(found))
        .ok_or_else(|| {
            format!(
                "write \"90s\", \"5m\" or a number of seconds, from {} to {}",
                least.as_secs_f64(),
                most.as_secs()
            )
        })
}

/// A list: an array of texts, or one text with commas between.
pub(super) fn list(value: &Value) -> Result<Vec<String>, String> {
    let words: Vec<String> = match value {
        Value::String(text) => text.split(',').map(|word| word.trim().to_owned()).collect(),
        Value::Array(values) => values.iter().map(text).collect::<Result<_, _>>()?,
        _ => return Err("write a list of texts: [\"…\", \"…\"]".into()),
    };
    Ok(words.into_iter().filter(|word| !word.is_empty()).collect())
}

/// A path that means the same wherever the server is started.
pub(super) fn absolute(value: &Value, example: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text(value)?);
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(format!("write an absolute path, such as {example}"))
    }
}

/// SHA-256 in hexadecimal. What is there could be the secret itself, so that it is not repeated.
pub(super) fn sha256(value: &Value, maker: &str) -> Result<[u8; 32], String> {
    let wrong =
        || format!("write the SHA-256 of the secret in 64 hexadecimal digits; `{maker}` makes one");
    let text = text(value)?;
    let mut digits = text.chars().map(|digit| digit.to_digit(16));
    let mut digest = [0; 32];
    for byte in &mut digest {
        let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
            return Err(wrong());
        };
        *byte = u8::try_from(high * 16 + low).map_err(|_| wrong())?;
    }
    match digits.next() {
        None => Ok(digest),
        Some(_) => Err(wrong()),
    }
}

/// As [`sha256`] reads it.
pub(super) fn hexadecimal(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An address and a port.
pub(super) fn address(value: &Value) -> Result<SocketAddr, String> {
    text(value)?
        .parse()
        .map_err(|_| "write an address and a port, such as 127.0.0.1:5001 or [::]:5001".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Value {
        Value::String(text.into())
    }

    #[test]
    fn truth_is_read_as_poast_relay_reads_it() {
        for yes in ["true", "True", " YES ", "on", "1", "t", "y"] {
            assert_eq!(boolean(&said(yes)), Ok(true), "{yes}");
        }
        for no in ["false", "No", "OFF", "0", "f", "n"] {
            assert_eq!(boolean(&said(no)), Ok(false), "{no}");
        }
        for neither in ["", "2", "yess", "null"] {
            assert!(boolean(&said(neither)).is_err(), "{neither}");
        }
        assert_eq!(boolean(&Value::Boolean(false)), Ok(false));
        assert_eq!(boolean(&Value::Integer(1)), Ok(true));
        assert!(boolean(&Value::Float(1.0)).is_err());
    }

    #[test]
    fn durations_are_numbers_of_seconds_or_words() {
        let read = |value: &Value| duration(value, Duration::ZERO, Duration::from_secs(3_600));
        for (value, seconds) in [
            (said("300.0"), 300.0),
            (said("90s"), 90.0),
            (said("5m"), 300.0),
            (said("0.5"), 0.5),
            (Value::Integer(3), 3.0),
            (Value::Float(2.5), 2.5),
        ] {
            let expected = Duration::from_secs_f64(seconds);
            assert_eq!(read(&value), Ok(expected), "{value}");
        }
        for wrong in [
            said(""),
            said("-1"),
            said("inf"),
            said("NaN"),
            said("2h"),
            Value::Float(f64::NAN),
            Value::Integer(-1),
            Value::Boolean(true),
        ] {
            assert!(
                read(&wrong).unwrap_err().contains("from 0 to 3600"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn lists_numbers_and_addresses() {
        assert_eq!(list(&said("a, b,,c ")).unwrap(), ["a", "b", "c"]);
        assert_eq!(list(&Value::Array(vec![said("a")])).unwrap(), ["a"]);
        assert!(list(&Value::Array(vec![Value::Integer(1)])).is_err());
        assert_eq!(number(&said(" 9999 "), 0, 65_535), Ok(9_999));
        assert!(
            number(&said("65536"), 0, 65_535)
                .unwrap_err()
                .contains("65535")
        );
        assert!(count(&Value::Integer(0)).is_err());
        assert!(address(&said("[::1]:80")).is_ok());
        for wrong in ["5001", ":5001", "localhost:5001", "1.2.3.4", ""] {
            assert!(
                address(&said(wrong))
                    .unwrap_err()
                    .contains("127.0.0.1:5001"),
                "{wrong}"
            );
        }
    }
}
