//! Parameters of queries and forms, decoded once and strictly.

use crate::text::Untrusted;
use std::fmt;
use zeroize::Zeroize as _;

/// Longest text, in bytes.
const MAX_LENGTH: usize = 64 * 1024;
/// Most parameters.
const MAX_COUNT: usize = 100;

/// Prose for people. Entra writes it in several lines, against RFC 6749, section 4.1.2.1; refusing it would hide a
/// denial and leave the login waiting, so its line breaks become spaces.
const DESCRIPTION: &str = "error_description";

/// Decoded `application/x-www-form-urlencoded` parameters, in order, each name once.
///
/// `Debug` shows names only. Values are wiped on drop, because a code is among them.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// Why parameters are refused. Names are shown, values never.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParametersError {
    /// The same parameter twice (RFC 6749, section 3.1), also when two names differ in case only and their values differ.
    #[error("the parameter {0:?} is there twice")]
    Repeated(Untrusted),
    /// Bad percent-encoding, UTF-8 (overlong too), NUL; CR or LF anywhere but in a description.
    #[error("the parameters are not well-formed")]
    Malformed,
    /// Over the cap.
    #[error("the parameters are too long")]
    TooLong,
}

impl Parameters {
    /// Parses a query string or form body, without the leading `?`. At most 64 KiB and 100 parameters.
    ///
    /// Percent-encoding is decoded exactly once, `+` is a space, empty pieces (`a=1&&b=2`) are skipped.
    ///
    /// # Errors
    /// A parameter is there twice, the encoding is bad, or there is too much of it.
    pub fn parse(text: &str) -> Result<Self, ParametersError> {
        Self::parse_with_list(text, None).map(|(parameters, _)| parameters)
    }

    /// The same with one parameter that may be there several times, such as `resource` (RFC 8707, section 2): its values in order,
    /// apart from the others and without empty ones.
    pub(crate) fn parse_with_list(
        text: &str,
        list: Option<&str>,
    ) -> Result<(Self, Vec<String>), ParametersError> {
        if text.len() > MAX_LENGTH {
            return Err(ParametersError::TooLong);
        }
        let (mut parameters, mut listed) = (Self(Vec::new()), Vec::new());
        let pieces = text.split('&').filter(|piece| !piece.is_empty());
        for (count, piece) in pieces.enumerate() {
            if count == MAX_COUNT {
                return Err(ParametersError::TooLong);
            }
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = single_line(decode(name)?)?;
            let value = decode(value)?;
            let value = if name == DESCRIPTION {
                value.replace(['\r', '\n'], " ")
            } else {
                single_line(value)?
            };
            match list {
                Some(list) if list == name => listed.push(value),
                _ => parameters.add(name, value)?,
            }
        }
        listed.retain(|value| !value.is_empty());
        Ok((parameters, listed))
    }

    fn add(&mut self, name: String, value: String) -> Result<(), ParametersError> {
        let clash = |(known, other): &(String, String)| {
            known.eq_ignore_ascii_case(&name) && (*known == name || *other != value)
        };
        if self.0.iter().any(clash) {
            return Err(ParametersError::Repeated(Untrusted::new(name)));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// The value of a name, case included; an empty value is none (RFC 6749, section 3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }

    /// All pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The pairs themselves; whoever takes them wipes them.
    pub(crate) fn into_pairs(mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.0)
    }
}

impl fmt::Debug for Parameters {
    /// A piece without a value may be a pasted secret rather than a name, and is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, _)| Untrusted::new(name));
        f.write_str("Parameters")?;
        f.debug_list().entries(named).finish()
    }
}

impl Drop for Parameters {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

/// Decodes `%XX` and `+`, once (hostile input decoded twice is how filters are passed by).
pub(crate) fn decode(text: &str) -> Result<String, ParametersError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some(plain) = rest.iter().position(|byte| matches!(byte, b'%' | b'+')) {
        let (plain, encoded) = rest.split_at(plain);
        decoded.extend_from_slice(plain);
        rest = match encoded {
            [b'+', after @ ..] => {
                decoded.push(b' ');
                after
            }
            [b'%', high, low, after @ ..] => {
                decoded.push(hex(*high)? << 4 | hex(*low)?);
                after
            }
            _ => return Err(ParametersError::Malformed),
        };
    }
    decoded.extend_from_slice(rest);
    if decoded.contains(&0) {
        return Err(ParametersError::Malformed);
    }
    // `from_utf8` refuses overlong forms and surrogates.
    String::from_utf8(decoded).map_err(|_| ParametersError::Malformed)
}

