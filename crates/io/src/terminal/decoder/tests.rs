use super::{Decoder, Outcome};

fn text(text: &str) -> Option<Outcome> {
    Some(Outcome::Text(text.to_owned()))
}

/// Decodes the input in one piece, and again byte by byte: the pieces must not matter.
fn decode(input: &[u8]) -> Option<Outcome> {
    let whole = Decoder::new(100).feed(input);
    let mut decoder = Decoder::new(100);
    let pieces = input.iter().find_map(|byte| decoder.feed(&[*byte]));
    assert_eq!(whole, pieces, "{input:?}");
    whole
}

#[test]
fn typed_text_ends_with_enter() {
    assert_eq!(decode(b"abc\r"), text("abc"));
    assert_eq!(decode(b"abc\n"), text("abc"));
    assert_eq!(decode(b"abc"), None);
    assert_eq!(decode(b"\r\n  \rabc\r"), text("abc"));
    assert_eq!(decode("ü€\r".as_bytes()), text("ü€"));
}

#[test]
fn corrections() {
    assert_eq!(decode(b"abx\x7fc\r"), text("abc"));
    assert_eq!(decode("ab€\x08c\r".as_bytes()), text("abc"));
    assert_eq!(decode(b"\x7fwrong\x15abc\r"), text("abc"));
    assert_eq!(decode(b"a\x01b\x1ac\r"), text("abc"));
}

#[test]
fn ends() {
    assert_eq!(decode(b"ab\x03"), Some(Outcome::Cancelled));
    assert_eq!(decode(b"\x1b\x1b"), Some(Outcome::Cancelled));
    assert_eq!(decode(b"\x04"), Some(Outcome::Ended));
    assert_eq!(decode(b"ab\x04c\r"), text("abc"));
    let mut decoder = Decoder::new(100);
    assert_eq!(decoder.feed(b"a\x1b"), None);
    assert!(decoder.is_undecided());
    assert_eq!(decoder.feed(b"[A"), None);
    assert!(!decoder.is_undecided());
}

#[test]
fn keys_and_reports_are_no_text() {
    assert_eq!(decode(b"a\x1b[Ab\x1b[1;5Cc\x1bOPd\x1bxe\r"), text("abcde"));
    assert_eq!(decode(b"a\x1b]11;rgb:0000/0000/0000\x07b\r"), text("ab"));
    assert_eq!(decode(b"a\x1bP1+r\x1b\\b\r"), text("ab"));
    assert_eq!(decode(b"a\x1b[201~b\r"), text("ab"));
}

#[test]
fn bracketed_pastes() {
    assert_eq!(decode(b"\x1b[200~abc\x1b[201~\r"), text("abc"));
    assert_eq!(decode(b"\x1b[200~abc\n\x1b[201~"), text("abc"));
    assert_eq!(decode(b"a\x1b[200~b\x1b[201~c\r"), text("abc"));
    assert_eq!(decode(b"\x1b[200~ \n\x1b[201~x\r"), text("x"));
    // Lines and marks within.
    assert_eq!(decode(b"\x1b[200~a\rb\x1b[201~\r"), text("a\rb"));
    assert_eq!(decode(b"\x1b[200~a\x1b[20b\x1b[201~\r"), text("a[20b"));
    assert_eq!(decode(b"\x1b[200~a\x1b\x1b[201~\r"), text("a"));
    assert_eq!(decode(b"\x1b[200~a\x03\x04\x7fb\x1b[201~\r"), text("ab"));
}

#[test]
fn a_longer_text_is_read_to_its_end_and_refused() {
    let long = "x".repeat(101);
    assert_eq!(decode(long.as_bytes()), None);
    assert_eq!(
        decode(format!("{long}\r").as_bytes()),
        Some(Outcome::TooLong)
    );
    let pasted = format!("\x1b[200~{long}\n{long}\x1b[201~\r");
    assert_eq!(decode(pasted.as_bytes()), Some(Outcome::TooLong));
    assert_eq!(
        decode(format!("{}\r", "x".repeat(100)).as_bytes()),
        text(&"x".repeat(100))
    );
}
