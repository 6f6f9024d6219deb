//! The short code that a person compares: it is on the page and in the terminal, and the same only if the page belongs to the login of that terminal.

/// The code of an authorization request: made of its PKCE challenge, which the program knows and an attacker cannot choose for another's verifier.
///
/// 8 letters of RFC 8628, section 6.1's alphabet, `WDJB-MJHT`: base-20 digits of SHA-256 of `"oarlock comparison\0"` and the text.
pub fn code(challenge: &str) -> String {
    let _ = challenge;
    todo!("helper: rules")
}
