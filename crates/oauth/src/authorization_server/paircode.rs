//! Paircodes: the secret by which a program of the older face fetches its login.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Before a digest, in place of a paircode.
const DIGEST: &str = "S256.";

/// A digest of a paircode: the S256 of RFC 7636, section 4.2. The paircode itself is never kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct PaircodeDigest(pub [u8; 32]);

/// Why it is none.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum BadPaircode {
    /// Too short, too long or with characters that a URL does not carry as they are.
    #[error(
        "a paircode has 22 to 256 characters of A-Z, a-z, 0-9, -._~; make it of 128 random bits or more"
    )]
    Paircode,
    /// `S256.` and no digest after it.
    #[error("after S256. there are the 43 characters of a base64url digest")]
    Digest,
}

impl PaircodeDigest {
    /// What `/cli_login` is given: a paircode, or `S256.` and its digest.
    ///
    /// # Errors
    /// It is neither.
    pub fn announced(text: &str) -> Result<Self, BadPaircode> {
        let Some(digest) = text.strip_prefix(DIGEST) else {
            return Self::of(text);
        };
        let digest = URL_SAFE_NO_PAD.decode(digest).ok();
        digest
            .and_then(|digest| digest.try_into().ok())
            .map(Self)
            .ok_or(BadPaircode::Digest)
    }

    /// What `/token` is given: the paircode. A digest redeems nothing, so `S256.…` is no paircode here.
    ///
    /// # Errors
    /// It is none.
    pub fn of(paircode: &str) -> Result<Self, BadPaircode> {
        let is_paircode = (22..=256).contains(&paircode.len())
            && paircode
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
            && !paircode.starts_with(DIGEST);
        if !is_paircode {
            return Err(BadPaircode::Paircode);
        }
        let digest = digest(&SHA256, paircode.as_bytes());
        digest
            .as_ref()
            .try_into()
            .map(Self)
            .map_err(|_| BadPaircode::Paircode)
    }

    /// As text, 43 characters of base64url: what stands after `S256.`.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pkce, secret::CodeVerifier};
    use proptest::prelude::*;

    const PAIRCODE: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const ANNOUNCED: &str = "S256.E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_stronger_spelling_is_the_digest_of_the_plain_one() {
        let digest = PaircodeDigest::of(PAIRCODE).unwrap();
        assert_eq!(PaircodeDigest::announced(PAIRCODE), Ok(digest));
        assert_eq!(PaircodeDigest::announced(ANNOUNCED), Ok(digest));
    }

    #[test]
    fn hostile_20_what_was_announced_redeems_nothing() {
        assert_eq!(PaircodeDigest::of(ANNOUNCED), Err(BadPaircode::Paircode));
        assert_eq!(
            PaircodeDigest::of("S256.-a-paircode-of-its-own"),
            Err(BadPaircode::Paircode)
        );
    }

    #[test]
    fn hostile_10_a_short_paircode_is_refused() {
        let long = "x".repeat(257);
        for paircode in [
            "",
            "123456789012345678901",
            "1234567890123456789 12",
            "1234567890123456789+12",
            "1234567890123456789/12",
            "12345678901234567890\u{e4}",
            "1234567890123456789012\n",
            "1234567890123456789%20",
            &long,
        ] {
            assert_eq!(
                PaircodeDigest::of(paircode),
                Err(BadPaircode::Paircode),
                "{paircode}"
            );
            assert_eq!(
                PaircodeDigest::announced(paircode),
                Err(BadPaircode::Paircode),
                "{paircode}"
            );
        }
        for paircode in [
            "1234567890123456789012",
            "-._~567890123456789012",
            &long[1..],
            "s256.567890123456789012",
        ] {
            assert!(PaircodeDigest::of(paircode).is_ok(), "{paircode}");
        }
        for digest in [
            "S256.",
            "S256.E9Melhoa",
            "S256.E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            "S256.E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
        ] {
            assert_eq!(
                PaircodeDigest::announced(digest),
                Err(BadPaircode::Digest),
                "{digest}"
            );
        }
    }

    proptest! {
        #[test]
        fn both_spellings_are_one_login(paircode in "[A-Za-z0-9_.~-]{22,256}") {
            prop_assume!(!paircode.starts_with(DIGEST));
            let announced = format!("S256.{}", pkce::challenge(&CodeVerifier::new(&paircode)));
            prop_assert_eq!(PaircodeDigest::announced(&announced), PaircodeDigest::of(&paircode));
            prop_assert_eq!(PaircodeDigest::of(&announced), Err(BadPaircode::Paircode));
        }

        #[test]
        fn never_panics(text in ".*|(S256\\.)?[A-Za-z0-9_=-]{20,50}") {
            let announced = PaircodeDigest::announced(&text);
            prop_assert!(PaircodeDigest::of(&text).is_err() || PaircodeDigest::of(&text) == announced);
        }
    }
}
