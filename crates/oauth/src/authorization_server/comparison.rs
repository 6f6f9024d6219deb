//! The short code that a person compares: it is on the page and in the terminal, and the same only if the page belongs to the login of that terminal.

use aws_lc_rs::digest::{Context, SHA256};

use super::user_code::UserCode;

/// Before the text, so that the digest is of no other use.
const PREFIX: &[u8] = b"oarlock comparison\0";

/// The code of an authorization request: made of its PKCE challenge, which the program knows and an attacker cannot choose for another's verifier.
///
/// 8 letters of RFC 8628, section 6.1's alphabet, `WDJB-MJHT`: the 8 lowest base-20 digits, lowest first, of the first 128 bits (big-endian) of
/// SHA-256 of `"oarlock comparison\0"` and the text.
pub fn code(challenge: &str) -> String {
    let mut context = Context::new(&SHA256);
    context.update(PREFIX);
    context.update(challenge.as_bytes());
    UserCode::of_bytes(context.finish().as_ref()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_the_same_everywhere_and_for_ever() {
        // Computed with another implementation of the doc comment.
        assert_eq!(
            code("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            "DSTW-QJWC"
        );
        assert_eq!(code(""), "TNLF-FZVF");
    }

    proptest! {
        #[test]
        fn another_challenge_has_another_code(one in ".*", other in ".*") {
            prop_assert!(UserCode::parse(&code(&one)).is_some());
            // By chance in one of 25,600,000,000 cases.
            prop_assert_eq!(one == other, code(&one) == code(&other));
        }
    }
}