/// No name or value with a line break gets as far as a header or a log (hostile 5).
pub(crate) fn single_line(text: String) -> Result<String, ParametersError> {
    if text.bytes().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return Err(ParametersError::Malformed);
    }
    Ok(text)
}

fn hex(digit: u8) -> Result<u8, ParametersError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(ParametersError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Parameters, ParametersError> {
        Parameters::parse(text)
    }

    #[test]
    fn pairs_are_decoded_in_order() {
        let parameters = parse("code=4%2F0a+b&state=x%3Dy&&empty=&flag").unwrap();
        assert_eq!(parameters.get("code"), Some("4/0a b"));
        assert_eq!(parameters.get("state"), Some("x=y"));
        assert_eq!(parameters.get("empty"), None);
        assert_eq!(parameters.get("flag"), None);
        assert_eq!(parameters.get("Code"), None);
        assert_eq!(
            parameters.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["code", "state", "empty", "flag"]
        );
    }

    #[test]
    fn hostile_04_a_repeated_parameter_is_refused() {
        for text in [
            "code=a&code=b",
            "code=a&code=a",
            "code=&code=a",
            "code=a&CODE=b",
            "%63ode=a&code=b",
        ] {
            assert!(
                matches!(parse(text), Err(ParametersError::Repeated(_))),
                "{text}"
            );
        }
        assert_eq!(parse("code=a&CODE=a").unwrap().get("code"), Some("a"));
    }

    #[test]
    fn hostile_05_line_breaks_of_a_description_become_spaces() {
        let parameters = parse("error=access_denied&error_description=no%0D%0Away%0a").unwrap();
        assert_eq!(parameters.get("error_description"), Some("no  way "));
        assert_eq!(parse("error=a%0Ab"), Err(ParametersError::Malformed));
        assert_eq!(
            parse("Error_Description=a%0Ab"),
            Err(ParametersError::Malformed)
        );
        assert_eq!(
            parse("error_description=a%00b"),
            Err(ParametersError::Malformed)
        );
    }

    #[test]
    fn hostile_05_decoded_once_and_strictly() {
        assert_eq!(parse("state=%2541").unwrap().get("state"), Some("%41"));
        assert_eq!(parse("state=%2500").unwrap().get("state"), Some("%00"));
        let bad = [
            "a=%00",
            "a=%0a",
            "a=%0D",
            "a=\n",
            "a=b\r",
            "%0a=b",
            "a=%",
            "a=%4",
            "a=%zz",
            "a=%+1",
            "a=%c0%ae",
            "a=%ff",
            "a=%ed%a0%80",
        ];
        for text in bad {
            assert_eq!(parse(text), Err(ParametersError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn caps_hold() {
        assert!(parse(&format!("a={}", "b".repeat(MAX_LENGTH - 2))).is_ok());
        assert_eq!(
            parse(&format!("a={}", "b".repeat(MAX_LENGTH - 1))),
            Err(ParametersError::TooLong)
        );
        let many = |count: usize| {
            (0..count)
                .map(|i| format!("p{i}=1"))
                .collect::<Vec<_>>()
                .join("&")
        };
        assert!(parse(&many(100)).is_ok());
        assert_eq!(parse(&many(101)), Err(ParametersError::TooLong));
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let shown = format!(
            "{:?}",
            parse("code=canary&state=canary2&canary3&x%1b=1").unwrap()
        );
        assert_eq!(shown, "Parameters[\"code\", \"state\", \"x\u{fffd}\"]");
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*|[%+&=a-fA-F0-9]*") {
            if let Ok(parameters) = parse(&text) {
                prop_assert!(!parameters.iter().any(|(name, value)| name.contains(['\0', '\r', '\n']) || value.contains(['\0', '\r', '\n'])));
            }
        }

        #[test]
        fn what_is_encoded_comes_back(value in "[^\\x00\\r\\n]*") {
            let encoded: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("v", &value).finish();
            let parameters = parse(&encoded).unwrap();
            prop_assert_eq!(parameters.get("v").unwrap_or(""), value);
        }
    }
}
