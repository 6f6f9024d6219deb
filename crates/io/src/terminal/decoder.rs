//! Bytes of a terminal in character mode, decoded to one line of text.

use std::io;

const PASTE_END: &[u8] = b"\x1b[201~";

/// What reading came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Text(String),
    /// Ctrl-C or Esc.
    Cancelled,
    /// Ctrl-D, or the terminal is gone.
    Ended,
    TooLong,
}

impl Outcome {
    pub(super) fn into_result(self, limit: usize) -> io::Result<String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Cancelled => Err(io::Error::new(io::ErrorKind::Interrupted, "cancelled")),
            Self::Ended => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the input ended",
            )),
            Self::TooLong => Err(too_long(limit)),
        }
    }
}

pub(super) fn too_long(limit: usize) -> io::Error {
    let message = format!("the text is longer than {limit} bytes");
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Where in the input we are.
enum State {
    Plain,
    /// After an Escape.
    Escape,
    /// In a control sequence (`ESC [`), with its parameters so far.
    Sequence(Vec<u8>),
    /// In a function key (`ESC O`).
    FunctionKey,
    /// In a string the terminal sends in answer to something, until BEL or `ESC \`.
    Report,
    /// Between the marks of a bracketed paste; `matched` bytes of the end mark were seen.
    Paste {
        matched: usize,
    },
}

/// Collects text until Enter, whatever else a terminal sends.
pub(super) struct Decoder {
    text: Vec<u8>,
    limit: usize,
    too_long: bool,
    state: State,
}

impl Decoder {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            text: Vec::new(),
            limit,
            too_long: false,
            state: State::Plain,
        }
    }

    /// Bytes of text so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether the last byte was an Escape: the key, if nothing follows soon.
    pub(super) fn is_undecided(&self) -> bool {
        matches!(self.state, State::Escape)
    }

    /// Takes bytes; an outcome ends the input, and what follows it in `bytes` is dropped.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<Outcome> {
        bytes.iter().find_map(|&byte| self.take(byte))
    }

    fn take(&mut self, byte: u8) -> Option<Outcome> {
        match &mut self.state {
            State::Plain => return self.plain(byte),
            State::Escape => {
                self.state = match byte {
                    b'[' => State::Sequence(Vec::new()),
                    b'O' => State::FunctionKey,
                    b']' | b'P' | b'X' | b'^' | b'_' => State::Report,
                    0x1b => return Some(Outcome::Cancelled),
                    // A key pressed with Alt.
                    _ => State::Plain,
                };
            }
            State::Sequence(parameters) => match byte {
                b'~' if parameters == b"200" => self.state = State::Paste { matched: 0 },
                0x40..=0x7e => self.state = State::Plain,
                0x1b => self.state = State::Escape,
                _ if parameters.len() < 32 => parameters.push(byte),
                _ => {}
            },
            State::FunctionKey => self.state = State::Plain,
            State::Report => match byte {
                0x07 => self.state = State::Plain,
                0x1b => self.state = State::FunctionKey,
                _ => {}
            },
            State::Paste { matched } => {
                let matched = *matched;
                return self.pasted(byte, matched);
            }
        }
        None
    }

    fn plain(&mut self, byte: u8) -> Option<Outcome> {
        match byte {
            0x03 => return Some(Outcome::Cancelled),
            0x04 if self.text.is_empty() => return Some(Outcome::Ended),
            b'\r' | b'\n' => return self.finished(),
            0x08 | 0x7f => self.erase_one(),
            0x15 => {
                self.text.clear();
                self.too_long = false;
            }
            0x1b => self.state = State::Escape,
            b'\t' => self.push(b' '),
            0x00..=0x1f => {}
            _ => self.push(byte),
        }
        None
    }

    fn pasted(&mut self, byte: u8, matched: usize) -> Option<Outcome> {
        if PASTE_END.get(matched) == Some(&byte) {
            if matched + 1 < PASTE_END.len() {
                self.state = State::Paste {
                    matched: matched + 1,
                };
                return None;
            }
            self.state = State::Plain;
            let ends_line = matches!(self.text.last(), Some(b'\r' | b'\n'));
            return if ends_line { self.finished() } else { None };
        }
        // Not the end mark after all: what looked like it is text, without its Escape. An Escape
        // can begin a new mark.
        for &text in PASTE_END.get(1..matched).unwrap_or_default() {
            self.push(text);
        }
        let begins = byte == 0x1b;
        if !begins && (byte >= 0x20 || matches!(byte, b'\r' | b'\n' | b'\t')) && byte != 0x7f {
            self.push(byte);
        }
        self.state = State::Paste {
            matched: usize::from(begins),
        };
        None
    }

    fn push(&mut self, byte: u8) {
        // Reading goes on to the end: the rest must not reach a shell.
        if self.text.len() < self.limit {
            self.text.push(byte);
        } else {
            self.too_long = true;
        }
    }

    fn erase_one(&mut self) {
        while let Some(byte) = self.text.pop() {
            if byte & 0xc0 != 0x80 {
                break;
            }
        }
    }

    fn finished(&mut self) -> Option<Outcome> {
        if self.too_long {
            return Some(Outcome::TooLong);
        }
        let text = String::from_utf8_lossy(&self.text).trim().to_owned();
        if text.is_empty() {
            self.text.clear();
            return None;
        }
        Some(Outcome::Text(text))
    }
}

#[cfg(test)]
mod tests;
