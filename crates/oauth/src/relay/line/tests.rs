use super::*;
use proptest::prelude::*;

/// Everything that comes out when the pieces are pushed, a line taken as soon as there is one.
fn lines(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, bool) {
    let mut reader = LineReader::new();
    let mut lines = Vec::new();
    let mut fits = true;
    for piece in pieces {
        fits = reader.push(piece).is_ok();
        while let Some(line) = reader.next_line() {
            lines.push(line.to_vec());
        }
    }
    (lines, fits)
}

/// What must come out, written as plainly as possible.
fn model(bytes: &[u8], cap: usize) -> (Vec<Vec<u8>>, bool) {
    let mut lines = Vec::new();
    let mut line = Vec::new();
    for byte in bytes {
        line.push(*byte);
        if line.len() > cap || line.len() == cap && *byte != b'\n' {
            return (lines, false);
        }
        if *byte == b'\n' {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            lines.push(std::mem::take(&mut line));
        }
    }
    (lines, true)
}

#[test]
fn lines_come_whole_however_they_were_cut() {
    let text = b"one\r\ntwo\n\n\r\n\rthree\r\r\nrest";
    let expected: Vec<Vec<u8>> = [&b"one"[..], b"two", b"", b"", b"\rthree\r"]
        .iter()
        .map(|line| line.to_vec())
        .collect();
    for size in 1..=text.len() {
        let pieces: Vec<&[u8]> = text.chunks(size).collect();
        assert_eq!(lines(&pieces), (expected.clone(), true), "{size}");
    }
}

#[test]
fn nothing_is_held_while_nothing_is_there() {
    let mut reader = LineReader::new();
    assert_eq!(reader.buffer.capacity(), 0);
    reader.push(b"a\nb\n").unwrap();
    assert!(!reader.is_within_line());
    assert_eq!(reader.next_line().as_deref(), Some(&b"a"[..]));
    assert_eq!(reader.next_line().as_deref(), Some(&b"b"[..]));
    assert_eq!(reader.next_line(), None);
    assert_eq!(reader.buffer.capacity(), 0);
    reader.push(b"c").unwrap();
    assert!(reader.is_within_line());
    assert_eq!(reader.next_line(), None);
    reader.push(b"\n").unwrap();
    assert!(!reader.is_within_line());
    assert_eq!(reader.next_line().as_deref(), Some(&b"c"[..]));
    assert_eq!(reader.buffer.capacity(), 0);
}

#[test]
fn hostile_03_a_line_over_64_kib_ends_it() {
    let mut fits = vec![b'a'; MAX_LINE - 1];
    fits.push(b'\n');
    let too_long = [b"a", &fits[..]].concat();
    assert!(lines(&[&fits]).1);
    assert!(!lines(&[&too_long]).1);
    // One byte at a time; refused as soon as it cannot become a line any more.
    let single: Vec<&[u8]> = fits.chunks(1).collect();
    assert_eq!(lines(&single).0.first().map(Vec::len), Some(MAX_LINE - 1));
    let mut reader = LineReader::new();
    reader.push(&vec![b'a'; MAX_LINE - 1]).unwrap();
    assert_eq!(reader.push(b"a"), Err(FrameError::TooLong));
    assert_eq!(reader.buffer.capacity(), 0);
    assert_eq!(reader.push(b"\n{}\n"), Err(FrameError::TooLong));
    assert_eq!(reader.next_line(), None);
}

#[test]
fn hostile_03_ten_megabytes_are_not_collected() {
    let mut reader = LineReader::new();
    let flood = vec![b'['; 10 * 1024 * 1024];
    assert_eq!(reader.push(&flood), Err(FrameError::TooLong));
    assert_eq!(reader.buffer.capacity(), 0);
    for piece in flood.chunks(4096) {
        assert_eq!(reader.push(piece), Err(FrameError::TooLong));
    }
    assert_eq!(reader.buffer.capacity(), 0);
}

#[test]
fn lines_before_one_that_is_too_long_are_not_lost() {
    let mut reader = LineReader::new();
    let bytes = [&b"first\nsecond\n"[..], &vec![b'a'; MAX_LINE]].concat();
    assert_eq!(reader.push(&bytes), Err(FrameError::TooLong));
    assert_eq!(reader.next_line().as_deref(), Some(&b"first"[..]));
    assert_eq!(reader.next_line().as_deref(), Some(&b"second"[..]));
    assert_eq!(reader.next_line(), None);
}

#[test]
fn taken_bytes_are_wiped_and_none_are_shown() {
    let mut reader = LineReader::new();
    reader.push(b"canary one\ncanary two\n").unwrap();
    assert_eq!(
        format!("{reader:?}"),
        "LineReader { whole: 2, unfinished: 0, broken: false, .. }"
    );
    let line = reader.next_line().unwrap();
    assert_eq!(format!("{line:?}"), "Line(10 bytes)");
    assert_eq!(&reader.buffer[..11], [0; 11]);
    assert_eq!(reader.next_line().as_deref(), Some(&b"canary two"[..]));
}

#[test]
fn what_was_taken_does_not_pile_up() {
    let mut reader = LineReader::new();
    reader.push(b"x\n").unwrap();
    for _ in 0..100_000 {
        // There is always one line left, so the buffer is never empty.
        reader.push(b"0123456789\n").unwrap();
        assert!(reader.next_line().is_some());
    }
    assert!(
        reader.buffer.capacity() < 1024,
        "{}",
        reader.buffer.capacity()
    );
}

proptest! {
    #[test]
    fn it_does_what_the_plain_model_does(
        pieces in prop::collection::vec(prop_oneof![
            prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..20),
            (MAX_LINE - 3..MAX_LINE + 2).prop_map(|length| vec![b'x'; length]),
        ], 0..12)
    ) {
        let borrowed: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let (found, fits) = lines(&borrowed);
        let (expected, fit) = model(&pieces.concat(), MAX_LINE);
        prop_assert_eq!(found, expected);
        // An empty piece after the break says nothing.
        prop_assert_eq!(fits, fit || pieces.last().is_none_or(Vec::is_empty));
    }
}
