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
