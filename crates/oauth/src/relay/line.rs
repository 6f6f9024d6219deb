//! Bytes to lines, with a cap.

use std::{fmt, ops::Deref};

use zeroize::Zeroize as _;

use super::frame::FrameError;

/// The longest line, its end included, in bytes; in both directions.
pub const MAX_LINE: usize = 64 * 1024;

/// A whole line, without its end.
///
/// `Debug` shows its length only; it is wiped on drop, because secrets and codes are in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Line(Vec<u8>);

/// Collects what a socket brings until it is a line.
///
/// It holds no memory while nothing was pushed or everything was taken, so that ten thousand waiting connections cost none.
/// What it gives back to the allocator is wiped. Every byte is looked at twice, however small the pieces are.
#[derive(Default)]
pub struct LineReader {
    buffer: Vec<u8>,
    /// Bytes at the buffer's beginning that were taken, and wiped.
    taken: usize,
    /// Lines in the buffer that have their end.
    whole: usize,
    /// Bytes of the last line, which has no end yet.
    unfinished: usize,
    /// A line was too long, and what follows belongs to nothing.
    broken: bool,
}

impl LineReader {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes: parts of a line, or several lines.
    ///
    /// # Errors
    /// A line is longer than [`MAX_LINE`], or must become so. Lines before it can still be taken; everything after it is
    /// refused, because where the next line begins cannot be known without reading on.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = piece.ends_with(b"\n");
            // A line without its end needs room for one byte more.
            if self.broken || self.unfinished + piece.len() + usize::from(!ends) > MAX_LINE {
                self.break_off();
                return Err(FrameError::TooLong);
            }
            self.append(piece);
            if ends {
                self.whole += 1;
                self.unfinished = 0;
            } else {
                self.unfinished += piece.len();
            }
        }
        Ok(())
    }

    /// Takes the next whole line, without its LF and a CR before it; the buffer is let go when it is empty.
    pub fn next_line(&mut self) -> Option<Line> {
        if self.whole == 0 {
            return None;
        }
        let rest = self.buffer.get_mut(self.taken..)?;
        let length = rest.iter().position(|byte| *byte == b'\n')? + 1;
        self.whole -= 1;
        let is_all = self.taken == 0 && length == rest.len();
        let mut line = if is_all {
            std::mem::take(&mut self.buffer)
        } else {
            let consumed = rest.get_mut(..length)?;
            let line = consumed.to_vec();
            consumed.zeroize();
            self.taken += length;
            line
        };
        self.let_go_if_empty();
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(Line(line))
    }

    /// Whether bytes of an unfinished line are there.
    pub fn is_within_line(&self) -> bool {
        self.unfinished > 0
    }

    /// Growing by hand: a vector that grows by itself leaves a copy of its bytes behind.
    fn append(&mut self, bytes: &[u8]) {
        if self.buffer.capacity() - self.buffer.len() < bytes.len() {
            let kept = self.buffer.get(self.taken..).unwrap_or_default();
            let mut larger = Vec::with_capacity((kept.len() + bytes.len()).max(kept.len() * 2));
            larger.extend_from_slice(kept);
            self.buffer.zeroize();
            self.buffer = larger;
            self.taken = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn break_off(&mut self) {
        self.broken = true;
        let kept = self.buffer.len() - self.unfinished;
        self.buffer.get_mut(kept..).unwrap_or_default().zeroize();
        self.buffer.truncate(kept);
        self.unfinished = 0;
        self.let_go_if_empty();
    }

    fn let_go_if_empty(&mut self) {
        if self.taken == self.buffer.len() {
            // Everything in it was wiped when it was taken.
            self.buffer = Vec::new();
            self.taken = 0;
        }
    }
}

impl fmt::Debug for LineReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineReader")
            .field("whole", &self.whole)
            .field("unfinished", &self.unfinished)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

impl Drop for LineReader {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

impl Deref for Line {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Line {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} bytes)", self.0.len())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests;
