//! States as digests: what the relay keeps, and what stands in its addresses.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::secret::State;

/// SHA-256 of a state. Its text is base64url without padding, 43 characters.
///
/// `Debug` shows the first 8: a short state can be guessed from its whole digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateDigest([u8; 32]);

impl StateDigest {
    /// The digest of a state's bytes.
    pub fn of(state: &State) -> Self {
        let mut bytes = [0; 32];
        // A SHA-256 has 32 bytes, so nothing is cut and nothing is left zero.
        for (byte, digested) in bytes
            .iter_mut()
            .zip(digest(&SHA256, state.expose().as_bytes()).as_ref())
        {
            *byte = *digested;
        }
        Self(bytes)
    }

    /// Reads the text of an address; `None` where it is not exactly one.
    pub fn parse(text: &str) -> Option<Self> {
        // Padding, the other alphabet and left-over bits are refused: one digest has one text.
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The first 8 characters: enough to follow one login through a log, too little to be anything else.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(8);
        text
    }
}

impl fmt::Display for StateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for StateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateDigest({}…)", self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_digest_is_the_one_of_rfc_7636_appendix_b() {
        let digest = StateDigest::of(&State::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert_eq!(
            digest.to_string(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        assert_eq!(digest.short(), "E9Melhoa");
        assert_eq!(format!("{digest:?}"), "StateDigest(E9Melhoa…)");
    }

    #[test]
    fn only_the_one_text_of_a_digest_is_read() {
        let text = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(
            StateDigest::parse(text).map(|digest| digest.to_string()),
            Some(text.to_owned())
        );
        for other in [
            "",
            "E9Melhoa",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c%4d",
            " E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMA",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c\u{e4}",
        ] {
            assert_eq!(StateDigest::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_digest_comes_back_from_its_text(state in ".*") {
            let digest = StateDigest::of(&State::new(state));
            prop_assert_eq!(digest.to_string().len(), 43);
            prop_assert_eq!(StateDigest::parse(&digest.to_string()), Some(digest));
        }

        #[test]
        fn what_is_read_is_written_the_same(text in ".*|[A-Za-z0-9_-]{43}") {
            if let Some(digest) = StateDigest::parse(&text) {
                prop_assert_eq!(digest.to_string(), text);
            }
        }
    }
}
