#![no_main]
//! Bytes to lines, against the plainest program that does the same.

use libfuzzer_sys::fuzz_target;
use oarlock_oauth::relay::{LineReader, MAX_LINE};
use std::collections::VecDeque;

/// One byte after the other.
#[derive(Default)]
struct Plain {
    lines: VecDeque<Vec<u8>>,
    line: Vec<u8>,
    broken: bool,
}

impl Plain {
    fn push(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            self.line.push(*byte);
            self.broken |= self.line.len() > MAX_LINE - usize::from(*byte != b'\n');
            if self.broken {
                self.line.clear();
                return false;
            }
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                self.lines.push_back(line.to_vec());
            }
        }
        true
    }
}

// A byte under 200: so many of the bytes that follow are pushed. One under 255: so many KiB. 255: a line is taken.
fuzz_target!(|data: &[u8]| {
    let mut reader = LineReader::new();
    let mut plain = Plain::default();
    let mut rest = data;
    // Enough for several lines that are too long; more only takes time.
    let mut floods = 8;
    while let Some((&step, after)) = rest.split_first() {
        rest = after;
        if step == 255 {
            assert_eq!(
                reader.next_line().as_deref(),
                plain.lines.pop_front().as_deref()
            );
            continue;
        }
        let flood;
        let bytes = if step < 200 {
            let (bytes, after) = rest.split_at(usize::from(step).min(rest.len()));
            rest = after;
            bytes
        } else if floods == 0 {
            continue;
        } else {
            floods -= 1;
            flood = vec![b'x'; usize::from(step - 199) * 1024];
            &flood
        };
        assert_eq!(reader.push(bytes).is_ok(), plain.push(bytes));
        assert_eq!(reader.is_within_line(), !plain.line.is_empty());
    }
    while let Some(line) = plain.lines.pop_front() {
        assert_eq!(reader.next_line().as_deref(), Some(line.as_slice()));
    }
    assert_eq!(reader.next_line(), None);
});
