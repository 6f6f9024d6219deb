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
