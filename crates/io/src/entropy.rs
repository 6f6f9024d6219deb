//! Randomness of the operating system.
/// 256 random bits.
/// # Errors
/// The operating system has none to give.
pub fn random() -> std::io::Result<[u8; 32]> { todo!() }
