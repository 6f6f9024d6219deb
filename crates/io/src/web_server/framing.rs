//! Where each request ends, read a second time (hostile.md, 25).
//!
//! hyper takes some heads that another server on the way may read otherwise: it drops `Content-Length` where there is
//! `Transfer-Encoding` too, merges equal lengths, takes codings before `chunked`, and lines that end in LF alone
//! (RFC 9112, sections 2.2, 6.1 and 6.3, allow it). None of it can be seen in the parsed request. So the bytes are followed here on their way to
//! hyper, with one rule: what has two readings is refused. What hyper refuses by itself (folded lines, a lone CR, blanks before a
//! colon, lengths that are no digits) is left to it; it closes the connection, and nothing that follows counts.

/// Of a line no more is kept than tells a length or a coding.
const KEPT: usize = 64;

/// A length of more digits than this does not fit.
const DIGITS: usize = 19;

/// Follows the requests of one connection.
#[derive(Debug, Default)]
pub(super) struct Framing {
    place: Place,
    /// Whole heads so far.
    heads: u32,
    head: Head,
    line: Line,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Nothing of the next request has come.
    #[default]
    Between,
    Head,
    /// So many bytes are missing.
    Body(u64),
    /// Behind a head whose body is not followed: the connection's last.
    Last,
    /// Behind something with two readings.
    Lost,
}

/// What the lines of a head said.
#[derive(Debug, Default)]
struct Head {
    begun: bool,
    length: Option<u64>,
    chunked: bool,
}

/// A line of which only a part has come.
#[derive(Debug)]
struct Line {
    start: [u8; KEPT],
    length: usize,
}

/// What may become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It has one reading.
    One,
    /// It has one reading, and is the last on its connection.
    Final,
    /// It has two.
    Two,
}

impl Framing {
    /// Follows the next bytes.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.place {
                Place::Last | Place::Lost => return,
                Place::Between => {
                    self.place = Place::Head;
                    bytes
                }
                Place::Head => self.follow_line(bytes),
                Place::Body(missing) => self.follow_body(missing, bytes),
            };
        }
    }

    /// How many whole heads have come.
    pub(super) fn heads(&self) -> u32 {
        self.heads
    }

    /// How the request with this number is to be read; the first is 1.
    pub(super) fn reading(&self, number: u32) -> Reading {
        match self.place {
            // A number that did not come is a request hyper sees where there is none.
            _ if number > self.heads => Reading::Two,
            Place::Last if number == self.heads => Reading::Final,
            _ => Reading::One,
        }
    }

    /// Whether every request that has begun has come whole.
    pub(super) fn is_between(&self) -> bool {
        self.place == Place::Between
    }

    /// Whether a head has begun and is not there yet.
    pub(super) fn is_in_head(&self) -> bool {
        self.place == Place::Head
    }

    fn follow_body<'a>(&mut self, missing: u64, bytes: &'a [u8]) -> &'a [u8] {
        let here = usize::try_from(missing).map_or(bytes.len(), |missing| missing.min(bytes.len()));
        self.place = match missing.saturating_sub(here as u64) {
            0 => Place::Between,
            missing => Place::Body(missing),
        };
        bytes.get(here..).unwrap_or_default()
    }

    fn follow_line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else {
            self.line.add(bytes);
            return &[];
        };
        let (line, rest) = bytes.split_at(end);
        let read = if self.line.length == 0 {
            self.head.read(line, true)
        } else {
            self.line.add(line);
            let whole = std::mem::take(&mut self.line);
            self.head.read(whole.kept(), whole.length <= KEPT)
        };
        self.place = match read {
            Ok(None) => Place::Head,
            Ok(Some(behind)) => {
                self.heads = self.heads.saturating_add(1);
                self.head = Head::default();
                behind
            }
            Err(TwoReadings) => Place::Lost,
        };
        rest.get(1..).unwrap_or_default()
    }
}

impl Default for Line {
    fn default() -> Self {
        Self {
            start: [0; KEPT],
            length: 0,
        }
    }
}

impl Line {
    fn add(&mut self, part: &[u8]) {
        let room = self.start.get_mut(self.length..).unwrap_or_default();
        for (kept, &byte) in room.iter_mut().zip(part) {
            *kept = byte;
        }
        self.length = self.length.saturating_add(part.len());
        // Of a long line the end is kept as well, for its CR.
        if self.length > KEPT
            && let (Some(kept), Some(&last)) = (self.start.last_mut(), part.last())
        {
            *kept = last;
        }
    }

    fn kept(&self) -> &[u8] {
        self.start.get(..self.length).unwrap_or(&self.start)
    }
}

struct TwoReadings;

impl Head {
    /// Reads a line without its LF; at the head's end, tells what comes behind it.
    fn read(&mut self, line: &[u8], whole: bool) -> Result<Option<Place>, TwoReadings> {
        // Some take LF alone for the end of a line, and some for a part of it.
        let line = line.strip_suffix(b"\r").ok_or(TwoReadings)?;
        if !self.begun {
            // The request line; empty lines before it do not count (RFC 9112, section 2.2).
            self.begun = !line.is_empty();
            return Ok(None);
        }
        if line.is_empty() {
            return self.end().map(Some);
        }
        // An unfinished line may be longer than what is kept, but not one of these two.
        if let Some(length) = value(line, b"content-length:") {
            let length = whole.then(|| digits(length)).flatten();
            let first = self.length.replace(length.ok_or(TwoReadings)?).is_none();
            return first.then_some(None).ok_or(TwoReadings);
        }
        if let Some(coding) = value(line, b"transfer-encoding:") {
            let first = !std::mem::replace(&mut self.chunked, true);
            let known = whole && coding.eq_ignore_ascii_case(b"chunked");
            return (first && known).then_some(None).ok_or(TwoReadings);
        }
        Ok(None)
    }

    fn end(&self) -> Result<Place, TwoReadings> {
        match (self.length, self.chunked) {
            (None | Some(0), false) => Ok(Place::Between),
            (Some(length), false) => Ok(Place::Body(length)),
            (None, true) => Ok(Place::Last),
            (Some(_), true) => Err(TwoReadings),
        }
    }
}

/// What stands behind a name and its colon.
fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    // Most lines are told apart by where their colon stands.
    let is_named = start.last() == Some(&b':') && start.eq_ignore_ascii_case(name);
    is_named.then(|| value.trim_ascii())
}

fn digits(value: &[u8]) -> Option<u64> {
    let plain = value.len() <= DIGITS && value.iter().all(u8::is_ascii_digit);
    plain.then(|| std::str::from_utf8(value).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests;
