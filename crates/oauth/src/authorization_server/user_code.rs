//! User codes of the device grant (RFC 8628, section 6.1).

use std::fmt;

use crate::Random;

/// Consonants without Y: no two are easily confused, and they spell no words (RFC 8628, section 6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// How many there are in a code.
const LENGTH: usize = 8;
/// Longest text that is looked at.
const MAX_TYPED: usize = 64;

/// 8 of 20 consonants, 34 bits; written `WDJB-MJHT`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserCode(String);

impl UserCode {
    /// Unbiased, out of 256 random bits.
    pub fn from_random(random: Random) -> Self {
        Self::of_bytes(&random)
    }

    /// 8 base-20 digits of the first 128 bits. 20 to the 8th divides no power of two, but what it leaves over of 2 to the 128th
    /// makes one code likelier than another by less than 2 to the -93rd.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        let number = bytes
            .iter()
            .take(16)
            .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let digits = (0..LENGTH).scan(number, |rest, _| {
            let digit = usize::try_from(*rest % 20).ok()?;
            *rest /= 20;
            ALPHABET.get(digit).map(|letter| char::from(*letter))
        });
        Self(digits.collect())
    }

    /// Reads what a person typed: without regard to case, hyphens, spaces and other punctuation. `None` where it is no code.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > MAX_TYPED {
            return None;
        }
        let letters: String = typed
            .chars()
            .filter(|c| c.is_alphanumeric())
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let is_code =
            letters.len() == LENGTH && letters.bytes().all(|byte| ALPHABET.contains(&byte));
        is_code.then_some(Self(letters))
    }

    /// The 8 letters alone, for a digest.
    pub fn letters(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserCode {
    /// With its hyphen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_at_checked(LENGTH / 2) {
            Some((first, second)) => write!(f, "{first}-{second}"),
            None => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn what_a_person_types_is_read_leniently() {
        for typed in [
            "WDJB-MJHT",
            "wdjbmjht",
            " wdjb mjht ",
            "WdJb\u{2013}MjHt",
            "WDJB\u{a0}MJHT.",
            "W-D-J-B-M-J-H-T",
            "\u{201c}WDJB-MJHT\u{201d}",
        ] {
            let code = UserCode::parse(typed).expect(typed);
            assert_eq!(code.letters(), "WDJBMJHT");
            assert_eq!(code.to_string(), "WDJB-MJHT");
        }
    }

    #[test]
    fn hostile_10_what_cannot_be_a_code_is_none() {
        for typed in [
            "",
            "-",
            "WDJB-MJH",
            "WDJB-MJHTT",
            "WDJB-MJHA",
            "WDJB-MJH0",
            "WDJB-MJHY",
            "WDJB-MJH\u{fc}",
            "\u{ff37}DJB-MJHT",
            "\u{17f}DJB-MJHT",
        ] {
            assert_eq!(UserCode::parse(typed), None, "{typed}");
        }
        assert_eq!(
            UserCode::parse(&format!("WDJBMJHT{}", "-".repeat(57))),
            None
        );
    }

    #[test]
    fn no_letter_is_likelier_than_another() {
        let mut counts = BTreeMap::new();
        for seed in 0..20_000_u32 {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &seed.to_be_bytes());
            let code = UserCode::from_random(digest.as_ref().try_into().unwrap());
            for (place, letter) in code.letters().chars().enumerate() {
                *counts.entry((place, letter)).or_insert(0_u32) += 1;
            }
        }
        // 1,000 of each in each place; six standard deviations are 185.
        assert_eq!(counts.len(), LENGTH * ALPHABET.len());
        for (place, count) in counts {
            assert!((815..=1185).contains(&count), "{place:?}: {count}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let code = UserCode::parse("WDJB-MJHT").unwrap();
        assert_eq!(format!("{code:?}"), "UserCode(redacted)");
    }

    proptest! {
        #[test]
        fn a_code_is_read_as_it_is_shown(random: Random) {
            let code = UserCode::from_random(random);
            prop_assert_eq!(UserCode::parse(&code.to_string()), Some(code.clone()));
            prop_assert_eq!(UserCode::parse(&code.letters().to_ascii_lowercase()), Some(code));
        }

        #[test]
        fn never_panics(typed in ".*|[BCDFGHJKLMNPQRSTVWXZbcd -]{6,12}") {
            if let Some(code) = UserCode::parse(&typed) {
                prop_assert_eq!(code.letters().len(), 8);
                prop_assert_eq!(code.to_string().len(), 9);
            }
        }
    }
}
