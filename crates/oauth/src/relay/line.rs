//! Bytes to lines, with a cap.

use super::FrameError;

/// The longest line, its end included, in bytes.
pub const MAX_LINE: usize = 64 * 1024;

/// Collects what a socket brings until it is a line.
///
/// It holds no memory while nothing was pushed, so that ten thousand waiting connections cost none.
#[derive(Debug, Default)]
pub struct LineReader {
    buffer: Vec<u8>,
}

impl LineReader {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// More than [`MAX_LINE`] bytes without an end.
    pub fn push(&mut self, _bytes: &[u8]) -> Result<(), FrameError> {
        todo!()
    }

    /// Takes the next whole line, without its LF and a CR before it; the buffer is let go when it is empty.
    pub fn next_line(&mut self) -> Option<Vec<u8>> {
        todo!()
    }

    /// Whether bytes of an unfinished line are there.
    pub fn is_within_line(&self) -> bool {
        todo!()
    }
}
