//! User codes of the device grant (RFC 8628, section 6.1).

use std::fmt;

use crate::Random;

/// 8 of 20 consonants, 34 bits; written `WDJB-MJHT`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserCode(String);

impl UserCode {
    /// Unbiased, out of 256 random bits.
    pub fn from_random(random: Random) -> Self {
        let _ = random;
        todo!("helper: rules")
    }

    /// Reads what a person typed: without regard to case, hyphens, spaces and other punctuation. `None` where it is no code.
    pub fn parse(typed: &str) -> Option<Self> {
        let _ = typed;
        todo!("helper: rules")
    }

    /// The 8 letters alone, for a digest.
    pub fn letters(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserCode {
    /// With its hyphen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = &f;
        todo!("helper: rules")
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(redacted)")
    }
}
