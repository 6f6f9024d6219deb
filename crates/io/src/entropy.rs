//! Randomness of the operating system.

use std::io;

/// 256 random bits.
///
/// # Errors
/// The operating system has none to give.
pub fn random() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Fills a buffer with random bytes.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the operating system for randomness"
)]
pub(crate) fn fill(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_draws_differ_and_are_not_blank() {
        let (first, second) = (super::random().unwrap(), super::random().unwrap());
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }
}
